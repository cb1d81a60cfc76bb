// The course of every tabular learner: act ε-greedily, see what comes of it, let the learner's rule change the table.

import Numerics
import Patients

/// One transition as a rule sees it.
struct TabularTransition {
    var slot: Int
    var state: Int
    var action: Int
    var reward: Double
    var next: Int
    /// A terminated course has no next value; a truncated one has.
    var isTerminated: Bool
    /// Whether this is the course's last transition, by termination or truncation.
    var isLast: Bool
    /// The actions allowed in the next state.
    var allowed: UnsafePointer<Bool>
}

/// ε-greedy among the allowed actions.
struct EpsilonGreedy {
    var epsilon = 1.0
    var stream: RandomStream

    @inline(__always)
    mutating func choose(_ values: ActionValues, _ state: Int, _ allowed: UnsafePointer<Bool>) -> Int32 {
        stream.uniform() < epsilon
            ? randomAllowed(allowed, count: values.width, stream: &stream)
            : bestAllowed(values.row(state), allowed, count: values.width)
    }
}

/// What tells one tabular learner from another. A rule keeps the memory it needs and allocates it when it is made.
protocol TabularRule {
    /// Learns from one transition: changes the values that are acted on.
    ///
    /// - Returns: the next action, where the rule had to choose it already; nil leaves the choice to the next decision.
    mutating func learn(
        _ transition: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32?
}

/// What a rule may need to know when it is made.
struct TabularRunShape {
    var states: Int
    var actions: Int
    var slots: Int
    var horizon: Int
    var gamma: Double
    var seed: UInt64
    /// What values begin with; nil where nothing is known.
    var start: TreeValues?
    /// Or the values of a policy to go on from.
    var known: KnownValues?
}

/// One training run; allocates nothing per step.
final class TabularRun<Rule: TabularRule> {
    private let configuration: TabularConfiguration
    /// Whether it began with values that a policy knew.
    private let goesOn: Bool
    private let task: TaskDescription
    private let abstraction: any StateAbstraction
    private let slots: PatientSlots
    private let validation: Validation
    private var decisions = 0
    private var behaviour: EpsilonGreedy
    private var rule: Rule
    private let values: ActionValues
    /// The state each slot's patient is in, and the action chosen for it already, if any (else −1).
    private let current: UnsafeMutableBufferPointer<Int>
    private let planned: UnsafeMutableBufferPointer<Int32>
    private let actions: UnsafeMutableBufferPointer<Int32>

    init(_ learner: some TabularLearner, _ job: TrainingJob, rule: (TabularRunShape) -> Rule) throws {
        let known = try job.start(as: TabularPolicy.self)
        var configuration = learner.configuration
        if known != nil { configuration.exploration = configuration.exploration.goingOn }
        self.configuration = configuration
        abstraction = try known?.abstraction ?? learner.states(for: job)
        task = job.environment.task
        guard abstraction.fits(task) else { throw TrainingError.wrongAbstraction }
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        // All tabular learners have the same streams, so that of one seed they meet the same patients.
        slots = try PatientSlots(job.environment, slots: configuration.slots, seed: job.seed, purpose: "q_learning")
        behaviour = EpsilonGreedy(stream: RandomStream(seed: job.seed, purpose: "q_learning.exploration"))
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: ["visited_share", "epsilon"])
        let gamma = resolvedDiscount(configuration.gamma, task: task.discount)
        var start: TreeValues?
        if configuration.guidance.uses.contains(.warmStart), let tree = (abstraction as? LeafStates)?.tree {
            start = try TreeValues.estimate(
                tree, job.environment, episodes: configuration.guidance.patients, gamma: gamma, seed: job.seed)
        }
        slots.count(otherEpisodes: start?.episodes ?? 0)
        goesOn = known != nil
        let knownValues = known.map { policy in
            KnownValues(policy.values, decisions: configuration.decisions)
        }
        values = ActionValues(
            states: abstraction.states, width: task.actions.count, configuration, start: start, known: knownValues)
        self.rule = rule(
            TabularRunShape(
                states: abstraction.states, actions: task.actions.count, slots: configuration.slots,
                horizon: task.horizon, gamma: gamma, seed: job.seed, start: start, known: knownValues))
        current = .allocate(capacity: configuration.slots)
        current.initialize(repeating: 0)
        planned = .allocate(capacity: configuration.slots)
        planned.initialize(repeating: -1)
        actions = .allocate(capacity: configuration.slots)
        actions.initialize(repeating: 0)
        for slot in 0..<configuration.slots { current[slot] = state(slot) }
    }

    deinit {
        current.deallocate()
        planned.deallocate()
        actions.deallocate()
    }

    private func state(_ slot: Int) -> Int {
        abstraction.state(of: slots.environment.observations.baseAddress! + slot * task.observations.count)
    }

    private func allowed(_ slot: Int) -> UnsafePointer<Bool> {
        slots.environment.allowed.baseAddress! + slot * task.actions.count
    }

    func train() throws -> TrainedPolicy {
        if goesOn { try look(isDue: true) }
        while decisions < configuration.decisions {
            try step()
            try look()
        }
        return try validation.result()
    }

    private func look(isDue: Bool = false) throws {
        try validation.look(decisions: decisions, slots: slots, isDue: isDue, policy: policy) {
            [values.visitedShare, behaviour.epsilon]
        }
    }

    private func step() throws {
        let environment = slots.environment
        behaviour.epsilon = configuration.exploration.epsilon(at: decisions, of: configuration.decisions)
        for slot in 0..<configuration.slots {
            actions[slot] =
                planned[slot] >= 0 ? planned[slot] : behaviour.choose(values, current[slot], allowed(slot))
        }
        try environment.step(UnsafeBufferPointer(actions))
        decisions += configuration.slots
        for slot in 0..<configuration.slots {
            try slots.book(slot, decisions: decisions)
            let status = environment.status[slot]
            let next = state(slot)
            let chosen = rule.learn(
                TabularTransition(
                    slot: slot, state: current[slot], action: Int(actions[slot]), reward: environment.rewards[slot],
                    next: next, isTerminated: status == .terminated, isLast: status != .running,
                    allowed: allowed(slot)),
                values, &behaviour)
            if status == .running {
                current[slot] = next
                planned[slot] = chosen ?? -1
            } else {
                try slots.restart(slot)
                current[slot] = state(slot)
                planned[slot] = -1
            }
        }
    }

    private func policy() -> any SavedPolicy {
        TabularPolicy(
            observations: task.observations.map(\.name), actions: task.actions.map(\.name), abstraction: abstraction,
            values: values.policyTable())
    }
}
