// An environment together with a cohort: what learners and evaluations are handed.

import Numerics

/// Patients of a cohort under an environment's rules. Shared between threads.
public struct TreatmentFactory: EnvironmentFactory {
    public let model: EnvironmentModel
    public let program: CourseProgram
    public let task: TaskDescription
    public let patients: Int
    /// Values of the layout's states (in the integrated form) and varying parameters, [patient][row].
    let columns: [[Double]]
    /// Relative tolerance of the integration.
    public let tolerance: Double
    public let cohort: CohortTable
    /// Indices of the parameters that differ among the cohort's patients: those it gives values to, and what follows
    /// from them.
    let varying: [Int]
    /// patients × doses: lags, where they differ among patients; otherwise empty.
    let lags: [Double]
    let kinship = Kinship()

    /// - Throws: `SimulationError.invalid` where the cohort names what the environment does not have or holds values
    ///   that cannot be (not finite; not positive for a state integrated in its logarithm), or where a dose cannot be
    ///   given as the file says.
    public init(_ model: EnvironmentModel, cohort: CohortTable, tolerance: Double? = nil) throws {
        self.model = model
        self.cohort = cohort
        self.tolerance = tolerance ?? model.tolerance
        let known = Set(model.patientNames)
        if let stranger = cohort.names.first(where: { !known.contains($0) }) {
            throw SimulationError.invalid(
                "the cohort's column '\(stranger)' is neither a parameter nor a state of \(model.name)")
        }
        let varying = model.varyingParameters(given: Set(cohort.names))
        self.varying = varying
        program = try CourseProgram(model, varying: varying)
        if program.method == .linear, !program.isLinear {
            throw SimulationError.invalid(
                "the rates of \(model.name) are not linear in the states, or name the time: its integration cannot be \"linear\""
            )
        }
        task = model.task
        patients = cohort.rows.count
        columns = try TreatmentFactory.columns(model, cohort, varying: varying, layout: program.layout)
        lags = program.lags.outputCount == 0 ? [] : TreatmentFactory.lags(columns, program)
        try checkDoses()
    }

    /// Where courses take different numbers of steps, more of them to a batch leave fewer lanes idle while the last ones
    /// end (measured on hiv, immuno and chemo: 5 to 7 % faster with 256 than with 128); elsewhere they only fill the cache.
    public var usualSlots: Int { program.method == .linear || program.layout.integrated == 0 ? 128 : 256 }

    public func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        TreatmentBatch(self, slots: slots, seed: seed)
    }

    /// Initial states and varying parameters of every patient, in the order of the layout's rows.
    private static func columns(
        _ model: EnvironmentModel, _ cohort: CohortTable, varying: [Int], layout: InputLayout
    ) throws -> [[Double]] {
        let stateColumn = model.states.map { state in cohort.names.firstIndex(of: model.initialName(state.name)) }
        let parameterColumn = varying.map { cohort.names.firstIndex(of: model.parameters[$0].name) }
        let plan = model.hasPatientExpressions ? try PatientPlan(model) : nil
        return try cohort.rows.enumerated().map { patient, row in
            if let bad = row.firstIndex(where: { !$0.isFinite }) {
                throw SimulationError.notFinite(patient: patient, time: 0, what: cohort.names[bad])
            }
            var column = Array(repeating: 0.0, count: layout.stateCount + varying.count)
            var initial = model.states.map(\.initial)
            var parameters = model.parameters.map(\.value)
            if let plan {
                (parameters, initial) = plan.complete(Dictionary(uniqueKeysWithValues: zip(cohort.names, row)))
            }
            for (index, state) in model.states.enumerated() {
                let value = stateColumn[index].map { row[$0] } ?? initial[index]
                column[layout.stateRows[index]] = value
                guard value.isFinite else {
                    throw SimulationError.notFinite(
                        patient: patient, time: 0, what: "the initial value of \(state.name)")
                }
                guard state.isLog, !state.isHeld else { continue }
                guard value > 0 else {
                    throw SimulationError.invalid(
                        "patient \(patient): \(state.name) is integrated in its logarithm and must be positive, not \(value)"
                    )
                }
                column[layout.stateRows[index]] = laneScalar(LaneMath.log, value)
            }
            for (position, index) in varying.enumerated() {
                let value = parameterColumn[position].map { row[$0] } ?? parameters[index]
                guard value.isFinite else {
                    throw SimulationError.notFinite(patient: patient, time: 0, what: model.parameters[index].name)
                }
                column[layout.stateCount + position] = value
            }
            return column
        }
    }

    /// Lags of every patient: they depend on parameters alone.
    private static func lags(_ columns: [[Double]], _ program: CourseProgram) -> [Double] {
        let table = LaneMemory(rows: program.layout.courseRows, width: 8)
        let values = LaneMemory(rows: program.lags.outputCount, width: 8)
        let scratch = program.lags.makeScratch()
        return columns.flatMap { column in
            for (row, value) in column.enumerated() { table.row(row)[0] = value }
            program.lags.evaluate(
                inputs: table.base, inputStride: 8, outputs: values.base, outputStride: 8, lanes: 1, scratch: scratch)
            return program.lagOutputs.indices.map { dose in
                let output = program.lagOutputs[dose]
                return output < 0 ? program.constantLags[dose] : values.row(output)[0]
            }
        }
    }

    /// Doses that the engine cannot give: an impulse that has no clear effect, a plan of too many phases.
    private func checkDoses() throws {
        for dose in model.doses where dose.isImpulse && program.impulseUse[dose.input] == .impossible {
            throw SimulationError.invalid(
                "the dose '\(dose.name)' is an impulse of \(model.inputs[dose.input].name), which is not possible: "
                    + "rates must be linear in it, and steps must not name it beside rates")
        }
        for (number, dose) in model.doses.enumerated() {
            let last = dose.at + Double(dose.times - 1) * dose.every
            let delays = lags.isEmpty ? [program.constantLags[number]] : patientLags(number)
            for (patient, lag) in delays.enumerated() where !(lag >= 0 && last + lag < model.decisionInterval) {
                let whose = lags.isEmpty ? "" : " of patient \(patient)"
                throw SimulationError.invalid(
                    "the dose '\(dose.name)' cannot lag by \(lag) \(model.timeUnit)\(whose): every administration begins "
                        + "within the decision interval")
            }
        }
        let phases = model.stepsPerDecision + 2 * model.largestAdministrationCount
        guard phases <= 100_000 else {
            throw SimulationError.invalid(
                "a decision interval of \(model.name) has \(phases) steps and doses; it may have 100000")
        }
    }

    private func patientLags(_ dose: Int) -> [Double] {
        (0..<patients).map { lags[$0 * model.doses.count + dose] }
    }

    /// Puts a patient's numbers at the beginning of a course into a table; chance at its centre.
    func begin(patient: Int, table: LaneRows, column: Int) {
        let layout = program.layout
        for row in 0..<layout.rowCount { table.row(row)[column] = 0 }
        columns[patient].withUnsafeBufferPointer { values in
            for row in 0..<values.count { table.row(row)[column] = values[row] }
        }
        for (index, row) in layout.randoms.enumerated() {
            table.row(row)[column] = model.randoms[index].distribution.centre
        }
        for row in layout.endedAt { table.row(row)[column] = .nan }
    }
}

extension EnvironmentModel {
    /// Indices of the parameters that differ among patients for whom `names` are given.
    func varyingParameters(given names: Set<String>) -> [Int] {
        var differing: Set<String> = []
        var indices: [Int] = []
        for (index, parameter) in parameters.enumerated() {
            // Expressions name what is declared above only.
            let follows = parameter.expression?.names.contains { differing.contains($0.name) } ?? false
            guard names.contains(parameter.name) || follows else { continue }
            differing.insert(parameter.name)
            indices.append(index)
        }
        return indices
    }

    /// Whether a patient's numbers may follow from others.
    var hasPatientExpressions: Bool {
        parameters.contains { $0.expression != nil } || states.contains { $0.initialExpression != nil }
    }

    var largestAdministrationCount: Int { actions.map { administrations(of: $0).count }.max() ?? 0 }
}
