// Every question a tree can ask of the states of a decision process, each partition once.

import Numerics
import Patients
import Trees

/// Observations as ranks. A cut of a feature at rank c sends ranks up to c to the left.
struct TreeCuts: Sendable {
    let features: Int
    let count: Int
    /// By feature, ascending: the values told apart.
    let values: [[Double]]
    /// features × states
    let ranks: [UInt16]
    /// By feature: the states in the order of their ranks.
    let orders: [[Int32]]
    /// By feature and rank: whether no cut before it parts the states in the same way, sides exchanged or not.
    let isFirst: [[Bool]]
    /// How many of these there are.
    let distinct: Int
    private let grid: ThresholdGrid?

    /// - Parameter grid: where thresholds must lie, if they must.
    init(_ process: DecisionProcess, grid: ThresholdGrid?) {
        let features = process.model.task.observations.count
        let count = process.count
        self.features = features
        self.count = count
        self.grid = grid
        var values: [[Double]] = []
        var ranks: [UInt16] = []
        var orders: [[Int32]] = []
        for feature in 0..<features {
            let column = process.states.map { state -> Double in
                let value = process.model.observations[state * features + feature] + 0
                return grid?.cell(value, feature: feature) ?? value
            }
            let distinct = Set(column).sorted()
            let number = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, UInt16($0)) })
            let own = column.map { number[$0] ?? 0 }
            values.append(distinct)
            ranks += own
            orders.append((0..<count).map(Int32.init).sorted { (own[Int($0)], $0) < (own[Int($1)], $1) })
        }
        self.values = values
        self.ranks = ranks
        self.orders = orders
        var seen: Set<[UInt64]> = []
        isFirst = (0..<features).map { feature in
            values[feature].indices.map { rank in
                guard rank + 1 < values[feature].count else { return false }
                return seen.insert(
                    TreeCuts.partition((0..<count).map { Int(ranks[feature * count + $0]) <= rank })
                ).inserted
            }
        }
        distinct = seen.count
    }

    /// A partition as bits: those that go with the first state.
    static func partition(_ left: [Bool]) -> [UInt64] {
        var words = Array(repeating: UInt64(0), count: (left.count + 63) / 64)
        for (index, side) in left.enumerated() where side == left[0] { words[index / 64] |= 1 << UInt64(index % 64) }
        return words
    }

    @inline(__always)
    func goesLeft(_ state: Int, _ feature: Int, _ cut: Int) -> Bool { Int(ranks[feature * count + state]) <= cut }

    /// A threshold that parts the ranks up to `cut` from the others.
    func threshold(_ feature: Int, _ cut: Int) -> Double {
        let (below, above) = (values[feature][cut], values[feature][cut + 1])
        let middle = below / 2 + above / 2
        let threshold = grid?.nearest(middle, feature: feature) ?? middle
        return threshold >= below && threshold < above ? threshold : below
    }

    /// The rank up to which values go left at a threshold; nil where none or all do.
    func cut(_ feature: Int, _ threshold: Double) -> Int? {
        let below = values[feature].count { $0 <= threshold }
        return below > 0 && below < values[feature].count ? below - 1 : nil
    }
}
