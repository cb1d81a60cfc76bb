// The explicit integrators against analytic solutions and a disease with published behaviour.

import Foundation
import Testing

import Numerics

@Suite struct ExplicitRungeKuttaTests {
    @Test func convergesWithOrderFive() {
        for order in observedOrders(steps: [20, 40, 80, 160], make: StepperKind.dormandPrince54.make) {
            #expect(order > 4.7 && order < 5.5, "observed order \(order)")
        }
    }

    @Test func theOtherPairConvergesWithOrderSix() {
        // Steps long enough that rounding does not count.
        for order in observedOrders(steps: [10, 15, 20, 30], make: StepperKind.verner65.make) {
            #expect(order > 5.7 && order < 7.6, "observed order \(order)")
        }
    }

    /// The same error for fewer evaluations of the rates, at tolerances that environments ask for.
    @Test func orderSixNeedsFewerEvaluationsForAnError() {
        func work(_ kind: StepperKind, _ tolerance: Double) -> (evaluations: Int, error: Double) {
            let solver = kind.make(ClosureSystem.solved(), width: 8, tolerance: tolerance)
            solver.begin(0, at: ClosureSystem.solution(0), step: 1e-3)
            let attempts = solver.carry(to: 3)
            let error = zip(solver.course(0), ClosureSystem.solution(3)).map { abs($0 - $1) }.max()!
            return (attempts * (kind == .verner65 ? 8 : 6), error)
        }
        let five = work(.dormandPrince54, 1e-8)
        let six = work(.verner65, 1e-8)
        #expect(six.evaluations < five.evaluations, "\(six), \(five)")
        #expect(six.error < 2 * five.error, "\(six), \(five)")
    }

    /// y′ = −40y: held at the limit of stability, steps times the fastest rate, as it is measured, come to that limit.
    @Test(arguments: [RungeKuttaPair.dormandPrince54, .verner65])
    func theFastestRateIsFound(pair: RungeKuttaPair) {
        let system = ClosureSystem(
            states: 1, pattern: [(0, 0)], rates: { y, _ in [-40 * y[0]] }, jacobian: { _, _ in [-40] },
            slope: { _, _ in [0] })
        let solver = ExplicitRungeKutta(pair, system: system, width: 8, relative: [1e-6], absolute: [1e-6])
        solver.begin(0, at: [1], step: 0.01)
        var reaches: [Double] = []
        for attempt in 0..<400 {
            solver.attempt(lanes: 1)
            guard attempt >= 300, solver.error.base[0] <= 1 else { continue }
            #expect(abs(solver.fastestRate(lane: 0) / 40 - 1) < 1e-6)
            reaches.append(40 * solver.attempted.base[0])
        }
        let mean = reaches.reduce(0, +) / Double(reaches.count)
        #expect(abs(mean / pair.stabilityLimit - 1) < 0.15, "\(mean)")
    }

    /// Hairer, Nørsett and Wanner II.4: with error control the error made goes with the tolerance.
    @Test func errorsFollowTheTolerance() {
        var errors: [Double] = []
        var attempts: [Int] = []
        let tolerances = [1e-3, 1e-5, 1e-7, 1e-9, 1e-11]
        for tolerance in tolerances {
            let solver = StepperKind.dormandPrince54.make(ClosureSystem.solved(), width: 8, tolerance: tolerance)
            solver.begin(0, at: ClosureSystem.solution(0), step: 1e-4)
            attempts.append(solver.carry(to: 3))
            let error = zip(solver.course(0), ClosureSystem.solution(3)).map { abs($0 - $1) }.max()!
            #expect(error < 10 * tolerance, "\(error) at tolerance \(tolerance)")
            errors.append(error)
        }
        let slope = log(errors.first! / errors.last!) / log(tolerances.first! / tolerances.last!)
        #expect(slope > 0.85 && slope < 1.15, "errors \(errors)")
        // Work goes with the fifth root: 40 times the steps for eight more digits.
        #expect(attempts.last! < 60 * attempts.first!, "attempts \(attempts)")
        #expect(attempts.last! > 5 * attempts.first!, "attempts \(attempts)")
    }

    /// y′ = y² from 1 becomes infinite at time 1: steps shrink, and no state is ever infinite.
    @Test func comesToAHaltBeforeASingularity() {
        let system = ClosureSystem(
            states: 1, pattern: [(0, 0)], rates: { y, _ in [y[0] * y[0]] }, jacobian: { y, _ in [2 * y[0]] },
            slope: { _, _ in [0] })
        let solver = StepperKind.dormandPrince54.make(system, width: 8, tolerance: 1e-8)
        solver.begin(0, at: [1], step: 0.1)
        var attempts = 0
        while solver.step.base[0] > 1e-13, attempts < 100_000 {
            solver.attempt(lanes: 1)
            attempts += 1
        }
        #expect(attempts < 1000 && solver.states.base[0].isFinite)
        #expect(abs(solver.time.base[0] - 1) < 1e-6)
    }

    /// Untreated, the chemotherapy model settles where normal, tumour and immune cells coexist, and the healthy cells
    /// fall below 0.63 at 18.25 days; under the full dose the tumour is at 5.661e-8 after 150 days (recomputed with
    /// LSODA at a relative tolerance of 1e-10).
    @Test func chemotherapyAsPublished() {
        func course(dose: Double, to end: Double) -> [Double] {
            let all = Array(repeating: 1e-10, count: 4)
            let solver = ExplicitRungeKutta(
                .dormandPrince54, system: ChemoSystem(), width: 8, relative: all, absolute: all.map { $0 * 1e-6 })
            ChemoSystem.begin(solver, 0)
            solver.inputs.row(ChemoSystem.doseRow)[0] = dose
            _ = solver.carry(to: end)
            return solver.course(0)
        }
        for (value, expected) in zip(course(dose: 0, to: 600), [0.4352, 0.5648, 0.4352, 0]) {
            #expect(abs(value - expected) < 5e-5)
        }
        #expect(course(dose: 0, to: 18)[0] > 0.63 && course(dose: 0, to: 18.25)[0] < 0.63)
        #expect(abs(course(dose: 1, to: 150)[1] / 5.661e-8 - 1) < 1e-4)
    }
}
