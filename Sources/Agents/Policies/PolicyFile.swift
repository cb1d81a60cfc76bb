// Reads any policy file.

import Patients
import PositionedJSON
import Trees

/// The files that policies are kept in.
public enum PolicyFile {
    /// The version written, and the newest that is read.
    public static let format = 1
    /// Every kind of policy there is.
    public static let kinds = [
        "a2c", "bcq", "behaviour_cloning", "dqn", "fqi", "map_bayes", "mpc", "ppo", "q_exact", "q_grid", "q_leaves",
        "recurrent_ppo",
        "reinforce", "tree",
    ]

    /// Reads a policy of any kind; complains and returns nil where it cannot.
    ///
    /// - Parameters:
    ///   - task: where given, the policy must read its observations and choose among its actions, in order.
    ///   - protocols: the environment's, by name, of which trees that abstain follow one.
    public static func read(
        _ node: JSONNode, complaints: Complaints, for task: TaskDescription? = nil,
        protocols: [String: any Policy]? = nil
    ) -> (any Policy)? {
        let before = complaints.items.count
        if case .string("tree") = node["kind"]?.value {
            guard let tree = DecisionTree(node, complaints: complaints) else { return nil }
            if let task {
                check(tree.features, against: task.observations.map(\.name), key: "observations", node, complaints)
                check(tree.actions, against: task.actions.map(\.name), key: "actions", node, complaints)
            }
            for name in Set(tree.abstentions.values).sorted() where protocols?[name] == nil {
                complaints.add(
                    node["nodes"] ?? node,
                    protocols == nil
                        ? "this tree abstains in some leaves and follows the protocol \"\(name)\" of its environment there"
                        : "this tree abstains in some leaves, and there is no protocol \"\(name)\" to follow there",
                    remedy: protocols == nil
                        ? "say which environment with --environment, or use the file within its run"
                        : DidYouMean.remedy(
                            for: name, among: (protocols ?? [:]).keys.sorted(), known: "protocols: "))
            }
            return complaints.items.count == before ? TreePolicy(tree, protocols: protocols ?? [:]) : nil
        }
        let reader = ObjectReader(node, what: "the policy", complaints: complaints)
        let format = reader.integer("format", in: 1...Int.max)
        if let format, format > PolicyFile.format {
            complaints.add(
                reader.node["format"] ?? node,
                "this policy has format \(format), but this program reads formats up to \(PolicyFile.format)",
                remedy: "use a newer version of the program")
            return nil
        }
        let kind = reader.choice("kind", of: kinds)
        let observations = reader.strings("observations")
        let actions = reader.strings("actions")
        guard let kind, let observations, let actions, !observations.isEmpty, !actions.isEmpty else {
            if complaints.items.count == before {
                complaints.add(node, "a policy needs at least one observation and one action")
            }
            return nil
        }
        if let task {
            check(observations, against: task.observations.map(\.name), key: "observations", node, complaints)
            check(actions, against: task.actions.map(\.name), key: "actions", node, complaints)
        }
        let frames = reader.integer("frame_stack", default: 1, in: 1...64)
        let seen = frames > 1 ? FrameStack.names(observations, frames: frames) : observations
        let policy: (any SavedPolicy)?
        switch kind {
        case "a2c", "behaviour_cloning", "ppo", "reinforce":
            policy = ActorPolicy(reader: reader, kind: kind, observations: seen, actions: actions)
        case "bcq": policy = BCQPolicy(reader: reader, observations: seen, actions: actions)
        case "dqn": policy = QNetworkPolicy(reader: reader, observations: seen, actions: actions)
        case "fqi": policy = TreeValuesPolicy(reader: reader, observations: seen, actions: actions)
        case "map_bayes", "mpc":
            policy = PlanningPolicy(reader: reader, kind: kind, observations: seen, actions: actions)
        case "recurrent_ppo": policy = RecurrentPolicy(reader: reader, observations: seen, actions: actions)
        default:
            policy = TabularPolicy(reader: reader, kind: kind, observations: seen, actions: actions)
        }
        reader.finish()
        guard complaints.items.count == before, let policy else { return nil }
        return frames > 1 ? FrameStackedPolicy(policy, frames: frames, observations: observations) : policy
    }

    private static func check(
        _ names: [String], against expected: [String], key: String, _ node: JSONNode, _ complaints: Complaints
    ) {
        guard names != expected else { return }
        complaints.add(
            node[key] ?? node, "this policy is for other \(key) than the environment's",
            remedy: "the environment's \(key): \(expected.joined(separator: ", "))")
    }
}
