// The settings that all tabular learners share.

import Patients
import PositionedJSON

/// Settings of a tabular learner. Stable-Baselines3 has none; names shared with its DQN mean the same.
public struct TabularConfiguration: Sendable, Equatable {
    /// Decisions on training patients.
    public var decisions = 200_000
    /// Patients treated side by side.
    public var slots = 16
    /// A constant learning rate; nil falls with the visits of a state and action, as 1 / visits^power.
    public var learningRate: Double?
    /// ω of the learning rate 1 / visits^ω. Even-Dar and Mansour, "Learning rates for Q-learning", JMLR 5 (2003) 1–25:
    /// convergence is fastest near 0.77.
    public var learningRatePower = 0.77
    /// Discount per decision; nil is 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// What every action is thought to be worth before it has been tried; above the true values it drives exploration.
    public var initialValue = 0.0
    public var exploration = ExplorationSchedule(initial: 1, final: 0.05, fraction: 0.5)
    /// Observations that make the grid; nil uses all, which only few observations allow (`QuantileGrid.largest`).
    public var gridFeatures: [String]?
    /// Bins: one number for all features, or one each.
    public var gridBins = [5]
    /// Decisions of random play on training patients whose quantiles place the grid's lines.
    public var gridDecisions = 20_000
    /// Whether every distinct row of observations is a state of its own, instead of a grid (`ExactStates`).
    public var exactStates = false
    /// The name of the tree whose leaves are the states instead of a grid; whoever runs the study resolves it.
    public var tree: String?
    /// With a tree: whether values begin with what the tree is worth in its leaves (`TreeValues`), and on how many courses.
    public var guidance = TreeGuidance()
    public var validation = ValidationSettings(evaluateEvery: 20_000)

    public init() {}

    /// Reads the settings an object states; complains of wrong ones, and of unknown features where the task is known.
    /// `finish()` is left to the caller.
    public init(reader: ObjectReader, task: TaskDescription? = nil) {
        decisions = reader.integer("decisions", default: decisions, in: 1...1_000_000_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        learningRate = reader.optionalNumber("learning_rate", in: 0...1)
        learningRatePower = reader.number("learning_rate_power", default: learningRatePower, in: 0...1)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        initialValue = reader.number("initial_value", default: initialValue)
        exploration = ExplorationSchedule(reader: reader, default: exploration)
        tree = reader.optionalString("tree")
        guidance = TreeGuidance(reader: reader, known: [.warmStart])
        exactStates = reader.node["states"] != nil && reader.choice("states", of: ["exact"]) != nil
        let grid = reader.optionalObject("grid", what: "the grid")
        if let grid { readGrid(grid, task) }
        let ways = ["tree", "grid", "states"].filter { reader.node[$0] != nil }
        if ways.count > 1, let last = ways.last.flatMap({ reader.node[$0] }) {
            reader.complaints.add(
                last,
                "the states are the leaves of a tree, the cells of a grid or the observations as they are, "
                    + "not several of these")
        }
        if let task, reader.node["tree"] == nil, !exactStates { checkSize(reader, grid, task) }
        validation = ValidationSettings(reader: reader, default: validation)
    }

    private mutating func readGrid(_ grid: ObjectReader, _ task: TaskDescription?) {
        gridFeatures = grid.optionalStrings("features")
        if let features = gridFeatures, let node = grid.node["features"] {
            if features.isEmpty { grid.complaints.add(node, "the grid needs at least one feature") }
            for name in features {
                if let task, !task.observations.contains(where: { $0.name == name }) {
                    let known = task.observations.map(\.name).joined(separator: ", ")
                    grid.complaints.add(node, "there is no observation `\(name)`", remedy: "observations: \(known)")
                }
            }
        }
        if let node = grid.optionalChild("bins") {
            var items = [node]
            if case .array(let several) = node.value { items = several }
            gridBins = items.compactMap { item in
                if let count = item.integer, (1...1000).contains(count) { return count }
                grid.complaints.add(item, "bins must be a whole number from 1 to 1000, or one per feature")
                return nil
            }
            let features = gridFeatures?.count ?? task?.observations.count
            if let features, items.count != 1, items.count != features {
                grid.complaints.add(node, "\(features) features need \(features) numbers of bins, or one for all")
            }
        }
        gridDecisions = grid.integer("decisions", default: gridDecisions, in: 1...100_000_000)
        grid.finish()
    }

    /// Complains of a table that would be too large, where it is stated: the default of all observations suits few of
    /// them only.
    private func checkSize(_ reader: ObjectReader, _ grid: ObjectReader?, _ task: TaskDescription) {
        let features = gridFeatures ?? task.observations.map(\.name)
        let bins = gridBins.count == 1 ? Array(repeating: gridBins[0], count: features.count) : gridBins
        guard bins.count == features.count else { return }
        let cells = bins.reduce(1.0) { $0 * Double($1) }
        guard cells > Double(QuantileGrid.largest) else { return }
        let example = features.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
        let whose = gridFeatures == nil ? "all \(features.count) observations" : "\(features.count) features"
        let count = cells < 1e15 ? "\(Int(cells))" : "\(cells)"
        reader.complaints.add(
            grid.map { $0.node["bins"] ?? $0.node["features"] ?? $0.node } ?? reader.node,
            "a grid over \(whose) has \(count) cells, more than the \(QuantileGrid.largest) that a table may have",
            remedy: "name fewer, such as \"grid\": {\"features\": [\(example)], \"bins\": 5}")
    }

    /// Budgets multiplied by a factor.
    func shrunk(by factor: Double) -> TabularConfiguration {
        var small = self
        small.decisions = Agents.shrunk(decisions, by: factor)
        small.gridDecisions = Agents.shrunk(gridDecisions, by: factor)
        small.validation = validation.shrunk(by: factor)
        return small
    }

    func fields() -> [JSONField] {
        let grid = [
            JSONField("features", gridFeatures.map { .strings($0) } ?? .null),
            JSONField("bins", .array(gridBins.map { .integer($0) })), JSONField("decisions", .integer(gridDecisions)),
        ]
        let states =
            tree.map { JSONField("tree", .string($0)) }
            ?? (exactStates
                ? JSONField("states", "exact") : JSONField("grid", .object(grid.filter { $0.value != .null })))
        return [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("learning_rate", .optional(learningRate)),
            JSONField("learning_rate_power", .number(learningRatePower)), JSONField("gamma", .optional(gamma)),
            JSONField("initial_value", .number(initialValue)),
        ] + exploration.fields() + [states] + guidance.fields() + validation.fields()
    }
}
