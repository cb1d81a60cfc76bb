// Tabular Q-learning over the cells of a grid or the leaves of a tree.

import Numerics
import Patients
import PositionedJSON

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Q-learning (Watkins, "Learning from delayed rewards", PhD thesis, Cambridge 1989; Watkins and Dayan, Machine Learning
/// 8 (1992) 279–292), ε-greedy among the allowed actions:
///
///     Q(s, a) += α·(r + γ·max over allowed a′ of Q(s′, a′) − Q(s, a))
///
/// A terminated course has no next value; a truncated one has.
public struct QLearning: Learner {
    public var configuration: QLearningConfiguration
    /// The states; nil fits the configured grid to random play.
    public var abstraction: (any StateAbstraction)?

    public init(
        _ configuration: QLearningConfiguration = QLearningConfiguration(), abstraction: (any StateAbstraction)? = nil
    ) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    public var name: String { "q_learning" }
    public var decisions: Int { configuration.decisions }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.gridDecisions = Agents.shrunk(small.gridDecisions, by: factor)
        small.validation = small.validation.shrunk(by: factor)
        return QLearning(small, abstraction: abstraction)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try QLearningRun(configuration, states(for: job), job).train()
    }

    private func states(for job: TrainingJob) throws -> any StateAbstraction {
        if let abstraction { return abstraction }
        guard job.environment.patients > 0 else { throw TrainingError.noPatients("training") }
        if let tree = configuration.tree { throw TrainingError.unresolvedTree(tree) }
        let names = job.environment.task.observations.map(\.name)
        let features = try (configuration.gridFeatures ?? names).map { name -> Int in
            guard let index = names.firstIndex(of: name) else { throw TrainingError.unknownObservation(name) }
            return index
        }
        let stated = configuration.gridBins
        let bins = stated.count == 1 ? Array(repeating: stated[0], count: features.count) : stated
        guard bins.count == features.count else {
            throw TrainingError.wrongBins(features: features.count, bins: bins.count)
        }
        let grid = try QuantileGrid(
            of: job.environment, features: features, bins: bins, decisions: configuration.gridDecisions, seed: job.seed)
        guard grid.states <= QuantileGrid.largest else { throw TrainingError.tooManyStates(grid.states) }
        return grid
    }
}

/// One training run; allocates nothing per step.
private final class QLearningRun {
    private let configuration: QLearningConfiguration
    private let task: TaskDescription
    private let abstraction: any StateAbstraction
    private let slots: PatientSlots
    private let validation: Validation
    private let gamma: Double
    private var exploration: RandomStream
    private var decisions = 0
    private var epsilon = 1.0

    /// states × actions
    private let values: UnsafeMutableBufferPointer<Double>
    private let visits: UnsafeMutableBufferPointer<Int32>
    /// The state each slot's patient is in.
    private let current: UnsafeMutableBufferPointer<Int>
    private let actions: UnsafeMutableBufferPointer<Int32>

    init(_ configuration: QLearningConfiguration, _ abstraction: any StateAbstraction, _ job: TrainingJob) throws {
        self.configuration = configuration
        self.abstraction = abstraction
        let task = job.environment.task
        self.task = task
        guard abstraction.fits(task) else { throw TrainingError.wrongAbstraction }
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        gamma = resolvedDiscount(configuration.gamma, task: task.discount)
        slots = try PatientSlots(
            job.environment, slots: configuration.slots, seed: job.seed, purpose: "q_learning")
        exploration = RandomStream(seed: job.seed, purpose: "q_learning.exploration")
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: ["visited_share", "epsilon"])
        let cells = abstraction.states * task.actions.count
        values = .allocate(capacity: cells)
        values.initialize(repeating: configuration.initialValue)
        visits = .allocate(capacity: cells)
        visits.initialize(repeating: 0)
        current = .allocate(capacity: configuration.slots)
        current.initialize(repeating: 0)
        actions = .allocate(capacity: configuration.slots)
        actions.initialize(repeating: 0)
        for slot in 0..<configuration.slots { current[slot] = state(slot) }
    }

    deinit {
        values.deallocate()
        visits.deallocate()
        current.deallocate()
        actions.deallocate()
    }

    private func state(_ slot: Int) -> Int {
        abstraction.state(of: slots.environment.observations.baseAddress! + slot * task.observations.count)
    }

    func train() throws -> TrainedPolicy {
        while decisions < configuration.decisions {
            try step()
            try validation.look(decisions: decisions, slots: slots, policy: policy, diagnostics: diagnostics)
        }
        return try validation.result()
    }

    private func step() throws {
        let environment = slots.environment
        let width = task.actions.count
        epsilon = configuration.exploration.epsilon(at: decisions, of: configuration.decisions)
        for slot in 0..<configuration.slots {
            let allowed = environment.allowed.baseAddress! + slot * width
            actions[slot] =
                exploration.uniform() < epsilon
                ? randomAllowed(allowed, count: width, stream: &exploration)
                : bestAllowed(values.baseAddress! + current[slot] * width, allowed, count: width)
        }
        try environment.step(UnsafeBufferPointer(actions))
        decisions += configuration.slots
        for slot in 0..<configuration.slots {
            try slots.book(slot, decisions: decisions)
            let status = environment.status[slot]
            let next = state(slot)
            var goal = environment.rewards[slot]
            if status != .terminated {
                let row = values.baseAddress! + next * width
                let best = bestAllowed(row, environment.allowed.baseAddress! + slot * width, count: width)
                goal += gamma * row[Int(best)]
            }
            let cell = current[slot] * width + Int(actions[slot])
            visits[cell] += 1
            let rate =
                configuration.learningRate ?? pow(Double(visits[cell]), -configuration.learningRatePower)
            values[cell] += rate * (goal - values[cell])
            if status == .running {
                current[slot] = next
            } else {
                try slots.restart(slot)
                current[slot] = state(slot)
            }
        }
    }

    /// The greedy policy of the table. What was never tried in a state ranks just below what was; a state never visited
    /// ranks actions by their mean over all visits.
    private func policy() -> any SavedPolicy {
        let width = task.actions.count
        var sums = Array(repeating: 0.0, count: width)
        var counts = Array(repeating: 0.0, count: width)
        for cell in values.indices where visits[cell] > 0 {
            sums[cell % width] += Double(visits[cell]) * values[cell]
            counts[cell % width] += Double(visits[cell])
        }
        let means = (0..<width).map { counts[$0] > 0 ? sums[$0] / counts[$0] : configuration.initialValue }
        var table = Array(values)
        for state in 0..<abstraction.states {
            let cells = (state * width)..<((state + 1) * width)
            if let lowest = cells.filter({ visits[$0] > 0 }).map({ values[$0] }).min() {
                for cell in cells where visits[cell] == 0 { table[cell] = lowest.nextDown }
            } else {
                for cell in cells { table[cell] = means[cell - cells.lowerBound] }
            }
        }
        return TabularPolicy(
            observations: task.observations.map(\.name), actions: task.actions.map(\.name), abstraction: abstraction,
            values: table)
    }

    private func diagnostics() -> [Double] {
        [Double(visits.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }) / Double(visits.count), epsilon]
    }
}
