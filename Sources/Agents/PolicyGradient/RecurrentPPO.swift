// PPO with a memory, for patients of whom not all is seen.

import Networks
import Numerics
import Patients
import PositionedJSON

/// PPO as in `PPO`, with gated recurrent units under both networks (after sb3-contrib's `RecurrentPPO`, whose units are
/// long short-term memories).
///
/// A rollout is cut into sequences of `sequence_length` decisions of a slot. A minibatch is a number of whole sequences:
/// each starts from the state that was remembered when it was collected, forgets where a course begins, and is
/// differentiated through time to its beginning. The policy that is left behind has a memory.
public struct RecurrentPPO: Learner {
    public var configuration: RecurrentPPOConfiguration

    public init(_ configuration: RecurrentPPOConfiguration = RecurrentPPOConfiguration()) {
        self.configuration = configuration
    }

    public var name: String { "recurrent_ppo" }
    public var decisions: Int { configuration.ppo.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.ppo = small.ppo.shrunk(by: factor)
        return RecurrentPPO(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        let run = try RecurrentRun(configuration, job)
        if job.start != nil { try run.look(isDue: true) }
        while run.collector.decisions < decisions {
            try run.collector.collect(run.networks)
            try run.update()
            try run.look()
        }
        return try run.validation.result()
    }
}

/// Settings of recurrent PPO: those of PPO, with sb3-contrib's rollouts, and its memory.
public struct RecurrentPPOConfiguration: Sendable, Equatable {
    /// `n_steps` is rounded up to a multiple of the sequence length.
    public var ppo: PPOConfiguration
    /// Numbers that each network remembers of a patient. (sb3-contrib: `lstm_hidden_size`.)
    public var stateSize = 256
    /// Decisions through which gradients go back; nil for as many as a rollout or a minibatch has.
    public var sequenceLength: Int?

    public init() {
        ppo = PPOConfiguration()
        ppo.nSteps = 128
        ppo.batchSize = 128
    }

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        self.init()
        ppo = PPOConfiguration(reader: reader, default: ppo)
        stateSize = reader.integer("gru_hidden_size", default: stateSize, in: 1...4096)
        sequenceLength = reader.optionalInteger("sequence_length", in: 1...10_000_000)
    }

    func fields() -> [JSONField] {
        ppo.fields() + [
            JSONField("gru_hidden_size", .integer(stateSize)),
            JSONField("sequence_length", sequenceLength.map { .integer($0) } ?? .null),
        ]
    }

    /// Decisions of a sequence, of a rollout per slot, and sequences of a minibatch.
    var shape: (sequence: Int, steps: Int, batch: Int) {
        let sequence = min(sequenceLength ?? .max, ppo.nSteps, ppo.batchSize)
        let steps = (ppo.nSteps + sequence - 1) / sequence * sequence
        let all = steps / sequence * ppo.slots
        return (sequence, steps, min(all, ppo.batchSize / sequence))
    }
}

/// One training run with everything it keeps in memory; allocates nothing per step or update.
private final class RecurrentRun {
    let collector: OnPolicyCollector
    let networks: RecurrentActorCritic
    let validation: Validation
    private let configuration: PPOConfiguration
    private let shape: (sequence: Int, steps: Int, batch: Int)
    private let optimisers: [Adam]
    private let batch: PolicyBatch
    /// The rollout's sequences, shuffled: number n is the slot n % slots from decision n / slots · sequence on.
    private let sequences: UnsafeMutableBufferPointer<Int>
    /// Of a minibatch, step by step: places in the rollout, and whether a course begins there.
    private let places: UnsafeMutablePointer<Int>
    private let starts: UnsafeMutablePointer<Bool>
    private let actorInitial: FloatBuffer
    private let criticInitial: FloatBuffer
    private let passes: PPOPasses
    private var schedule: PPOSchedule
    private let criticDecisions: Int

    init(_ settings: RecurrentPPOConfiguration, _ job: TrainingJob) throws {
        configuration = settings.ppo
        shape = settings.shape
        var collection = configuration.collection
        collection.steps = shape.steps
        collector = try OnPolicyCollector(collection, job, name: "recurrent_ppo")
        let task = collector.task
        networks = RecurrentActorCritic(
            "recurrent_ppo", task: task, state: settings.stateSize, hidden: configuration.netArch,
            activation: configuration.activation, slots: configuration.slots, steps: shape.steps,
            sequence: shape.sequence, batch: shape.batch, seed: job.seed)
        if let start = try job.start(as: RecurrentPolicy.self) {
            guard networks.actor.copy(from: start.frozen.network) else { throw TrainingError.wrongStart }
        }
        criticDecisions = job.criticDecisions(of: configuration.decisions)
        let rate = Float(configuration.learningRate)
        optimisers = [networks.actor, networks.critic].flatMap { network in
            [network.unit.parameterCount, network.head.parameterCount].map {
                Adam(count: $0, learningRate: rate, epsilon: 1e-5)
            }
        }
        let size = shape.batch * shape.sequence
        batch = PolicyBatch(capacity: size, inputs: task.observations.count, outputs: task.actions.count)
        sequences = .allocate(capacity: shape.steps / shape.sequence * configuration.slots)
        for index in 0..<sequences.count { sequences.initializeElement(at: index, to: index) }
        places = .allocate(capacity: size)
        places.initialize(repeating: 0, count: size)
        starts = .allocate(capacity: size)
        starts.initialize(repeating: false, count: size)
        actorInitial = FloatBuffer(shape.batch * settings.stateSize)
        criticInitial = FloatBuffer(shape.batch * settings.stateSize)
        passes = PPOPasses(seed: job.seed, name: "recurrent_ppo")
        schedule = PPOSchedule(configuration, decisions: 0)
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: PPOPasses.diagnosticNames)
    }

    deinit {
        sequences.deallocate()
        places.deallocate()
        starts.deallocate()
    }

    /// Passes over the rollout in random minibatches of sequences.
    func update() throws {
        schedule = PPOSchedule(configuration, decisions: collector.decisions)
        for optimiser in optimisers { optimiser.learningRate = schedule.learningRate }
        try passes.run(
            over: sequences, size: shape.batch, epochs: configuration.nEpochs, decisions: collector.decisions
        ) { step($0, count: $1) }
    }

    /// One gradient step on some sequences; false when the policy has moved too far (`target_kl`).
    private func step(_ chosen: UnsafePointer<Int>, count: Int) -> Bool {
        let rollout = collector.rollout
        let size = fetch(chosen, count: count)
        let advantages = batch.load(rollout, places, size: size, normalised: configuration.normaliseAdvantage)
        let logits = networks.actor.forward(
            batch.input.start, steps: shape.sequence, batch: count, initial: actorInitial.start, starts: starts)
        let values = networks.critic.forward(
            batch.input.start, steps: shape.sequence, batch: count, initial: criticInitial.start, starts: starts)
        let (clip, valueClip) = (schedule.clipRange, schedule.clipRangeValue)
        let terms = batch.differentiate(
            rollout, places, size: size, logits: logits, values: values, advantages: advantages,
            share: 1 / Float(size), entCoef: configuration.entCoef, vfCoef: configuration.vfCoef
        ) { advantage, logProbability, before in
            clippedObjective(advantage: advantage, logRatio: logProbability - before, clip: clip)
        } value: { value, place in
            clippedValueError(value, place, rollout, clip: valueClip)
        }
        guard passes.book(terms, targetKL: configuration.targetKL) else { return false }
        networks.zeroGradients()
        networks.backward(batch)
        networks.clipGradients(maximum: configuration.maxGradNorm)
        let (actor, critic) = (networks.actor, networks.critic)
        if collector.decisions > criticDecisions {
            optimisers[0].step(parameters: actor.unit.parameters, gradients: actor.unit.gradients)
            optimisers[1].step(parameters: actor.head.parameters, gradients: actor.head.gradients)
        }
        optimisers[2].step(parameters: critic.unit.parameters, gradients: critic.unit.gradients)
        optimisers[3].step(parameters: critic.head.parameters, gradients: critic.head.gradients)
        return true
    }

    /// Lays sequences out step by step with the states they start from; returns the number of decisions.
    private func fetch(_ chosen: UnsafePointer<Int>, count: Int) -> Int {
        let slots = configuration.slots
        let state = networks.actor.stateCount
        for index in 0..<count {
            let (number, slot) = chosen[index].quotientAndRemainder(dividingBy: slots)
            let first = number * shape.sequence
            for step in 0..<shape.sequence {
                let place = (first + step) * slots + slot
                places[step * count + index] = place
                starts[step * count + index] = collector.rollout.starts[place]
            }
            let source = chosen[index] * state
            (actorInitial.start + index * state).update(from: networks.actorBefore.start + source, count: state)
            (criticInitial.start + index * state).update(from: networks.criticBefore.start + source, count: state)
        }
        return count * shape.sequence
    }

    func look(isDue: Bool = false) throws {
        try validation.look(decisions: collector.decisions, slots: collector.slots, isDue: isDue) {
            RecurrentPolicy(
                observations: collector.task.observations.map(\.name), actions: collector.task.actions.map(\.name),
                network: FrozenRecurrentNetwork(
                    copying: networks.actor, normalisation: collector.normalisation))
        } diagnostics: {
            passes.diagnostics()
        }
    }
}
