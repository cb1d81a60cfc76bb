// Random numbers by name: a purpose's key made once, and any number of any of its streams without making the stream.

/// The streams of one seed and purpose. The bits at a position are those that `RandomStream` of the same seed, purpose
/// and index draws there, two to a position.
public struct KeyedNumbers: Sendable {
    let key: SIMD2<UInt32>

    public init(seed: UInt64, purpose: String) { key = RandomStream(seed: seed, purpose: purpose).key }

    /// 128 random bits: a pure function of seed, purpose, index and position.
    public func bits(index: UInt64, position: UInt64) -> (first: UInt64, second: UInt64) {
        let words = RandomStream.block(key: key, low: position, high: index)
        return (UInt64(words.x) | UInt64(words.y) << 32, UInt64(words.z) | UInt64(words.w) << 32)
    }
}
