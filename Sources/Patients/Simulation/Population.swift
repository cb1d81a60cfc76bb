// Virtual patients from an environment's declared variability, and the judgement which of them are plausible.

import Numerics

extension EnvironmentModel {
    /// Draws patients from the declared variability, each from a stream of their own, so that the first n patients are
    /// the same however many are drawn. Who fails a condition that is asked before treatment is drawn again.
    ///
    /// - Throws: `SimulationError.invalid` where hardly any draw meets the conditions, or one is not a number.
    public func samplePopulation(count: Int, seed: UInt64, first: Int = 0) throws -> CohortTable {
        if let tabular { return tabular.samplePopulation(name: name, count: count, seed: seed, first: first) }
        let names = variableNames.map(\.name)
        let plan = try PatientPlan(self)
        let rows = try (first..<(first + count)).map { patient -> [Double] in
            var stream = RandomStream(seed: seed, purpose: "population.\(name)", index: UInt64(patient))
            for _ in 0..<EnvironmentModel.maximumDraws {
                let (values, isPlausible) = plan.draw(&stream)
                if let bad = values.firstIndex(where: { !$0.isFinite }) {
                    throw SimulationError.notFinite(patient: patient, time: 0, what: names[bad])
                }
                if isPlausible { return values }
            }
            throw SimulationError.invalid(
                "of \(EnvironmentModel.maximumDraws) draws none is plausible for patient \(patient): "
                    + "the variability and plausible.at_start of \(name) contradict each other")
        }
        return CohortTable(names: names, rows: rows)
    }

    /// Draws after which a patient counts as impossible.
    static let maximumDraws = 10_000

    /// The environment's nominal patient, `count` times.
    public func nominalPopulation(count: Int) -> CohortTable {
        guard let state = states.first else { return CohortTable(names: [], rows: Array(repeating: [], count: count)) }
        return CohortTable(
            names: [initialName(state.name)], rows: Array(repeating: [state.initial], count: count))
    }

    /// Which patients are plausible by the file's `plausible` section: judged on the state before treatment and on the
    /// untreated course while the patient is being staged, never on the response to a treatment that is compared.
    public func plausible(_ table: CohortTable, jobs: Int = 1) throws -> [Bool] {
        guard let plausibility, !table.rows.isEmpty else { return Array(repeating: true, count: table.rows.count) }
        let factory = try TreatmentFactory(self, cohort: table)
        let conditions = try factory.program.conditions(
            of: self, varying: factory.varying, plausibility.atStart + plausibility.after)
        let pieces = max(1, min(jobs, table.rows.count / 64))
        let parts = try Parallel.map(pieces, jobs: jobs) { piece in
            let range = (table.rows.count * piece / pieces)..<(table.rows.count * (piece + 1) / pieces)
            return judge(range, factory, conditions, plausibility)
        }
        return parts.flatMap { $0 }
    }

    private func judge(
        _ patients: Range<Int>, _ factory: TreatmentFactory, _ conditions: Program, _ plausibility: Plausibility
    ) -> [Bool] {
        let course = CourseSlots(factory.program, count: patients.count)
        let table = course.table
        let width = table.width
        for (slot, patient) in patients.enumerated() { factory.begin(patient: patient, table: table, column: slot) }
        let scratch = conditions.makeScratch()
        let values = LaneMemory(rows: max(1, conditions.outputCount), width: width)
        func holds(_ outputs: Range<Int>, _ slot: Int) -> Bool { outputs.allSatisfy { values.row($0)[slot] == 1 } }
        func evaluate() {
            conditions.evaluate(
                inputs: course.table.base, inputStride: width, outputs: values.base, outputStride: width,
                lanes: patients.count, scratch: scratch)
        }
        evaluate()
        let starts = plausibility.atStart.count
        var kept = patients.indices.map { holds(0..<starts, $0 - patients.lowerBound) }
        guard plausibility.untreatedFor > 0 else { return kept }
        let integrator = CourseIntegrator(
            factory.program, width: min(CourseIntegrator.usualWidth, width), tolerance: factory.tolerance,
            longestStep: plausibility.untreatedFor / 32)
        let steps = step > 0 ? Int(plausibility.untreatedFor / step) + 1 : 0
        let untreated = TreatmentPlan(administrations: 0, steps: steps)
        untreated.fill(
            length: plausibility.untreatedFor, step: step, [], lags: { _ in 0 }, isStepInput: { _ in false })
        let slots = kept.indices.filter { kept[$0] }.map(Int32.init)
        for slot in kept.indices {
            course.plans[slot] = Unmanaged.passUnretained(untreated)
            course.ends[slot] = plausibility.untreatedFor
        }
        withExtendedLifetime(untreated) { integrator.advance(slots, course) }
        evaluate()
        for slot in kept.indices where kept[slot] {
            kept[slot] = course.results[slot].failure == .none && holds(starts..<conditions.outputCount, slot)
        }
        return kept
    }
}
