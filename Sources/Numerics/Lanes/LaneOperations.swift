// Vector operations in place of the standard library's, which go lane by lane and leave it to the optimiser to put the
// lanes together again; in long functions it does so for some of them only. Same results to the bit.

import CLanes

extension SIMD8 where Scalar == Double {
    /// self + a·b, rounded once.
    @inlinable @inline(__always)
    public func addingProduct(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { lab_fused(a, b, self) }

    /// self + a·b, rounded once.
    @inlinable @inline(__always)
    public func addingProduct(_ a: Double, _ b: SIMD8<Double>) -> SIMD8<Double> {
        lab_fused(SIMD8(repeating: a), b, self)
    }

    /// The square root, correctly rounded.
    @inlinable @inline(__always)
    public func squareRoot() -> SIMD8<Double> { lab_square_root(self) }
}
