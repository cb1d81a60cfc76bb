// Philox for eight streams at once: the same bits as one after the other.

extension RandomStream {
    /// The first 64 bits at a position of each of eight streams that have this one's seed and purpose and the given
    /// indices. Draws nothing from this stream.
    @inlinable @inline(__always)
    public func bits(indices: SIMD8<UInt64>, positions: SIMD8<UInt64>) -> SIMD8<UInt64> {
        // Words of 32 bits in lanes of 64, so that a product of two has room; masks where the upper half is not zero.
        let half = SIMD8<UInt64>(repeating: 0xffff_ffff)
        let m0 = SIMD8<UInt64>(repeating: 0xd251_1f53)
        let m1 = SIMD8<UInt64>(repeating: 0xcd9e_8d57)
        var c0 = positions & half
        var c1 = positions &>> 32
        var c2 = indices & half
        var c3 = indices &>> 32
        var k0 = key.x
        var k1 = key.y
        for _ in 0..<10 {
            let p0 = (c0 & half) &* m0
            let p1 = (c2 & half) &* m1
            c0 = (p1 &>> 32) ^ c1 ^ SIMD8(repeating: UInt64(k0))
            c2 = (p0 &>> 32) ^ c3 ^ SIMD8(repeating: UInt64(k1))
            c1 = p1 & half
            c3 = p0 & half
            k0 &+= 0x9e37_79b9
            k1 &+= 0xbb67_ae85
        }
        return c0 | c1 &<< 32
    }

    /// Uniform on 0..<count from 64 bits of each of eight streams, as `below` draws it; counts below 2³².
    @inlinable @inline(__always)
    public static func below(_ count: UInt32, _ bits: SIMD8<UInt64>) -> SIMD8<UInt64> {
        let half = SIMD8<UInt64>(repeating: 0xffff_ffff)
        let factor = SIMD8(repeating: UInt64(count))
        return ((bits &>> 32) &* factor &+ (((bits & half) &* factor) &>> 32)) &>> 32
    }
}
