// REINFORCE, A2C and PPO with a memory on problems whose solution is known, and the gradient they share.

import Agents
import Networks
import Numerics
import Patients
import TestSupport
import Testing

@Suite struct PolicyGradientTests {
    static var a2c: A2C {
        var settings = A2CConfiguration()
        settings.decisions = 32_768
        settings.slots = 16
        settings.update.learningRate = 3e-3
        settings.update.entCoef = 0.01
        settings.update.netArch = [32, 32]
        settings.normalisationDecisions = 1000
        settings.validation = ValidationSettings(evaluateEvery: 8_192, patients: 100)
        return A2C(settings)
    }

    static var reinforce: Reinforce {
        var settings = ReinforceConfiguration()
        settings.decisions = 40_000
        settings.slots = 16
        settings.update.learningRate = 1e-2
        settings.update.entCoef = 0.01
        settings.update.netArch = [32]
        settings.update.normaliseAdvantage = true
        settings.normalisationDecisions = 1000
        settings.validation = ValidationSettings(evaluateEvery: 10_000, patients: 100)
        return Reinforce(settings)
    }

    static var recurrent: RecurrentPPO {
        var settings = RecurrentPPOConfiguration()
        settings.ppo.decisions = 24_576
        settings.ppo.slots = 16
        settings.ppo.nSteps = 32
        settings.ppo.batchSize = 128
        settings.ppo.nEpochs = 6
        settings.ppo.learningRate = 3e-3
        settings.ppo.entCoef = 0.005
        settings.ppo.netArch = [16]
        settings.ppo.normalisationDecisions = 1000
        settings.ppo.validation = ValidationSettings(evaluateEvery: 8_192, patients: 100)
        settings.stateSize = 16
        settings.sequenceLength = 16
        return RecurrentPPO(settings)
    }

    /// Runs that are long enough to leave a policy behind.
    static var small: [any Learner] {
        var (a2c, reinforce, recurrent, ppo) = (Self.a2c, Self.reinforce, Self.recurrent, LearnerTests.ppo)
        a2c.configuration.decisions = 2000
        reinforce.configuration.decisions = 2000
        recurrent.configuration.ppo.decisions = 2000
        ppo.configuration.decisions = 2000
        return [a2c, reinforce, recurrent, FrameStackedLearner(ppo, frames: 3)]
    }

    @Test(arguments: [Problem.identity, .chain])
    func a2cSolvesSimpleProblems(problem: Problem) throws {
        #expect(try problem.quality(of: problem.train(Self.a2c).policy) >= 0.95)
    }

    @Test(arguments: [Problem.random, .masked])
    func a2cSolvesRandomModels(problem: Problem) throws {
        #expect(try problem.quality(of: problem.train(Self.a2c).policy) >= 0.93)
    }

    @Test(arguments: [Problem.identity, .chain], [true, false])
    func reinforceSolvesSimpleProblems(problem: Problem, baseline: Bool) throws {
        var learner = Self.reinforce
        learner.configuration.baseline = baseline
        #expect(try problem.quality(of: problem.train(learner).policy) >= 0.95)
    }

    @Test(arguments: [Problem.random, .masked])
    func reinforceSolvesRandomModels(problem: Problem) throws {
        #expect(try problem.quality(of: problem.train(Self.reinforce).policy) >= 0.93)
    }

    /// A course of one decision begins anew each time, so its exact quality can be asked of single rows.
    @Test func recurrentPPOSolvesABandit() throws {
        var model = FiniteModel.identity(states: 4, horizon: 1)
        model.transitions = model.transitions.map { $0.map { $0.map { _ in 0 } } }
        let problem = Problem(model: model)
        #expect(try problem.quality(of: problem.train(Self.recurrent).policy) >= 0.99)
    }

    /// What was seen a decision ago is to be named: 1/3 a decision without memory, 1 with.
    @Test func memoryNamesWhatIsGone() throws {
        let task = RecallFactory(symbols: 3, horizon: 12)
        func reached(_ learner: any Learner) throws -> Double {
            let trained = try learner.train(TrainingJob(environment: task, validation: task, seed: 2))
            return try Rollout.run(task, policy: trained.policy, episode: 1, seed: 77, slots: 30).meanReturn
        }
        var ppo = LearnerTests.ppo
        ppo.configuration.decisions = 16_384
        #expect(try reached(ppo) < 5)
        #expect(try reached(FrameStackedLearner(ppo, frames: 2)) > 11)
        #expect(try reached(Self.recurrent) > 11)
    }

    /// Frames in training and frames in treatment are the same, and a copied course keeps its own.
    @Test func framesAreThoseOfTheCourse() throws {
        let task = RecallFactory(symbols: 3, horizon: 12)
        let stacked = FrameStackedFactory(task, frames: 3)
        #expect(
            stacked.task.observations.map(\.name).prefix(4) == ["symbol0.2", "symbol1.2", "symbol2.2", "symbol0.1"])
        #expect(stacked.task.observations.last?.name == "symbol2")
        let (plain, batch) = (try task.makeBatch(slots: 2, seed: 1), try stacked.makeBatch(slots: 2, seed: 1))
        var seen: [[Double]] = []
        for slot in 0..<2 {
            try plain.start(slot: slot, patient: 5 + slot, episode: 2)
            try batch.start(slot: slot, patient: 5 + slot, episode: 2)
        }
        let actions: [Int32] = [1, 2]
        for decision in 0..<5 {
            seen.append(Array(plain.observations[0..<3]))
            let frames = (0..<3).reversed().flatMap { seen[max(0, decision - $0)] }
            #expect(Array(batch.observations[0..<9]) == frames)
            try actions.withUnsafeBufferPointer {
                try plain.step($0)
                try batch.step($0)
            }
        }
        let sibling = try batch.makeSibling(slots: 1, seed: nil)
        sibling.copy(slot: 1, of: batch, to: 0, episode: nil)
        #expect(Array(sibling.observations) == Array(batch.observations[9..<18]))
    }

    @Test func valueClippingAndScheduledClippingStillSolve() throws {
        var learner = LearnerTests.ppo
        learner.configuration.clipRangeValue = 0.5
        learner.configuration.annealClipRange = true
        learner.configuration.annealLearningRate = true
        #expect(try Problem.random.quality(of: Problem.random.train(learner).policy) >= 0.93)
    }

    @Test func runsAreAPureFunctionOfTheirSeed() throws {
        let learners = Self.small
        func run(jobs: Int) throws -> [String] {
            try Parallel.map(2 * learners.count, jobs: jobs) { index in
                let trained = try Problem.masked.train(learners[index / 2], seed: UInt64(index % 2))
                return trained.policy.json().text() + trained.metricsCSV()
            }
        }
        let once = try run(jobs: 1)
        #expect(try run(jobs: 2) == once)
        for index in learners.indices { #expect(once[2 * index] != once[2 * index + 1]) }
    }

    /// The gradient of the cross-entropy towards given actions, forbidden ones left out.
    @Test func theCrossEntropyMatchesFiniteDifferences() {
        let (size, actions) = (6, 3)
        let rollout = RolloutBuffer(steps: 3, slots: 2, observationCount: 1, actionCount: actions)
        var stream = RandomStream(seed: 5, purpose: "test.cross-entropy")
        for place in 0..<size { rollout.allowed[place * actions + 2] = place % 2 == 0 }
        let targets = (0..<size).map { $0 % 2 == 0 ? Int32($0 % 3) : Int32(stream.below(2)) }
        var logits = (0..<(size * actions)).map { _ in Float(stream.normal()) }
        let places = [3, 1, 0, 5, 4, 2]
        let batch = PolicyBatch(capacity: size, inputs: 1, outputs: actions)
        func loss() -> Float {
            var sum: Float = 0
            var row = Array(repeating: Float(0), count: actions)
            for (index, place) in places.enumerated() {
                logits.withUnsafeBufferPointer {
                    MaskedSoftmax.logProbabilities(
                        $0.baseAddress! + index * actions, allowed: rollout.allowed + place * actions, count: actions,
                        into: &row)
                }
                sum -= row[Int(targets[place])]
            }
            return 0.4 * sum / Float(size)
        }
        batch.actorGradient.zero()
        batch.addCrossEntropy(
            rollout, places, size: size, logits: logits, targets: targets, coefficient: 0.4, share: 1 / Float(size))
        let gradient = Array(batch.actorGradient.elements)
        for index in logits.indices {
            let kept = logits[index]
            logits[index] = kept + 5e-3
            let above = loss()
            logits[index] = kept - 5e-3
            let below = loss()
            logits[index] = kept
            #expect(abs((above - below) / 1e-2 - gradient[index]) < 1e-3)
        }
        for (row, place) in places.enumerated() where place % 2 == 1 { #expect(gradient[row * actions + 2] == 0) }
    }

    /// The gradient of the loss with respect to logits and values, for PPO's clipped terms and A2C's.
    @Test(arguments: [false, true])
    func gradientsMatchFiniteDifferences(clipped: Bool) {
        let (size, actions) = (6, 3)
        let rollout = RolloutBuffer(steps: 3, slots: 2, observationCount: 1, actionCount: actions)
        var stream = RandomStream(seed: 9, purpose: "test.policy-gradient")
        for place in 0..<size {
            rollout.allowed[place * actions + 2] = place % 2 == 0
            rollout.actions[place] = Int32(stream.below(2))
            rollout.logProbabilities.start[place] = Float(stream.uniform(-1.4, -0.4))
            rollout.advantages.start[place] = Float(stream.normal())
            rollout.returns.start[place] = Float(stream.normal())
            rollout.values.start[place] = Float(stream.normal())
        }
        var logits = (0..<(size * actions)).map { _ in Float(stream.normal()) }
        var values = (0..<size).map { rollout.values.start[$0] + Float(stream.uniform(-0.6, 0.6)) }
        let places = [3, 1, 0, 5, 4, 2]
        let batch = PolicyBatch(capacity: size, inputs: 1, outputs: actions)
        let scale = batch.load(rollout, places, size: size, normalised: true)
        func loss() -> Float {
            let terms = batch.differentiate(
                rollout, places, size: size, logits: logits, values: values, advantages: scale,
                share: 1 / Float(size), entCoef: 0.3, vfCoef: 0.7
            ) { advantage, logProbability, before in
                clipped
                    ? clippedObjective(advantage: advantage, logRatio: logProbability - before, clip: 0.2)
                    : PolicyBatch.PolicyTerm(loss: -advantage * logProbability, slope: -advantage)
            } value: { value, place in
                clippedValueError(value, place, rollout, clip: clipped ? 0.4 : nil)
            }
            return terms.x - 0.3 * terms.z + 0.7 * terms.y
        }
        _ = loss()
        let logitGradient = Array(batch.actorGradient.elements)
        let valueGradient = Array(batch.criticGradient.elements)
        for index in logits.indices {
            let kept = logits[index]
            logits[index] = kept + 5e-3
            let above = loss()
            logits[index] = kept - 5e-3
            let below = loss()
            logits[index] = kept
            #expect(abs((above - below) / 1e-2 - logitGradient[index]) < 1e-3)
        }
        for index in values.indices {
            let kept = values[index]
            values[index] = kept + 5e-3
            let above = loss()
            values[index] = kept - 5e-3
            let below = loss()
            values[index] = kept
            #expect(abs((above - below) / 1e-2 - valueGradient[index]) < 1e-3)
        }
        // Forbidden actions have none.
        for (row, place) in places.enumerated() where place % 2 == 1 { #expect(logitGradient[row * actions + 2] == 0) }
    }
}

/// Symbols come at random; naming the one before is worth 1, the first time nothing can be known.
private struct RecallFactory: EnvironmentFactory {
    let symbols: Int
    let base: FiniteModelFactory
    let task: TaskDescription

    init(symbols: Int, horizon: Int) {
        self.symbols = symbols
        // State p·symbols + c: p was seen before c.
        let states = symbols * symbols
        let transitions = (0..<states).map { state in
            (0..<symbols).map { _ in
                (0..<states).map { $0 / symbols == state % symbols ? 1 / Double(symbols) : 0 }
            }
        }
        let rewards = (0..<states).map { state in (0..<symbols).map { $0 == state / symbols ? 1.0 : 0 } }
        base = FiniteModelFactory(
            FiniteModel(
                transitions: transitions, rewards: rewards, discount: 0.9, horizon: horizon,
                starts: Array(0..<states)),
            patients: 90, oneHot: false)
        var task = base.task
        task.observations = (0..<symbols).map { ObservationDescription(name: "symbol\($0)") }
        self.task = task
    }

    var patients: Int { base.patients }

    func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        Batch(base.makeBatch(slots: slots, seed: seed), task, symbols: symbols)
    }

    /// Shows the present symbol alone.
    private final class Batch: BatchEnvironment {
        let base: any BatchEnvironment
        let task: TaskDescription
        let symbols: Int
        let shown: UnsafeMutableBufferPointer<Double>

        init(_ base: any BatchEnvironment, _ task: TaskDescription, symbols: Int) {
            self.base = base
            self.task = task
            self.symbols = symbols
            shown = .allocate(capacity: base.slots * symbols)
            shown.initialize(repeating: 0)
        }

        deinit { shown.deallocate() }

        private func show(_ slot: Int) {
            for symbol in 0..<symbols {
                shown[slot * symbols + symbol] = Int(base.observations[slot]) % symbols == symbol ? 1 : 0
            }
        }

        func start(slot: Int, patient: Int, episode: Int) throws {
            try base.start(slot: slot, patient: patient, episode: episode)
            show(slot)
        }

        func step(_ actions: UnsafeBufferPointer<Int32>) throws {
            try base.step(actions)
            for slot in 0..<slots { show(slot) }
        }

        func stop(slot: Int) { base.stop(slot: slot) }
        func makeSibling(slots: Int, seed: UInt64?) throws -> any BatchEnvironment {
            Batch(try base.makeSibling(slots: slots, seed: seed), task, symbols: symbols)
        }
        func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?) {
            guard let source = source as? Batch else { preconditionFailure("a course of another environment") }
            base.copy(slot: slot, of: source.base, to: target, episode: episode)
            show(target)
        }

        var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(shown) }
        var slots: Int { base.slots }
        var patients: Int { base.patients }
        var allowed: UnsafeBufferPointer<Bool> { base.allowed }
        var rewards: UnsafeBufferPointer<Double> { base.rewards }
        var status: UnsafeBufferPointer<EpisodeStatus> { base.status }
        var decisions: UnsafeBufferPointer<Int32> { base.decisions }
        var patientInSlot: UnsafeBufferPointer<Int32> { base.patientInSlot }
        func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
            base.readOutcomes(slot: slot, into: values)
        }
        func ending(slot: Int) -> String { base.ending(slot: slot) }
    }
}
