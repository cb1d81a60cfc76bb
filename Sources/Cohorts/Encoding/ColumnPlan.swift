// How one column of a table becomes inputs of a network, and how it comes back.

import Foundation

/// What a cell can be, as one of a column's few states.
package enum CellState: Sendable, Equatable {
    /// A number, told by its normal score.
    case score
    /// A value of its own: a category, or a number so frequent that it is a spike in the distribution.
    case value(Double)
    case missing
}

/// The encoding of a column: a block of states, one of which may be "a number with a normal score".
///
/// A numeric column without spikes or gaps has the state `.score` alone and needs no block; a categorical column has a
/// state per category; a number that takes up a large share of a column (untreated patients with zero days of
/// treatment), a cell beyond a limit of the method (`<50`) and a missing cell are states too, so that all are learned
/// together with the rest.
package struct ColumnPlan: Sendable {
    let column: Int
    package let states: [CellState]
    /// Share of training rows in each state.
    package let shares: [Double]
    /// Where the one-hot block begins among all blocks; nil when there is only one state.
    package let block: Int?
    /// Which normal score is this column's, if it has one.
    package let slot: Int?
    let quantiles: QuantileMap?
    let granularity: Granularity?
    /// Numbers that stand for cells beyond a limit; they are not rounded.
    let censored: [Double]

    init(
        column: Int, states: [CellState], shares: [Double], block: Int?, slot: Int?, quantiles: QuantileMap?,
        granularity: Granularity?, censored: [Double]
    ) {
        self.column = column
        self.states = states
        self.shares = shares
        self.block = block
        self.slot = slot
        self.quantiles = quantiles
        self.granularity = granularity
        self.censored = censored
    }

    /// The number of the cell's state, or nil for a category that training rows did not have.
    package func state(of value: Double) -> Int? {
        if value.isNaN { return states.firstIndex(of: .missing) }
        return states.firstIndex(of: .value(value)) ?? states.firstIndex(of: .score)
    }

    /// Plans a column.
    ///
    /// - Parameters:
    ///   - spikeShare: a number at least this frequent becomes a state of its own; above 1 none does, and cells beyond a
    ///     limit keep their place in the order of the numbers.
    ///   - block: offset of the block, should there be one.
    ///   - slot: number of the score, should there be one.
    package init(_ column: TableColumn, number: Int, spikeShare: Double, block: Int, slot: Int) {
        self.column = number
        granularity = column.isNumeric ? column.granularity : nil
        censored = column.censoredValues
        let censoredStates = spikeShare > 1 ? [] : censored
        let present = column.values.filter { !$0.isNaN }.sorted()
        let rows = Double(max(column.values.count, 1))
        var states: [CellState] = []
        var shares: [Double] = []
        var regular: [Double] = []
        var start = 0
        while start < present.count {
            let end = QuantileMap.upperBound(present, present[start])
            let share = Double(end - start) / rows
            let isState = !column.isNumeric || share >= spikeShare || censoredStates.contains(present[start])
            if isState || end - start == present.count {
                states.append(.value(present[start]))
                shares.append(share)
            } else {
                regular += present[start..<end]
            }
            start = end
        }
        if !regular.isEmpty {
            states.insert(.score, at: 0)
            shares.insert(Double(regular.count) / rows, at: 0)
        }
        if present.count < column.values.count || states.isEmpty {
            states.append(.missing)
            shares.append(1 - Double(present.count) / rows)
        }
        self.states = states
        self.shares = shares
        self.block = states.count > 1 ? block : nil
        self.slot = regular.isEmpty ? nil : slot
        quantiles = regular.isEmpty ? nil : QuantileMap(sorted: regular)
    }
}
