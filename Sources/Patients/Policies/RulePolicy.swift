// Fixed protocols that look at the patient: rules over what is seen, the first that holds is followed.

import Numerics
import Synchronization

/// Follows a protocol's choices. An action that is forbidden is replaced by the allowed one nearest to it: by the level
/// of its dose, or else the one with the most of its doses.
public final class RulePolicy: Policy {
    public let name: String
    private let program: Program
    private let rules: [Rule]
    private let observations: Int
    private let actionCount: Int
    /// dose × action: the level of the dose in the action, and what else the action gives.
    private let levels: [[Double]]
    private let others: [[Int]]
    private let workspaces = Mutex<[Workspace]>([])

    private struct Rule {
        /// Outputs of the program; −1 where there is none.
        var when: Int
        var level: Int
        var dose: Int
        /// Actions to try, best first.
        var actions: [Int32]
    }

    /// Memory for one thread.
    private final class Workspace: @unchecked Sendable {
        let inputs: LaneMemory
        let outputs: LaneMemory
        let scratch: ProgramScratch

        init(_ program: Program, width: Int) {
            inputs = LaneMemory(rows: max(1, program.inputCount), width: width)
            outputs = LaneMemory(rows: max(1, program.outputCount), width: width)
            scratch = program.makeScratch()
        }
    }

    /// - Throws: `ExpressionError`; not for a protocol that was read from a file.
    public init(_ treatment: EnvironmentModel.TreatmentProtocol, model: EnvironmentModel) throws {
        name = treatment.name
        observations = model.observations.count
        actionCount = model.actions.count
        let symbols = ChoiceSymbols.table(model.observations)
        var builder = ProgramBuilder(graph: symbols.graph)
        rules = try treatment.choices.map { choice in
            let when = try choice.when.map { builder.add(try symbols.resolve($0).term) } ?? -1
            let level = try choice.level.map { builder.add(try symbols.resolve($0).term) } ?? -1
            let actions = choice.action.map { RulePolicy.preferences(model.actions[$0], model) } ?? []
            return Rule(when: when, level: level, dose: choice.dose ?? -1, actions: actions)
        }
        program = builder.finish(inputCount: model.observations.count + 1)
        levels = model.doses.indices.map { dose in model.actions.map { $0.level(of: dose) } }
        others = model.doses.indices.map { dose in
            model.actions.map { action in action.doses.count { $0 != dose } }
        }
    }

    /// The action itself, then those that give part of it.
    private static func preferences(_ action: EnvironmentModel.Action, _ model: EnvironmentModel) -> [Int32] {
        ProtocolPolicy.actions(for: model.doses.indices.map { action.level(of: $0) }, model)
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let width = max(8, (batch.count + 7) & ~7)
        let known = workspaces.withLock { $0.popLast() }
        let workspace = known.flatMap { $0.inputs.width >= width ? $0 : nil } ?? Workspace(program, width: width)
        defer { workspaces.withLock { $0.append(workspace) } }
        let inputs = workspace.inputs
        let outputs = workspace.outputs
        for row in 0..<batch.count {
            for index in 0..<observations { inputs.row(index)[row] = batch.observations[row * observations + index] }
            inputs.row(observations)[row] = Double(batch.decisions[row])
        }
        program.evaluate(
            inputs: inputs.base, inputStride: inputs.width, outputs: outputs.base, outputStride: outputs.width,
            lanes: batch.count, scratch: workspace.scratch)
        for row in 0..<batch.count {
            let allowed = batch.allowed.baseAddress! + row * batch.actionCount
            actions[row] = choose(allowed) { outputs.row($0)[row] }
        }
    }

    private func choose(_ allowed: UnsafePointer<Bool>, _ value: (Int) -> Double) -> Int32 {
        for rule in rules where rule.when < 0 || value(rule.when) != 0 {
            if rule.level >= 0 { return nearest(rule.dose, value(rule.level), allowed) }
            for action in rule.actions where allowed[Int(action)] { return action }
            break
        }
        // No rule holds: as little as is allowed.
        var best: Int32 = -1
        for action in 0..<actionCount where allowed[action] {
            if levels.allSatisfy({ $0[action] == 0 }) { return Int32(action) }
            if best < 0 { best = Int32(action) }
        }
        return max(0, best)
    }

    /// The allowed action whose level of the dose is nearest, other doses not given where that can be; of two equally
    /// near the lower.
    private func nearest(_ dose: Int, _ level: Double, _ allowed: UnsafePointer<Bool>) -> Int32 {
        var best = -1
        func key(_ action: Int) -> (Int, Double, Double) {
            (others[dose][action], abs(levels[dose][action] - level), levels[dose][action])
        }
        for action in 0..<actionCount where allowed[action] {
            if best < 0 || key(action) < key(best) { best = action }
        }
        return Int32(max(0, best))
    }
}
