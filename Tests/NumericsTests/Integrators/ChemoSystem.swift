// A disease written by hand in lanes, as small as a real one gets: for tests and measurements of the integrators.

import Numerics

/// Normal, tumour and immune cells under one drug (Ahn and Park, BioSystems 106 (2011) 121–129; de Pillis and
/// Radunskaya, Math. Comput. Modelling 37 (2003) 1221–1244). Normalised cells, days. Rows: N, T, I, B, then the
/// parameters in the order of `parameters`, then the dose.
final class ChemoSystem: LaneSystem {
    /// r1 r2 b1 b2 a1 a2 a3 c1 c2 c3 c4 d1 d2 s rho alpha
    static let parameters = [1.5, 1, 1, 1, 0.2, 0.3, 0.1, 1, 0.5, 1, 1, 0.2, 1, 0.33, 0.01, 0.3]
    static let firstParameter = 4
    static let doseRow = 20
    static let rows = 21

    let stateCount = 4
    let inputCount = ChemoSystem.rows
    var timeInput: Int? { nil }
    var jacobianPattern: [(row: Int, column: Int)] {
        [(0, 0), (0, 1), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 3)]
    }

    /// The nominal patient before treatment ("case 2" of DTRGym) in a lane, with a first step of a tenth of a day.
    static func begin(_ solver: any LaneStepper, _ lane: Int) {
        for (index, value) in parameters.enumerated() { solver.inputs.row(firstParameter + index)[lane] = value }
        solver.inputs.row(doseRow)[lane] = 0
        solver.begin(lane, at: [0.9, 0.2, 0.005, 0], step: 0.1)
    }

    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            @inline(__always) func p(_ index: Int) -> Lanes { loadLanes(inputs + (4 + index) * stride + lane) }
            let n = loadLanes(inputs + lane)
            let t = loadLanes(inputs + stride + lane)
            let i = loadLanes(inputs + 2 * stride + lane)
            let b = loadLanes(inputs + 3 * stride + lane)
            let kill = 1 - LaneMath.exp(-b)
            storeLanes(p(1) * n * (1 - p(3) * n) - p(10) * t * n - p(6) * kill * n, rates + lane)
            let tumour = p(0) * t * (1 - p(2) * t) - p(8) * i * t - p(9) * t * n - p(5) * kill * t
            storeLanes(tumour, rates + stride + lane)
            let immune = p(13) + p(14) * i * t / (p(15) + t) - p(7) * i * t - p(11) * i - p(4) * kill * i
            storeLanes(immune, rates + 2 * stride + lane)
            storeLanes(p(16) - p(12) * b, rates + 3 * stride + lane)
        }
    }

    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        evaluateRates(inputs, values, stride: stride, lanes: lanes)
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            @inline(__always) func p(_ index: Int) -> Lanes { loadLanes(inputs + (4 + index) * stride + lane) }
            let n = loadLanes(inputs + lane)
            let t = loadLanes(inputs + stride + lane)
            let i = loadLanes(inputs + 2 * stride + lane)
            let survival = LaneMath.exp(-loadLanes(inputs + 3 * stride + lane))
            let kill = 1 - survival
            var target = values + 4 * stride + lane
            func put(_ value: Lanes) {
                storeLanes(value, target)
                target += stride
            }
            put(p(1) - 2 * p(1) * p(3) * n - p(10) * t - p(6) * kill)
            put(-p(10) * n)
            put(-p(6) * survival * n)
            put(-p(9) * t)
            put(p(0) - 2 * p(0) * p(2) * t - p(8) * i - p(9) * n - p(5) * kill)
            put(-p(8) * t)
            put(-p(5) * survival * t)
            put(p(14) * i * p(15) / ((p(15) + t) * (p(15) + t)) - p(7) * i)
            put(p(14) * t / (p(15) + t) - p(7) * t - p(11) - p(4) * kill)
            put(-p(4) * survival * i)
            put(-p(12))
        }
    }
}
