// The stiff integrator against analytic solutions: its order and its stability.

import Foundation
import Testing

import Numerics

@Suite struct Rodas4Tests {
    @Test func convergesWithOrderFour() {
        for order in observedOrders(steps: [64, 128, 256, 512], make: StepperKind.rodas4.make) {
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
