// The stiff integrator against analytic solutions: its order, its stability, and lanes that know nothing of each other.

import Foundation
import Testing

import Numerics

/// A small system given by closures, lane by lane.
private final class ClosureSystem: LaneSystem {
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

@Suite struct Rodas4Tests {
    /// y₁′ = y₁ cos t − y₂², y₂′ = −y₂: nonlinear, coupled and explicit in time; y₂ = e^{−t}.
    private func coupled() -> ClosureSystem {
        ClosureSystem(
            states: 2, pattern: [(0, 0), (0, 1), (1, 1)],
            rates: { y, t in [y[0] * cos(t) - y[1] * y[1], -y[1]] },
            jacobian: { y, t in [cos(t), -2 * y[1], -1] },
            slope: { y, t in [-y[0] * sin(t), 0] })
    }

    private func fixedSteps(_ system: ClosureSystem, from start: [Double], to end: Double, steps: Int) -> [Double] {
        let loose = Array(repeating: 1e9, count: system.stateCount)
        let solver = Rodas4(system: system, width: 8, relative: loose, absolute: loose)
        for (row, value) in start.enumerated() { solver.states.row(row)[0] = value }
        for _ in 0..<steps {
            for lane in 0..<8 { solver.step.base[lane] = end / Double(steps) }
            solver.attempt(lanes: 1)
        }
        return (0..<system.stateCount).map { solver.states.row($0)[0] }
    }

    @Test func convergesWithOrderFour() {
        let reference = fixedSteps(coupled(), from: [1, 1], to: 2, steps: 4096)
        #expect(abs(reference[1] - exp(-2.0)) < 1e-13)
        var errors: [Double] = []
        for steps in [64, 128, 256] {
            let result = fixedSteps(coupled(), from: [1, 1], to: 2, steps: steps)
            errors.append(abs(result[0] - reference[0]) + abs(result[1] - reference[1]))
        }
        for (coarse, fine) in zip(errors, errors.dropFirst()) {
            let order = log2(coarse / fine)
            #expect(order > 3.6 && order < 4.6, "observed order \(order)")
        }
    }

    /// Prothero and Robinson 1974: y′ = −λ(y − cos t) − sin t, whose solution is cos t whatever λ.
    @Test(arguments: [1e2, 1e5, 1e8]) func staysOnTheSmoothSolution(lambda: Double) {
        let system = ClosureSystem(
            states: 1, pattern: [(0, 0)], rates: { y, t in [-lambda * (y[0] - cos(t)) - sin(t)] },
            jacobian: { _, _ in [-lambda] }, slope: { _, t in [-lambda * sin(t) - cos(t)] })
        let solver = Rodas4(system: system, width: 8, relative: [1e-7], absolute: [1e-7])
        solver.states.base[0] = 1
        solver.step.base[0] = 1e-6
        var attempts = 0
        while solver.time.base[0] < 3, attempts < 2000 {
            solver.step.base[0] = min(solver.step.base[0], 3 - solver.time.base[0])
            solver.attempt(lanes: 1)
            attempts += 1
        }
        #expect(attempts < 400, "a stiff problem must not need small steps")
        #expect(abs(solver.states.base[0] - cos(3.0)) < 1e-6)
    }

    @Test func lanesDoNotTouchEachOther() {
        let tolerance = [1e-6, 1e-6]
        func run(_ starts: [[Double]]) -> [[UInt64]] {
            let width = (starts.count + 7) & ~7
            let solver = Rodas4(system: coupled(), width: width, relative: tolerance, absolute: tolerance)
            for (lane, start) in starts.enumerated() {
                for (row, value) in start.enumerated() { solver.states.row(row)[lane] = value }
                solver.step.base[lane] = 0.01
            }
            for _ in 0..<20 { solver.attempt(lanes: starts.count) }
            return starts.indices.map { lane in (0..<2).map { solver.states.row($0)[lane].bitPattern } }
        }
        let starts = (0..<11).map { [1 + Double($0), 0.1 * Double($0 * $0)] }
        let together = run(starts)
        for (index, start) in starts.enumerated() { #expect(run([start])[0] == together[index]) }
    }

    @Test func eliminationSolvesSparseSystems() {
        var stream = RandomStream(seed: 1, purpose: "test.elimination")
        for size in 1...7 {
            var pattern: [(row: Int, column: Int)] = []
            for row in 0..<size {
                for column in 0..<size where stream.uniform() < 0.5 { pattern.append((row, column)) }
            }
            let plan = SparseElimination(size: size, pattern: pattern)
            var dense = Array(repeating: Array(repeating: 0.0, count: size), count: size)
            let values = LaneMemory(rows: plan.valueCount, width: 8)
            for (entry, place) in zip(pattern, plan.entries) {
                let value = stream.uniform(-1, 1)
                dense[entry.row][entry.column] += value
                values.row(place)[3] += value
            }
            for index in 0..<size {
                dense[index][index] += 4
                values.row(plan.diagonal[index])[3] += 4
            }
            let solution = (0..<size).map { _ in stream.uniform(-1, 1) }
            let vector = LaneMemory(rows: size, width: 8)
            for row in 0..<size { vector.row(row)[3] = zip(dense[row], solution).map { $0 * $1 }.reduce(0, +) }
            plan.factorise(values.base, stride: 8, lanes: 8)
            plan.solve(values.base, vector.base, stride: 8, lanes: 8)
            for row in 0..<size { #expect(abs(vector.row(row)[3] - solution[row]) < 1e-12) }
        }
    }
}
