// Patients drawn by the environment's variability and accepted so that outcomes simulated as in published trials follow
// what was published (Allen 2016, doi 10.1002/psp4.12063). Calibrated, not learned.

import Numerics

/// How acceptance went.
public struct AcceptanceTally: Sendable, Equatable {
    /// Draws that were plausible and whose trials were simulated.
    public var drawn = 0
    public var accepted = 0
    /// Patients of whom no draw was accepted, who keep the most acceptable of their draws.
    public var settled = 0

    public init() {}

    public var share: Double { drawn > 0 ? Double(accepted) / Double(drawn) : 0 }

    public static func += (tally: inout AcceptanceTally, other: AcceptanceTally) {
        tally.drawn += other.drawn
        tally.accepted += other.accepted
        tally.settled += other.settled
    }
}

/// Patients with what their trials gave.
public struct CalibratedPatients: Sendable {
    public var table: CohortTable
    /// False where no draw was plausible.
    public var isPlausible: [Bool]
    /// By calibration and patient; not a number where the calibration is not about the patient, or nothing was plausible.
    public var outcomes: [[Double]]
    public var tally: AcceptanceTally
}

extension EnvironmentModel {
    /// Draws of each patient from which acceptance is fitted, and patients at most.
    static let pilotDraws = 12
    public static let pilotPatients = 400
    /// Draws after which a patient settles for the best.
    static let maximumAttempts = 60

    /// Finds out how draws must be accepted, from some patients' covariates.
    ///
    /// - Returns: the acceptance, and the outcomes of all plausible draws, by calibration: what there was before.
    public func fitAcceptance(
        _ known: CohortTable, seed: UInt64, jobs: Int = 1
    ) throws -> (acceptance: CalibrationAcceptance, before: [[Double]]) {
        let pilots = CohortTable(names: known.names, rows: Array(known.rows.prefix(EnvironmentModel.pilotPatients)))
        var patient: [Int] = []
        var before = calibrations.map { _ in [Double]() }
        for attempt in 0..<EnvironmentModel.pilotDraws {
            let (table, places) = try plausibleDraws(
                pilots, Array(pilots.rows.indices), attempt: attempt, purpose: "pilot", seed: seed, jobs: jobs)
            patient += places
            let outcomes = try calibrationOutcomes(table, seed: seed, jobs: jobs)
            for index in calibrations.indices { before[index] += outcomes[index] }
        }
        guard !patient.isEmpty else {
            throw SimulationError.invalid("no draw of \(name) is plausible, so that nothing can be calibrated")
        }
        let targets = calibrations.map {
            CalibrationAcceptance.Target(mean: $0.mean, deviation: $0.trueDeviation)
        }
        return (CalibrationAcceptance(targets, outcomes: before, patient: patient), before)
    }

    /// Draws patients until each is accepted. A patient keeps what is known of them: only the rest is drawn again.
    ///
    /// - Parameter first: number of the first patient, which keys their streams.
    public func acceptedPatients(
        _ known: CohortTable, acceptance: CalibrationAcceptance, first: Int = 0, seed: UInt64, jobs: Int = 1
    ) throws -> CalibratedPatients {
        let numbers = known.rows.indices.map { first + $0 }
        var rows: [[Double]?] = known.rows.map { _ in nil }
        var best = known.rows.map { _ in -1.0 }
        var outcomes = calibrations.map { _ in Array(repeating: Double.nan, count: known.rows.count) }
        var tally = AcceptanceTally()
        var pending = Array(known.rows.indices)
        var names: [String] = try complete(CohortTable(names: known.names, rows: []), seed: seed).table.names
        for attempt in 0..<EnvironmentModel.maximumAttempts where !pending.isEmpty {
            let asked = CohortTable(names: known.names, rows: pending.map { known.rows[$0] })
            let (table, places) = try plausibleDraws(
                asked, pending.map { numbers[$0] }, attempt: attempt, purpose: "patients", seed: seed, jobs: jobs)
            names = table.names
            let results = try calibrationOutcomes(table, seed: seed, jobs: jobs)
            var accepted: Set<Int> = []
            for (draw, place) in places.enumerated() {
                let patient = pending[place]
                let values = results.map { $0[draw] }
                let probability = acceptance.probability(values)
                tally.drawn += 1
                var stream = RandomStream(
                    seed: seed, purpose: "calibration.\(name).\(attempt)", index: UInt64(numbers[patient]))
                let isAccepted = stream.uniform() < probability
                if isAccepted || probability > best[patient] {
                    best[patient] = probability
                    rows[patient] = table.rows[draw]
                    for index in calibrations.indices { outcomes[index][patient] = values[index] }
                }
                if isAccepted {
                    tally.accepted += 1
                    accepted.insert(patient)
                }
            }
            pending.removeAll { accepted.contains($0) }
            // Of whom a dozen draws found nothing plausible, more will not.
            if attempt == EnvironmentModel.pilotDraws { pending.removeAll { rows[$0] == nil } }
        }
        tally.settled = pending.count { rows[$0] != nil }
        let empty = Array(repeating: Double.nan, count: names.count)
        return CalibratedPatients(
            table: CohortTable(names: names, rows: rows.map { $0 ?? empty }), isPlausible: rows.map { $0 != nil },
            outcomes: outcomes, tally: tally)
    }

    /// Plausible draws of the rest of these patients, with their places among them.
    private func plausibleDraws(
        _ known: CohortTable, _ numbers: [Int], attempt: Int, purpose: String, seed: UInt64, jobs: Int
    ) throws -> (table: CohortTable, places: [Int]) {
        var stream = RandomStream(seed: seed, purpose: "calibration.\(purpose)")
        let drawn = try complete(known, numbers: numbers, attempt: attempt, seed: stream.nextBits())
        let started = drawn.table.rows.indices.filter { drawn.isPlausible[$0] }
        let table = CohortTable(names: drawn.table.names, rows: started.map { drawn.table.rows[$0] })
        let verdicts = try plausible(table, jobs: jobs)
        let kept = table.rows.indices.filter { verdicts[$0] }
        return (CohortTable(names: table.names, rows: kept.map { table.rows[$0] }), kept.map { started[$0] })
    }
}
