// `lab policy act` for a policy that remembers: rows of one patient are a course.

import PositionedJSON
import Studies
import Testing

@Suite struct MemoryPolicyTests {
    /// Acts on what was seen one decision ago: `high` above 0.5.
    private static let file = #"""
        {"format": 1, "kind": "q_grid", "frame_stack": 2, "observations": ["x"], "actions": ["low", "high"],
         "states": {"features": ["x.1"], "edges": [[0.5]], "missing": [false]}, "values": [1, 0, 0, 1]}
        """#

    private func actions(_ table: String) throws -> [String] {
        let policy = try LoadedPolicy(try JSONParser.parse(SourceText(name: "p.json", bytes: Array(Self.file.utf8))))
        #expect(policy.policy.hasMemory)
        #expect(policy.observations == ["x"])
        return try policy.act(SourceText(name: "t.csv", bytes: Array(table.utf8)))
    }

    @Test func rowsOfAPatientAreACourse() throws {
        #expect(try actions("patient,x\n7,0\n7,1\n3,1\n7,0\n3,0\n") == ["low", "low", "high", "high", "high"])
    }

    @Test func withoutPatientsEveryRowBeginsACourse() throws {
        #expect(try actions("x\n0\n1\n1\n0\n0\n") == ["low", "high", "high", "low", "low"])
    }

    @Test func thereIsNoTableOfStates() throws {
        let policy = try LoadedPolicy(try JSONParser.parse(SourceText(name: "p.json", bytes: Array(Self.file.utf8))))
        #expect(policy.table() == nil)
    }
}
