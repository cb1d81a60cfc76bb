// A whole table as the inputs of a network, and generated rows as a table again.

import Numerics

/// The encodings of all columns of a table.
package struct TableEncoding: Sendable {
    /// The training table's columns, without values.
    let columns: [TableColumn]
    let target: String?
    package let plans: [ColumnPlan]
    /// Number of normal scores, and of one-hot inputs.
    package let scores: Int
    package let choices: Int

    package init(_ table: PatientTable, spikeShare: Double) {
        var plans: [ColumnPlan] = []
        var choices = 0
        var scores = 0
        for (number, column) in table.columns.enumerated() {
            let plan = ColumnPlan(column, number: number, spikeShare: spikeShare, block: choices, slot: scores)
            if plan.block != nil { choices += plan.states.count }
            if plan.slot != nil { scores += 1 }
            plans.append(plan)
        }
        columns = table.columns.map { column in
            var empty = column
            empty.values = []
            return empty
        }
        target = table.target
        self.plans = plans
        self.scores = scores
        self.choices = choices
    }

    /// An encoding whose parts are known.
    init(columns: [TableColumn], target: String?, plans: [ColumnPlan], scores: Int, choices: Int) {
        self.columns = columns
        self.target = target
        self.plans = plans
        self.scores = scores
        self.choices = choices
    }

    /// Inputs of the encoder and outputs of the decoder.
    package var width: Int { scores + choices }

    /// The plans that have a block, in the order of the blocks.
    package var blocks: [ColumnPlan] { plans.filter { $0.block != nil } }

    /// Encoded rows: normal scores (0 where the column is in another state), then one-hot blocks.
    package struct Rows: Sendable {
        /// rows × width
        package var inputs: [Float]
        /// rows × scores: 1 where the score counts.
        package var mask: [Float]
        /// rows × blocks: the state.
        package var states: [Int32]
        package var count: Int
    }

    /// Encodes a table of the same columns; a category that was not there at training takes the block's first state.
    package func encode(_ table: PatientTable, seed: UInt64) -> Rows {
        encode(table) { column in RandomStream(seed: seed, purpose: "cohort.ties", index: UInt64(column)) }
    }

    /// - Parameter tie: of a column, the numbers that choose among equal ranks; nil for their middle.
    private func encode(_ table: PatientTable, tie streams: (_ column: Int) -> RandomStream?) -> Rows {
        let count = table.rowCount
        let blocks = self.blocks
        var rows = Rows(
            inputs: Array(repeating: 0, count: count * width), mask: Array(repeating: 0, count: count * scores),
            states: Array(repeating: 0, count: count * blocks.count), count: count)
        var block = 0
        for plan in plans {
            let values = table.columns[plan.column].values
            var stream = streams(plan.column)
            for row in 0..<count {
                let tie = stream?.uniform() ?? 0.5
                let state = plan.state(of: values[row]) ?? 0
                if let offset = plan.block {
                    rows.inputs[row * width + scores + offset + state] = 1
                    rows.states[row * blocks.count + block] = Int32(state)
                }
                if let slot = plan.slot, plan.states[state] == .score, let quantiles = plan.quantiles {
                    rows.inputs[row * width + slot] = Float(quantiles.score(of: values[row], tie: tie))
                    rows.mask[row * scores + slot] = 1
                }
            }
            if plan.block != nil { block += 1 }
        }
        return rows
    }

    /// Encodes rows to be placed among those of the training table: ties take their middle rank.
    ///
    /// - Throws: `CohortError` for a cell that the training table had none like: a category, or a gap.
    func encode(_ table: PatientTable) throws -> Rows {
        guard table.columns.map(\.name) == columns.map(\.name) else {
            throw CohortError("the table's columns are not those that the generator learned")
        }
        var table = table
        for plan in plans {
            let column = table.columns[plan.column]
            // The same category may have another number here.
            let numbers = column.categories.map { name in columns[plan.column].categories.firstIndex(of: name) }
            for row in 0..<column.values.count {
                let value = column.values[row]
                if !column.isNumeric, !value.isNaN {
                    table.columns[plan.column].values[row] = numbers[Int(value)].map(Double.init) ?? -1
                }
                guard plan.state(of: table.columns[plan.column].values[row]) == nil else { continue }
                throw CohortError(
                    value.isNaN
                        ? "patient \(row + 1) has no value of \"\(column.name)\", and no patient the generator learned lacked it"
                        : "patient \(row + 1): no patient the generator learned had \"\(column.name)\" = "
                            + (column.isNumeric ? "\(value)" : column.categories[Int(value)]))
            }
        }
        return encode(table, tie: { _ in nil })
    }

    /// The value of a generated cell.
    ///
    /// - Parameters:
    ///   - probability: the cell's place in its column's distribution, where its state is `.score`.
    ///   - trim: share of the distribution cut off at each end, or nil for 3/4 of a training row.
    func value(_ plan: ColumnPlan, state: Int, probability: Double, trim: Double?) -> Double {
        switch plan.states[state] {
        case .missing: return .nan
        case .value(let value): return value
        case .score:
            guard let quantiles = plan.quantiles else { return .nan }
            let share = trim ?? min(0.25, 0.75 / Double(quantiles.sorted.count))
            let value = quantiles.value(at: probability, trim: share)
            if !plan.censored.isEmpty, plan.censored.contains(value) { return value }
            return plan.granularity?.rounded(value) ?? value
        }
    }

    /// A table of these columns from values, column by column.
    func table(_ values: [[Double]]) -> PatientTable {
        var filled = columns
        for index in filled.indices { filled[index].values = values[index] }
        return PatientTable(columns: filled, target: target)
    }
}
