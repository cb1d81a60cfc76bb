// Leaves that abstain: marked where evidence is thin, kept in files, followed in treatment.

import Agents
import Distillation
import Evaluation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct AbstentionTests {
    private let factory = FiniteModelFactory(.identity(states: 3, horizon: 8), patients: 200, oneHot: false)
    private let tree = stateTree([0, 2, 2], actionCount: 3)  // state 1 is taken for state 2

    @Test func aLeafThatAbstainsFollowsItsProtocol() throws {
        let marked = tree.withAbstentions([tree.leaves[1]: "one"])
        let protocols: [String: any Policy] = ["one": ConstantPolicy(action: 1)]
        #expect(try Rollout.run(factory, policy: TreePolicy(marked, protocols: protocols), seed: 1).meanReturn == 8)
        // Files keep the mark, and a tree without marks is written as ever.
        let text = marked.json().text()
        let node = try JSONParser.parse(SourceText(name: "t", text: text))
        #expect(DecisionTree(node, complaints: Complaints()) == marked)
        #expect(text.contains("\"abstain\": \"one\"") && !tree.json().text().contains("abstain"))
        let read = PolicyFile.read(node, complaints: Complaints(), protocols: protocols)
        #expect(try Rollout.run(factory, policy: try #require(read), seed: 1).meanReturn == 8)
        for known in [nil, ["two": ConstantPolicy(action: 1)] as [String: any Policy]] {
            let complaints = Complaints()
            #expect(PolicyFile.read(node, complaints: complaints, protocols: known) == nil)
            #expect(complaints.items.count == 1 && complaints.items[0].message.contains("\"one\""))
        }
        // Thresholds and rankings may change under a mark; another shape has other leaves.
        #expect(marked.withThreshold(0.4, at: 0).abstentions == marked.abstentions)
        #expect(marked.collapsed(at: 0).abstentions.isEmpty)
    }

    @Test func evidenceSaysWhereTheTreeAbstains() throws {
        let marked = tree.withAbstentions([tree.leaves[1]: "one"])
        let teacher = TableTeacher(values: [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        let evidence = try LeafEvidence.collect(
            marked, factory: factory, source: "test patients", teacher: teacher,
            protocols: ["one": ConstantPolicy(action: 1)], seed: 3)
        #expect(evidence.leaves.map(\.abstains) == [nil, "one", nil])
        #expect(evidence.agreement == 1)
        // Trials in other leaves leave the protocol where it is: only their own visits are lost.
        let first = evidence.leaves[0]
        #expect(abs(first.runnerUpGain.value + Double(first.visits) / Double(first.patients)) < 1e-12)
        #expect(!evidence.leaves[1].runnerUpGain.isDefined && evidence.leaves[1].fallback == nil)
    }

    @Test func thinLeavesAreMarked() throws {
        var configuration = AbstentionConfiguration(fallback: "one")
        let right = ConstantPolicy(action: 1)
        func marks(_ patients: Int, _ confidence: Double?, _ policy: any Policy, jobs: Int = 1) throws -> [Int: String]
        {
            configuration.minimumPatients = patients
            configuration.confidence = confidence
            return try configuration.marking(tree, fallback: policy, factory: factory, seed: 5, jobs: jobs).abstentions
        }
        #expect(try marks(0, nil, right).isEmpty)
        #expect(try marks(1000, nil, right).count == 3)
        // Everybody's first state is the patient's number modulo 3, and nearly everybody comes everywhere.
        #expect(try marks(100, nil, right).isEmpty)
        // The leaf of state 1 loses to the protocol, the others lose nothing to it.
        #expect(try marks(0, 0.95, right, jobs: 3) == [tree.leaves[1]: "one"])
        // Against a protocol as wrong as the leaf, exactly as good is good enough.
        #expect(try marks(0, 0.95, ConstantPolicy(action: 0)).isEmpty)
    }

    @Test func settingsAreRead() throws {
        let complaints = Complaints()
        func read(_ text: String) throws -> AbstentionConfiguration? {
            let reader = ObjectReader(
                try JSONParser.parse(SourceText(name: "a", text: text)), what: "where the tree abstains",
                complaints: complaints)
            defer { reader.finish() }
            return AbstentionConfiguration(reader: reader, protocols: ["one", "two"])
        }
        let configuration = try #require(
            try read("{\"fallback\": \"one\", \"minimum_patients\": 12, \"confidence\": 0.9}"))
        #expect(configuration.minimumPatients == 12 && configuration.confidence == 0.9 && complaints.isEmpty)
        #expect(try read("{\"fallback\": \"on\", \"minimum\": 3}") == nil)
        #expect(complaints.items.count == 2)
    }
}
