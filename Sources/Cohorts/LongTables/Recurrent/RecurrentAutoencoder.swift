// A generator of visits over time: what never changes of a patient, then visit after visit by a recurrent autoencoder.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// A generator of long tables.
public protocol VisitGenerator: CohortGenerator {
    /// Draws patients with all their visits, numbered from 1. Patient i depends on the seed and i alone.
    func visits(of patients: Range<Int>, seed: UInt64) -> VisitTable
}

extension VisitGenerator {
    /// The visits as rows, patient by patient; `rows` are the numbers of patients, from 0, which the table counts from 1.
    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        let visits = visits(of: rows, seed: seed)
        var table = visits.rowTable()
        // Numbers, not names, so that any part of the patients is written like the whole.
        table.columns[0] = TableColumn(
            schema: ColumnSchema(name: visits.patientColumn, type: .integer),
            values: table.columns[0].values.map { $0 + Double(rows.lowerBound + 1) }, decimals: 0)
        return table
    }
}

/// A fitted recurrent variational autoencoder of visits.
///
/// What never changes within a patient, the time of the first visit among it, comes from an autoencoder of one row a
/// patient; the visits come from `VisitObjective`, given these.
public struct RecurrentAutoencoder: VisitGenerator {
    let encoding: VisitEncoding
    /// nil where every patient has the same constants.
    let constants: VariationalAutoencoder?
    /// nil where nobody has a second visit, so that every column is a constant.
    let model: VisitModel?
    let tailTrim: Double?
    public let summary: [(name: String, value: Double)]

    public var kind: String { "rvae" }

    /// The patient and the time, then the table's columns.
    public var columns: [TableColumn] { sample(rows: 0..<0, seed: 0).columns }

    /// The least number of patients to learn from.
    static let leastPatients = 10

    public static func fit(
        _ table: VisitTable, configuration: RecurrentConfiguration, seed: UInt64
    ) throws -> RecurrentAutoencoder {
        let patients = table.patientCount
        guard patients >= leastPatients else {
            throw CohortError(
                "a recurrent autoencoder needs at least \(leastPatients) patients, this table has \(patients)")
        }
        guard !table.columns.isEmpty else {
            throw CohortError("the table has visits and nothing that was measured at them: there is nothing to learn")
        }
        let encoding = VisitEncoding(table, spikeShare: configuration.spikeShare)
        var constants: VariationalAutoencoder?
        if encoding.baseline.width > 0 {
            constants = try VariationalAutoencoder.fit(
                encoding.baselineTable(table),
                configuration: VAEConfiguration(spikeShare: configuration.spikeShare, tailTrim: configuration.tailTrim),
                seed: seed)
        }
        var summary = [("patients", Double(patients)), ("visits", Double(table.visitCount))]
        guard table.visitCount > patients else {
            return RecurrentAutoencoder(
                encoding: encoding, constants: constants, model: nil, tailTrim: configuration.tailTrim,
                summary: summary)
        }
        let data = encoding.encode(table, seed: seed)
        var weights = RandomStream(seed: seed, purpose: "rvae.weights")
        let objective = VisitObjective(encoding, configuration: configuration, stream: &weights)
        let record = try VisitTraining(configuration: configuration, data: data, encoding: encoding, seed: seed)
            .run(objective)
        let posterior = try VisitModel.posterior(objective, data, encoding.clock)
        var calibration = try VisitCalibration(objective, encoding, data, seed: seed)
        for _ in 0..<VisitCalibration.rounds {
            let drawn = RecurrentAutoencoder(
                encoding: encoding, constants: constants,
                model: VisitModel(objective: objective, posterior: posterior, calibration: calibration),
                tailTrim: configuration.tailTrim, summary: [])
            let log = VisitLog(encoding)
            let count = VisitCalibration.patients
            // The same patients in every round, so that rounds differ by what was adjusted alone.
            let visits = drawn.draw(0..<count, seed: seed, purpose: "rvae.calibration", log: log).visits
            calibration.adjust(
                encoding, log, visitsPerPatient: Double(table.visitCount) / Double(patients),
                drawn: Double(visits.reduce(0) { $0 + $1.times.count }) / Double(count))
        }
        summary += [("latent", Double(configuration.latent))] + record.summary.map { ($0.name, $0.value) }
        return RecurrentAutoencoder(
            encoding: encoding, constants: constants,
            model: VisitModel(objective: objective, posterior: posterior, calibration: calibration),
            tailTrim: configuration.tailTrim, summary: summary)
    }

    public func visits(of patients: Range<Int>, seed: UInt64) -> VisitTable {
        let (constants, visits) = draw(patients, seed: seed, purpose: "rvae.sample")
        return table(of: visits, constants: constants, first: patients.lowerBound)
    }

    /// Constants and visits of patients.
    private func draw(
        _ patients: Range<Int>, seed: UInt64, purpose: String, log: VisitLog? = nil
    ) -> (constants: PatientTable, visits: [DrawnVisits]) {
        var table = emptyConstants
        var visits: [DrawnVisits] = []
        for start in stride(from: patients.lowerBound, to: patients.upperBound, by: VisitSampler.chunk) {
            let numbers = Array(start..<min(start + VisitSampler.chunk, patients.upperBound))
            let part = drawConstants(numbers, seed: seed)
            for index in table.columns.indices { table.columns[index].values += part.columns[index].values }
            guard let model else {
                visits += part.columns[0].values.map { DrawnVisits(times: [$0]) }
                continue
            }
            let sampler = VisitSampler(
                encoding: encoding, objective: model.objective, posterior: model.posterior,
                calibration: model.calibration, tailTrim: tailTrim)
            // What the constants' generator draws is among what their encoding knows.
            let drawn = try? sampler.draw(numbers, constants: part, seed: seed, purpose: purpose, log: log)
            precondition(drawn != nil, "constants that the encoding does not know")
            visits += drawn ?? []
        }
        return (table, visits)
    }

    private var emptyConstants: PatientTable {
        encoding.baseline.table(encoding.baseline.columns.map { _ in [] })
    }

    private func drawConstants(_ numbers: [Int], seed: UInt64) -> PatientTable {
        if let constants, let first = numbers.first {
            return constants.sample(rows: first..<(first + numbers.count), seed: seed)
        }
        let values = encoding.baseline.plans.map { plan in
            let value = encoding.baseline.value(plan, state: 0, probability: 0.5, trim: tailTrim)
            return [Double](repeating: value, count: numbers.count)
        }
        return encoding.baseline.table(values)
    }

    /// Puts the columns into the order of the table that was learned.
    private func table(of visits: [DrawnVisits], constants: PatientTable, first: Int) -> VisitTable {
        var starts = [0]
        for patient in visits { starts.append(starts[starts.count - 1] + patient.times.count) }
        let plans = encoding.visits.plans.count
        var columns: [TableColumn] = []
        var baseline: [Int] = []
        for (place, name) in encoding.names.enumerated() {
            if let index = encoding.visits.columns.firstIndex(where: { $0.name == name }) {
                var column = encoding.visits.columns[index]
                column.values = visits.flatMap { patient in
                    patient.times.indices.map { patient.values[$0 * plans + index] }
                }
                columns.append(column)
            } else if let index = encoding.baseline.columns.dropFirst().firstIndex(where: { $0.name == name }) {
                var column = encoding.baseline.columns[index]
                column.values = visits.enumerated().flatMap { number, patient in
                    patient.times.map { _ in constants.columns[index].values[number] }
                }
                baseline.append(place)
                columns.append(column)
            }
        }
        return VisitTable(
            columns: columns, target: encoding.target, patients: visits.indices.map { "\(first + $0 + 1)" },
            starts: starts, times: visits.flatMap(\.times), timeGranularity: encoding.timeGranularity,
            patientColumn: encoding.patientColumn, timeColumn: encoding.timeColumn, baseline: baseline)
    }
}

/// A trained model of visits; its networks are read by any number of threads once training is over.
struct VisitModel: @unchecked Sendable {
    let objective: VisitObjective
    let posterior: GaussianMixture
    let calibration: VisitCalibration

    /// The Gaussian of the aggregate posterior (see `RowPosteriors.moments`).
    static func posterior(
        _ objective: VisitObjective, _ data: EncodedVisits, _ clock: VisitClock
    ) throws -> GaussianMixture {
        let latent = objective.shape.latent
        var posteriors = RowPosteriors(latent: latent)
        let batch = VisitBatch(shape: objective.shape)
        for start in stride(from: 0, to: data.patientCount, by: VisitSampler.chunk) {
            let patients = start..<min(start + VisitSampler.chunk, data.patientCount)
            batch.fill(patients, from: data, clock: clock)
            let said = objective.encode(batch)
            for slot in 0..<patients.count {
                let mean = said + slot * 2 * latent
                posteriors.append(
                    means: (0..<latent).map { Double(mean[$0]) },
                    variances: (0..<latent).map { exp(Double(VisitObjective.clamped(mean[latent + $0]))) })
            }
        }
        return try posteriors.moments()
    }
}
