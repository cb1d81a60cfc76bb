// Every distinct row of observations as a state of its own: no abstraction at all, where rows are few.

import Patients
import PositionedJSON

/// The rows that there are, numbered, and one state more for a row that is none of them. Of the observations as many are
/// looked at as it takes to tell all rows apart.
///
/// Two states of an environment that look the same are one state here: what is hidden stays hidden.
public struct ExactStates: StateAbstraction, Equatable {
    /// Indices of the observations that are looked at.
    public let features: [Int]
    /// rows × features, all different
    public let rows: [Double]
    /// Places by hash; −1 for an empty one. A power of two, at most half full.
    private let places: [Int32]

    public let states: Int

    /// - Parameter rows: those of the chosen observations; repeated ones count once.
    public init(features: [Int], rows: some Sequence<[Double]>) {
        var seen: Set<[UInt64]> = []
        var distinct: [Double] = []
        for row in rows where seen.insert(row.map(ExactStates.key)).inserted { distinct += row }
        let count = distinct.count / features.count
        var size = 8
        while size < 2 * count { size *= 2 }
        var places = Array(repeating: Int32(-1), count: size)
        for row in 0..<count {
            var place = ExactStates.hash(features.indices.lazy.map { distinct[row * features.count + $0] })
            while places[place & (size - 1)] >= 0 { place += 1 }
            places[place & (size - 1)] = Int32(row)
        }
        self.features = features
        self.rows = distinct
        self.places = places
        states = count + 1
    }

    /// The rows of a tabular environment's states that are no endings; of another environment those that random play
    /// meets on training patients.
    public init(of factory: any EnvironmentFactory, decisions: Int, seed: UInt64) throws {
        var rows: [[Double]] = []
        var seen: Set<[UInt64]> = []
        func meet(_ row: some Collection<Double>) {
            guard seen.count <= QuantileGrid.largest, seen.insert(row.map(ExactStates.key)).inserted else { return }
            rows.append(Array(row))
        }
        if let model = (factory as? TabularFactory)?.model {
            for state in 0..<model.states where !model.isEnding(state) { meet(model.observation(state)) }
        } else {
            let width = factory.task.observations.count
            try visitRandomPlay(factory, decisions: decisions, seed: seed) { row in
                meet(UnsafeBufferPointer(start: row, count: width))
            }
        }
        guard rows.count < QuantileGrid.largest else { throw TrainingError.tooManyRows }
        let features = ExactStates.telling(rows)
        self.init(features: features, rows: rows.map { row in features.map { row[$0] } })
    }

    /// Columns that tell all rows apart, chosen one by one: the one that tells most, the first of equals.
    private static func telling(_ rows: [[Double]]) -> [Int] {
        var chosen: [Int] = []
        // The number of the group that each row is in: rows that the chosen columns do not tell apart.
        var groups = Array(repeating: 0, count: rows.count)
        var count = min(1, rows.count)
        while count < rows.count || chosen.isEmpty {
            var best: (column: Int, groups: [Int], count: Int)?
            for column in rows.first?.indices ?? 0..<1 where !chosen.contains(column) {
                var numbers: [[UInt64]: Int] = [:]
                let split = rows.indices.map { row -> Int in
                    let key = [UInt64(groups[row]), ExactStates.key(rows[row][column])]
                    let number = numbers[key] ?? numbers.count
                    numbers[key] = number
                    return number
                }
                if best.map({ numbers.count > $0.count }) ?? true { best = (column, split, numbers.count) }
            }
            guard let best else { break }
            chosen.append(best.column)
            groups = best.groups
            count = best.count
        }
        return chosen.sorted()
    }

    /// Equal numbers have equal keys, zeros of both signs and missing values included.
    @inline(__always)
    private static func key(_ value: Double) -> UInt64 { value.isNaN ? .max : (value + 0).bitPattern }

    @inline(__always)
    private static func hash(_ row: some Sequence<Double>) -> Int {
        var hash: UInt64 = 0
        for value in row {
            hash = (hash ^ key(value)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash &>> 32
        }
        return Int(truncatingIfNeeded: hash &>> 1)
    }

    public func state(of observation: UnsafePointer<Double>) -> Int {
        let width = features.count
        var place = ExactStates.hash(features.lazy.map { observation[$0] })
        while true {
            let row = Int(places[place & (places.count - 1)])
            if row < 0 { return states - 1 }
            var same = true
            for index in 0..<width
            where ExactStates.key(observation[features[index]]) != ExactStates.key(rows[row * width + index]) {
                same = false
            }
            if same { return row }
            place += 1
        }
    }

    public func fits(_ task: TaskDescription) -> Bool {
        features.allSatisfy { task.observations.indices.contains($0) }
    }

    public var policyKind: String { "q_exact" }

    public func json(observations: [String]) -> JSONValue {
        [
            "features": .array(features.map { .string(observations[$0]) }),
            "rows": .array(
                stride(from: 0, to: rows.count, by: features.count).map { first in
                    .array((first..<(first + features.count)).map { rows[$0].isNaN ? .null : .number(rows[$0]) })
                }),
        ]
    }

    /// Reads what `json` writes.
    init?(_ node: JSONNode, observations: [String], complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the states", complaints: complaints)
        let names = reader.strings("features") ?? []
        let rowNodes = reader.array("rows") ?? []
        reader.finish()
        let features = names.compactMap { name -> Int? in
            if let index = observations.firstIndex(of: name) { return index }
            complaints.add(node, "`\(name)` is not among the observations")
            return nil
        }
        let rows = rowNodes.map { row -> [Double] in
            var numbers: [Double] = []
            if case .array(let items) = row.value {
                for item in items {
                    switch item.value {
                    case .number(let value, _): numbers.append(value)
                    case .null: numbers.append(.nan)
                    default: complaints.add(item, "an observation must be a number or null, not \(item.kindName)")
                    }
                }
            }
            if numbers.count != names.count {
                complaints.add(row, "a row needs \(names.count) numbers, one per feature")
            }
            return numbers
        }
        if names.isEmpty, complaints.items.count == before { complaints.add(node, "there must be a feature") }
        guard complaints.items.count == before else { return nil }
        self.init(features: features, rows: rows)
        guard states == rows.count + 1 else {
            complaints.add(node, "two rows are the same")
            return nil
        }
    }
}
