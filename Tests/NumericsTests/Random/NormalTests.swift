// The normal distribution whole and truncated, against values computed with fifty digits (mpmath).

import Testing

import Numerics

@Suite struct NormalTests {
    @Test(arguments: [
        (-37.5, 4.6053530095819548438e-308), (-30.1, 2.4226672179857587657e-199), (-20, 2.7536241186062336951e-89),
        (-12.7, 2.9564853648520500771e-37), (-8, 6.2209605742717841235e-16), (-3.3, 0.0004834241423837775071),
        (-1, 0.15865525393145705141), (-0.1, 0.46017216272297101633), (0, 0.5), (0.7, 0.75803634777692697138),
        (2.5, 0.99379033467422386483), (6, 0.99999999901341235496), (9, 1),
    ])
    func distributionFunction(value: Double, probability: Double) {
        #expect(abs(normalCDF(value) / probability - 1) < 2e-15, "\(normalCDF(value))")
        if probability < 1 {
            #expect(abs(normalQuantile(probability) - value) < 1e-14 * max(1, abs(value), 0.1 / (1 - probability)))
        }
    }

    @Test func distributionFunctionAtItsLimits() {
        // 2.07968e-320 is 4209 of the smallest number there is.
        #expect(abs(Int(normalCDF(-38.25).bitPattern) - 4209) <= 2)
        #expect(normalCDF(-.infinity) == 0 && normalCDF(-41) == 0)
        #expect(normalCDF(.infinity) == 1 && normalCDF(41) == 1)
        #expect(normalCDF(.nan).isNaN)
    }

    @Test(arguments: [
        (-1, 2, 0.3, -0.24240381788922682623), (-1, 2, 0.999, 1.9850630859441682947),
        (-1, 40, 0.9999999, 5.2313583511669951479), (3, .infinity, 0.5, 3.2051549205989331784),
        (8, 9, 0.25, 8.0353396219050171815), (30, 31, 0.9, 30.076570337034927507),
        (-31, -30, 0.1, -30.076570337034927498), (36.9, 38.2, 0.5, 36.918765946096194885),
        (37, 38, 0.01, 37.000271431722393882), (40, .infinity, 0.5, 40.017314126764651106),
        (40, .infinity, 1e-09, 40.000000000024984404), (40, .infinity, 0.9999999999999999, 40.907563906503472706),
        (1000, 1000.001, 0.75, 1000.0006426259183184), (-100001, -100_000, 0.5, -100000.0000069314718),
        (-5, -4, 0.999, -4.0002346205396597848), (2, 2.0000001, 0.5, 2.0000000499999974182),
        (0, 1, 0.125, 0.10715777458451240637),
    ])
    func truncatedQuantile(low: Double, high: Double, probability: Double, value: Double) {
        let result = truncatedNormalQuantile(probability, low: low, high: high)
        #expect(abs(result - value) <= 4e-16 * max(1, abs(value)), "\(result), not \(value)")
    }

    @Test func truncatedQuantileAtItsLimits() {
        #expect(truncatedNormalQuantile(0, low: -2, high: 3) == -2)
        #expect(truncatedNormalQuantile(1, low: -2, high: 3) == 3)
        #expect(truncatedNormalQuantile(0.3, low: 2, high: 2) == 2)
        #expect(truncatedNormalQuantile(0.3, low: .nan, high: 2).isNaN)
        #expect(truncatedNormalQuantile(0.3, low: -.infinity, high: .infinity) == normalQuantile(0.3))
        #expect(truncatedNormalQuantile(0.5, low: 1e200, high: .infinity) == 1e200)
    }

    /// On both sides of where the tail's formula takes over, the quantile goes on without a jump.
    @Test func truncatedQuantileHasNoSeam() {
        for probability in [0.001, 0.2, 0.9, 0.99999] {
            let before = truncatedNormalQuantile(probability, low: 37 - 1e-12, high: 37.4)
            let after = truncatedNormalQuantile(probability, low: 37, high: 37.4)
            #expect(abs(before - after) < 2e-12)
        }
    }

    /// Mean and variance of a normal variable between limits (Johnson, Kotz and Balakrishnan, "Continuous Univariate
    /// Distributions" 1, 2nd ed. 1994, section 10.1), and one uniform number per draw.
    @Test(arguments: [(-1.0, 0.5), (1, 2), (6, 8)]) func drawsHaveTheMomentsOfTheTruncated(low: Double, high: Double) {
        func density(_ x: Double) -> Double { 0.3989422804014327 * LaneMath.exp(Lanes(repeating: -x * x / 2))[0] }
        let mass = normalCDF(-low) - normalCDF(-high)
        let mean = (density(low) - density(high)) / mass
        let variance = 1 + (low * density(low) - high * density(high)) / mass - mean * mean
        var stream = RandomStream(seed: 3, purpose: "test.truncated")
        var sum = 0.0
        var squares = 0.0
        let count = 20000
        for _ in 0..<count {
            let draw = stream.truncatedNormal(
                mean: 10, standardDeviation: 2, low: 10 + 2 * low, high: 10 + 2 * high)
            #expect(draw >= 10 + 2 * low && draw <= 10 + 2 * high)
            let standard = (draw - 10) / 2 - mean
            sum += standard
            squares += standard * standard
        }
        let error = (variance / Double(count)).squareRoot()
        #expect(abs(sum / Double(count)) < 4 * error)
        #expect(abs(squares / Double(count) / variance - 1) < 0.06)
        var other = RandomStream(seed: 3, purpose: "test.truncated")
        for _ in 0..<count { _ = other.nextBits() }
        #expect(other.nextBits() == stream.nextBits())
        #expect(stream.truncatedNormal(mean: 3, standardDeviation: 0, low: 4) == 4)
    }

    /// The quantiles of the extreme draws are finite: the largest 53-bit number plus a half would round to 1.
    @Test func extremeDrawsAreFinite() {
        for bits in [UInt64.min, 1 << 11, UInt64.max - (1 << 11), UInt64.max] {
            let probability = RandomStream.inside(bits)
            #expect(probability > 0 && probability < 1)
            #expect(normalQuantile(probability).isFinite)
        }
    }
}
