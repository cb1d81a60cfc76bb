// Student's t distribution: what is known of a mean from few values.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// The distribution function of Student's t: 1 − I(ν/(ν + t²); ν/2, ½)/2 for t > 0 (Abramowitz and Stegun 26.7.1).
public func studentCDF(_ value: Double, freedom: Double) -> Double {
    guard !value.isNaN, freedom > 0 else { return .nan }
    guard value.isFinite else { return value > 0 ? 1 : 0 }
    let tail = incompleteBeta(freedom / (freedom + value * value), freedom / 2, 0.5) / 2
    return value > 0 ? 1 - tail : tail
}

/// The inverse of `studentCDF` on (0, 1), by bisection to the last bits.
public func studentQuantile(_ probability: Double, freedom: Double) -> Double {
    guard probability > 0, probability < 1, freedom > 0 else { return .nan }
    if probability < 0.5 { return -studentQuantile(1 - probability, freedom: freedom) }
    var low = 0.0
    var high = 1.0
    while studentCDF(high, freedom: freedom) < probability, high < 1e300 { high *= 2 }
    for _ in 0..<200 {
        let middle = low / 2 + high / 2
        guard middle > low, middle < high else { break }
        if studentCDF(middle, freedom: freedom) < probability { low = middle } else { high = middle }
    }
    return high
}

/// The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8), evaluated as Lentz
/// proposed ("Generating Bessel functions in Mie scattering calculations", Applied Optics 15 (1976) 668–671).
private func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges fast below the mean; beyond it the symmetric form is used.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    let tiny = 1e-300
    func floored(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / floored(1 - (a + b) * x / (a + 1))
    var fraction = d
    for step in 1...10_000 {
        let m = Double(step)
        for term in [
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ] {
            d = 1 / floored(1 + term * d)
            c = floored(1 + term / c)
            fraction *= d * c
        }
        if abs(d * c - 1) < 1e-15 { break }
    }
    return front * fraction
}
