// Elementary functions of eight lanes at once, by arithmetic alone: the same bits on every processor, for every lane
// position, whatever the neighbouring lanes hold.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Elementary functions over `Lanes`. Errors are relative, in units of the last place (1 ulp = 2.2e-16), measured in
/// `LaneMathTests`; NaN goes in and comes out, infinities and zeros map to their limits.
public enum LaneMath {
    /// 1.5·2⁵²: adding and taking it away rounds to the nearest integer, ties to even, where |x| < 2⁵¹.
    @usableFromInline static var rounder: Double { 0x1.8p52 }

    /// eˣ within 1 ulp (subnormal results within half a subnormal unit more); overflows to infinity above 709.78,
    /// underflows gradually to 0 below −745.13.
    ///
    /// Cody and Waite's reduction x = n·ln 2 + r, |r| ≤ ln 2 / 2, then 1 + r + r²/2 + r³·q(r) with q of degree 8
    /// interpolating at Chebyshev nodes (truncation error 3.4e-17).
    @inlinable @inline(__always)
    public static func exp(_ input: Lanes) -> Lanes {
        var x = input.replacing(with: Lanes(repeating: 710), where: input .> 710)
        x = x.replacing(with: Lanes(repeating: -746), where: x .< -746)
        let magic = Lanes(repeating: rounder)
        let n = magic.addingProduct(x, Lanes(repeating: 0x1.71547652b82fep+0)) - magic  // x / ln 2, rounded
        var r = x.addingProduct(n, Lanes(repeating: -0x1.62e42fefa39efp-1))  // ln 2 in two pieces
        r = r.addingProduct(n, Lanes(repeating: -0x1.abc9e3b39803fp-56))
        // Estrin's scheme: shorter chains than Horner's.
        let r2 = r * r
        let r4 = r2 * r2
        let q01 = Lanes(repeating: 0x1.5555555555555p-3).addingProduct(r, Lanes(repeating: 0x1.5555555554cb7p-5))
        let q23 = Lanes(repeating: 0x1.1111111110e6ap-7).addingProduct(r, Lanes(repeating: 0x1.6c16c1738ff55p-10))
        let q45 = Lanes(repeating: 0x1.a01a01a4b322fp-13).addingProduct(r, Lanes(repeating: 0x1.a019c9a5652d3p-16))
        let q67 = Lanes(repeating: 0x1.71de17e40edfep-19).addingProduct(r, Lanes(repeating: 0x1.2880411bad1aap-22))
        let q03 = q01.addingProduct(r2, q23)
        let q47 = q45.addingProduct(r2, q67)
        let q = q03.addingProduct(r4, q47.addingProduct(r4, Lanes(repeating: 0x1.af236aac51d05p-26)))
        let half = Lanes(repeating: 0.5).addingProduct(r, q)
        let p = Lanes(repeating: 1) + r.addingProduct(r2, half)
        // 2ⁿ in two factors, so that the product overflows and underflows as it should.
        let first = Lanes(repeating: rounder).addingProduct(n, Lanes(repeating: 0.5)) - magic
        return p * powerOfTwo(first) * powerOfTwo(n - first)
    }

    /// 2ⁿ for integers −1022 ≤ n ≤ 1023.
    @inlinable @inline(__always)
    static func powerOfTwo(_ n: Lanes) -> Lanes {
        let shifted = n + Lanes(repeating: rounder + 1023)
        let bits = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &<< 52
        return unsafeBitCast(bits, to: Lanes.self)
    }

    /// x = 2ᵏ·(1 + f) with 1 + f in [√½, √2], for positive finite x, subnormal ones included.
    @inlinable @inline(__always)
    static func split(_ input: Lanes) -> (k: Lanes, f: Lanes) {
        let subnormal = input .< 0x1p-1022
        let x = input.replacing(with: input * 0x1p54, where: subnormal)
        let offset: UInt64 = 0x3ff0_0000_0000_0000 &- 0x3fe6_a09e_0000_0000
        let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self) &+ SIMD8(repeating: offset)
        // The exponent as a double: the low bits of 2⁵² + exponent.
        let exponent = (bits &>> 52) | SIMD8(repeating: 0x4330_0000_0000_0000)
        var k = unsafeBitCast(exponent, to: Lanes.self) - Lanes(repeating: 0x1p52 + 1023)
        k = k.replacing(with: k - 54, where: subnormal)
        let fraction = (bits & SIMD8(repeating: 0x000f_ffff_ffff_ffff)) &+ SIMD8(repeating: 0x3fe6_a09e_0000_0000)
        return (k, unsafeBitCast(fraction, to: Lanes.self) - 1)
    }

    /// With s = f / (2 + f): s·(f²/2 + R), where ln(1 + f) = f − f²/2 + s·(f²/2 + R).
    /// Polynomial of fdlibm's `e_log.c` (Sun Microsystems 1993), error of R below 2⁻⁵⁸·⁴⁵.
    @inlinable @inline(__always)
    static func logarithmTail(_ f: Lanes, halfSquare: Lanes) -> Lanes {
        let s = f / (f + 2)
        let z = s * s
        let w = z * z
        let even = Lanes(repeating: 3.999999999940941908e-01).addingProduct(
            w,
            Lanes(repeating: 2.222219843214978396e-01).addingProduct(w, Lanes(repeating: 1.531383769920937332e-01)))
        let odd = Lanes(repeating: 6.666666666666735130e-01).addingProduct(
            w,
            Lanes(repeating: 2.857142874366239149e-01).addingProduct(
                w,
                Lanes(repeating: 1.818357216161805012e-01).addingProduct(w, Lanes(repeating: 1.479819860511658591e-01))
            ))
        let r = (w * even).addingProduct(z, odd)
        return s * (halfSquare + r)
    }

    /// The limits of a logarithm: −∞ at 0, NaN below, ∞ at ∞, NaN at NaN.
    @inlinable @inline(__always)
    static func logarithmLimits(_ x: Lanes, _ value: Lanes) -> Lanes {
        var result = value.replacing(with: x, where: .!(x .< .infinity))
        result = result.replacing(with: Lanes(repeating: -.infinity), where: x .== 0)
        return result.replacing(with: Lanes(repeating: .nan), where: x .< 0)
    }

    /// ln x within 1 ulp.
    @inlinable @inline(__always)
    public static func log(_ x: Lanes) -> Lanes {
        let (k, f) = split(x)
        let halfSquare = f * f * 0.5
        let tail = logarithmTail(f, halfSquare: halfSquare)
        let low = tail.addingProduct(k, Lanes(repeating: 1.90821492927058770002e-10))
        let value = (k * 6.93147180369123816490e-01) - ((halfSquare - low) - f)
        return logarithmLimits(x, value)
    }

    /// log₁₀ x within 1 ulp, exact at the powers of ten up to 1e22 (fdlibm's and FreeBSD's `e_log10.c`).
    @inlinable @inline(__always)
    public static func log10(_ x: Lanes) -> Lanes {
        let (k, f) = split(x)
        let halfSquare = f * f * 0.5
        let tail = logarithmTail(f, halfSquare: halfSquare)
        let difference = f - halfSquare
        let highBits = unsafeBitCast(difference, to: SIMD8<UInt64>.self) & SIMD8(repeating: 0xffff_ffff_0000_0000)
        let high = unsafeBitCast(highBits, to: Lanes.self)
        let low = ((f - high) - halfSquare) + tail
        let scaled = high * 4.34294481878168880939e-01
        let y2 = k * 3.01029995663611771306e-01
        var rest = (k * 3.69423907715893078616e-13).addingProduct(
            low + high, Lanes(repeating: 2.50829467116452752298e-11))
        rest = rest.addingProduct(low, Lanes(repeating: 4.34294481878168880939e-01))
        let sum = y2 + scaled
        rest += (y2 - sum) + scaled
        return logarithmLimits(x, rest + sum)
    }

    /// xʸ = exp(y·ln x) for x ≥ 0: relative error about (1 + |y·ln x|)·1.2e-16. x⁰ = 1, 0ʸ = 0 and 0⁻ʸ = ∞ for y > 0,
    /// NaN for x < 0 and y ≠ 0.
    @inlinable @inline(__always)
    public static func pow(_ x: Lanes, _ y: Lanes) -> Lanes {
        power(logarithm: log(x), exponent: y)
    }

    /// xʸ where ln x is known already.
    @inlinable @inline(__always)
    public static func power(logarithm: Lanes, exponent: Lanes) -> Lanes {
        exp(logarithm * exponent).replacing(with: Lanes(repeating: 1), where: exponent .== 0)
    }

    /// tanh x within 2 ulp: below 0.625 Cephes' rational approximation (Moshier, `tanh.c`), above it
    /// 1 − 2 / (e²ˣ + 1).
    @inlinable @inline(__always)
    public static func tanh(_ x: Lanes) -> Lanes {
        let magnitude = abs(x)
        let z = x * x
        let p = Lanes(repeating: -1.61468768441708447952e3).addingProduct(
            z,
            Lanes(repeating: -9.92877231001918586564e1).addingProduct(z, Lanes(repeating: -9.64399179425052238628e-1)))
        let q = Lanes(repeating: 4.84406305325125486048e3).addingProduct(
            z,
            Lanes(repeating: 2.23548839060100448583e3).addingProduct(
                z, z + Lanes(repeating: 1.12811678491632931402e2)))
        let small = x.addingProduct(x * z, p / q)
        let large = 1 - 2 / (exp(magnitude + magnitude) + 1)
        let signed = large.replacing(with: -large, where: x .< 0)
        return small.replacing(with: signed, where: magnitude .>= 0.625)
    }

    /// √x, correctly rounded.
    @inlinable @inline(__always)
    public static func sqrt(_ x: Lanes) -> Lanes { x.squareRoot() }

    /// |x|
    @inlinable @inline(__always)
    public static func abs(_ x: Lanes) -> Lanes {
        let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self) & SIMD8(repeating: 0x7fff_ffff_ffff_ffff)
        return unsafeBitCast(bits, to: Lanes.self)
    }

    /// The nearest integer, ties to even.
    @inlinable @inline(__always)
    public static func round(_ x: Lanes) -> Lanes {
        // Whatever reaches 2⁵² is an integer already; below it, adding and taking away 2⁵² with x's sign rounds.
        let magnitude = abs(x)
        let rounded = (magnitude + 0x1p52) - 0x1p52
        let signed = rounded.replacing(with: -rounded, where: x .< 0)
        return x.replacing(with: signed, where: magnitude .< 0x1p52)
    }

    /// The greatest integer that is not greater.
    @inlinable @inline(__always)
    public static func floor(_ x: Lanes) -> Lanes {
        let nearest = round(x)
        return nearest.replacing(with: nearest - 1, where: nearest .> x)
    }

    /// The smallest integer that is not smaller.
    @inlinable @inline(__always)
    public static func ceil(_ x: Lanes) -> Lanes {
        let nearest = round(x)
        return nearest.replacing(with: nearest + 1, where: nearest .< x)
    }

    /// −1, 0 or 1; NaN for NaN.
    @inlinable @inline(__always)
    public static func sign(_ x: Lanes) -> Lanes {
        let positive = x.replacing(with: Lanes(repeating: 1), where: x .> 0)
        return positive.replacing(with: Lanes(repeating: -1), where: x .< 0)
    }

    /// The smaller of two; the second where either is NaN.
    @inlinable @inline(__always)
    public static func minimum(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .< b) }

    /// The larger of two; the second where either is NaN.
    @inlinable @inline(__always)
    public static func maximum(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .> b) }

    /// sin x within 1 ulp for |x| ≤ 10⁵; beyond that lane by lane through the C library.
    @inlinable @inline(__always)
    public static func sin(_ x: Lanes) -> Lanes {
        let (quadrant, sine, cosine) = circle(x)
        var result = signed(sine, cosine, quadrant)
        let far = .!(abs(x) .<= 1e5)
        if any(far) {
            for lane in 0..<8 where far[lane] { result[lane] = cLibrarySine(x[lane]) }
        }
        return result
    }

    /// cos x within 1 ulp for |x| ≤ 10⁵; beyond that lane by lane through the C library.
    @inlinable @inline(__always)
    public static func cos(_ x: Lanes) -> Lanes {
        let (quadrant, sine, cosine) = circle(x)
        var result = signed(sine, cosine, quadrant &+ 1)
        let far = .!(abs(x) .<= 1e5)
        if any(far) {
            for lane in 0..<8 where far[lane] { result[lane] = cLibraryCosine(x[lane]) }
        }
        return result
    }

    /// x = n·π/2 + r: n (its two lowest bits count), sin r and cos r with fdlibm's polynomials (`k_sin.c`, `k_cos.c`,
    /// Sun Microsystems 1993). π/2 comes in three pieces; taking the first away is exact while n < 2¹⁷.
    @inlinable @inline(__always)
    static func circle(_ x: Lanes) -> (quadrant: SIMD8<UInt64>, sine: Lanes, cosine: Lanes) {
        let magic = Lanes(repeating: rounder)
        let shifted = magic.addingProduct(x, Lanes(repeating: 0x1.45f306dc9c883p-1))  // x / (π/2), rounded
        let n = shifted - magic
        var r = x.addingProduct(n, Lanes(repeating: -0x1.921fb54442d18p0))
        r = r.addingProduct(n, Lanes(repeating: -0x1.1a62633145c07p-54))
        r = r.addingProduct(n, Lanes(repeating: 0x1.f1976b7ed8fbcp-110))
        let z = r * r
        var s = Lanes(repeating: 1.58969099521155010221e-10)
        s = Lanes(repeating: -2.50507602534068634195e-08).addingProduct(z, s)
        s = Lanes(repeating: 2.75573137070700676789e-06).addingProduct(z, s)
        s = Lanes(repeating: -1.98412698298579493134e-04).addingProduct(z, s)
        s = Lanes(repeating: 8.33333333332248946124e-03).addingProduct(z, s)
        s = Lanes(repeating: -1.66666666666666324348e-01).addingProduct(z, s)
        let sine = r.addingProduct(r * z, s)
        var c = Lanes(repeating: -1.13596475577881948265e-11)
        c = Lanes(repeating: 2.08757232129817482790e-09).addingProduct(z, c)
        c = Lanes(repeating: -2.75573143513906633035e-07).addingProduct(z, c)
        c = Lanes(repeating: 2.48015872894767294178e-05).addingProduct(z, c)
        c = Lanes(repeating: -1.38888888888741095749e-03).addingProduct(z, c)
        c = Lanes(repeating: 4.16666666666666019037e-02).addingProduct(z, c)
        let half = z * 0.5
        let most = 1 - half
        let cosine = most + ((1 - most) - half).addingProduct(z * z, c)
        return (unsafeBitCast(shifted, to: SIMD8<UInt64>.self), sine, cosine)
    }

    /// sin(r + quadrant·π/2)
    @inlinable @inline(__always)
    static func signed(_ sine: Lanes, _ cosine: Lanes, _ quadrant: SIMD8<UInt64>) -> Lanes {
        let value = sine.replacing(with: cosine, where: quadrant & 1 .!= 0)
        let bits = unsafeBitCast(value, to: SIMD8<UInt64>.self) ^ ((quadrant & 2) &<< 62)
        return unsafeBitCast(bits, to: Lanes.self)
    }

    @usableFromInline static func cLibrarySine(_ x: Double) -> Double {
        #if canImport(Glibc)
            return Glibc.sin(x)
        #else
            return Foundation.sin(x)
        #endif
    }

    @usableFromInline static func cLibraryCosine(_ x: Double) -> Double {
        #if canImport(Glibc)
            return Glibc.cos(x)
        #else
            return Foundation.cos(x)
        #endif
    }
}
