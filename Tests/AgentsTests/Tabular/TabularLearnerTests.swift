// All tabular learners on problems whose solution is known exactly.

import Agents
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct TabularLearnerTests {
    static func learners(_ settings: TabularConfiguration) -> [any TabularLearner] {
        var accumulating = QLambda(settings)
        accumulating.traces = .accumulating
        accumulating.lambda = 0.5
        return [
            QLearning(settings), SARSA(settings), ExpectedSARSA(settings), QLambda(settings), accumulating,
            DoubleQLearning(settings),
        ]
    }

    static var settings: TabularConfiguration {
        var settings = TabularConfiguration()
        settings.decisions = 100_000
        settings.gridBins = [48]
        settings.gridFeatures = ["state"]
        settings.gamma = 1
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.02, fraction: 0.9)
        settings.validation = ValidationSettings(evaluateEvery: 100_000, patients: 50)
        return settings
    }

    @Test(arguments: [Problem.identity, .chain, .random, .masked])
    func everyLearnerReachesTheOptimum(problem: Problem) throws {
        var problem = problem
        problem.oneHot = false
        var settings = Self.settings
        settings.gamma = nil
        for learner in Self.learners(settings) {
            let quality = try problem.quality(of: problem.train(learner).policy)
            #expect(quality >= 0.97, "\(learner.name): \(quality)")
        }
    }

    /// The values of the best policy that explores with probability ε, and of the best one: Bellman's equations solved
    /// by iteration.
    private func actionValues(_ model: FiniteModel, epsilon: Double) -> [[Double]] {
        var values = Array(repeating: Array(repeating: 0.0, count: model.actionCount), count: model.stateCount)
        for _ in 0..<2000 {
            let worth = values.map { (1 - epsilon) * $0.max()! + epsilon * $0.reduce(0, +) / Double($0.count) }
            values = model.transitions.indices.map { state in
                model.transitions[state].indices.map { action in
                    model.rewards[state][action]
                        + model.discount * zip(model.transitions[state][action], worth).map { $0 * $1 }.reduce(0, +)
                }
            }
        }
        return values
    }

    @Test func onPolicyLearnersFindTheValuesOfTheExploringPolicy() throws {
        var problem = Problem.random
        problem.oneHot = false
        var settings = Self.settings
        settings.gamma = nil
        settings.decisions = 400_000
        settings.learningRatePower = 0.85
        settings.exploration = ExplorationSchedule(initial: 0.4, final: 0.4, fraction: 1)
        settings.validation.evaluateEvery = settings.decisions
        let soft = actionValues(problem.model, epsilon: 0.4)
        let best = actionValues(problem.model, epsilon: 0)
        #expect(zip(soft.joined(), best.joined()).allSatisfy { $1 - $0 > 0.2 })
        for learner in Self.learners(settings) {
            let isOnPolicy = learner.name.hasSuffix("sarsa")
            let found = try problem.scores(of: problem.train(learner).policy).joined()
            let worst = zip(found, (isOnPolicy ? soft : best).joined()).map { abs($0 - $1) }.max()!
            #expect(worst < 0.12, "\(learner.name): \(worst)")
        }
    }

    /// Sutton and Barto, example 6.6: 4 × 12 cells, −1 a step, −100 and back to the start for falling off the cliff along
    /// the bottom.
    private static let cliff: FiniteModel = {
        let start = 36
        var transitions = Array(repeating: Array(repeating: Array(repeating: 0.0, count: 48), count: 4), count: 48)
        var rewards = Array(repeating: Array(repeating: -1.0, count: 4), count: 48)
        for state in 0..<48 {
            let (row, column) = (state / 12, state % 12)
            for (action, move) in [(-1, 0), (0, 1), (1, 0), (0, -1)].enumerated() {
                let to = min(3, max(0, row + move.0)) * 12 + min(11, max(0, column + move.1))
                if to == 47 { continue }
                if to > start {
                    rewards[state][action] = -100
                    transitions[state][action][start] = 1
                } else {
                    transitions[state][action][to] = 1
                }
            }
        }
        return FiniteModel(transitions: transitions, rewards: rewards, discount: 1, horizon: 500, starts: [start])
    }()

    @Test func sarsaKeepsAwayFromTheCliffAndQLearningWalksAlongIt() throws {
        let problem = Problem(model: Self.cliff, oneHot: false)
        var settings = Self.settings
        settings.decisions = 300_000
        settings.slots = 1
        settings.learningRate = 0.1
        settings.exploration = ExplorationSchedule(initial: 0.1, final: 0.1, fraction: 1)
        settings.validation = ValidationSettings(evaluateEvery: settings.decisions, patients: 1)
        func path(_ learner: any Learner) throws -> [Int] {
            let actions = problem.actions(of: try problem.train(learner).policy)
            var path = [36]
            while path.count < 50 {
                guard let next = Self.cliff.transitions[path.last!][actions[path.last!]].firstIndex(of: 1) else {
                    break
                }
                path.append(next)
            }
            return path
        }
        let edge = Array(25..<35)
        #expect(try path(QLearning(settings)) == [36, 24] + edge + [35])
        for learner in [SARSA(settings), ExpectedSARSA(settings)] as [any Learner] {
            let walked = try path(learner)
            #expect(walked.count > 13 && walked.last == 35)
            #expect(!edge.dropLast().contains { walked.contains($0) }, "\(learner.name): \(walked)")
        }
    }

    /// After Sutton and Barto, example 6.7: going left leads to a choice of ten actions, each worth −0.1 on average and
    /// +1 or −1 at random; going right ends at 0. The maximum of ten noisy values makes left look good.
    @Test func doubleQLearningIsLessDeceivedByNoise() throws {
        let none = Array(repeating: 0.0, count: 4)
        var transitions = Array(repeating: Array(repeating: none, count: 10), count: 4)
        var rewards = Array(repeating: Array(repeating: 0.0, count: 10), count: 4)
        transitions[0][1] = [0, 1, 0, 0]
        for action in 0..<10 { transitions[1][action] = [0, 0, 0.45, 0.55] }
        rewards[2][0] = 1
        rewards[3][0] = -1
        let model = FiniteModel(transitions: transitions, rewards: rewards, discount: 1, horizon: 10, starts: [0])
        let first = (0..<10).map { $0 < 1 }
        let problem = Problem(
            model: model,
            permitted: [(0..<10).map { $0 < 2 }, Array(repeating: true, count: 10), first, first], oneHot: false)
        var settings = Self.settings
        settings.decisions = 1500
        settings.slots = 1
        settings.learningRate = 0.1
        settings.exploration = ExplorationSchedule(initial: 1, final: 1, fraction: 1)
        settings.validation = ValidationSettings(evaluateEvery: settings.decisions, patients: 1)
        func worthOfLeft(_ learner: any Learner) throws -> Double {
            try (1...24).map { try problem.scores(of: problem.train(learner, seed: $0).policy)[0][1] }.reduce(0, +) / 24
        }
        let single = try worthOfLeft(QLearning(settings))
        let double = try worthOfLeft(DoubleQLearning(settings))
        #expect(single > 0.12, "\(single)")
        #expect(double < 0.05 && double > -0.4, "\(double)")
    }

    @Test func withoutTracesQLambdaIsQLearningToTheBit() throws {
        var problem = Problem.masked
        problem.oneHot = false
        var settings = Self.settings
        settings.decisions = 20_000
        settings.validation.evaluateEvery = 5000
        let plain = try problem.train(QLearning(settings))
        for traces in QLambda.Traces.allCases {
            var learner = QLambda(settings)
            learner.lambda = 0
            learner.traces = traces
            let trained = try problem.train(learner)
            #expect(trained.policy.json() == plain.policy.json())
            #expect(trained.metricsCSV() == plain.metricsCSV())
            learner.lambda = 0.5
            #expect(try problem.train(learner).policy.json() != plain.policy.json())
        }
    }

    /// Two courses computed by hand.
    @Test func tracesReachBack() throws {
        var settings = Self.settings
        settings.slots = 1
        settings.learningRate = 0.5
        settings.decisions = 3
        settings.gamma = 0.9
        // Three steps, the last of which pays 1.
        let walk = Problem(
            model: .chain(length: 3), permitted: Array(repeating: [false, true], count: 3), oneHot: false)
        var learner = QLambda(settings)
        learner.lambda = 0.8
        let values = try walk.scores(of: walk.train(learner).policy).map { $0[1] }
        for (found, exact) in zip(values, [0.5 * 0.72 * 0.72, 0.5 * 0.72, 0.5]) { #expect(abs(found - exact) < 1e-15) }
        // Twice the same pair.
        let stay = Problem(
            model: FiniteModel(transitions: [[[1]]], rewards: [[1]], discount: 0.5, horizon: 9, starts: [0]),
            oneHot: false)
        learner.configuration.decisions = 2
        learner.configuration.gamma = 0.5
        learner.lambda = 1
        for (traces, exact) in [(QLambda.Traces.replacing, 0.875), (.accumulating, 1.0625)] {
            learner.traces = traces
            #expect(try stay.scores(of: stay.train(learner).policy)[0][0] == exact)
        }
    }

    @Test func everyLearnerIsAPureFunctionOfItsSeed() throws {
        let problem = Problem(model: Problem.masked.model, permitted: Problem.masked.permitted, oneHot: false)
        var settings = Self.settings
        settings.decisions = 3000
        let learners = Self.learners(settings)
        func run(jobs: Int) throws -> [String] {
            try Parallel.map(2 * learners.count, jobs: jobs) { index in
                let trained = try problem.train(learners[index / 2], seed: UInt64(index % 2))
                return trained.policy.json().text() + trained.metricsCSV()
            }
        }
        let once = try run(jobs: 1)
        #expect(try run(jobs: 2) == once)
        #expect(Set(once).count == once.count)
    }

    @Test func settingsSurviveWritingAndReading() throws {
        func read(_ text: String) throws -> (learner: (any Learner)?, complaints: [String]) {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "s.json", bytes: Array(text.utf8)))
            let reader = ObjectReader(node, what: "the learner", complaints: complaints)
            let learner = LearnerSpecification.read(reader, task: Problem.identity.factory.task)
            reader.finish()
            return (learner, complaints.items.map(\.description))
        }
        for name in ["q_learning", "sarsa", "expected_sarsa", "double_q_learning"] {
            let learner = try #require(read(#"{"algorithm": "\#(name)", "states": "exact", "gamma": 1}"#).learner)
            #expect(learner.name == name && learner.json()["states"] == "exact")
            #expect(try read(learner.json().text()).learner?.json() == learner.json())
        }
        let traces = try #require(read(#"{"algorithm": "q_lambda", "lambda": 0.3, "traces": "accumulating"}"#).learner)
        #expect(try read(traces.json().text()).learner?.json() == traces.json())
        #expect((traces as? QLambda)?.lambda == 0.3 && (traces as? QLambda)?.traces == .accumulating)
        #expect(try read(#"{"algorithm": "sarsa", "states": "all"}"#).complaints.count == 1)
        #expect(try read(#"{"algorithm": "sarsa", "lambda": 0.3}"#).complaints.count == 1)
        #expect(try read(#"{"algorithm": "sarsa", "states": "exact", "tree": "t"}"#).complaints.count == 1)
    }
}
