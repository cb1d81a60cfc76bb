// The parts of learners on their own: advantages, grids, normalisation, schedules, settings.

import Agents
import Networks
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct PartsTests {
    @Test func advantagesFollowTheDefinition() {
        let steps = 6
        let slots = 2
        let gamma: Float = 0.9
        let lambda: Float = 0.8
        var stream = RandomStream(seed: 1, purpose: "test.gae")
        let rewards = (0..<(steps * slots)).map { _ in Float(stream.normal()) }
        let values = (0..<(steps * slots)).map { _ in Float(stream.normal()) }
        let ends = (0..<(steps * slots)).map { $0 == 5 || $0 == 8 }
        let last: [Float] = [0.3, -0.7]
        var advantages = Array(repeating: Float(0), count: steps * slots)
        var returns = advantages
        GeneralisedAdvantage.compute(
            steps: steps, slots: slots, rewards: rewards, values: values, ends: ends, lastValues: last, gamma: gamma,
            lambda: lambda, advantages: &advantages, returns: &returns)
        for slot in 0..<slots {
            for start in 0..<steps {
                var expected: Float = 0
                var weight: Float = 1
                for step in start..<steps {
                    let index = step * slots + slot
                    let next = step + 1 < steps ? values[index + slots] : last[slot]
                    expected += weight * (rewards[index] + (ends[index] ? 0 : gamma * next) - values[index])
                    if ends[index] { break }
                    weight *= gamma * lambda
                }
                #expect(abs(advantages[start * slots + slot] - expected) < 1e-5)
                #expect(abs(returns[start * slots + slot] - expected - values[start * slots + slot]) < 1e-5)
            }
        }
    }

    @Test func gridsPutLinesAtQuantiles() {
        let values = (0..<100).map(Double.init)
        let grid = QuantileGrid(features: [1, 0], columns: [values, [1, 1, 2, 3, .nan]], bins: [4, 5])
        #expect(grid.edges == [[25, 50, 75], [1.5, 2.5]])
        #expect(grid.states == 4 * 4)
        #expect(grid.state(of: [1, 25]) == 0)
        #expect(grid.state(of: [1.6, 25.5]) == 4 + 1)
        #expect(grid.state(of: [.nan, 1000]) == 15)
        #expect(grid.state(of: [9, .nan]) == 2)
        let constant = QuantileGrid(features: [0], columns: [[7, 7, 7]], bins: [5])
        #expect(constant.states == 1)
    }

    @Test func normalisationMeasuresRandomPlay() throws {
        let factory = FiniteModelFactory(.identity(states: 4), patients: 50)
        let normalisation = try Normalisation(of: factory, decisions: 8000, seed: 1)
        for column in 0..<4 {
            #expect(abs(normalisation.means[column] - 0.25) < 0.02)
            #expect(abs(normalisation.deviations[column] - 0.433) < 0.02)
        }
    }

    @Test func explorationFallsLinearly() {
        let schedule = ExplorationSchedule(initial: 1, final: 0.1, fraction: 0.5)
        #expect(schedule.epsilon(at: 0, of: 100) == 1)
        #expect(abs(schedule.epsilon(at: 25, of: 100) - 0.55) < 1e-12)
        #expect(schedule.epsilon(at: 50, of: 100) == 0.1)
        #expect(schedule.epsilon(at: 99, of: 100) == 0.1)
    }

    @Test func explorationFallsByTheSameFactor() {
        let schedule = ExplorationSchedule(initial: 1, final: 0.01, fraction: 0.5, shape: .exponential)
        #expect(schedule.epsilon(at: 0, of: 100) == 1)
        #expect(abs(schedule.epsilon(at: 25, of: 100) - 0.1) < 1e-12)
        #expect(schedule.epsilon(at: 50, of: 100) == 0.01)
    }

    private func read(_ text: String) throws -> (learner: (any Learner)?, complaints: [String]) {
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "s.json", bytes: Array(text.utf8)))
        let reader = ObjectReader(node, what: "the learner", complaints: complaints)
        let learner = LearnerSpecification.read(reader, task: Problem.identity.factory.task)
        reader.finish()
        return (learner, complaints.items.map(\.description))
    }

    /// Those of stable_baselines3 2.9.2 (`DQN.__init__`, `PPO.__init__` and their policies) where it has the setting;
    /// what it lacks is off.
    @Test func defaultsAreThoseOfStableBaselines() throws {
        let (dqn, complaints) = try read(#"{"algorithm": "dqn"}"#)
        #expect(complaints.isEmpty)
        let q = try #require(dqn as? DQN).configuration
        #expect(q.learningRate == 1e-4 && q.bufferSize == 1_000_000 && q.learningStarts == 100 && q.batchSize == 32)
        #expect(q.tau == 1 && q.trainFreq == 4 && q.gradientSteps == 1 && q.targetUpdateInterval == 10_000)
        #expect(q.exploration == ExplorationSchedule(initial: 1, final: 0.05, fraction: 0.1))
        #expect(q.maxGradNorm == 10 && q.netArch == [64, 64] && q.activation == .relu && q.rewardScale == 1)
        #expect(q.slots == 1 && q.nSteps == 1 && !q.double && !q.dueling && q.prioritisedReplay == nil)
        let p = try #require(read(#"{"algorithm": "ppo"}"#).learner as? PPO).configuration
        #expect(p.learningRate == 3e-4 && p.nSteps == 2048 && p.batchSize == 64 && p.nEpochs == 10)
        #expect(p.gaeLambda == 0.95 && p.clipRange == 0.2 && p.normaliseAdvantage && p.entCoef == 0)
        #expect(p.vfCoef == 0.5 && p.maxGradNorm == 0.5 && p.targetKL == nil && p.activation == .tanh)
        #expect(p.clipRangeValue == nil && !p.annealClipRange && !p.annealLearningRate)
        let a = try #require(read(#"{"algorithm": "a2c"}"#).learner as? A2C).configuration
        #expect(a.nSteps == 5 && a.gaeLambda == 1 && a.useRMSProp && a.rmsPropEps == 1e-5)
        #expect(a.update.learningRate == 7e-4 && a.update.entCoef == 0 && a.update.vfCoef == 0.5)
        #expect(a.update.maxGradNorm == 0.5 && !a.update.normaliseAdvantage && a.update.netArch == [64, 64])
        let r = try #require(read(#"{"algorithm": "recurrent_ppo"}"#).learner as? RecurrentPPO).configuration
        #expect(r.ppo.nSteps == 128 && r.ppo.batchSize == 128 && r.stateSize == 256)
    }

    @Test func settingsSurviveWritingAndReading() throws {
        let texts = [
            #"{"algorithm": "dqn", "gamma": 0.5, "net_arch": [8], "double": false, "evaluation_patients": 7}"#,
            #"{"algorithm": "dqn", "dueling": true, "prioritized_replay": true, "prioritized_replay_beta0": 0.5}"#,
            #"{"algorithm": "dqn", "exploration_schedule": "exponential"}"#,
            #"{"algorithm": "ppo", "target_kl": 0.02, "n_steps": 16, "anneal_learning_rate": true}"#,
            #"{"algorithm": "q_learning", "grid": {"features": ["state0", "state2"], "bins": [3, 4]}, "slots": 2}"#,
            #"{"algorithm": "q_learning", "tree": "small"}"#,
            #"{"algorithm": "ppo", "clip_range_vf": 0.3, "anneal_clip_range": true, "frame_stack": 4}"#,
            #"{"algorithm": "a2c", "use_rms_prop": false, "net_arch": [8, 8], "normalize_advantage": true}"#,
            #"{"algorithm": "reinforce", "baseline": false, "slots": 3, "ent_coef": 0.1}"#,
            #"{"algorithm": "recurrent_ppo", "gru_hidden_size": 32, "sequence_length": 16, "batch_size": 64}"#,
        ]
        for text in texts {
            let first = try read(text)
            #expect(first.complaints.isEmpty)
            let written = try #require(first.learner).json()
            let second = try read(written.text())
            #expect(second.complaints.isEmpty)
            #expect(second.learner?.json() == written)
        }
    }

    @Test func wrongSettingsAreComplainedOf() throws {
        #expect(try read(#"{"algorithm": "dqnn"}"#).complaints.count >= 1)
        #expect(try read(#"{"algorithm": "dqn", "batch_siz": 3}"#).complaints[0].contains("batch_size"))
        #expect(try read(#"{"algorithm": "dqn", "decisions": -5, "tau": 2, "net_arch": [0]}"#).complaints.count == 3)
        #expect(
            try read(#"{"algorithm": "dqn", "dueling": true, "net_arch": [], "prioritized_replay_alpha": 1}"#)
                .complaints
                .count == 2)
        #expect(
            try read(#"{"algorithm": "dqn", "exploration_schedule": "exponential", "exploration_final_eps": 0}"#)
                .complaints.count == 1)
        #expect(
            try read(#"{"algorithm": "q_learning", "grid": {"features": ["statte0"]}}"#).complaints[0]
                .contains("statte0"))
        #expect(
            try read(#"{"algorithm": "q_learning", "grid": {"bins": [1, 2]}}"#).complaints[0].contains("4 features"))
        let huge = try read(#"{"algorithm": "q_learning", "grid": {"features": ["state0", "state1"], "bins": 501}}"#)
        #expect(huge.complaints.count == 1)
        #expect(huge.complaints[0].contains("251001 cells"))
        #expect(
            try read(#"{"algorithm": "q_learning", "grid": {"bins": 1000}}"#).complaints[0].contains("1000000000000"))
        let stacked = #"{"algorithm": "q_learning", "frame_stack": 2, "grid": {"features": ["state0.1", "state0"]}}"#
        #expect(try read(stacked).complaints.isEmpty)
        let both = try read(#"{"algorithm": "q_learning", "frame_stack": 2, "tree": "small"}"#)
        #expect(both.complaints[0].contains("one frame"))
    }

    @Test func aTreeThatNobodySuppliedIsAnError() throws {
        let learner = try #require(read(#"{"algorithm": "q_learning", "tree": "small"}"#).learner)
        #expect(throws: TrainingError.unresolvedTree("small")) { try Problem.identity.train(learner) }
    }

    @Test func shrinkingKeepsTheAlgorithm() throws {
        for name in LearnerSpecification.algorithms {
            let learner = try #require(read(#"{"algorithm": "\#(name)"}"#).learner)
            let small = learner.shrunk(by: 0.01)
            #expect(small.name == name && small.decisions == learner.decisions / 100)
        }
    }
}
