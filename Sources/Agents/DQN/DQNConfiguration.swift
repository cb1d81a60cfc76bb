// The settings of DQN, named and defaulted as in Stable-Baselines3 where it has them.

import Networks
import PositionedJSON

/// Settings of DQN. Keys in study files are those of Stable-Baselines3's `DQN`, in snake_case.
public struct DQNConfiguration: Sendable, Equatable {
    /// Decisions on training patients. (SB3: the argument `total_timesteps`.)
    public var decisions = 100_000
    /// Patients treated side by side. (SB3: `n_envs`.)
    public var slots = 1
    public var learningRate = 1e-4
    /// Whether the learning rate falls linearly to zero over the run; off in SB3.
    public var annealLearningRate = false
    /// Transitions remembered.
    public var bufferSize = 1_000_000
    /// Random decisions before the first update.
    public var learningStarts = 100
    public var batchSize = 32
    /// Share of the online network that a target update takes over; 1 copies it.
    public var tau = 1.0
    /// Discount per decision; nil is SB3's 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// Decisions (over all slots) between trainings.
    public var trainFreq = 4
    /// Updates per training.
    public var gradientSteps = 1
    /// Decisions between target updates.
    public var targetUpdateInterval = 10_000
    public var exploration = ExplorationSchedule(initial: 1, final: 0.05, fraction: 0.1)
    public var maxGradNorm = 10.0
    public var netArch = [64, 64]
    public var activation = Activation.relu
    /// Double DQN: the online network chooses the next action, the target network values it. SB3 lacks it.
    public var double = false
    /// A dueling network: values and advantages apart, the last of `net_arch` in each of the two. SB3 lacks it.
    public var dueling = false
    /// Transitions drawn by their error; nil draws evenly, as SB3 does.
    public var prioritisedReplay: PrioritisedReplaySettings?
    /// Rewards summed before the next state's value is added (Rainbow uses 3). SB3's `n_steps`, default 1.
    public var nSteps = 1
    /// Rewards are multiplied by this inside the learner.
    public var rewardScale = 1.0
    /// Decisions of random play that measure the observations' means and deviations; 0 leaves observations as they are,
    /// as SB3 does.
    public var normalisationDecisions = 4_000
    /// The name of a tree of the study and what it is used for (`tree`, `tree_use`); whoever runs the study resolves it.
    public var tree: String?
    public var guidance = TreeGuidance()
    /// With a warm start: decisions that the tree makes, in place of random play, before the first update.
    public var treeDecisions = 5_000
    /// With a warm start: updates on what the tree did before the network acts, by the error of DQN and a large margin.
    public var pretrainingSteps = 1_000
    /// By how much, in scaled rewards, the tree's action is to be worth more than others in those updates (DQfD: 0.8).
    public var treeMargin = 0.8
    public var validation = ValidationSettings()

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        decisions = reader.integer("decisions", default: decisions, in: 1...1_000_000_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        learningRate = reader.number("learning_rate", default: learningRate, in: 0...1)
        annealLearningRate = reader.boolean("anneal_learning_rate", default: annealLearningRate)
        bufferSize = reader.integer("buffer_size", default: bufferSize, in: 1...100_000_000)
        learningStarts = reader.integer("learning_starts", default: learningStarts, in: 0...1_000_000_000)
        batchSize = reader.integer("batch_size", default: batchSize, in: 1...65_536)
        tau = reader.number("tau", default: tau, in: 0...1)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        trainFreq = reader.integer("train_freq", default: trainFreq, in: 1...1_000_000)
        gradientSteps = reader.integer("gradient_steps", default: gradientSteps, in: 0...1_000_000)
        targetUpdateInterval = reader.integer(
            "target_update_interval", default: targetUpdateInterval, in: 1...1_000_000_000)
        exploration = ExplorationSchedule(reader: reader, default: exploration)
        maxGradNorm = reader.number("max_grad_norm", default: maxGradNorm, in: 0...1e12)
        netArch = readWidths(reader, default: netArch)
        activation = readActivation(reader, default: activation)
        double = reader.boolean("double", default: double)
        dueling = reader.boolean("dueling", default: dueling)
        if dueling, netArch.isEmpty {
            reader.complaints.add(reader.node["dueling"] ?? reader.node, "a dueling network needs a hidden layer")
        }
        prioritisedReplay = PrioritisedReplaySettings(reader: reader)
        nSteps = reader.integer("n_steps", default: nSteps, in: 1...1000)
        rewardScale = reader.number("reward_scale", default: rewardScale, in: 1e-12...1e12)
        normalisationDecisions = reader.integer(
            "normalisation_decisions", default: normalisationDecisions, in: 0...10_000_000)
        readTree(reader)
        validation = ValidationSettings(reader: reader)
    }

    private mutating func readTree(_ reader: ObjectReader) {
        tree = reader.optionalString("tree")
        guidance = TreeGuidance(reader: reader, known: [.warmStart, .shaping])
        treeDecisions = reader.integer("tree_decisions", default: treeDecisions, in: 1...1_000_000_000)
        pretrainingSteps = reader.integer("pretraining_steps", default: pretrainingSteps, in: 0...1_000_000_000)
        treeMargin = reader.number("tree_margin", default: treeMargin, in: 0...1e12)
        if tree != nil, guidance.uses.isEmpty, let node = reader.node["tree"] {
            reader.complaints.add(
                node, "a tree does nothing for DQN by itself",
                remedy: "such as \"tree_use\": [\"warm_start\", \"shaping\"]")
        }
        for key in ["tree_decisions", "pretraining_steps", "tree_margin"] where !guidance.uses.contains(.warmStart) {
            guard let node = reader.node[key] else { continue }
            reader.complaints.add(node, "\(key) does nothing without \"tree_use\": [\"warm_start\"]")
        }
    }

    private var treeFields: [JSONField] {
        guard let tree else { return [] }
        var fields = [JSONField("tree", .string(tree))] + guidance.fields()
        if guidance.uses.contains(.warmStart) {
            fields += [
                JSONField("tree_decisions", .integer(treeDecisions)),
                JSONField("pretraining_steps", .integer(pretrainingSteps)),
                JSONField("tree_margin", .number(treeMargin)),
            ]
        }
        return fields
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("learning_rate", .number(learningRate)),
            JSONField("anneal_learning_rate", .bool(annealLearningRate)),
            JSONField("buffer_size", .integer(bufferSize)), JSONField("learning_starts", .integer(learningStarts)),
            JSONField("batch_size", .integer(batchSize)), JSONField("tau", .number(tau)),
            JSONField("gamma", .optional(gamma)), JSONField("train_freq", .integer(trainFreq)),
            JSONField("gradient_steps", .integer(gradientSteps)),
            JSONField("target_update_interval", .integer(targetUpdateInterval)),
        ] + exploration.fields() + [
            JSONField("max_grad_norm", .number(maxGradNorm)),
            JSONField("net_arch", .array(netArch.map { .integer($0) })),
            JSONField("activation", .string(activation.rawValue)), JSONField("double", .bool(double)),
            JSONField("dueling", .bool(dueling)), JSONField("n_steps", .integer(nSteps)),
            JSONField("reward_scale", .number(rewardScale)),
            JSONField("normalisation_decisions", .integer(normalisationDecisions)),
        ] + PrioritisedReplaySettings.fields(prioritisedReplay) + treeFields + validation.fields()
    }
}

extension PrioritisedReplaySettings {
    /// nil unless `prioritized_replay` is true; its other keys are complained of without it.
    init?(reader: ObjectReader) {
        let isWanted = reader.boolean("prioritized_replay", default: false)
        self.init()
        let keys = ["prioritized_replay_alpha", "prioritized_replay_beta0", "prioritized_replay_eps"]
        alpha = reader.number(keys[0], default: alpha, in: 0...1)
        beta0 = reader.number(keys[1], default: beta0, in: 0...1)
        epsilon = reader.number(keys[2], default: epsilon, in: 1e-12...1e3)
        guard !isWanted else { return }
        for key in keys {
            guard let node = reader.node[key] else { continue }
            reader.complaints.add(node, "\(key) does nothing without \"prioritized_replay\": true")
        }
        return nil
    }

    static func fields(_ settings: PrioritisedReplaySettings?) -> [JSONField] {
        guard let settings else { return [JSONField("prioritized_replay", .bool(false))] }
        return [
            JSONField("prioritized_replay", .bool(true)),
            JSONField("prioritized_replay_alpha", .number(settings.alpha)),
            JSONField("prioritized_replay_beta0", .number(settings.beta0)),
            JSONField("prioritized_replay_eps", .number(settings.epsilon)),
        ]
    }
}
