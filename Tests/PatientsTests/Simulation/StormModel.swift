// A small made-up disease with everything that could make one patient disturb another: growth that explodes in finite
// time for some, clocks in the rates, logarithmic states, running extremes, changes, counts and rules.

import Numerics
import PositionedJSON

import Patients

enum StormModel {
    static let text = #"""
        {
          "format": 1, "name": "storm", "kind": "ode", "time_unit": "d",
          "parameters": {
            "r": { "value": 0.1, "unit": "1/d", "variability": { "distribution": "log_uniform", "low": 0.01, "high": 0.3 } },
            "g": { "value": 0.5, "unit": "1/d", "variability": { "distribution": "uniform", "low": 0.02, "high": 0.8 } },
            "e": { "value": 0.15, "unit": "1/(mg d)" }
          },
          "states": {
            "x": { "initial": 1, "unit": "1", "variability": { "distribution": "log_uniform", "low": 0.1, "high": 20 } },
            "y": { "initial": 2, "unit": "1", "log": true, "variability": { "distribution": "log_normal", "median": 2, "sigma": 0.5 } },
            "M": { "initial": 0, "unit": "mg" }
          },
          "inputs": { "v": { "unit": "mg/d" } },
          "rates": {
            "x": "r*x^2 - g*x - e*M*x",
            "y": "0.3[1/d]*y*(1 - y/5) - 0.02[1/d]*x*y + 0.1[1/d]*y*sin(time/1[d])",
            "M": "v - 0.7[1/d]*M"
          },
          "decisions": { "interval": 5, "count": 8 },
          "doses": {
            "short": { "input": "v", "rate": 3, "duration": 1 },
            "long": { "input": "v", "rate": 1, "duration": 5 }
          },
          "actions": [
            { "name": "none", "doses": [] },
            { "name": "short", "doses": ["short"] },
            { "name": "long", "doses": ["long"] },
            { "name": "both", "doses": ["short", "long"] }
          ],
          "forbid": [
            { "dose": "short", "when": "count(short) >= 3" },
            { "dose": "long", "when": "x < 0.3 or given(long) == 1" }
          ],
          "endings": [ { "name": "cured", "when": "x < 0.002", "reward": 1 } ],
          "reward": { "terms": {
            "burden": { "expression": "-0.1*log10(max(x, 0.01))" }, "dose": { "expression": "-0.1*given(short)" }
          } },
          "observations": [
            { "name": "x", "expression": "x" }, { "name": "y", "expression": "log10(y)" },
            { "name": "day", "expression": "time", "unit": "d" }, { "name": "x_change", "change_of": "x" },
            { "name": "least", "expression": "lowest(x)" }, { "name": "long_given", "expression": "given(long)" }
          ],
          "outcomes": [
            { "name": "cured", "expression": "ended(cured)", "kind": "event" },
            { "name": "time_to_cure", "expression": "time_of(cured)", "unit": "d" },
            { "name": "most", "expression": "highest(x*y)" }, { "name": "least", "expression": "lowest(x)" },
            { "name": "doses", "expression": "count(short) + count(long)" }
          ]
        }
        """#

    /// The model, with parts of its text replaced.
    static func make(_ changes: [(String, String)] = []) throws -> EnvironmentModel {
        var text = text
        for (find, replacement) in changes { text = text.replacing(find, with: replacement) }
        return try EnvironmentReader.read(SourceText(name: "storm.json", bytes: Array(text.utf8)), folder: ".")
    }
}

/// All that a patient's course showed, bit for bit.
struct CourseRecord: Equatable {
    /// Observations, mask, reward and status after every decision; the start first.
    var bits: [UInt64] = []
    var ending = ""
    /// The decision in which the integration failed, if it did.
    var failedAt: Int?

    /// The courses of all patients under a random policy, in a batch whose slots are refilled as they come free.
    static func all(_ factory: TreatmentFactory, slots: Int, patients: Range<Int>, seed: UInt64) throws
        -> [CourseRecord]
    {
        let batch = try factory.makeBatch(slots: slots, seed: 1)
        let policy = RandomPolicy(seed: seed)
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: slots)
        actions.initialize(repeating: 0)
        let outcomes = UnsafeMutableBufferPointer<Double>.allocate(capacity: factory.task.outcomes.count)
        outcomes.initialize(repeating: 0)
        defer {
            actions.deallocate()
            outcomes.deallocate()
        }
        var records = Array(repeating: CourseRecord(), count: patients.count)
        var next = patients.lowerBound
        var held = Array(repeating: -1, count: slots)
        func note(_ slot: Int) {
            let record = held[slot] - patients.lowerBound
            let width = factory.task.observations.count
            let choices = factory.task.actions.count
            records[record].bits += batch.observations[slot * width..<(slot + 1) * width].map(\.bitPattern)
            records[record].bits += batch.allowed[slot * choices..<(slot + 1) * choices].map { $0 ? 1 : 0 }
            records[record].bits += [batch.rewards[slot].bitPattern, UInt64(batch.status[slot].rawValue)]
        }
        func refill(_ slot: Int) throws {
            held[slot] = -1
            guard next < patients.upperBound else { return }
            try batch.start(slot: slot, patient: next, episode: 0)
            held[slot] = next
            next += 1
            note(slot)
        }
        for slot in 0..<slots { try refill(slot) }
        while held.contains(where: { $0 >= 0 }) {
            policy.act(DecisionBatch(batch), actions: actions)
            do {
                try batch.step(UnsafeBufferPointer(actions))
            } catch SimulationError.stuck {
                // The slots in question are idle now; the others have had their step.
            }
            for slot in 0..<slots where held[slot] >= 0 {
                let record = held[slot] - patients.lowerBound
                switch batch.status[slot] {
                case .running: note(slot)
                case .idle:
                    records[record].failedAt = Int(batch.decisions[slot])
                    try refill(slot)
                case .terminated, .truncated:
                    note(slot)
                    batch.readOutcomes(slot: slot, into: outcomes)
                    records[record].bits += outcomes.map(\.bitPattern)
                    records[record].ending = batch.ending(slot: slot)
                    try refill(slot)
                }
            }
        }
        return records
    }
}
