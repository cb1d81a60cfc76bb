// A disease compiled for a set of patients: rates with their Jacobian, endings and running extremes, and what is
// computed at decisions.

import Numerics

/// All compiled expressions of an environment. Shared between threads; scratch memory is each batch's own.
public struct CourseProgram: Sendable {
    public let layout: InputLayout
    public let rates: Program
    /// Rates, then the Jacobian's non-zero entries, then ∂f/∂t where a rate names the time.
    public let ratesAndJacobian: Program
    public let jacobianPattern: [(row: Int, column: Int)]
    public let dependsOnTime: Bool
    /// Endings (1 where met), then the expressions whose running extremes are kept.
    public let monitor: Program
    /// For each kept extreme, whether it is the lowest (or else the highest).
    public let keepsLowest: [Bool]
    /// Reward terms, then rules (1 where a dose is forbidden), then observations that have an expression.
    public let decision: Program
    public let rewardTerms: Int
    public let rules: Int
    public let outcome: Program
    /// Which states are integrated in their logarithm.
    public let logStates: [Bool]
    /// Tolerances per state for a relative tolerance of one; multiply by the tolerance wanted.
    public let relativeScale: [Double]
    public let absoluteScale: [Double]
}

/// The rates of a compiled disease as the integrator wants them.
final class CourseSystem: LaneSystem {
    let program: CourseProgram
    let stateCount: Int
    let inputCount: Int
    let timeInput: Int?
    let rateInputs: [Int]
    let jacobianPattern: [(row: Int, column: Int)]
    private let rateScratch: ProgramScratch
    private let jacobianScratch: ProgramScratch

    init(_ program: CourseProgram, width: Int) {
        self.program = program
        stateCount = program.layout.stateCount
        inputCount = program.layout.courseRows
        timeInput = program.dependsOnTime ? program.layout.time : nil
        rateInputs = Array(program.layout.parameters) + Array(program.layout.inputs)
        jacobianPattern = program.jacobianPattern
        rateScratch = program.rates.makeScratch()
        jacobianScratch = program.ratesAndJacobian.makeScratch()
    }

    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        program.rates.evaluate(
            inputs: inputs, inputStride: stride, outputs: rates, outputStride: stride, lanes: lanes,
            scratch: rateScratch)
    }

    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        program.ratesAndJacobian.evaluate(
            inputs: inputs, inputStride: stride, outputs: values, outputStride: stride, lanes: lanes,
            scratch: jacobianScratch)
    }
}

/// A function of lanes applied to one number: set-up code uses the same arithmetic as the lanes.
func laneScalar(_ function: (Lanes) -> Lanes, _ value: Double) -> Double { function(Lanes(repeating: value))[0] }
