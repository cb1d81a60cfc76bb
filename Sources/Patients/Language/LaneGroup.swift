// Lanes as the program's loop handles them: groups of vectors that stay in the processor's registers from one step to
// the next, and the costlier functions over groups in memory.

import Numerics

typealias LaneSource = UnsafePointer<Double>
typealias LaneTarget = UnsafeMutablePointer<Double>

/// One or more vectors of eight lanes treated alike.
protocol LaneGroup {
    static var vectors: Int { get }
    static var zero: Self { get }
    static func load(_ a: LaneSource) -> Self
    func store(_ target: LaneTarget)
    static func map(_ a: LaneSource, _ f: (Lanes) -> Lanes) -> Self
    static func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self
    static func map(
        _ a: LaneSource, _ b: LaneSource, _ c: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes
    ) -> Self
    func map(_ f: (Lanes) -> Lanes) -> Self
    func map(_ a: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self
    func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes) -> Self
}

/// A full tile: half of the sixteen vector registers of x86-64-v3.
struct FourVectors: LaneGroup {
    var v0, v1, v2, v3: Lanes

    @inline(__always) static var vectors: Int { 4 }
    @inline(__always) static var zero: Self {
        let zero = Lanes(repeating: 0)
        return FourVectors(
            v0: zero,
            v1: zero,
            v2: zero,
            v3: zero)
    }

    @inline(__always)
    static func load(_ a: LaneSource) -> Self {
        FourVectors(
            v0: loadLanes(a),
            v1: loadLanes(a + 8),
            v2: loadLanes(a + 16),
            v3: loadLanes(a + 24))
    }

    @inline(__always)
    func store(_ target: LaneTarget) {
        storeLanes(v0, target)
        storeLanes(v1, target + 8)
        storeLanes(v2, target + 16)
        storeLanes(v3, target + 24)
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ f: (Lanes) -> Lanes) -> Self {
        FourVectors(
            v0: f(loadLanes(a)),
            v1: f(loadLanes(a + 8)),
            v2: f(loadLanes(a + 16)),
            v3: f(loadLanes(a + 24)))
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        FourVectors(
            v0: f(loadLanes(a), loadLanes(b)),
            v1: f(loadLanes(a + 8), loadLanes(b + 8)),
            v2: f(loadLanes(a + 16), loadLanes(b + 16)),
            v3: f(loadLanes(a + 24), loadLanes(b + 24)))
    }

    @inline(__always)
    static func map(
        _ a: LaneSource, _ b: LaneSource, _ c: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes
    ) -> Self {
        FourVectors(
            v0: f(loadLanes(a), loadLanes(b), loadLanes(c)),
            v1: f(loadLanes(a + 8), loadLanes(b + 8), loadLanes(c + 8)),
            v2: f(loadLanes(a + 16), loadLanes(b + 16), loadLanes(c + 16)),
            v3: f(loadLanes(a + 24), loadLanes(b + 24), loadLanes(c + 24)))
    }

    @inline(__always)
    func map(_ f: (Lanes) -> Lanes) -> Self {
        FourVectors(
            v0: f(v0),
            v1: f(v1),
            v2: f(v2),
            v3: f(v3))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        FourVectors(
            v0: f(v0, loadLanes(a)),
            v1: f(v1, loadLanes(a + 8)),
            v2: f(v2, loadLanes(a + 16)),
            v3: f(v3, loadLanes(a + 24)))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes) -> Self {
        FourVectors(
            v0: f(v0, loadLanes(a), loadLanes(b)),
            v1: f(v1, loadLanes(a + 8), loadLanes(b + 8)),
            v2: f(v2, loadLanes(a + 16), loadLanes(b + 16)),
            v3: f(v3, loadLanes(a + 24), loadLanes(b + 24)))
    }
}

/// Half a tile.
struct TwoVectors: LaneGroup {
    var v0, v1: Lanes

    @inline(__always) static var vectors: Int { 2 }
    @inline(__always) static var zero: Self {
        let zero = Lanes(repeating: 0)
        return TwoVectors(v0: zero, v1: zero)
    }

    @inline(__always)
    static func load(_ a: LaneSource) -> Self {
        TwoVectors(v0: loadLanes(a), v1: loadLanes(a + 8))
    }

    @inline(__always)
    func store(_ target: LaneTarget) {
        storeLanes(v0, target)
        storeLanes(v1, target + 8)
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ f: (Lanes) -> Lanes) -> Self {
        TwoVectors(v0: f(loadLanes(a)), v1: f(loadLanes(a + 8)))
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        TwoVectors(v0: f(loadLanes(a), loadLanes(b)), v1: f(loadLanes(a + 8), loadLanes(b + 8)))
    }

    @inline(__always)
    static func map(
        _ a: LaneSource, _ b: LaneSource, _ c: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes
    ) -> Self {
        TwoVectors(
            v0: f(loadLanes(a), loadLanes(b), loadLanes(c)), v1: f(loadLanes(a + 8), loadLanes(b + 8), loadLanes(c + 8))
        )
    }

    @inline(__always)
    func map(_ f: (Lanes) -> Lanes) -> Self {
        TwoVectors(v0: f(v0), v1: f(v1))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        TwoVectors(v0: f(v0, loadLanes(a)), v1: f(v1, loadLanes(a + 8)))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes) -> Self {
        TwoVectors(v0: f(v0, loadLanes(a), loadLanes(b)), v1: f(v1, loadLanes(a + 8), loadLanes(b + 8)))
    }
}

/// What is left over of a tile.
struct OneVector: LaneGroup {
    var v0: Lanes

    @inline(__always) static var vectors: Int { 1 }
    @inline(__always) static var zero: Self {
        let zero = Lanes(repeating: 0)
        return OneVector(v0: zero)
    }

    @inline(__always)
    static func load(_ a: LaneSource) -> Self {
        OneVector(v0: loadLanes(a))
    }

    @inline(__always)
    func store(_ target: LaneTarget) {
        storeLanes(v0, target)
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ f: (Lanes) -> Lanes) -> Self {
        OneVector(v0: f(loadLanes(a)))
    }

    @inline(__always)
    static func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        OneVector(v0: f(loadLanes(a), loadLanes(b)))
    }

    @inline(__always)
    static func map(
        _ a: LaneSource, _ b: LaneSource, _ c: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes
    ) -> Self {
        OneVector(v0: f(loadLanes(a), loadLanes(b), loadLanes(c)))
    }

    @inline(__always)
    func map(_ f: (Lanes) -> Lanes) -> Self {
        OneVector(v0: f(v0))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ f: (Lanes, Lanes) -> Lanes) -> Self {
        OneVector(v0: f(v0, loadLanes(a)))
    }

    @inline(__always)
    func map(_ a: LaneSource, _ b: LaneSource, _ f: (Lanes, Lanes, Lanes) -> Lanes) -> Self {
        OneVector(v0: f(v0, loadLanes(a), loadLanes(b)))
    }
}

/// The costlier functions over whole tiles, apart from the loop that decodes instructions, which keeps its registers.
enum TileMath {
    typealias Source = UnsafePointer<Double>
    typealias Target = UnsafeMutablePointer<Double>

    @inline(never)
    static func exp(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.exp(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func log(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.log(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func log10(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.log10(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sqrt(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sqrt(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func abs(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.abs(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sign(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sign(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func floor(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.floor(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func ceil(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.ceil(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func round(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.round(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func tanh(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.tanh(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sin(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sin(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func cos(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.cos(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func powerOfLogarithm(_ a: Source, _ b: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors {
            let power = LaneMath.power(logarithm: loadLanes(a + 8 &* i), exponent: loadLanes(b + 8 &* i))
            storeLanes(power, target + 8 &* i)
        }
    }
}
