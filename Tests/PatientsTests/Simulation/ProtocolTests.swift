// Fixed protocols with levels, cycles and rules.

import Patients
import Testing

@Suite struct ProtocolTests {
    static let text = #"""
        "states": { "x": { "initial": 0, "unit": "1" } },
        "inputs": { "u": { "unit": "1/h" }, "v": { "unit": "1/h" } },
        "rates": { "x": "u" },
        "decisions": { "interval": 1, "count": 10 },
        "doses": { "pill": { "input": "u", "rate": 1 }, "ray": { "input": "v", "rate": 1 } },
        "actions": [
            { "name": "{level}", "dose": "pill", "levels": [0, 1, 2, 5] },
            { "name": "ray", "doses": ["ray"] }, { "name": "both", "doses": [{ "dose": "pill", "level": 2 }, "ray"] } ],
        "forbid": [ { "dose": "ray", "when": "time > 7.5[h]" } ],
        "observations": [ { "name": "x", "expression": "x" } ],
        "protocols": {
            "load": { "give": [ { "dose": "pill", "level": 5, "until": 2 }, { "dose": "pill", "level": 1, "from": 2, "every": 3, "for": 2 } ] },
            "both": { "give": [ { "dose": "pill", "level": 2 }, { "dose": "ray", "every": 2 } ] },
            "rules": { "rules": [ { "when": "x > 6", "action": "both" }, { "when": "decision < 2", "dose": "pill", "level": "1.6 + 2*decision" },
                { "dose": "pill", "level": "x" } ] }
        }
        """#

    private static func names(_ name: String) throws -> [String] {
        let model = try SmallDisease.read(text)
        let policy = try #require(model.protocolPolicy(name))
        let factory = try TreatmentFactory(model, cohort: model.nominalPopulation(count: 1))
        var chosen: [String] = []
        _ = try Rollout.visit(factory, policy: policy, patients: [0], seed: 1, slots: 1) { _, actions, _ in
            chosen.append(model.actions[Int(actions[0])].name)
        }
        return chosen
    }

    @Test func levelsAndCycles() throws {
        #expect(try Self.names("load") == ["5", "5", "1", "1", "0", "1", "1", "0", "1", "1"])
    }

    @Test func combinationsAsFarAsAllowed() throws {
        #expect(try Self.names("both") == ["both", "2", "both", "2", "both", "2", "both", "2", "2", "2"])
    }

    /// x: 0 → 2 → 7 (level 3.6 is nearest to 5), then both while the rays are allowed, then the pill of both.
    @Test func rulesOverWhatIsSeen() throws {
        #expect(
            try Self.names("rules") == ["2", "5", "both", "both", "both", "both", "both", "both", "2", "2"])
    }
}
