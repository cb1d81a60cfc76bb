// Patients of whom something is known already, such as the covariates of a table: the rest is drawn by the environment's
// own variability, given what is known.

import Numerics

/// Patients completed from what is known of them.
public struct CompletedPatients: Sendable {
    public var table: CohortTable
    /// Whether each meets the conditions asked before treatment.
    public var isPlausible: [Bool]
}

extension EnvironmentModel {
    /// Completes patients: what the environment lets vary and the table does not give is drawn, each patient from a
    /// stream of their own, so that the first n are the same however many there are.
    ///
    /// - Parameters:
    ///   - known: columns by patient name; a value that is not a number is not known.
    ///   - numbers: of the patients, which key their streams; their places by default.
    ///   - attempt: another one draws other values for the same patients.
    /// - Throws: `SimulationError.invalid` for a column that is none of the environment's.
    public func complete(
        _ known: CohortTable, numbers: [Int]? = nil, attempt: Int = 0, seed: UInt64
    ) throws -> CompletedPatients {
        let valid = Set(patientNames)
        if let stranger = known.names.first(where: { !valid.contains($0) }) {
            throw SimulationError.invalid("'\(stranger)' is neither a covariate, parameter nor state of \(name)")
        }
        let plan = try PatientPlan(self)
        let given = Set(known.names)
        let names = plan.names(given: given)
        var isPlausible: [Bool] = []
        let rows = known.rows.enumerated().map { place, row -> [Double] in
            let number = numbers?[place] ?? place
            var stream = RandomStream(
                seed: seed, purpose: "population.\(name).given.\(attempt)", index: UInt64(number))
            let values = Dictionary(
                uniqueKeysWithValues: zip(known.names, row).filter { !$0.1.isNaN })
            var last: [Double] = []
            // What is known may itself be implausible: after some draws there is no point in more.
            for _ in 0..<EnvironmentModel.maximumCompletions {
                let (drawn, plausible) = plan.draw(&stream, given: values)
                last = aligned(drawn, names, values, plan)
                if plausible, last.allSatisfy(\.isFinite) {
                    isPlausible.append(true)
                    return last
                }
            }
            isPlausible.append(false)
            return last
        }
        return CompletedPatients(table: CohortTable(names: names, rows: rows), isPlausible: isPlausible)
    }

    /// A drawn patient in the columns of the table: where a column without variability is not known of this patient, the
    /// value follows from the rest.
    private func aligned(
        _ drawn: [Double], _ names: [String], _ values: [String: Double], _ plan: PatientPlan
    ) -> [Double] {
        guard drawn.count < names.count else { return drawn }
        let own = plan.names(given: Set(values.keys))
        let known = Dictionary(uniqueKeysWithValues: zip(own, drawn))
        let (parameters, states) = plan.complete(known)
        let all = Dictionary(uniqueKeysWithValues: zip(patientNames, parameters + states))
        return names.map { known[$0] ?? all[$0] ?? .nan }
    }

    /// Draws of the rest of a patient after which what is known counts as implausible.
    static let maximumCompletions = 200
}
