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
    /// Segments of an interval, by action.
    let segments: [[Segment]]
    /// Relative tolerance of the integration.
    public let tolerance: Double
    public let cohort: CohortTable
    /// Indices of the parameters that the cohort gives values to.
    let varying: [Int]

    /// - Throws: `SimulationError.invalid` where the cohort names what the environment does not have or holds values
    ///   that cannot be (not finite; not positive for a state integrated in its logarithm).
    public init(_ model: EnvironmentModel, cohort: CohortTable, tolerance: Double? = nil) throws {
        self.model = model
        self.cohort = cohort
        self.tolerance = tolerance ?? model.tolerance
        let known = Set(model.patientNames)
        if let stranger = cohort.names.first(where: { !known.contains($0) }) {
            throw SimulationError.invalid(
                "the cohort's column '\(stranger)' is neither a parameter nor a state of \(model.name)")
        }
        let varying = model.parameters.indices.filter { cohort.names.contains(model.parameters[$0].name) }
        self.varying = varying
        program = try CourseProgram(model, varying: varying)
        task = model.task
        patients = cohort.rows.count
        segments = model.actions.map { TreatmentFactory.segments(of: $0, model: model) }
        let stateColumn = model.states.map { state in cohort.names.firstIndex(of: model.initialName(state.name)) }
        let parameterColumn = varying.map { cohort.names.firstIndex(of: model.parameters[$0].name)! }
        columns = try cohort.rows.enumerated().map { patient, row in
            if let bad = row.firstIndex(where: { !$0.isFinite }) {
                throw SimulationError.notFinite(patient: patient, time: 0, what: cohort.names[bad])
            }
            let states = try model.states.enumerated().map { index, state -> Double in
                let value = stateColumn[index].map { row[$0] } ?? state.initial
                guard state.isLog else { return value }
                guard value > 0 else {
                    throw SimulationError.invalid(
                        "patient \(patient): \(state.name) is integrated in its logarithm and must be positive, not \(value)"
                    )
                }
                return laneScalar(LaneMath.log, value)
            }
            return states + parameterColumn.map { row[$0] }
        }
    }

    public func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        TreatmentBatch(self, slots: slots)
    }

    /// The stretches of constant inputs of a decision interval under an action.
    static func segments(of action: EnvironmentModel.Action, model: EnvironmentModel) -> [Segment] {
        let doses = action.doses.map { model.doses[$0] }
        var ends = Set(doses.map { min($0.duration, model.decisionInterval) })
        ends.insert(model.decisionInterval)
        var begin = 0.0
        return ends.sorted().map { end in
            var inputs = Array(repeating: 0.0, count: model.inputs.count)
            for dose in doses where dose.duration > begin { inputs[dose.input] += dose.constantSize ?? 0 }
            begin = end
            return Segment(end: end, inputs: inputs)
        }
    }
}
