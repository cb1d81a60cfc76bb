// Vector functions against the C library, on dense grids and at the edges.

import Foundation
import Numerics
import Testing

@Suite struct LaneMathTests {
    private func relative(_ value: Double, _ expected: Double) -> Double {
        if value == expected || (value.isNaN && expected.isNaN) { return 0 }
        return abs(value - expected) / abs(expected)
    }

    /// The largest relative error over many arguments.
    private func worst(_ arguments: [Double], _ lanes: (Lanes) -> Lanes, _ scalar: (Double) -> Double) -> Double {
        var worst = 0.0
        for start in stride(from: 0, to: arguments.count - 7, by: 8) {
            let x = Lanes(arguments[start..<(start + 8)])
            let y = lanes(x)
            for lane in 0..<8 {
                let error = relative(y[lane], scalar(x[lane]))
                if !(error <= worst) { worst = error }
            }
        }
        return worst
    }

    private func grid(_ low: Double, _ high: Double, _ count: Int = 40_000) -> [Double] {
        (0..<count).map { low + (high - low) * (Double($0) + 0.37) / Double(count) }
    }

    @Test func exponential() {
        #expect(worst(grid(-708, 709.7), LaneMath.exp, Foundation.exp) <= 3e-16)
        #expect(worst(grid(-1, 1), LaneMath.exp, Foundation.exp) <= 3e-16)
        #expect(worst(grid(-1e-8, 1e-8, 8_000), LaneMath.exp, Foundation.exp) <= 3e-16)
        // Subnormal results: within one unit of the smallest number.
        for x in grid(-746, -708, 4_000) {
            #expect(abs(LaneMath.exp(Lanes(repeating: x))[3] - Foundation.exp(x)) <= .leastNonzeroMagnitude)
        }
        let edges = LaneMath.exp(Lanes(0, -.infinity, .infinity, .nan, 710, -746, 1e308, -1e308))
        #expect(edges[0] == 1 && edges[1] == 0 && edges[2] == .infinity && edges[3].isNaN)
        #expect(edges[4] == .infinity && edges[5] == 0 && edges[6] == .infinity && edges[7] == 0)
    }

    @Test func logarithm() {
        #expect(worst(grid(1e-3, 3), LaneMath.log, Foundation.log) <= 3e-16)
        #expect(worst(grid(0.99, 1.01), LaneMath.log, Foundation.log) <= 3e-16)
        let wide = grid(-1074, 1023.9).map { exp2($0) }
        #expect(worst(wide, LaneMath.log, Foundation.log) <= 3e-16)
        #expect(worst(wide, LaneMath.log10, Foundation.log10) <= 4e-16)
        #expect(worst(grid(0.9, 1.1), LaneMath.log10, Foundation.log10) <= 4e-16)
        let edges = Lanes(0, -0.0, -1, .infinity, .nan, .leastNonzeroMagnitude, 1, -.infinity)
        for function in [LaneMath.log, LaneMath.log10] {
            let y = function(edges)
            #expect(y[0] == -.infinity && y[1] == -.infinity && y[2].isNaN && y[3] == .infinity)
            #expect(y[4].isNaN && y[6] == 0 && y[7].isNaN)
        }
        for power in 0...22 {
            #expect(LaneMath.log10(Lanes(repeating: pow(10, Double(power))))[0] == Double(power))
        }
    }

    @Test func hyperbolicTangent() {
        #expect(worst(grid(-30, 30), LaneMath.tanh, Foundation.tanh) <= 5e-16)
        #expect(worst(grid(-0.7, 0.7), LaneMath.tanh, Foundation.tanh) <= 5e-16)
        #expect(worst(grid(-1e-9, 1e-9, 800), LaneMath.tanh, Foundation.tanh) <= 5e-16)
        let edges = LaneMath.tanh(Lanes(0, -.infinity, .infinity, .nan, 1e300, -1e300, 0x1p-1063, -0x1p-1063))
        #expect(edges[0] == 0 && edges[1] == -1 && edges[2] == 1 && edges[3].isNaN && edges[4] == 1 && edges[5] == -1)
        #expect(edges[6] == 0x1p-1063 && edges[7] == -0x1p-1063)
    }

    @Test func powers() {
        var stream = RandomStream(seed: 1, purpose: "test.lanes.pow")
        for _ in 0..<20_000 {
            let x = exp(stream.uniform(-20, 20))
            let y = stream.uniform(-5, 5)
            let value = LaneMath.pow(Lanes(repeating: x), Lanes(repeating: y))[0]
            #expect(relative(value, pow(x, y)) <= 3e-16 * (1 + abs(y * log(x))))
        }
        #expect(LaneMath.pow(Lanes(repeating: 0), Lanes(repeating: 2))[0] == 0)
        #expect(LaneMath.pow(Lanes(repeating: 0), Lanes(repeating: 0))[0] == 1)
    }

    @Test func roundingAndSigns() {
        var arguments = grid(-6, 6, 4_000) + [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0, -0.0]
        arguments += [
            1e300, -1e300, 4503599627370495.5, -4503599627370495.5, .infinity, -.infinity, .leastNonzeroMagnitude, .nan,
        ]
        #expect(worst(arguments, LaneMath.floor) { $0.rounded(.down) } == 0)
        #expect(worst(arguments, LaneMath.ceil) { $0.rounded(.up) } == 0)
        #expect(worst(arguments, LaneMath.round) { $0.rounded(.toNearestOrEven) } == 0)
        #expect(worst(arguments, LaneMath.abs) { Swift.abs($0) } == 0)
        #expect(worst(arguments, LaneMath.sign) { $0 > 0 ? 1 : ($0 < 0 ? -1 : $0) } == 0)
        #expect(worst(arguments.map { Swift.abs($0) }, LaneMath.sqrt) { $0.squareRoot() } == 0)
    }

    @Test func circularFunctions() {
        // Multiples of π/2 are where cancellation is worst.
        let near = (-2000...2000).flatMap { n in [-1e-9, -1e-16, 0, 1e-12].map { Double(n) * .pi / 2 + $0 } }
        for arguments in [grid(-10, 10), grid(-1e5, 1e5), grid(-1e12, 1e12, 4_000), near, [0, 1e-300, -1e-8]] {
            #expect(worst(arguments, LaneMath.sin, Foundation.sin) <= 3e-16)
            #expect(worst(arguments, LaneMath.cos, Foundation.cos) <= 3e-16)
        }
        let edges = Lanes(0, -0.0, .infinity, -.infinity, .nan, 1e300, .leastNonzeroMagnitude, 1)
        let sine = LaneMath.sin(edges)
        #expect(sine[0] == 0 && sine[2].isNaN && sine[3].isNaN && sine[4].isNaN && sine[5] == Foundation.sin(1e300))
        #expect(sine[6] == .leastNonzeroMagnitude && LaneMath.cos(edges)[0] == 1)
    }

    @Test func neighboursDoNotMatter() {
        let functions = [LaneMath.exp, LaneMath.log, LaneMath.log10, LaneMath.tanh, LaneMath.sin]
        for x in [0.7, -3.3, 0x1p-1030, 650] {
            for function in functions {
                let alone = function(Lanes(repeating: x))[0]
                let crowd = function(Lanes(.nan, .infinity, x, 0, -1, 1e308, x, 0x1p-1063))
                #expect(crowd[2].bitPattern == alone.bitPattern && crowd[6].bitPattern == alone.bitPattern)
            }
        }
    }
}
