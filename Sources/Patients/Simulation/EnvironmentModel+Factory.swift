// The one way from an environment's file to patients who can be treated, whatever kind of environment it is.

extension EnvironmentModel {
    /// Patients of a cohort under the environment's rules.
    ///
    /// - Parameter tolerance: relative tolerance of the integration, where there is one; the file's by default.
    /// - Throws: `SimulationError.invalid` for a cohort that does not fit the environment.
    public func makeFactory(cohort: CohortTable, tolerance: Double? = nil) throws -> any EnvironmentFactory {
        if let tabular { return try TabularFactory(tabular, cohort: cohort, name: fullName) }
        return try TreatmentFactory(self, cohort: cohort, tolerance: tolerance)
    }
}
