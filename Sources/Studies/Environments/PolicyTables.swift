// Policies asked by hand: rows of observations to actions, and the whole policy as a table where it has finitely many
// states.

import Agents
import Evaluation
import Patients
import PositionedJSON
import Trees

/// A policy from a file, with the names it reads and chooses from.
public struct LoadedPolicy: Sendable {
    public var policy: any Policy
    public var observations: [String]
    public var actions: [String]

    /// Reads any policy file, trees included.
    ///
    /// - Parameter model: the environment, which a tree that abstains needs for its protocols.
    public init(_ node: JSONNode, model: EnvironmentModel? = nil) throws(Diagnostics) {
        let complaints = Complaints()
        let policy = PolicyFile.read(node, complaints: complaints, protocols: model?.protocolsByName())
        try complaints.throwIfAny()
        switch policy {
        case is PlanningPolicy:
            complaints.add(
                node, "this policy plans with the environment's model and cannot be asked about rows of a table",
                remedy: "lab env rollout NAME --policy FILE treats patients with it")
            throw complaints.sorted
        case let saved as any SavedPolicy: (observations, actions) = (saved.observations, saved.actions)
        case let tree as TreePolicy: (observations, actions) = (tree.tree.features, tree.tree.actions)
        default:
            complaints.add(node, "this is no policy")
            throw complaints.sorted
        }
        self.policy = policy!
    }

    /// The action for every row of a table that has a column per observation (others are left alone; an empty cell is
    /// a missing value). Columns `allowed.ACTION` of ones and zeros forbid actions; without them all are allowed.
    ///
    /// A policy with memory takes the rows of a patient (column `patient`), in the table's order, for one course; without
    /// that column every row for the beginning of a course.
    public func act(_ source: SourceText) throws(Diagnostics) -> [String] {
        let table = try NumericTable.read(source, allowsEmpty: true)
        let complaints = Complaints()
        let columns = observations.map { name -> Int in
            if let index = table.index(name) { return index }
            complaints.add(
                in: source, at: .start, "there is no column \"\(name)\"",
                remedy: DidYouMean.closest(to: name, among: table.names).map { "is \"\($0)\" a misspelling of it?" })
            return 0
        }
        let masks = actions.map { table.index("allowed.\($0)") }
        let permitted = table.rows.map { row in masks.map { $0.map { row[$0] != 0 } ?? true } }
        for (row, flags) in permitted.enumerated() where !flags.contains(true) {
            complaints.add(in: source, at: .start, "row \(row + 1) allows no action")
        }
        try complaints.throwIfAny()
        let rows = table.rows.map { row in columns.map { row[$0] } }
        if let tree = policy as? TreePolicy, !tree.tree.abstentions.isEmpty {
            let decisions = table.column("decision")
            if decisions == nil,
                let row = rows.firstIndex(where: { tree.tree.abstentions[tree.tree.leaf(of: $0)] != nil })
            {
                complaints.add(
                    in: source, at: .start,
                    "the tree abstains in row \(row + 1) and follows a protocol there, which goes by the number of the "
                        + "decision", remedy: "add a column \"decision\": 0 for a course's first decision")
            }
            try complaints.throwIfAny()
            return decide(rows, permitted, decisions: decisions?.map { Int32(exactly: $0.rounded()) ?? 0 })
        }
        guard policy.hasMemory, let patients = table.column("patient") else { return decide(rows, permitted) }
        var chosen = Array(repeating: "", count: rows.count)
        for course in Dictionary(grouping: rows.indices, by: { patients[$0].bitPattern }).values {
            let decided = decide(course.map { rows[$0] }, course.map { permitted[$0] }, isCourse: true)
            for (row, action) in zip(course, decided) { chosen[row] = action }
        }
        return chosen
    }

    /// - Parameters:
    ///   - isCourse: whether the rows are one patient's, in order.
    ///   - decisions: numbers of the decisions, where they are known.
    private func decide(
        _ rows: [[Double]], _ permitted: [[Bool]], isCourse: Bool = false, decisions known: [Int32]? = nil
    ) -> [String] {
        let count = rows.count
        let session = policy.makeSession(slots: 1)
        var chosen = [Int32](repeating: 0, count: count)
        rows.flatMap { $0 }.withUnsafeBufferPointer { values in
            permitted.flatMap { $0 }.withUnsafeBufferPointer { allowed in
                (known ?? (0..<count).map { isCourse ? Int32($0) : 0 }).withUnsafeBufferPointer { decisions in
                    (0..<count).map(Int32.init).withUnsafeBufferPointer { numbers in
                        chosen.withUnsafeMutableBufferPointer { chosen in
                            let batch = DecisionBatch(
                                count: count, observationCount: observations.count, actionCount: actions.count,
                                observations: values, allowed: allowed, decisions: decisions, patients: numbers)
                            guard isCourse else { return policy.act(batch, actions: chosen) }
                            for row in 0..<count {
                                session.act(
                                    batch.row(row), actions: UnsafeMutableBufferPointer(rebasing: chosen[row...row]))
                            }
                        }
                    }
                }
            }
        }
        return chosen.map { actions[Int($0)] }
    }

    /// The action in every state of a tabular environment; 0 in endings.
    ///
    /// - Throws: `StageError` for a policy of another environment and for one with memory.
    public func actions(in tabular: TabularModel, named name: String) throws -> [Int] {
        let task = tabular.task
        guard observations == task.observations.map(\.name), actions == task.actions.map(\.name) else {
            throw StageError(message: "the policy reads other observations or has other actions than \(name)")
        }
        guard !policy.hasMemory else {
            throw StageError(message: "the policy remembers the course, so a state alone does not tell its action")
        }
        return tabular.actions(of: policy)
    }

    /// `state,action` for every state of a tabular environment in which there is something to decide.
    ///
    /// - Throws: as `actions(in:named:)`.
    public func table(of tabular: TabularModel, named name: String) throws -> String {
        let chosen = try actions(in: tabular, named: name)
        let states = (0..<tabular.states).filter { !tabular.isEnding($0) }
        return "state,action\n" + states.map { CSV.line(["\($0)", actions[chosen[$0]]]) }.joined()
    }

    /// `state,action` and what else is known of each state; nil where the policy has no finite number of states.
    public func table() -> String? {
        if let tree = policy as? TreePolicy {
            var text = "state,action,weight\n"
            for leaf in tree.tree.leaves {
                let action =
                    tree.tree.abstentions[leaf].map { "follow \($0)" } ?? actions[tree.tree.action(atLeaf: leaf)]
                text += CSV.line(["leaf \(leaf)", action, CSV.number(tree.tree.weight(of: leaf))])
            }
            return text
        }
        guard let tabular = policy as? TabularPolicy else { return nil }
        var text = CSV.line(["state", "action"] + actions.map { "value.\($0)" })
        for state in 0..<tabular.abstraction.states {
            let values = tabular.values[(state * actions.count)..<((state + 1) * actions.count)]
            let best = values.indices.max { (values[$0], $1) < (values[$1], $0) } ?? values.startIndex
            text += CSV.line(["\(state)", actions[best - values.startIndex]] + values.map { CSV.number($0) })
        }
        return text
    }
}
