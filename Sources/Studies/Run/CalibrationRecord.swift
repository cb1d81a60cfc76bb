// What a calibration did to a study's patients, in numbers: how many draws were accepted, and how the simulated outcomes
// lie to the published ones before and after.

import Foundation
import Numerics
import Patients
import PositionedJSON
import Reports

/// Acceptance of one cohort, with everything that is reported of it.
struct CalibrationRecord {
    let acceptance: CalibrationAcceptance
    /// By calibration: outcomes of all plausible draws.
    private let before: [[Double]]
    /// By calibration: outcomes of the accepted patients.
    private var after: [[Double]]
    private(set) var tally = AcceptanceTally()

    init(_ model: EnvironmentModel, pilots: CohortTable, seed: UInt64, jobs: Int) throws {
        (acceptance, before) = try model.fitAcceptance(pilots, seed: seed, jobs: jobs)
        after = before.map { _ in [] }
    }

    mutating func add(_ patients: CalibratedPatients) {
        tally += patients.tally
        for index in after.indices { after[index] += patients.outcomes[index].filter { !$0.isNaN } }
    }

    func artefacts(_ model: EnvironmentModel, seed: UInt64) -> [Artefact] {
        [
            Artefact(CalibrationRecord.path, json(model, seed: seed)),
            Artefact("cohort/calibration.txt", text(model, seed: seed)),
        ]
    }

    static let path = "cohort/calibration.json"
    static let sentence =
        "Calibrated, not learned: draws of the parameters that no published link ties to a covariate were accepted with a "
        + "probability proportional to published over plausible density of the simulated outcome (Allen 2016, "
        + "doi 10.1002/psp4.12063). The trials' arms are no protocols that the study compares."

    private func json(_ model: EnvironmentModel, seed: UInt64) -> JSONValue {
        let targets = model.calibrations.indices.map { index -> JSONValue in
            let item = model.calibrations[index]
            return [
                "name": .string(item.name), "meaning": .string(item.meaning), "source": .string(item.source),
                "unit": .string(item.unitText), "at": .number(item.time), "among": .string(item.amongText),
                "mean": .number(item.mean), "sd": .number(item.deviation),
                "measurement_sd": .number(item.measurementDeviation), "true_sd": .number(item.trueDeviation),
                "published_interval": .numbers(
                    [-1.0, 0, 1].map { item.mean + $0 * CalibrationRecord.ninety * item.deviation }),
                "before": summary(before[index], item, seed: seed), "after": summary(after[index], item, seed: seed),
            ]
        }
        return [
            "format": 1, "method": .string(CalibrationRecord.sentence), "drawn": .integer(tally.drawn),
            "accepted": .integer(tally.accepted), "share_accepted": .number(tally.share),
            "settled": .integer(tally.settled), "targets": .array(targets),
        ]
    }

    /// 90 % of a normal distribution lie within so many standard deviations.
    private static let ninety = 1.6448536269514722

    /// Mean and spread against the published ones without error of measurement; the interval with it, as patients would
    /// have been measured.
    private func summary(_ values: [Double], _ item: EnvironmentModel.Calibration, seed: UInt64) -> JSONValue {
        let known = values.filter { !$0.isNaN }
        guard known.count > 1 else { return ["patients": .integer(known.count)] }
        let mean = Statistics.mean(known)
        let spread = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(known.count - 1)).squareRoot()
        var stream = RandomStream(seed: seed, purpose: "calibration.measured")
        let measured = known.map { $0 + item.measurementDeviation * stream.normal() }
        return [
            "patients": .integer(known.count), "mean": .number(mean), "sd": .number(spread),
            "ks": .number(CalibrationRecord.distance(known, mean: item.mean, deviation: item.trueDeviation)),
            "measured_interval": .numbers(Statistics.quantiles(measured, [0.05, 0.5, 0.95])),
        ]
    }

    /// The Kolmogorov–Smirnov distance of values from a normal distribution.
    static func distance(_ values: [Double], mean: Double, deviation: Double) -> Double {
        let count = Double(values.count)
        return values.sorted().enumerated().reduce(0.0) { largest, item in
            let below = normalCDF((item.element - mean) / deviation)
            return max(largest, Double(item.offset + 1) / count - below, below - Double(item.offset) / count)
        }
    }

    private func text(_ model: EnvironmentModel, seed: UInt64) -> String {
        func fixed(_ value: JSONValue?, _ digits: Int) -> String {
            guard case .number(let number)? = value else { return "–" }
            return String(format: "%.\(digits)f", number)
        }
        var lines = [
            CalibrationRecord.sentence, "",
            "\(tally.accepted) of \(tally.drawn) plausible draws accepted (\(String(format: "%.1f", 100 * tally.share)) %)"
                + (tally.settled > 0 ? "; \(tally.settled) patients keep the best of their draws" : ""),
            "", "target                          published          before             after       (mean, sd, KS)",
        ]
        for index in model.calibrations.indices {
            let item = model.calibrations[index]
            let (old, new) = (summary(before[index], item, seed: seed), summary(after[index], item, seed: seed))
            let name = item.name.padding(toLength: 28, withPad: " ", startingAt: 0)
            lines.append(
                "\(name)  \(fixed(.number(item.mean), 1)) \(fixed(.number(item.trueDeviation), 1))   "
                    + "\(fixed(old["mean"], 1)) \(fixed(old["sd"], 1)) \(fixed(old["ks"], 3))   "
                    + "\(fixed(new["mean"], 1)) \(fixed(new["sd"], 1)) \(fixed(new["ks"], 3))  \(item.unitText)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
