// Fitted Q iteration as a learner that collects its own batches.

import Numerics
import Patients
import PositionedJSON
import Trees

/// Rounds of treating patients and learning from everything seen so far, as in Ernst, Stan, Goncalves and Wehenkel,
/// "Clinical data based optimal STI strategies for HIV: a reinforcement learning approach", IEEE CDC 2006: the first
/// round plays at random, the others are ε-greedy on the values learned last. What is learned from a batch: `FittedQ`.
public struct FQI: Learner {
    public var configuration: FQIConfiguration

    public init(_ configuration: FQIConfiguration = FQIConfiguration()) { self.configuration = configuration }

    public var name: String { "fqi" }
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.iterations = Agents.shrunk(small.iterations, by: factor)
        return FQI(small)
    }

    /// The iterations stay: they are as many as values need to reach back, however many decisions there are.
    public func taking(share: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: share)
        return FQI(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        var settings = configuration
        let start = try job.start(as: TreeValuesPolicy.self)
        if start != nil { settings.exploration = settings.exploration.goingOn }
        let task = job.environment.task
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        guard task.observations.count <= FeatureRows.mostColumns else {
            throw TrainingError.tooManyObservations(task.observations.count, most: FeatureRows.mostColumns)
        }
        let fitted = FittedQ(settings, gamma: resolvedDiscount(settings.gamma, task: task.discount))
        let slots = try PatientSlots(job.environment, slots: settings.slots, seed: job.seed, purpose: "fqi")
        // Every round is looked at: policies do not change in between.
        let validation = Validation(
            job: job, settings: ValidationSettings(evaluateEvery: 1, patients: settings.validationPatients),
            totalDecisions: settings.decisions, diagnosticNames: ["iterations", "change", "mean_target"])
        var collection = Collection(slots, task, settings, seed: job.seed)
        var policy = start
        if let start {
            try validation.look(
                decisions: 0, slots: slots, isDue: true, policy: { start }, diagnostics: { [0, .nan, .nan] })
        }
        for round in 0..<settings.rounds {
            let goal = max(1, settings.decisions * (round + 1) / settings.rounds)
            guard collection.transitions.count < goal else { continue }
            try collection.add(until: goal, policy: policy)
            let result = fitted.fit(
                collection.transitions, start: settings.warmStart || round == 0 ? policy?.ensembles : nil,
                seed: job.seed,
                index: round)
            let learned = TreeValuesPolicy(
                observations: task.observations.map(\.name), actions: task.actions.map(\.name),
                ensembles: result.ensembles)
            policy = learned
            try validation.look(
                decisions: collection.transitions.count, slots: slots, policy: { learned },
                diagnostics: { [Double(result.iterations), result.change, result.meanTarget] })
        }
        return try validation.result()
    }
}

/// Treats training patients and keeps what happens.
private struct Collection {
    var transitions: Transitions
    private let slots: PatientSlots
    private let task: TaskDescription
    private let settings: FQIConfiguration
    private var exploration: RandomStream
    /// What each slot's patient showed before the decision.
    private var seen: [Double]
    private var actions: [Int32]

    init(_ slots: PatientSlots, _ task: TaskDescription, _ settings: FQIConfiguration, seed: UInt64) {
        self.slots = slots
        self.task = task
        self.settings = settings
        exploration = RandomStream(seed: seed, purpose: "fqi.exploration")
        transitions = Transitions(observationCount: task.observations.count, actionCount: task.actions.count)
        transitions.reserve(settings.decisions + settings.slots)
        seen = Array(repeating: 0, count: settings.slots * task.observations.count)
        actions = Array(repeating: 0, count: settings.slots)
    }

    mutating func add(until goal: Int, policy: TreeValuesPolicy?) throws {
        let environment = slots.environment
        let columns = task.observations.count
        let width = task.actions.count
        while transitions.count < goal {
            let epsilon =
                policy == nil ? 1 : settings.exploration.epsilon(at: transitions.count, of: settings.decisions)
            for index in seen.indices { seen[index] = environment.observations[index] }
            if let policy {
                actions.withUnsafeMutableBufferPointer { policy.act(DecisionBatch(environment), actions: $0) }
            }
            for slot in 0..<settings.slots where exploration.uniform() < epsilon {
                actions[slot] = randomAllowed(
                    environment.allowed.baseAddress! + slot * width, count: width, stream: &exploration)
            }
            try actions.withUnsafeBufferPointer { try environment.step($0) }
            for slot in 0..<settings.slots {
                try slots.book(slot, decisions: transitions.count)
                let status = environment.status[slot]
                seen.withUnsafeBufferPointer { seen in
                    transitions.append(
                        seen.baseAddress! + slot * columns, action: actions[slot], reward: environment.rewards[slot],
                        nextObservation: environment.observations.baseAddress! + slot * columns,
                        nextAllowed: environment.allowed.baseAddress! + slot * width,
                        terminated: status == .terminated)
                }
                if status != .running { try slots.restart(slot) }
            }
        }
    }
}
