// Policies as the command line names them.

import Agents
import Patients
import PositionedJSON

public enum PolicySpecification {
    /// A policy that an environment does not have, or not under this name.
    public struct Unknown: Error {
        public var message: String
        public var remedy: String?
    }

    /// The policy of `protocol:NAME`, `random`, `constant:ACTION`, or, in a tabular environment, `optimal`: the exact
    /// optimum, which looks at the state itself. Nil for any other text, which may be a file.
    public static func named(_ text: String, model: EnvironmentModel, seed: UInt64) throws(Unknown) -> (any Policy)? {
        func unknown(_ kind: String, _ name: String, _ known: [String]) -> Unknown {
            Unknown(
                message: "\(model.name) has no \(kind) \"\(name)\"",
                remedy: DidYouMean.remedy(for: name, among: known, known: "it has "))
        }
        if text == "random" { return RandomPolicy(seed: seed) }
        if text == "optimal" {
            guard let tabular = model.tabular else {
                throw Unknown(
                    message: "\(model.name) is no tabular environment, so its optimum is not known", remedy: nil)
            }
            let program = DynamicProgramming(tabular, discount: tabular.task.discount)
            return StatePolicy(actions: program.valueIteration().actions)
        }
        if text.hasPrefix("protocol:") {
            let name = String(text.dropFirst("protocol:".count))
            guard let policy = model.protocolPolicy(name, seed: seed) else {
                throw unknown("protocol", name, model.protocols.map(\.name))
            }
            return policy
        }
        if text.hasPrefix("constant:") {
            let name = String(text.dropFirst("constant:".count))
            guard let policy = model.constantPolicy(action: name) else {
                throw unknown("action", name, model.actions.map(\.name))
            }
            return policy
        }
        return nil
    }

    /// The same, or the policy in a file.
    ///
    /// - Throws: `UsageError` for an unknown protocol or action, `Diagnostics` for a file.
    public static func read(
        _ text: String, model: EnvironmentModel, seed: UInt64, file: (String) throws -> String, command: String
    ) throws -> any Policy {
        do {
            if let policy = try named(text, model: model, seed: seed) { return policy }
        } catch {
            let remedy = error.remedy.map { "; \($0)" } ?? ""
            throw UsageError(command: command, problems: [error.message + remedy])
        }
        let complaints = Complaints()
        let node = try JSONParser.parse(contentsOf: try file(text), maximumBytes: 1 << 30)
        let policy = PolicyFile.read(
            node, complaints: complaints, for: model.task, protocols: model.protocolsByName(seed: seed))
        try complaints.throwIfAny()
        guard let policy else { throw StageError(message: "\(text) holds no policy") }
        return policy
    }
}
