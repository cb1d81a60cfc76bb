// A disease compiled for a set of patients: rates with their Jacobian, steps, impulses, endings, what is remembered, and
// what is computed at decisions.

import Numerics

/// All compiled expressions of an environment. Shared between threads; scratch memory is each batch's own.
public struct CourseProgram: Sendable {
    public let layout: InputLayout
    public let method: EnvironmentModel.Method
    /// Rates of the integrated states, in the order of their rows.
    public let rates: Program
    /// Rates, then the Jacobian's non-zero entries, then ∂f/∂t where a rate names the time.
    public let ratesAndJacobian: Program
    public let jacobianPattern: [(row: Int, column: Int)]
    public let dependsOnTime: Bool
    /// Rates are linear in the states and name no time.
    let isLinear: Bool
    /// Rows beyond the states on which a rate depends.
    let rateInputs: [Int]

    /// ∂rate/∂input, one output for each of `impulseEntries`: what an impulse of that input adds to that state.
    let impulses: Program
    let impulseEntries: [ImpulseEntry]
    let impulseUse: [ImpulseUse]

    /// Length of a step; 0 where there are none.
    let step: Double
    /// New values of held states at the beginning and at the end of a step, for the rows listed.
    let stepStart: Program
    let stepStartRows: [Int]
    let stepEnd: Program
    let stepEndRows: [Int]

    /// Endings (1 where met), then the expressions whose running extremes are kept.
    public let monitor: Program
    let endings: Int
    /// Whether an ending is asked at decisions only.
    let isAskedAtDecisions: [Bool]
    /// For each kept extreme, its row and whether it is the lowest (or else the highest).
    let extremes: [(row: Int, isLowest: Bool)]
    /// Expressions of which earlier values or sums are remembered, and for each output the row and what it is.
    let noted: Program
    let notes: [(row: Int, memory: Memory)]

    /// Rates and amounts of the doses that are given by an expression.
    let sizes: Program
    /// By dose: its output among `sizes`, or −1 where it is a plain number.
    let sizeOutputs: [Int]
    let constantSizes: [Double]
    /// Lags that differ among patients.
    let lags: Program
    /// By dose: its output among `lags`, or −1.
    let lagOutputs: [Int]
    let constantLags: [Double]

    /// Reward terms, then rules (1 where a dose is forbidden), then observations that have an expression.
    public let decision: Program
    public let rewardTerms: Int
    public let rules: Int
    /// By output of `decision`: the rows that it reads.
    let decisionReads: [[Int]]
    public let outcome: Program

    /// For each integrated state whether it is integrated in its logarithm.
    public let isLog: [Bool]
    /// Tolerances per integrated state for a relative tolerance of one; multiply by the tolerance wanted.
    public let relativeScale: [Double]
    public let absoluteScale: [Double]

    /// An effect of an impulse: of which input, on which integrated state.
    struct ImpulseEntry: Sendable {
        var input: Int
        var state: Int
    }

    /// What an impulse of an input can do.
    enum ImpulseUse: Sendable {
        /// Moves states: the rates are linear in the input.
        case jump
        /// Is the input's level, divided by the length, of the step it falls in: only steps name the input.
        case step
        /// Cannot be told.
        case impossible
    }

    /// An integrator for these rates, of two where the method switches the one that courses begin with.
    func makeStepper(_ method: EnvironmentModel.Method, width: Int, tolerance: Double) -> any LaneStepper {
        let relative = relativeScale.map { $0 * tolerance }
        let absolute = absoluteScale.map { $0 * tolerance }
        let system = CourseSystem(self, width: width)
        if layout.integrated == 0 { return StandStill(system: system, width: width) }
        switch method {
        case .stiff: return Rodas4(system: system, width: width, relative: relative, absolute: absolute)
        case .mild:
            return ExplicitRungeKutta(
                .dormandPrince54, system: system, width: width, relative: relative, absolute: absolute)
        // Courses begin with the explicit one.
        case .switching:
            return ExplicitRungeKutta(
                .verner65, system: system, width: width, relative: relative, absolute: absolute)
        case .linear: return LinearExponential(system: system, width: width)
        }
    }
}

/// The rates of a compiled disease as the integrator wants them.
public final class CourseSystem: LaneSystem {
    private let program: CourseProgram
    public let stateCount: Int
    public let inputCount: Int
    public let timeInput: Int?
    public let jacobianPattern: [(row: Int, column: Int)]
    public let rateInputs: [Int]
    private let rateScratch: ProgramScratch
    private let jacobianScratch: ProgramScratch

    public init(_ program: CourseProgram, width: Int) {
        self.program = program
        stateCount = program.layout.integrated
        inputCount = program.layout.courseRows
        timeInput = program.dependsOnTime ? program.layout.time : nil
        jacobianPattern = program.jacobianPattern
        rateInputs = program.rateInputs
        rateScratch = program.rates.makeScratch()
        jacobianScratch = program.ratesAndJacobian.makeScratch()
    }

    public func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        program.rates.evaluate(
            inputs: inputs, inputStride: stride, outputs: rates, outputStride: stride, lanes: lanes,
            scratch: rateScratch)
    }

    public func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        program.ratesAndJacobian.evaluate(
            inputs: inputs, inputStride: stride, outputs: values, outputStride: stride, lanes: lanes,
            scratch: jacobianScratch)
    }
}

/// What stands in the integrator's place where nothing changes between steps: time passes.
final class StandStill: LaneStepper {
    let system: any LaneSystem
    let block: LaneBlock

    init(system: any LaneSystem, width: Int) {
        self.system = system
        block = LaneBlock(width: width, inputs: system.inputCount, size: 0, startValues: 0)
    }

    func attempt(lanes: Int) {
        let (time, step, attempted) = (self.time, self.step, self.attempted)
        for lane in 0..<lanes {
            attempted.base[lane] = step.base[lane]
            time.base[lane] += step.base[lane]
            step.base[lane] = .greatestFiniteMagnitude
        }
    }
}

/// A function of lanes applied to one number: set-up code uses the same arithmetic as the lanes.
func laneScalar(_ function: (Lanes) -> Lanes, _ value: Double) -> Double { function(Lanes(repeating: value))[0] }
