// Single numbers out of a stream, for what must be the same however often and in which order it is asked for.

extension RandomStream {
    /// The number at a position of the stream that has this one's seed and purpose and the given index: the first of
    /// the block's two. Draws nothing from this stream.
    @inlinable
    public func uniform(index: UInt64, position: UInt64) -> Double {
        let words = RandomStream.block(key: key, low: position, high: index)
        return Double((UInt64(words.x) | UInt64(words.y) << 32) >> 11) * 0x1p-53
    }
}
