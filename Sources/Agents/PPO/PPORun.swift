// One training run of PPO with everything it keeps in memory; allocates nothing per step or update.

import Networks
import Numerics
import Patients

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

final class PPORun {
    private let configuration: PPOConfiguration
    private let task: TaskDescription
    private let slots: PatientSlots
    private let normalisation: Normalisation
    private let actor: DenseNetwork
    private let critic: DenseNetwork
    private let actorAdam: Adam
    private let criticAdam: Adam
    private let rollout: RolloutBuffer
    private let validation: Validation
    private let gamma: Float

    private var choices: RandomStream
    private var order: RandomStream
    private(set) var decisions = 0
    /// Sums of the last rollout's policy loss, value loss, entropy, KL and the number of minibatches behind them.
    private var sums = SIMD4<Double>()
    private var minibatches = 0.0

    private let current: FloatBuffer
    private let final: FloatBuffer
    private let scratch: FloatBuffer
    private let row: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>
    private let indices: UnsafeMutableBufferPointer<Int>
    private let input: FloatBuffer
    private let actorGradient: FloatBuffer
    private let criticGradient: FloatBuffer

    init(_ configuration: PPOConfiguration, _ job: TrainingJob) throws {
        self.configuration = configuration
        let task = job.environment.task
        self.task = task
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        let inputs = task.observations.count
        let outputs = task.actions.count
        gamma = Float(resolvedDiscount(configuration.gamma, task: task.discount))
        normalisation =
            configuration.normalisationDecisions > 0
            ? try Normalisation(
                of: job.environment, decisions: configuration.normalisationDecisions, seed: job.seed)
            : Normalisation(identity: inputs)
        var initial = RandomStream(seed: job.seed, purpose: "ppo.initial")
        let hiddenGain = Float(2).squareRoot()
        actor = DenseNetwork(
            inputs: inputs, hidden: configuration.netArch, outputs: outputs, activation: configuration.activation,
            stream: &initial, initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 0.01))
        critic = DenseNetwork(
            inputs: inputs, hidden: configuration.netArch, outputs: 1, activation: configuration.activation,
            stream: &initial, initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 1))
        let rate = Float(configuration.learningRate)
        actorAdam = Adam(count: actor.parameterCount, learningRate: rate, epsilon: 1e-5)
        criticAdam = Adam(count: critic.parameterCount, learningRate: rate, epsilon: 1e-5)
        let width = configuration.slots
        rollout = RolloutBuffer(
            steps: configuration.nSteps, slots: width, observationCount: inputs, actionCount: outputs)
        let batch = min(configuration.batchSize, rollout.count)
        actor.reserve(batch: batch)
        critic.reserve(batch: batch)
        input = FloatBuffer(batch * inputs)
        actorGradient = FloatBuffer(batch * outputs)
        criticGradient = FloatBuffer(batch)
        current = FloatBuffer(width * inputs)
        final = FloatBuffer(inputs)
        scratch = FloatBuffer(max(actor.scratchCount(batch: width), critic.scratchCount(batch: width)))
        row = FloatBuffer(outputs)
        actions = .allocate(capacity: width)
        actions.initialize(repeating: 0)
        indices = .allocate(capacity: rollout.count)
        for index in 0..<rollout.count { indices.initializeElement(at: index, to: index) }
        choices = RandomStream(seed: job.seed, purpose: "ppo.actions")
        order = RandomStream(seed: job.seed, purpose: "ppo.minibatches")
        slots = try PatientSlots(job.environment, slots: width, seed: job.seed, purpose: "ppo")
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: ["policy_loss", "value_loss", "entropy", "approximate_kl"])
        for slot in 0..<width { see(slot) }
    }

    deinit {
        actions.deallocate()
        indices.deallocate()
    }

    private func see(_ slot: Int) {
        let inputs = task.observations.count
        normalisation.apply(
            slots.environment.observations.baseAddress! + slot * inputs, into: current.start + slot * inputs)
    }

    // MARK: - Acting

    /// Fills the rollout buffer with decisions drawn from the policy, then computes advantages.
    func collect() throws {
        let environment = slots.environment
        let width = configuration.slots
        let inputs = task.observations.count
        let outputs = task.actions.count
        for step in 0..<rollout.steps {
            let base = step * width
            (rollout.observations.start + base * inputs).update(from: current.start, count: width * inputs)
            (rollout.allowed + base * outputs).update(from: environment.allowed.baseAddress!, count: width * outputs)
            let values = critic.evaluate(current.start, batch: width, scratch: scratch.start)
            (rollout.values.start + base).update(from: values, count: width)
            let logits = actor.evaluate(current.start, batch: width, scratch: scratch.start)
            for slot in 0..<width {
                MaskedSoftmax.logProbabilities(
                    logits + slot * outputs, allowed: rollout.allowed + (base + slot) * outputs, count: outputs,
                    into: row.start)
                let action = draw()
                actions[slot] = Int32(action)
                rollout.actions[base + slot] = Int32(action)
                rollout.logProbabilities.start[base + slot] = row.start[action]
            }
            try environment.step(UnsafeBufferPointer(actions))
            decisions += width
            for slot in 0..<width {
                try slots.book(slot, decisions: decisions)
                var reward = Float(environment.rewards[slot] * configuration.rewardScale)
                let status = environment.status[slot]
                if status == .truncated {
                    normalisation.apply(environment.observations.baseAddress! + slot * inputs, into: final.start)
                    reward += gamma * critic.evaluate(final.start, batch: 1, scratch: scratch.start)[0]
                }
                rollout.rewards.start[base + slot] = reward
                rollout.ends[base + slot] = status != .running
                if status != .running { try slots.restart(slot) }
                see(slot)
            }
        }
        let lastValues = critic.evaluate(current.start, batch: width, scratch: scratch.start)
        GeneralisedAdvantage.compute(
            steps: rollout.steps, slots: width, rewards: rollout.rewards.start, values: rollout.values.start,
            ends: rollout.ends, lastValues: lastValues, gamma: gamma, lambda: Float(configuration.gaeLambda),
            advantages: rollout.advantages.start, returns: rollout.returns.start)
    }

    /// An action drawn from the log probabilities in `row`.
    private func draw() -> Int {
        var left = Float(choices.uniform())
        var last = 0
        for action in 0..<task.actions.count where row.start[action] > -.infinity {
            last = action
            left -= exp(row.start[action])
            if left < 0 { break }
        }
        return last
    }

    // MARK: - Learning

    /// Passes over the rollout in random minibatches.
    func update() throws {
        sums = SIMD4()
        minibatches = 0
        if configuration.annealLearningRate {
            // As SB3: by the share of the run left when the update begins.
            let left = max(0, 1 - Double(decisions) / Double(configuration.decisions))
            actorAdam.learningRate = Float(configuration.learningRate * left)
            criticAdam.learningRate = actorAdam.learningRate
        }
        let count = rollout.count
        passes: for _ in 0..<configuration.nEpochs {
            for last in stride(from: count - 1, to: 0, by: -1) { indices.swapAt(last, order.below(last + 1)) }
            var low = 0
            while low < count {
                let size = min(configuration.batchSize, count - low)
                guard step(low: low, size: size) else { break passes }
                low += size
            }
        }
        guard sums.x.isFinite, sums.y.isFinite else {
            throw TrainingError.notFinite(what: "the loss", decisions: decisions)
        }
    }

    /// One gradient step on a minibatch; false when the policy has moved too far (`target_kl`).
    private func step(low: Int, size: Int) -> Bool {
        let inputs = task.observations.count
        let outputs = task.actions.count
        var mean: Float = 0
        var scale: Float = 1
        for index in 0..<size {
            let source = indices[low + index]
            (input.start + index * inputs).update(from: rollout.observations.start + source * inputs, count: inputs)
            mean += rollout.advantages.start[source]
        }
        mean /= Float(size)
        if configuration.normaliseAdvantage, size > 1 {
            var square: Float = 0
            for index in 0..<size {
                let difference = rollout.advantages.start[indices[low + index]] - mean
                square += difference * difference
            }
            scale = 1 / ((square / Float(size - 1)).squareRoot() + 1e-8)
        } else {
            mean = 0
        }
        let logits = actor.forward(input.start, batch: size)
        let values = critic.forward(input.start, batch: size)
        let clip = Float(configuration.clipRange)
        let share = 1 / Float(size)
        var batchSums = SIMD4<Float>()
        for index in 0..<size {
            let source = indices[low + index]
            let action = Int(rollout.actions[source])
            MaskedSoftmax.logProbabilities(
                logits + index * outputs, allowed: rollout.allowed + source * outputs, count: outputs,
                into: row.start)
            let advantage = (rollout.advantages.start[source] - mean) * scale
            let logRatio = row.start[action] - rollout.logProbabilities.start[source]
            let ratio = exp(logRatio)
            let clipped = max(1 - clip, min(1 + clip, ratio))
            let open = advantage * ratio <= advantage * clipped
            // ∂/∂log π of −min(A·ratio, A·clipped): zero where the clip holds.
            let slope = open ? -advantage * ratio : 0
            let entropy = MaskedSoftmax.entropy(row.start, count: outputs)
            for other in 0..<outputs {
                let logProbability = row.start[other]
                let place = index * outputs + other
                guard logProbability > -.infinity else {
                    actorGradient.start[place] = 0
                    continue
                }
                let probability = exp(logProbability)
                let policy = slope * ((other == action ? 1 : 0) - probability)
                let bonus = Float(configuration.entCoef) * probability * (logProbability + entropy)
                actorGradient.start[place] = (policy + bonus) * share
            }
            let error = values[index] - rollout.returns.start[source]
            criticGradient.start[index] = Float(configuration.vfCoef) * 2 * error * share
            batchSums += SIMD4(
                -min(advantage * ratio, advantage * clipped), error * error, entropy, ratio - 1 - logRatio)
        }
        batchSums *= share
        sums += SIMD4<Double>(
            Double(batchSums.x), Double(batchSums.y), Double(batchSums.z), Double(batchSums.w))
        minibatches += 1
        if let target = configuration.targetKL, Double(batchSums.w) > 1.5 * target { return false }
        actor.zeroGradients()
        critic.zeroGradients()
        actor.backward(outputGradient: actorGradient.start)
        critic.backward(outputGradient: criticGradient.start)
        clipTogether()
        actorAdam.step(parameters: actor.parameters, gradients: actor.gradients)
        criticAdam.step(parameters: critic.parameters, gradients: critic.gradients)
        return true
    }

    /// Clips the gradient of both networks by their common norm.
    private func clipTogether() {
        let maximum = Float(configuration.maxGradNorm)
        guard maximum > 0 else { return }
        let first = actor.gradients
        let second = critic.gradients
        let square =
            Elementwise.sumOfSquares(first.baseAddress!, count: first.count)
            + Elementwise.sumOfSquares(second.baseAddress!, count: second.count)
        let factor = maximum / (square.squareRoot() + 1e-6)
        guard factor < 1 else { return }
        Elementwise.scale(first.baseAddress!, count: first.count, by: factor)
        Elementwise.scale(second.baseAddress!, count: second.count, by: factor)
    }

    // MARK: - Watching

    func look() throws {
        try validation.look(decisions: decisions, slots: slots) {
            ActorPolicy(
                observations: task.observations.map(\.name), actions: task.actions.map(\.name),
                network: FrozenNetwork(copying: actor, normalisation: normalisation))
        } diagnostics: {
            (0..<4).map { minibatches > 0 ? sums[$0] / minibatches : .nan }
        }
    }

    func result() throws -> TrainedPolicy { try validation.result() }
}
