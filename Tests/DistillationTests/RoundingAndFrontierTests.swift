import Distillation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct RoundingAndFrontierTests {
    @Test func costOfRoundingIsThePairedDifference() throws {
        let model = FiniteModel.random(states: 12, actions: 3, horizon: 30, seed: 6)
        let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
        let fine = randomStateTree(leaves: 8, states: 12, actionCount: 3, seed: 6)
        let coarse = fine.rounded(to: ThresholdGrid(steps: [4]))
        let cost = try RoundingCost.measure(rounded: coarse, unrounded: fine, factory: factory, seed: 2)
        let before = try Rollout.run(factory, policy: TreePolicy(fine), seed: 2).returns
        let after = try Rollout.run(factory, policy: TreePolicy(coarse), seed: 2).returns
        let differences = zip(after, before).map { $0 - $1 }
        #expect(cost.patients == 200 && cost.affected == differences.count { $0 != 0 } && cost.affected > 0)
        #expect(abs(cost.difference.value - Statistics.mean(differences)) < 1e-12)
        #expect(cost.difference.low < cost.difference.value && cost.difference.value < cost.difference.high)
        #expect(abs(cost.roundedReturn - cost.unroundedReturn - cost.difference.value) < 1e-12)

        let same = try RoundingCost.measure(rounded: fine, unrounded: fine, factory: factory, seed: 2)
        #expect(same.affected == 0 && same.difference.value == 0 && same.sentence.contains("costs nothing"))
    }

    @Test func viperSaysWhatRoundingCosts() throws {
        let model = FiniteModel.random(states: 12, actions: 3, horizon: 40, seed: 1)
        var factory = SteppedFactory(base: FiniteModelFactory(model, patients: 100, oneHot: false))
        let teacher = TableTeacher(values: model.optimalActionValues())
        var configuration = ViperConfiguration()
        configuration.iterations = 3
        configuration.patientsPerIteration = 30
        configuration.selectionPatients = 30
        func make() throws -> MadeTree {
            try ViperMethod(configuration, teacher: .best).make(
                TreeJob(training: factory, validation: factory, teacher: teacher, seed: 1))
        }
        // Nothing is measured in steps, so that nothing is rounded.
        #expect(try make().rounding == nil)
        factory.task.observations[0].clinicalStep = 4
        let rounding = try #require(try make().rounding)
        // A tree that tells twelve states apart against one that sees them as 0, 1 to 4, 5 to 8 and 9 to 11.
        #expect(rounding.roundedLeaves <= 4 && rounding.unroundedLeaves > rounding.roundedLeaves)
        #expect(rounding.difference.isBelowZero)
        #expect(rounding.sentence.contains("costs"))
        configuration.roundsThresholds = false
        #expect(try make().rounding == nil)
    }

    @Test func frontierHasATreeForEverySize() throws {
        let model = FiniteModel.random(states: 16, actions: 3, horizon: 30, seed: 2)
        let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
        var configuration = RegretConfiguration()
        configuration.iterations = 2
        configuration.patientsPerIteration = 60
        configuration.selectionPatients = 60
        let method = FrontierMethod(RegretMethod(configuration, teacher: .best), leaves: [1, 2, 4, 8, 16])
        let made = try method.make(
            TreeJob(
                training: factory, validation: factory, teacher: TableTeacher(values: model.optimalActionValues()),
                seed: 4))
        let rows = made.metricsCSV.split(separator: "\n").dropFirst().map {
            $0.split(separator: ",").map { Double($0) ?? .nan }
        }
        #expect(rows.map { $0[0] } == [1, 2, 4, 8, 16] && rows.allSatisfy { $0[1] <= $0[0] })
        #expect(rows.allSatisfy { $0[3] <= $0[2] && $0[2] <= $0[4] })
        #expect(rows[4][2] > rows[0][2])
        // The tree is that of the row marked.
        let marked = rows.filter { $0[5] == 1 }
        #expect(marked.count == 1 && Int(marked[0][1]) == made.tree.leafCount)
        let value = try Rollout.run(factory, policy: TreePolicy(made.tree), seed: 4).meanReturn
        #expect(abs(value - marked[0][2]) < 1e-9)
    }

    @Test func frontierIsRead() throws {
        func read(_ text: String) throws -> (method: (any TreeMethod)?, complaints: Int) {
            let node = try JSONParser.parse(SourceText(name: "s.json", bytes: Array(text.utf8)))
            let complaints = Complaints()
            let reader = ObjectReader(node, what: "the tree", complaints: complaints)
            let method = TreeSpecification.read(reader)
            reader.finish()
            return (method, complaints.items.count)
        }
        let (method, complaints) = try read(
            #"{"method": "frontier", "of": "dagger", "leaves": [2, 5], "teacher": "ppo", "iterations": 3}"#)
        let frontier = try #require(method as? FrontierMethod)
        #expect(complaints == 0 && frontier.leaves == [2, 5] && frontier.base.name == "dagger")
        #expect(frontier.origins == TreeOrigins(teacher: .agent("ppo")))
        #expect(try read(#"{"method": "frontier", "of": "viper", "leaves": [4, 2]}"#).complaints == 1)
        #expect(try read(#"{"method": "frontier", "of": "viper", "leaves": [2, 4.5]}"#).complaints == 1)
        #expect(try read(#"{"method": "frontier", "of": "viper", "maximum_leaves": 8}"#).complaints == 1)
        #expect(try read(#"{"method": "frontier", "of": "magic"}"#).complaints == 1)
    }
}
