import Distillation
import Foundation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct ViperTests {
    private func configuration(leaves: Int) -> ViperConfiguration {
        var configuration = ViperConfiguration()
        configuration.iterations = 4
        configuration.patientsPerIteration = 60
        configuration.selectionPatients = 40
        configuration.maximumLeaves = leaves
        return configuration
    }

    @Test(arguments: [ScoreKind.actionValues, .logProbabilities], ViperConfiguration.LeafScores.allCases)
    func studentEqualsTheOptimalPolicy(kind: ScoreKind, scores: ViperConfiguration.LeafScores) throws {
        for seed in 0..<3 as Range<UInt64> {
            let model = FiniteModel.random(states: 12, actions: 3, horizon: 40, seed: seed)
            let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
            let values = model.optimalActionValues()
            let teacher = TableTeacher(values: values, scoreKind: kind)
            var configuration = configuration(leaves: 12)
            configuration.leafScores = scores
            let result = try Viper(configuration).distil(teacher: teacher, factory: factory, seed: seed)
            for state in 0..<12 {
                let best = values[state].indices.max { values[state][$0] < values[state][$1] }
                #expect(result.tree.action(atLeaf: result.tree.leaf(of: [Double(state)])) == best)
            }
            #expect(result.iterations.count == 4 && result.iterations[result.best].agreement == 1)
        }
    }

    @Test func studentObeysTheMaskAsTheTeacherDoes() throws {
        for seed in 0..<4 as Range<UInt64> {
            let model = FiniteModel.random(states: 10, actions: 4, horizon: 40, seed: seed)
            let mask = randomMask(states: 10, actions: 4, seed: seed)
            let factory = FiniteModelFactory(model, patients: 150, oneHot: false, permitted: mask)
            let teacher = TableTeacher(values: model.optimalActionValues())
            var configuration = configuration(leaves: 10)
            configuration.leafScores = .regret
            let result = try Viper(configuration).distil(teacher: teacher, factory: factory, seed: seed)
            #expect(result.iterations[result.best].agreement == 1)
            // The environment stops the program at a forbidden action: this also tests the masked choice.
            let mine = try Rollout.run(factory, policy: TreePolicy(result.tree), seed: 9)
            let teachers = try Rollout.run(factory, policy: teacher, seed: 9)
            #expect(mine.returns == teachers.returns)
        }
    }

    @Test func aChainNeedsOneLeaf() throws {
        let model = FiniteModel.chain(length: 6)
        let factory = FiniteModelFactory(model, patients: 20, oneHot: false)
        let result = try Viper(configuration(leaves: 16)).distil(
            teacher: TableTeacher(values: model.optimalActionValues()), factory: factory, seed: 1)
        #expect(result.tree.leafCount == 1 && result.tree.action(atLeaf: 0) == 1)
        #expect(result.iterations.allSatisfy { $0.selectionReturn == 1 })
    }

    @Test func resultsDoNotDependOnJobs() throws {
        let model = FiniteModel.random(states: 20, actions: 3, horizon: 30, seed: 5)
        let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
        let teacher = TableTeacher(values: model.optimalActionValues())
        let viper = Viper(configuration(leaves: 5))
        let one = try viper.distil(teacher: teacher, factory: factory, seed: 3, jobs: 1)
        let three = try viper.distil(teacher: teacher, factory: factory, seed: 3, jobs: 3)
        #expect(one.tree == three.tree && one.iterations == three.iterations)
        #expect(one.metricsCSV() == three.metricsCSV())
    }

    @Test func weightsAreGapsAmongWhatIsAllowed() throws {
        var trace = PatientTrace(patient: 3)
        trace.observations = [0, 1, 1]
        trace.allowed = [true, true, true, false, true, true, true, false, false]
        trace.actions = [0, 1, 0]
        let values: [[Double]] = [[1, 5, 2], [9, -1, 0.5]]
        var labels = TeacherLabels()
        try labels.append(trace, teacher: TableTeacher(values: values), actionCount: 3)
        #expect(labels.labels == [1, 2, 0])
        #expect(labels.weights == [4, 1.5, 0])  // no choice, no weight
        #expect(labels.advantages[0...2] == [-4, 0, -3])
        #expect(labels.advantages[3].isNaN && labels.advantages[4] == -1.5 && labels.advantages[5] == 0)

        // A forbidden action may score anything; an allowed one may be impossible under the policy.
        let logarithms: [[Double]] = [[-.infinity, -0.1, -3], [.nan, -1, -0.5]]
        var others = TeacherLabels()
        try others.append(
            trace, teacher: TableTeacher(values: [logarithms[0], [-2, -1, -0.5]], scoreKind: .logProbabilities),
            actionCount: 3)
        #expect(abs(others.weights[0] - 103.18) < 1e-9)
        #expect(throws: DistillationError.self) {
            try others.append(trace, teacher: TableTeacher(values: logarithms), actionCount: 3)
        }
    }

    /// What the teacher said when it acted is what it says when it is asked again.
    @Test func keptScoresAreTheTeachers() throws {
        let model = FiniteModel.random(states: 9, actions: 3, horizon: 20, seed: 4)
        let mask = randomMask(states: 9, actions: 3, seed: 4)
        let factory = FiniteModelFactory(model, patients: 30, oneHot: false, permitted: mask)
        let teacher = TableTeacher(values: model.optimalActionValues())
        let kept = try PatientTrace.record(
            factory, policy: teacher, patients: Array(0..<30), episode: 1, seed: 2, slots: 7, keepsScores: true)
        let plain = try PatientTrace.record(
            factory, policy: teacher, patients: Array(0..<30), episode: 1, seed: 2, slots: 7)
        for (one, other) in zip(kept, plain) {
            #expect(one.scores.count == one.decisions * 3 && other.scores.isEmpty)
            #expect(one.actions == other.actions && one.rewards == other.rewards)
            var labels = [TeacherLabels(), TeacherLabels()]
            try labels[0].append(one, teacher: teacher, actionCount: 3)
            try labels[1].append(other, teacher: teacher, actionCount: 3)
            #expect(labels[0].labels == labels[1].labels && labels[0].weights == labels[1].weights)
        }
        // A tree has no scores to keep.
        let tree = stateTree(Array(repeating: 0, count: 9), actionCount: 3)
        let open = FiniteModelFactory(model, patients: 30, oneHot: false)
        let traces = try PatientTrace.record(
            open, policy: TreePolicy(tree), patients: [3], episode: 0, seed: 2, keepsScores: true)
        #expect(traces[0].scores.isEmpty)
    }

    @Test func configurationIsRead() throws {
        let text = #"""
            {"iterations": 3, "leaf_scores": "regret", "criterion": "gini", "maximum_depth": 4, "leafs": 2,
            "missing": "by_gain", "splits": "exact"}
            """#
        let node = try JSONParser.parse(SourceText(name: "s.json", bytes: Array(text.utf8)))
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the distillation", complaints: complaints)
        let configuration = ViperConfiguration(reader: reader)
        reader.finish()
        #expect(configuration.iterations == 3 && configuration.leafScores == .regret)
        #expect(configuration.criterion == .gini && configuration.maximumDepth == 4)
        #expect(configuration.missing == .byGain && configuration.splits == .exact)
        #expect(complaints.items.count == 1)
    }
}

/// A teacher that prefers the state it saw at the decision before.
private struct DelayedTeacher: ScoredPolicy {
    final class Session: ScoredPolicySession {
        private var last = 0.0

        func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
            precondition(batch.count == 1)
            let before = batch.decisions[0] == 0 ? 0 : last
            for action in 0..<batch.actionCount { scores[action] = Double(action) == before ? 1 : 0 }
            last = batch.observations[0]
        }

        func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) { actions[0] = 0 }
    }

    var hasMemory: Bool { true }
    var scoreKind: ScoreKind { .actionValues }
    func makeScoredSession(slots: Int) -> any ScoredPolicySession { Session() }
    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        actAtBeginnings(batch, actions: actions)
    }
    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        scoreAtBeginnings(batch, scores: scores)
    }
}

extension ViperTests {
    @Test func aTeacherWithMemoryIsAskedAlongTheCourse() throws {
        var trace = PatientTrace(patient: 7)
        trace.observations = [2, 1, 0, 2]
        trace.allowed = Array(repeating: true, count: 12)
        trace.actions = [0, 0, 0, 0]
        var labels = TeacherLabels()
        try labels.append(trace, teacher: DelayedTeacher(), actionCount: 3)
        #expect(labels.labels == [0, 2, 1, 0])
    }
}
