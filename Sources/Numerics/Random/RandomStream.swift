// Explicit randomness: one counter-based stream for every (seed, purpose, index), so that no result depends on
// the order in which threads happen to draw.

/// A stream of random numbers that is a pure function of its seed, purpose and index.
///
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The key is
/// derived from the seed and the purpose; the upper half of the 128-bit counter is the index, the lower half the
/// position. Two streams that differ in any of the three share no numbers in practice.
public struct RandomStream: Sendable {
    @usableFromInline let key: SIMD2<UInt32>
    @usableFromInline let index: UInt64
    @usableFromInline var position: UInt64 = 0
    @usableFromInline var spare: UInt64 = 0
    @usableFromInline var hasSpare = false

    /// - Parameters:
    ///   - seed: the study's seed.
    ///   - purpose: what the numbers are for, such as `"dqn.exploration"`; different purposes never correlate.
    ///   - index: which of many alike, such as the patient's number.
    public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bits
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let mixed = RandomStream.mix(seed &+ RandomStream.mix(hash))
        key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        self.index = index
    }

    /// The stream of another index, at its beginning: the same as from the seed and the purpose, without deriving the
    /// key again.
    @inlinable
    public func withIndex(_ index: UInt64) -> RandomStream { RandomStream(key: key, index: index) }

    @inlinable
    init(key: SIMD2<UInt32>, index: UInt64) {
        self.key = key
        self.index = index
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection that scatters neighbouring values.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Ten Philox rounds of one counter value.
    @inlinable
    static func block(key: SIMD2<UInt32>, low: UInt64, high: UInt64) -> SIMD4<UInt32> {
        var c0 = UInt32(truncatingIfNeeded: low)
        var c1 = UInt32(truncatingIfNeeded: low >> 32)
        var c2 = UInt32(truncatingIfNeeded: high)
        var c3 = UInt32(truncatingIfNeeded: high >> 32)
        var k0 = key.x
        var k1 = key.y
        for _ in 0..<10 {
            let p0 = UInt64(0xd251_1f53) &* UInt64(c0)
            let p1 = UInt64(0xcd9e_8d57) &* UInt64(c2)
            let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
            let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
            c1 = UInt32(truncatingIfNeeded: p1)
            c3 = UInt32(truncatingIfNeeded: p0)
            c0 = n0
            c2 = n2
            k0 &+= 0x9e37_79b9
            k1 &+= 0xbb67_ae85
        }
        return SIMD4(c0, c1, c2, c3)
    }

    /// The next 64 random bits.
    @inlinable
    public mutating func nextBits() -> UInt64 {
        if hasSpare {
            hasSpare = false
            return spare
        }
        let words = RandomStream.block(key: key, low: position, high: index)
        position &+= 1
        spare = UInt64(words.z) | UInt64(words.w) << 32
        hasSpare = true
        return UInt64(words.x) | UInt64(words.y) << 32
    }

    /// Uniform on [0, 1), a multiple of 2⁻⁵³.
    @inlinable
    public mutating func uniform() -> Double {
        Double(nextBits() >> 11) * 0x1p-53
    }

    /// Uniform on [low, high).
    @inlinable
    public mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * uniform()
    }

    /// Uniform on 0..<count, without bias worth the name (Lemire's multiplication; bias below count / 2⁶⁴).
    @inlinable
    public mutating func below(_ count: Int) -> Int {
        Int(UInt64(count).multipliedFullWidth(by: nextBits()).high)
    }

    /// A standard normal number: the inverse distribution function of one uniform number, so that a stream's
    /// numbers stay paired when a purpose draws more or fewer of them.
    @inlinable
    public mutating func normal() -> Double { normalQuantile(RandomStream.inside(nextBits())) }

    /// A uniform number strictly between 0 and 1 from 64 random bits. The largest would round to 1, whose quantile is
    /// infinite, and is the largest number below 1 instead.
    @inlinable
    public static func inside(_ bits: UInt64) -> Double { min((Double(bits >> 11) + 0.5) * 0x1p-53, 1 - 0x1p-53) }

    /// Shuffles in place (Fisher–Yates).
    @inlinable
    public mutating func shuffle<Element>(_ items: inout [Element]) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            let other = below(last + 1)
            if other != last { items.swapAt(last, other) }
        }
    }

    /// A random order of 0..<count.
    @inlinable
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        shuffle(&order)
        return order
    }
}
