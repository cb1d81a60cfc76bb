// Systems with known solutions, and what the tests of all integrators do with them.

import Foundation
import Numerics

/// A small system given by closures, lane by lane.
final class ClosureSystem: LaneSystem {
    let stateCount: Int
    let inputCount: Int
    let timeInput: Int?
    let jacobianPattern: [(row: Int, column: Int)]
    let rates: ([Double], Double) -> [Double]
    let jacobian: ([Double], Double) -> [Double]
    let slope: ([Double], Double) -> [Double]

    init(
        states: Int, pattern: [(row: Int, column: Int)], rates: @escaping ([Double], Double) -> [Double],
        jacobian: @escaping ([Double], Double) -> [Double], slope: @escaping ([Double], Double) -> [Double]
    ) {
        stateCount = states
        inputCount = states + 1
        timeInput = states
        jacobianPattern = pattern
        self.rates = rates
        self.jacobian = jacobian
        self.slope = slope
    }

    private func read(_ inputs: UnsafePointer<Double>, _ stride: Int, _ lane: Int) -> ([Double], Double) {
        ((0..<stateCount).map { inputs[$0 * stride + lane] }, inputs[stateCount * stride + lane])
    }

    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        for lane in 0..<lanes {
            let (y, t) = read(inputs, stride, lane)
            for (row, value) in self.rates(y, t).enumerated() { rates[row * stride + lane] = value }
        }
    }

    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        for lane in 0..<lanes {
            let (y, t) = read(inputs, stride, lane)
            let all = rates(y, t) + jacobian(y, t) + slope(y, t)
            for (row, value) in all.enumerated() { values[row * stride + lane] = value }
        }
    }
}

extension ClosureSystem {
    /// y₁′ = y₁ cos t − y₂², y₂′ = −y₂: nonlinear, coupled and explicit in time; y₂ = e^{−t}.
    static func coupled() -> ClosureSystem {
        ClosureSystem(
            states: 2, pattern: [(0, 0), (0, 1), (1, 1)],
            rates: { y, t in [y[0] * cos(t) - y[1] * y[1], -y[1]] },
            jacobian: { y, t in [cos(t), -2 * y[1], -1] },
            slope: { y, t in [-y[0] * sin(t), 0] })
    }

    /// y₁′ = −2ty₁², y₂′ = y₂ cos t, y₃′ = y₁(1 + t²) − y₃: nonlinear and explicit in time, with a known solution.
    static func solved() -> ClosureSystem {
        ClosureSystem(
            states: 3, pattern: [(0, 0), (1, 1), (2, 0), (2, 2)],
            rates: { y, t in [-2 * t * y[0] * y[0], y[1] * cos(t), y[0] * (1 + t * t) - y[2]] },
            jacobian: { y, t in [-4 * t * y[0], cos(t), 1 + t * t, -1] },
            slope: { y, t in [-2 * y[0] * y[0], -y[1] * sin(t), 2 * t * y[0]] })
    }

    /// The solution of `solved` from (1, 1, 0): 1/(1 + t²), e^{sin t}, 1 − e^{−t}.
    static func solution(_ t: Double) -> [Double] { [1 / (1 + t * t), exp(sin(t)), 1 - exp(-t)] }
}

/// The integrators for systems of any kind.
enum StepperKind: CaseIterable {
    case rodas4
    case dormandPrince54
    case verner65

    func make(_ system: any LaneSystem, width: Int, tolerance: Double) -> any LaneStepper {
        let all = Array(repeating: tolerance, count: system.stateCount)
        switch self {
        case .rodas4: return Rodas4(system: system, width: width, relative: all, absolute: all)
        case .dormandPrince54:
            return ExplicitRungeKutta(.dormandPrince54, system: system, width: width, relative: all, absolute: all)
        case .verner65:
            return ExplicitRungeKutta(.verner65, system: system, width: width, relative: all, absolute: all)
        }
    }
}

extension LaneStepper {
    /// Puts a course into a lane.
    func begin(_ lane: Int, at states: [Double], time: Double = 0, step: Double) {
        for (row, value) in states.enumerated() { self.states.row(row)[lane] = value }
        self.time.base[lane] = time
        self.step.base[lane] = step
    }

    func course(_ lane: Int) -> [Double] { (0..<system.stateCount).map { states.row($0)[lane] } }

    /// Everything an owner can see of a lane, to the bit.
    func bits(_ lane: Int) -> [UInt64] {
        (course(lane) + [time.base[lane], step.base[lane], error.base[lane]]).map(\.bitPattern)
    }

    /// Carries lane 0 to a time with error control; the number of attempts.
    func carry(to end: Double) -> Int {
        var attempts = 0
        while time.base[0] < end, attempts < 1_000_000 {
            step.base[0] = min(step.base[0], end - time.base[0])
            attempt(lanes: 1)
            attempts += 1
            if error.base[0] <= 1, end - time.base[0] < 1e-12 * end { time.base[0] = end }
        }
        return attempts
    }
}

/// Orders observed when steps of fixed length are made smaller, on `ClosureSystem.solved` from 0 to 2.
func observedOrders(
    steps: [Int], make: (_ system: any LaneSystem, _ width: Int, _ tolerance: Double) -> any LaneStepper
) -> [Double] {
    let errors = steps.map { count in
        let solver = make(ClosureSystem.solved(), 8, 1e9)
        solver.begin(0, at: ClosureSystem.solution(0), step: 0)
        for _ in 0..<count {
            solver.step.base[0] = 2 / Double(count)
            solver.attempt(lanes: 1)
        }
        return zip(solver.course(0), ClosureSystem.solution(2)).map { abs($0 - $1) }.reduce(0, +)
    }
    return zip(errors, errors.dropFirst()).enumerated().map { index, pair in
        log2(pair.0 / pair.1) / log2(Double(steps[index + 1]) / Double(steps[index]))
    }
}
