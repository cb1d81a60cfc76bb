// A grid over chosen observations, its lines at quantiles of what has been seen.

import Numerics
import Patients
import PositionedJSON

/// Bins per observation; a state is a cell. A value equal to a line belongs to the bin below it. Where missing values
/// (NaN) were seen they have a bin of their own, the last; elsewhere they count as lowest.
public struct QuantileGrid: StateAbstraction, Equatable {
    /// More cells than this are refused: a table of them is still a policy file of some 20 MB, and no budget of
    /// decisions visits more of them often enough to learn from.
    public static let largest = 250_000

    /// Indices of the observations used.
    public let features: [Int]
    /// Ascending lines between bins, per feature.
    public let edges: [[Double]]
    /// Whether missing values have a bin, per feature.
    public let missing: [Bool]
    public let states: Int

    public init(features: [Int], edges: [[Double]], missing: [Bool]) {
        self.features = features
        self.edges = edges
        self.missing = missing
        var product = 1
        for (lines, hasMissing) in zip(edges, missing) {
            let (next, overflow) = product.multipliedReportingOverflow(by: lines.count + 1 + (hasMissing ? 1 : 0))
            product = overflow ? Int.max : next
        }
        states = product
    }

    /// Lines at the quantiles of a sample.
    ///
    /// - Parameters:
    ///   - columns: the values seen, per feature.
    ///   - bins: bins wanted, per feature; fewer where fewer values are distinct, and then lines lie midway between them.
    public init(features: [Int], columns: [[Double]], bins: [Int]) {
        var edges: [[Double]] = []
        var missing: [Bool] = []
        for (column, wanted) in zip(columns, bins) {
            let sorted = column.filter { !$0.isNaN }.sorted()
            missing.append(sorted.count < column.count)
            var distinct: [Double] = []
            for value in sorted where distinct.last != value {
                distinct.append(value)
                if distinct.count > wanted { break }
            }
            var lines: [Double] = []
            if distinct.count <= wanted {
                for (low, high) in zip(distinct, distinct.dropFirst()) { lines.append(low + (high - low) / 2) }
            } else {
                for cut in 1..<max(1, wanted) {
                    let line = sorted[sorted.count * cut / wanted]
                    if lines.last != line, line < sorted[sorted.count - 1] { lines.append(line) }
                }
            }
            edges.append(lines)
        }
        self.init(features: features, edges: edges, missing: missing)
    }

    /// Lines at the quantiles of what random play meets on training patients.
    public init(
        of factory: any EnvironmentFactory, features: [Int], bins: [Int], decisions: Int, seed: UInt64
    ) throws {
        var columns = Array(repeating: [Double](), count: features.count)
        try visitRandomPlay(factory, decisions: decisions, seed: seed) { row in
            for (index, feature) in features.enumerated() { columns[index].append(row[feature]) }
        }
        self.init(features: features, columns: columns, bins: bins)
    }

    public func state(of observation: UnsafePointer<Double>) -> Int {
        var state = 0
        for index in features.indices {
            let value = observation[features[index]]
            let lines = edges[index].count
            var bin = 0
            if value.isNaN {
                bin = missing[index] ? lines + 1 : 0
            } else {
                while bin < lines, value > edges[index][bin] { bin += 1 }
            }
            state = state * (lines + 1 + (missing[index] ? 1 : 0)) + bin
        }
        return state
    }

    public func fits(_ task: TaskDescription) -> Bool {
        features.allSatisfy { task.observations.indices.contains($0) }
    }

    public var policyKind: String { "q_grid" }

    public func json(observations: [String]) -> JSONValue {
        [
            "features": .array(features.map { .string(observations[$0]) }),
            "edges": .array(edges.map { .numbers($0) }),
            "missing": .array(missing.map { .bool($0) }),
        ]
    }

    /// Reads what `json` writes.
    init?(_ node: JSONNode, observations: [String], complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the grid", complaints: complaints)
        let names = reader.strings("features") ?? []
        let edgeNodes = reader.array("edges") ?? []
        let missingNodes = reader.array("missing") ?? []
        reader.finish()
        let features = names.compactMap { name -> Int? in
            if let index = observations.firstIndex(of: name) { return index }
            complaints.add(node, "`\(name)` is not among the observations")
            return nil
        }
        let edges = edgeNodes.map { edge -> [Double] in
            guard case .array(let items) = edge.value else {
                complaints.add(edge, "the lines of a feature must be an array, not \(edge.kindName)")
                return []
            }
            let lines = items.compactMap { item -> Double? in
                if case .number(let value, _) = item.value { return value }
                complaints.add(item, "a line must be a number, not \(item.kindName)")
                return nil
            }
            if zip(lines, lines.dropFirst()).contains(where: { $0 >= $1 }) {
                complaints.add(edge, "lines must ascend")
            }
            return lines
        }
        let missing = missingNodes.compactMap { item -> Bool? in
            if case .bool(let value) = item.value { return value }
            complaints.add(item, "must be true or false, not \(item.kindName)")
            return nil
        }
        guard complaints.items.count == before else { return nil }
        guard features.count == edges.count, features.count == missing.count else {
            complaints.add(node, "features, edges and missing must have the same length")
            return nil
        }
        self.init(features: features, edges: edges, missing: missing)
        guard states <= QuantileGrid.largest else {
            complaints.add(node, TrainingError.tooManyStates(states).description)
            return nil
        }
    }
}
