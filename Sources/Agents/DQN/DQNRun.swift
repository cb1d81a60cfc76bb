// One training run of DQN: acting, remembering, learning.

import Networks
import Numerics
import Patients
import Trees

/// One training run with everything it keeps in memory; allocates nothing per step or update.
final class DQNRun {
    private let configuration: DQNConfiguration
    private let task: TaskDescription
    private let slots: PatientSlots
    private let normalisation: Normalisation
    private let online: DenseNetwork
    private let target: DenseNetwork
    /// The parameters behind the online network's, where it is a dueling one.
    private let dueling: DuelingHead?
    private let adam: Adam
    private let replay: ReplayBuffer
    private let priorities: PrioritisedReplay?
    private let queue: NStepQueue
    private let batch: ReplayBatch
    private let validation: Validation
    private let gamma: Float
    private let demonstrations: TreeDemonstrations?
    private let shaping: PotentialShaping?
    /// Whether it began with a network that knows something.
    private let goesOn: Bool

    private var exploration: RandomStream
    private var sampling: RandomStream
    private var decisions = 0
    private var untilTarget: Int
    private var lossSum = 0.0
    private var lossCount = 0
    private var epsilon = 1.0

    /// What each slot's patient shows now, normalised.
    private let current: FloatBuffer
    private let following: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>
    private let onlineScratch: FloatBuffer
    private let targetScratch: FloatBuffer
    private let actingScratch: FloatBuffer
    private let outputGradient: FloatBuffer

    init(_ stated: DQNConfiguration, _ tree: DecisionTree?, _ job: TrainingJob) throws {
        var configuration = stated
        let start = try job.start(as: QNetworkPolicy.self)
        if let start {
            guard start.rewardScale == stated.rewardScale else { throw TrainingError.wrongStart }
            configuration.exploration = stated.exploration.goingOn
        }
        (goesOn, self.configuration) = (start != nil, configuration)
        let task = job.environment.task
        self.task = task
        if let tree, !TreePolicy(tree).fits(task) { throw TrainingError.wrongAbstraction }
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        let inputs = task.observations.count
        let outputs = task.actions.count
        gamma = Float(resolvedDiscount(configuration.gamma, task: task.discount))
        normalisation =
            try start?.network.normalisation
            ?? (configuration.normalisationDecisions > 0
                ? Normalisation(of: job.environment, decisions: configuration.normalisationDecisions, seed: job.seed)
                : Normalisation(identity: inputs))
        var initial = RandomStream(seed: job.seed, purpose: "dqn.initial")
        dueling =
            configuration.dueling
            ? DuelingHead(
                inputs: inputs, hidden: configuration.netArch, outputs: outputs,
                activation: configuration.activation, stream: &initial)
            : nil
        online =
            dueling?.network
            ?? DenseNetwork(
                inputs: inputs, hidden: configuration.netArch, outputs: outputs, activation: configuration.activation,
                stream: &initial)
        try start?.network.restore(online)
        if start != nil { dueling?.unfold() }
        target = DenseNetwork(copying: online)
        adam = Adam(
            count: dueling?.parameters.count ?? online.parameterCount,
            learningRate: Float(configuration.learningRate))
        // No more than the run can fill.
        let capacity = min(configuration.bufferSize, configuration.decisions + configuration.slots)
        replay = ReplayBuffer(capacity: capacity, observationCount: inputs, actionCount: outputs)
        priorities = configuration.prioritisedReplay.map { PrioritisedReplay($0, capacity: capacity) }
        queue = NStepQueue(
            steps: configuration.nSteps, slots: configuration.slots, gamma: gamma, replay: replay,
            priorities: priorities)
        batch = ReplayBatch(size: configuration.batchSize, observationCount: inputs, actionCount: outputs)
        online.reserve(batch: configuration.batchSize)
        onlineScratch = FloatBuffer(online.scratchCount(batch: configuration.batchSize))
        targetScratch = FloatBuffer(online.scratchCount(batch: configuration.batchSize))
        actingScratch = FloatBuffer(online.scratchCount(batch: configuration.slots))
        outputGradient = FloatBuffer(configuration.batchSize * outputs)
        current = FloatBuffer(configuration.slots * inputs)
        following = FloatBuffer(inputs)
        actions = .allocate(capacity: configuration.slots)
        actions.initialize(repeating: 0)
        exploration = RandomStream(seed: job.seed, purpose: "dqn.exploration")
        sampling = RandomStream(seed: job.seed, purpose: "dqn.replay")
        slots = try PatientSlots(job.environment, slots: configuration.slots, seed: job.seed, purpose: "dqn")
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: ["loss", "epsilon"])
        untilTarget = configuration.targetUpdateInterval
        let uses = tree == nil ? [] : configuration.guidance.uses
        demonstrations =
            uses.contains(.warmStart)
            ? TreeDemonstrations(
                tree!, capacity: configuration.treeDecisions + configuration.slots, batch: configuration.batchSize)
            : nil
        var potential: PotentialShaping?
        if uses.contains(.shaping) {
            let values = try TreeValues.estimate(
                tree!, job.environment, episodes: configuration.guidance.patients, gamma: Double(gamma), seed: job.seed)
            slots.count(otherEpisodes: values.episodes)
            potential = PotentialShaping(values, gamma: Double(gamma), slots: configuration.slots)
        }
        shaping = potential
        for slot in 0..<configuration.slots { see(slot) }
    }

    deinit { actions.deallocate() }

    func train() throws -> TrainedPolicy {
        var untrained = 0
        if goesOn { try look(age: 0, isDue: true) }
        if demonstrations != nil { try followTree() }
        while decisions < configuration.decisions {
            try step()
            untrained += configuration.slots
            if demonstrations != nil || decisions > configuration.learningStarts {
                if configuration.annealLearningRate {
                    let left = max(0, 1 - Double(decisions) / Double(configuration.decisions))
                    adam.learningRate = Float(configuration.learningRate * left)
                }
                while untrained >= configuration.trainFreq {
                    untrained -= configuration.trainFreq
                    for _ in 0..<configuration.gradientSteps { update() }
                }
            } else {
                untrained = 0
            }
            try look(age: configuration.slots)
        }
        return try validation.result()
    }

    /// The warm start: the tree treats patients, then the network learns from what it did.
    private func followTree() throws {
        let total = min(configuration.treeDecisions, configuration.decisions)
        while decisions < total { try step(followingTree: true) }
        for _ in 0..<configuration.pretrainingSteps {
            update(imitating: true)
            age(by: max(1, configuration.trainFreq / max(1, configuration.gradientSteps)))
        }
        try look(age: 0)
    }

    /// Brings the target network up to date where enough decisions have been made since.
    private func age(by decisions: Int) {
        untilTarget -= decisions
        guard untilTarget <= 0 else { return }
        untilTarget += max(configuration.targetUpdateInterval, configuration.slots)
        if configuration.tau >= 1 {
            target.copy(from: online)
        } else {
            target.softUpdate(from: online, rate: Float(configuration.tau))
        }
    }

    private func look(age decisions: Int, isDue: Bool = false) throws {
        age(by: decisions)
        guard lossSum.isFinite else { throw TrainingError.notFinite(what: "the loss", decisions: self.decisions) }
        try validation.look(
            decisions: self.decisions, slots: slots, isDue: isDue, policy: policy, diagnostics: diagnostics)
    }

    private func see(_ slot: Int) {
        let inputs = task.observations.count
        let row = slots.environment.observations.baseAddress! + slot * inputs
        normalisation.apply(row, into: current.start + slot * inputs)
        shaping?.see(slot, row)
    }

    /// One decision for every slot's patient, and its transition into memory.
    private func step(followingTree: Bool = false) throws {
        let environment = slots.environment
        let inputs = task.observations.count
        let outputs = task.actions.count
        let random = demonstrations == nil && !goesOn && decisions < configuration.learningStarts
        epsilon = configuration.exploration.epsilon(at: decisions, of: configuration.decisions)
        let values = online.evaluate(current.start, batch: configuration.slots, scratch: actingScratch.start)
        let allowed = environment.allowed.baseAddress!
        for slot in 0..<configuration.slots {
            let row = allowed + slot * outputs
            if followingTree, let demonstrations {
                actions[slot] = demonstrations.decide(
                    environment.observations.baseAddress! + slot * inputs, normalised: current.start + slot * inputs,
                    allowed: row)
                continue
            }
            actions[slot] =
                random || exploration.uniform() < epsilon
                ? randomAllowed(row, count: outputs, stream: &exploration)
                : bestAllowed(values + slot * outputs, row, count: outputs)
        }
        try environment.step(UnsafeBufferPointer(actions))
        decisions += configuration.slots
        for slot in 0..<configuration.slots {
            try slots.book(slot, decisions: decisions)
            let status = environment.status[slot]
            let row = environment.observations.baseAddress! + slot * inputs
            normalisation.apply(row, into: following.start)
            var reward = environment.rewards[slot]
            if let shaping { reward += shaping.addend(slot, next: row, isTerminated: status == .terminated) }
            queue.add(
                slot: slot, observation: current.start + slot * inputs, action: actions[slot],
                reward: Float(reward * configuration.rewardScale),
                nextObservation: following.start, nextAllowed: environment.allowed.baseAddress! + slot * outputs,
                ended: status != .running, terminated: status == .terminated)
            if status != .running { try slots.restart(slot) }
            see(slot)
        }
    }

    /// One gradient step on a minibatch; with examples of the tree's decisions where `imitating`.
    private func update(imitating: Bool = false) {
        guard replay.count > 0 else { return }
        if let priorities {
            let progress = Double(decisions) / Double(configuration.decisions)
            priorities.draw(
                batch.size, places: batch.places, weights: batch.weights.start, held: replay.count, progress: progress,
                stream: &sampling)
        } else {
            replay.draw(into: batch, stream: &sampling)
        }
        replay.fill(batch)
        let size = configuration.batchSize
        let outputs = task.actions.count
        let targetValues = target.evaluate(
            batch.nextObservations.start, batch: size, scratch: targetScratch.start)
        let choiceValues =
            configuration.double
            ? online.evaluate(batch.nextObservations.start, batch: size, scratch: onlineScratch.start)
            : targetValues
        let values = online.forward(batch.observations.start, batch: size)
        outputGradient.zero()
        var loss: Float = 0
        for row in 0..<size {
            var goal = batch.rewards.start[row]
            let bootstrap = batch.bootstraps.start[row]
            if bootstrap > 0 {
                let best = bestAllowed(
                    choiceValues + row * outputs, batch.nextAllowed + row * outputs, count: outputs)
                goal += bootstrap * targetValues[row * outputs + Int(best)]
            }
            let place = row * outputs + Int(batch.actions[row])
            let error = values[place] - goal
            let huber = Loss.huber(error)
            let weight = batch.weights.start[row]
            loss += weight * huber.value
            outputGradient.start[place] = weight * huber.derivative / Float(size)
            priorities?.learned(batch.places[row], error: error)
        }
        online.zeroGradients()
        online.backward(outputGradient: outputGradient.start)
        if imitating {
            loss +=
                Float(size)
                * (demonstrations?.imitate(online, margin: Float(configuration.treeMargin), stream: &sampling) ?? 0)
        }
        dueling?.pullGradients()
        let gradients = dueling?.gradients ?? online.gradients
        clipGradientNorm(gradients, maximum: Float(configuration.maxGradNorm))
        adam.step(parameters: dueling?.parameters ?? online.parameters, gradients: gradients)
        dueling?.fold()
        lossSum += Double(loss) / Double(size)
        lossCount += 1
    }

    private func policy() -> any SavedPolicy {
        QNetworkPolicy(
            observations: task.observations.map(\.name), actions: task.actions.map(\.name),
            network: FrozenNetwork(copying: online, normalisation: normalisation),
            rewardScale: configuration.rewardScale)
    }

    private func diagnostics() -> [Double] {
        defer {
            lossSum = 0
            lossCount = 0
        }
        return [lossCount == 0 ? .nan : lossSum / Double(lossCount), epsilon]
    }
}
