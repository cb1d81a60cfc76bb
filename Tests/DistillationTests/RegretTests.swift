import Distillation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct RegretTests {
    private func configuration(leaves: Int, _ values: RegretConfiguration.Values = .scores) -> RegretConfiguration {
        var configuration = RegretConfiguration()
        configuration.iterations = 4
        configuration.patientsPerIteration = 60
        configuration.selectionPatients = 40
        configuration.maximumLeaves = leaves
        configuration.values = values
        return configuration
    }

    @Test(arguments: [ScoreKind.actionValues, .logProbabilities])
    func enoughLeavesGiveTheOptimalPolicy(kind: ScoreKind) throws {
        for seed in 0..<3 as Range<UInt64> {
            let model = FiniteModel.random(states: 12, actions: 3, horizon: 40, seed: seed)
            let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
            let values = model.optimalActionValues()
            let result = try RegretTree(configuration(leaves: 12)).distil(
                teacher: TableTeacher(values: values, scoreKind: kind), factory: factory, seed: seed)
            for state in 0..<12 {
                let best = values[state].indices.max { values[state][$0] < values[state][$1] }
                #expect(result.tree.action(atLeaf: result.tree.leaf(of: [Double(state)])) == best)
            }
            #expect(result.iterations.count == 4 && result.iterations[result.best].agreement == 1)
        }
    }

    @Test func fewLeavesRegretNoMoreThanVipers() throws {
        // A student that stays with the teacher's own states: both learn from the same ones, in a single round.
        for seed in 0..<4 as Range<UInt64> {
            let model = FiniteModel.random(states: 30, actions: 3, horizon: 40, seed: seed)
            let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
            let values = model.optimalActionValues()
            var regret = configuration(leaves: 4)
            regret.iterations = 1
            regret.maximumDepth = 2
            var viper = ViperConfiguration()
            viper.iterations = 1
            viper.patientsPerIteration = regret.patientsPerIteration
            viper.selectionPatients = regret.selectionPatients
            viper.maximumLeaves = 4
            viper.maximumDepth = 2
            let teacher = TableTeacher(values: values)
            let mine = try RegretTree(regret).distil(teacher: teacher, factory: factory, seed: seed).tree
            let vipers = try Viper(viper).distil(teacher: teacher, factory: factory, seed: seed).tree
            let traces = try PatientTrace.record(
                factory, policy: teacher, patients: Array(0..<200), episode: 1, seed: seed)
            func loss(_ tree: DecisionTree) -> Double {
                traces.flatMap(\.observations).reduce(0) { sum, state in
                    let own = values[Int(state)]
                    return sum + own.max()! - own[tree.action(atLeaf: tree.leaf(of: [state]))]
                }
            }
            // The patients differ (each method divides them by a stream of its own), their states hardly.
            #expect(loss(mine) <= 1.1 * loss(vipers))
        }
    }

    @Test func trialsLetTheTeacherGoOn() throws {
        // At every state of the chain, stopping gives 0.1 and going on 1, since the teacher goes to the end.
        let factory = FiniteModelFactory(.chain(length: 6), patients: 40, oneHot: false)
        let teacher = TableTeacher(values: FiniteModel.chain(length: 6).optimalActionValues())
        let result = try RegretTree(configuration(leaves: 4, .trials)).distil(
            teacher: teacher, factory: factory, seed: 1)
        #expect(result.tree.leafCount == 1 && result.tree.action(atLeaf: 0) == 1)
        #expect(abs(result.tree.scores(ofLeaf: 0)[0] + 0.9) < 1e-12 && result.tree.scores(ofLeaf: 0)[1] == 0)
        // 20 treated patients, two states each, four rounds.
        #expect(result.iterations.map(\.samples) == [40, 80, 120, 160])
    }

    /// Behaviour by coin: what the logged decisions say of every state is its action values, right on average whether the
    /// teacher knows no values at all or wrong ones.
    @Test(arguments: [ScoreKind.logProbabilities, .actionValues])
    func doublyRobustScoresAreRightOnAverage(kind: ScoreKind) throws {
        let model = FiniteModel.chain(length: 4)
        let factory = FiniteModelFactory(model, patients: 20_000, oneHot: false)
        let truth = model.optimalActionValues()
        let wrong = truth.map { [$0[0] + 0.2, $0[1] + 0.4] }
        let log = try EpisodeRecorder.record(
            factory, policy: RandomPolicy(seed: 9), patients: Array(0..<20_000), seed: 9)
        var configuration = configuration(leaves: 4, .doublyRobust)
        configuration.lookahead = 1
        configuration.correctedDecisions = .max
        let result = try RegretTree(configuration).distil(
            teacher: TableTeacher(values: wrong, scoreKind: kind), log: log, task: factory.task)
        #expect(result.tree.leafCount == 1 && result.tree.action(atLeaf: 0) == 1)
        // One leaf holds all states: the mean of what stopping costs, by how often they were met.
        var met = [Double](repeating: 0, count: 4)
        for episode in 0..<log.episodes {
            for row in log.decisions(of: episode) { met[Int(log.observations[row])] += 1 }
        }
        let cost = (0..<4).reduce(0) { $0 + met[$1] * (truth[$1][0] - truth[$1][1]) } / met.reduce(0, +)
        let scores = result.tree.scores(ofLeaf: 0)
        #expect(abs(scores[0] - scores[1] - cost) < 0.06)
        // The model's own values, uncorrected, would say 0.2 more.
        let same = try RegretTree(configuration).distil(
            teacher: TableTeacher(values: wrong, scoreKind: kind), log: log, task: factory.task, jobs: 3)
        #expect(same.tree == result.tree)
    }

    @Test func trialsObeyTheMaskAndAllThreadsAgree() throws {
        let model = FiniteModel.random(states: 10, actions: 4, horizon: 30, seed: 3)
        let mask = randomMask(states: 10, actions: 4, seed: 3)
        // The environment stops the program at a forbidden action.
        let factory = FiniteModelFactory(model, patients: 120, oneHot: false, permitted: mask)
        let teacher = TableTeacher(values: model.optimalActionValues())
        let method = RegretTree(configuration(leaves: 6, .trials))
        let one = try method.distil(teacher: teacher, factory: factory, seed: 3, jobs: 1)
        let three = try method.distil(teacher: teacher, factory: factory, seed: 3, jobs: 3)
        #expect(one.tree == three.tree && one.iterations == three.iterations)
    }

    @Test func thresholdsAreOnTheGrid() throws {
        let model = FiniteModel.random(states: 12, actions: 3, horizon: 40, seed: 1)
        var factory = SteppedFactory(base: FiniteModelFactory(model, patients: 100, oneHot: false))
        factory.task.observations[0].clinicalStep = 2
        let result = try RegretTree(configuration(leaves: 6)).distil(
            teacher: TableTeacher(values: model.optimalActionValues()), factory: factory, seed: 1)
        #expect(result.tree.leafCount > 1)
        for node in 0..<result.tree.nodeCount {
            if case .split(_, let threshold, _, _, _) = result.tree.node(node) {
                #expect(threshold.truncatingRemainder(dividingBy: 2) == 0)
            }
        }
    }

    @Test func methodsAreRead() throws {
        func read(_ text: String) throws -> (method: (any TreeMethod)?, complaints: Int) {
            let node = try JSONParser.parse(SourceText(name: "s.json", bytes: Array(text.utf8)))
            let complaints = Complaints()
            let reader = ObjectReader(node, what: "the tree", complaints: complaints)
            let method = TreeSpecification.read(reader)
            reader.finish()
            return (method, complaints.items.count)
        }
        for name in ["behaviour_cloning", "dagger", "regret", "viper"] {
            let (method, complaints) = try read(#"{"method": "\#(name)", "maximum_leaves": 4, "teacher": "ppo"}"#)
            #expect(method?.name == name && method?.origins == TreeOrigins(teacher: .agent("ppo")) && complaints == 0)
        }
        #expect(try read(#"{"method": "regret", "values": "guesses", "cuts": 3}"#).complaints == 2)
        let logged = #"{"method": "regret", "teacher": "cql", "values": "doubly_robust", "corrected_decisions": 3}"#
        #expect(try read(logged).method?.origins == TreeOrigins(teacher: .agent("cql"), isLogged: true))
    }
}

extension ViperTests {
    @Test func unitWeightsAndTheTeachersStates() throws {
        // The teacher never leaves the first half of the states; its clone has seen no others.
        let model = FiniteModel.chain(length: 8)
        let factory = FiniteModelFactory(model, patients: 60, oneHot: false)
        // Wrong in state 3 and after it, where it stops: a clone sees states 0 to 3 alone.
        let values: [[Double]] = (0..<8).map { $0 < 3 ? [0, 1] : [1, 0] }
        var clone = ViperConfiguration.behaviourCloning
        clone.iterations = 3
        clone.patientsPerIteration = 10
        clone.selectionPatients = 10
        let result = try Viper(clone).distil(teacher: TableTeacher(values: values), factory: factory, seed: 1)
        // Ten patients, four decisions each: every round adds as many.
        #expect(result.iterations.map(\.samples) == [40, 80, 120])
        // The first of equal rounds is chosen; its weights are decisions.
        let tree = result.tree
        #expect(tree.leafCount == 2 && tree.weight(of: tree.leaves[0]) == 30 && tree.weight(of: tree.leaves[1]) == 10)
        #expect(ViperConfiguration.dagger.acting == .student && ViperConfiguration.dagger.weights == .unit)
    }
}
