// Steps by the matrix exponential against closed forms, against sixty digits, and against themselves.

import AllocationCounter
import Foundation
import Testing

import Numerics

@Suite struct LinearExponentialTests {
    private func expectEqual(
        _ values: [Double], _ expected: [Double], relative: Double, absolute: Double = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (value, target) in zip(values, expected) {
            #expect(
                abs(value - target) <= relative * abs(target) + absolute, "\(value), not \(target)",
                sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [1e-9, 0.01, 0.3, 1, 7, 50, 700]) func oneStateDecaysAndFills(time: Double) {
        expectEqual(
            MatrixSystem.carried([[-1]], from: [1], step: time), [exp(-time)], relative: 2e-15 * max(10, time))
        expectEqual(
            MatrixSystem.carried([[-1]], constant: [2], from: [0], step: time), [-2 * expm1(-time)], relative: 1e-15)
        expectEqual(MatrixSystem.carried([[0]], constant: [2], from: [1], step: time), [1 + 2 * time], relative: 1e-15)
        expectEqual(MatrixSystem.carried([[1]], from: [1], step: time), [exp(time)], relative: 2e-13)
    }

    /// exp(h·[λ 1; 0 λ]) = e^{λh}·[1 h; 0 1]: no eigenvectors to be had.
    @Test(arguments: [-3.0, -0.01, 0, 0.5], [0.1, 4, 30]) func jordanBlock(lambda: Double, time: Double) {
        let growth = exp(lambda * time)
        expectEqual(
            MatrixSystem.carried([[lambda, 1], [0, lambda]], from: [2, 3], step: time),
            [growth * (2 + 3 * time), growth * 3], relative: 1e-13)
    }

    @Test(arguments: [0.1, 3, 100]) func rotation(time: Double) {
        expectEqual(
            MatrixSystem.carried([[0, -1], [1, 0]], from: [1, 0], step: time), [cos(time), sin(time)], relative: 0,
            absolute: 2e-15 * max(1, 2 * time))
    }

    /// Absorption into two compartments that exchange: three exponentials (Gibaldi and Perrier, "Pharmacokinetics",
    /// 2nd ed. 1982, chapter 2).
    @Test(arguments: [0.5, 4, 24, 168]) func twoCompartmentsWithAbsorption(time: Double) {
        let (absorption, elimination, out, back) = (0.9, 0.12, 0.3, 0.17)
        let total = elimination + out + back
        let root = (total * total - 4 * elimination * back).squareRoot()
        let alpha = (total + root) / 2
        let beta = elimination * back / alpha
        let central =
            absorption * 100
            * ((back - alpha) / ((absorption - alpha) * (beta - alpha)) * exp(-alpha * time)
                + (back - beta) / ((absorption - beta) * (alpha - beta)) * exp(-beta * time)
                + (back - absorption) / ((alpha - absorption) * (beta - absorption)) * exp(-absorption * time))
        let matrix = [[-absorption, 0, 0], [absorption, -(elimination + out), back], [0, out, -back]]
        let result = MatrixSystem.carried(matrix, from: [100, 0, 0], step: time)
        expectEqual(result, [100 * exp(-absorption * time), central], relative: 2e-13)
    }

    /// 24 compartments in a row, all with rate k: amounts (kt)ⁱ/i!·e^{−kt}, and what has left the last.
    @Test(arguments: [0.4, 9, 60]) func chainOfTwentyFour(time: Double) {
        var matrix = Array(repeating: Array(repeating: 0.0, count: 24), count: 24)
        for index in 0..<24 {
            if index < 23 { matrix[index][index] = -1 }
            if index > 0 { matrix[index][index - 1] = 1 }
        }
        let result = MatrixSystem.carried(matrix, from: [1] + Array(repeating: 0, count: 23), step: time)
        var expected = [exp(-time)]
        for index in 1..<23 { expected.append(expected[index - 1] * time / Double(index)) }
        expected.append(1 - expected.reduce(0, +))
        expectEqual(result, expected, relative: 1e-12, absolute: 1e-15)
        #expect(result.allSatisfy { $0 >= 0 })
        #expect(abs(result.reduce(0, +) - 1) < 1e-13, "nothing is lost")
    }

    /// Absorption at 3.58/h beside elimination at 0.0014/h, with slow and with fast exchange, without and with an
    /// infusion: computed with sixty digits (mpmath) from the same doubles. What half a unit in the last place of the
    /// greatest rate does to the result, 1.1e-16·‖A‖·t, no method can avoid.
    @Test(arguments: [
        (0.021, 0.034, 12.0, 0.0, [2.2014511727535200094e-17, 85.026917617363705892, 23.444287643703929095]),
        (0.021, 0.034, 12, 0.5, [2.2014511727535200094e-17, 90.369919284344690475, 24.05475457819470792]),
        (0.021, 0.034, 720, 0, [0, 36.036422312596428785, 22.833319917018717242]),
        (0.021, 0.034, 720, 0.5, [0, 202.39920418139198894, 122.53989679514861529]),
        (1.7, 2.9, 12, 0, [2.2014511727535200094e-17, 68.618568730317014673, 40.236922863725103166]),
        (1.7, 2.9, 12, 0.5, [2.2014511727535200094e-17, 72.420553325674369553, 42.402620531766906154]),
        (1.7, 2.9, 720, 0, [0, 36.735607392763286765, 21.541221689190385093]),
        (1.7, 2.9, 720, 0.5, [0, 204.71404723720168558, 119.97758614801954931]),
    ])
    func ratesFarApart(out: Double, back: Double, time: Double, infusion: Double, expected: [Double]) {
        let matrix = [[-3.58, 0, 0], [3.58, -(0.0014 + out), back], [0, out, -back]]
        let result = MatrixSystem.carried(matrix, constant: [0, infusion, 0], from: [100, 3, 7], step: time)
        expectEqual(result, expected, relative: max(1e-13, 1.1e-16 * max(2 * 3.58, 2 * back) * time))
    }

    /// Random compartments: one step equals two halves, amounts stay at or above zero, nothing comes from nothing.
    @Test func halvesMakeAWhole() {
        var stream = RandomStream(seed: 1, purpose: "test.compartments")
        for size in [2, 3, 5, 8] {
            for _ in 0..<20 {
                var matrix = (0..<size).map { _ in
                    (0..<size).map { _ in stream.uniform() < 0.5 ? 0 : exp(stream.uniform(-6, 2)) }
                }
                for column in 0..<size {
                    let leaving = (0..<size).map { $0 == column ? 0 : matrix[$0][column] }.reduce(0, +)
                    matrix[column][column] = -leaving - 0.01
                }
                let constant = (0..<size).map { _ in stream.uniform() }
                let start = (0..<size).map { _ in stream.uniform() }
                let whole = MatrixSystem.carried(matrix, constant: constant, from: start, step: 24)
                let half = MatrixSystem.carried(matrix, constant: constant, from: start, step: 12)
                let halves = MatrixSystem.carried(matrix, constant: constant, from: half, step: 12)
                expectEqual(halves, whole, relative: 1e-13)
                let none = MatrixSystem.carried(matrix, from: start, step: 24)
                #expect(none.allSatisfy { $0 >= 0 } && none.reduce(0, +) < start.reduce(0, +))
            }
        }
    }

    /// What every stepper promises (see `LaneStepperTests`), with lanes that need 0, 4, 9 and 13 halvings, one that asks
    /// for too much and one that is lost.
    @Test func lanesDoNotTouchEachOther() {
        let system = MatrixSystem([[[-1, 0.1], [1, -1]]])
        func fill(_ solver: LinearExponential, _ lane: Int, _ index: Int) {
            let rate = [0.01, 2, 70, 1000, 1e300, .nan][index % 6]
            system.begin(
                solver, lane, matrix: [[-rate, 0.1], [rate, -0.2]], constant: [0.5, Double(index)], states: [1, 0.3],
                step: 2)
        }
        let together = LinearExponential(system: system, width: 16)
        for lane in 0..<11 { fill(together, lane, lane) }
        together.attempt(lanes: 11)
        for index in 0..<11 {
            for place in [0, 6, 13] {
                let alone = LinearExponential(system: system, width: 16)
                fill(alone, place, index)
                alone.attempt(lanes: place + 1)
                #expect(alone.bits(place) == together.bits(index), "course \(index) in lane \(place)")
            }
            if index % 6 < 4 {
                #expect(together.error.base[index] == 0 && together.time.base[index] == 2)
                #expect(together.step.base[index] > 1e100)
            } else {
                #expect(together.error.base[index] > 1 && together.time.base[index] == 0)
                #expect(together.course(index) == [1, 0.3] && together.step.base[index] == 0.2)
            }
        }
    }

    /// The rates at the beginning are there for interpolation, with the inputs of the moment.
    @Test func inputsCountFromTheNextAttempt() {
        let system = MatrixSystem([[[-2]]])
        let solver = LinearExponential(system: system, width: 8)
        system.begin(solver, 0, matrix: [[-2]], constant: [0], states: [1], step: 0.5)
        solver.attempt(lanes: 1)
        system.begin(solver, 0, matrix: [[-1]], constant: [3], states: solver.course(0), step: 0.25)
        solver.attempt(lanes: 1)
        #expect(solver.startStates.base[0] == MatrixSystem.carried([[-2]], from: [1], step: 0.5)[0])
        #expect(abs(solver.startValues.base[0] - (3 - exp(-1.0))) < 1e-15)
        #expect(abs(solver.states.base[0] - (3 + (exp(-1.0) - 3) * exp(-0.25))) < 1e-15)
    }

    @Test func attemptsAllocateNothing() {
        let matrix = [[-3.58, 0, 0], [3.58, -0.5, 0.2], [0, 0.4, -0.2]]
        let system = MatrixSystem([matrix])
        let solver = LinearExponential(system: system, width: 32)
        for lane in 0..<32 {
            system.begin(solver, lane, matrix: matrix, constant: [0, 0, 0], states: [1, 0, 0], step: 12)
        }
        solver.attempt(lanes: 32)
        let before = allocationsOfThisThread()
        for _ in 0..<100 {
            for lane in 0..<32 { solver.step.base[lane] = Double(lane) }
            solver.attempt(lanes: 32)
        }
        #expect(allocationsOfThisThread() - before <= 0)
    }
}
