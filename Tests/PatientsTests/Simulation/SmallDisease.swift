// Made-up diseases of a few lines, treated by hand: for tests whose answers are known on paper.

import Numerics
import PositionedJSON

import Patients

enum SmallDisease {
    /// An environment from its essential parts; what is not given is as small as can be.
    static func read(_ parts: String, _ changes: [(String, String)] = []) throws -> EnvironmentModel {
        var text = "{ \"format\": 1, \"name\": \"small\", \"time_unit\": \"h\", " + parts
        for (key, value) in [
            ("parameters", "{}"), ("inputs", "{}"), ("doses", "{}"),
            ("actions", "[ { \"name\": \"none\", \"doses\": [] } ]"),
            ("reward", "{ \"terms\": { \"none\": { \"expression\": \"0\" } } }"),
        ] where !parts.contains("\"\(key)\": \(value.prefix(1))") {
            text += ", \"\(key)\": \(value)"
        }
        text += " }"
        for (find, replacement) in changes { text = text.replacing(find, with: replacement) }
        return try EnvironmentReader.read(SourceText(name: "small.json", bytes: Array(text.utf8)), folder: ".")
    }
}

/// One patient's course under given actions.
struct HandTreated {
    /// What was seen before each decision and at the end.
    var seen: [[Double]] = []
    var rewards: [Double] = []
    var allowed: [[Bool]] = []
    var outcomes: [Double] = []
    var ending = ""
    var status = EpisodeStatus.idle

    init(
        _ model: EnvironmentModel, _ actions: [Int], patient: [String: Double] = [:], episode: Int = 0,
        seed: UInt64 = 1, tolerance: Double = 1e-10
    ) throws {
        let names = patient.keys.sorted()
        let cohort = CohortTable(names: names, rows: [names.map { patient[$0]! }])
        let factory = try TreatmentFactory(model, cohort: cohort, tolerance: tolerance)
        let batch = try factory.makeBatch(slots: 1, seed: seed)
        try batch.start(slot: 0, patient: 0, episode: episode)
        seen.append(Array(batch.observations))
        allowed.append(Array(batch.allowed))
        for action in actions where batch.status[0] == .running {
            try [Int32(action)].withUnsafeBufferPointer { try batch.step($0) }
            seen.append(Array(batch.observations))
            allowed.append(Array(batch.allowed))
            rewards.append(batch.rewards[0])
        }
        var values = Array(repeating: 0.0, count: model.outcomes.count)
        values.withUnsafeMutableBufferPointer { batch.readOutcomes(slot: 0, into: $0) }
        outcomes = values
        ending = batch.ending(slot: 0)
        status = batch.status[0]
    }

    /// The course of one observation.
    func observation(_ index: Int) -> [Double] { seen.map { $0[index] } }
}

/// Whether numbers agree, relative to the wanted ones.
func agree(_ found: [Double], _ wanted: [Double], _ relative: Double = 1e-8) -> Bool {
    found.count == wanted.count
        && zip(found, wanted).allSatisfy { abs($0 - $1) <= relative * abs($1) + 1e-12 }
}
