// Policies as the command line names them.

import Agents
import Patients
import PositionedJSON

public enum PolicySpecification {
    /// `protocol:NAME`, `random`, `constant:ACTION`, or the path of a policy file.
    ///
    /// - Throws: `UsageError` for an unknown protocol or action, `Diagnostics` for a file.
    public static func read(
        _ text: String, model: EnvironmentModel, seed: UInt64, file: (String) throws -> String, command: String
    ) throws -> any Policy {
        func unknown(_ kind: String, _ name: String, _ known: [String]) -> UsageError {
            let remedy = DidYouMean.closest(to: name, among: known).map { "did you mean \($0)?" }
            return UsageError(
                command: command,
                problems: [
                    "\(model.name) has no \(kind) \"\(name)\"; "
                        + (remedy ?? "it has " + known.joined(separator: ", "))
                ])
        }
        if text == "random" { return RandomPolicy(seed: seed) }
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
        let complaints = Complaints()
        let node = try JSONParser.parse(contentsOf: try file(text), maximumBytes: 1 << 30)
        let policy = PolicyFile.read(node, complaints: complaints, for: model.task)
        try complaints.throwIfAny()
        guard let policy else { throw StageError(message: "\(text) holds no policy") }
        return policy
    }
}
