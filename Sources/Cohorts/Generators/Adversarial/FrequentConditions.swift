// Conditions in which rare categories are frequent.

import Foundation
import Numerics

/// Draws patients and conditions that they fulfil: half of the time those of a category that is chosen by the logarithm of
/// its frequency, else any patient's.
struct FrequentConditions {
    private let random: RandomConditions
    private let encoding: TableEncoding
    private let trim: Double?
    private let rows: Int
    /// Of every categorical column, its categories and the rows in them.
    private let columns: [Categories]

    private struct Categories {
        let plan: Int
        var among: [(category: Int, rows: [Int])] = []
        var weights: [Double] = []
    }

    init(_ table: PatientTable, _ encoding: TableEncoding, trim: Double?) {
        self.encoding = encoding
        self.trim = trim
        rows = table.rowCount
        random = RandomConditions(table, encoding, trim: trim)
        columns = encoding.plans.enumerated().compactMap { number, plan in
            let column = table.columns[plan.column]
            guard !column.isNumeric, plan.block != nil else { return nil }
            var found = Categories(plan: number)
            for case .value(let value) in plan.states {
                let among = column.values.indices.filter { column.values[$0] == value }
                guard !among.isEmpty else { continue }
                found.among.append((Int(value), among))
                found.weights.append(log(1 + Double(among.count)))
            }
            return found.among.isEmpty ? nil : found
        }
    }

    func draw(_ stream: inout RandomStream) -> (row: Int, conditions: EncodedConditions) {
        guard !columns.isEmpty, stream.below(2) == 0 else {
            let row = stream.below(rows)
            return (row, random.draw(for: row, &stream))
        }
        let column = columns[stream.below(columns.count)]
        var left = stream.uniform() * column.weights.reduce(0, +)
        var chosen = column.among.count - 1
        for (index, weight) in column.weights.enumerated() {
            left -= weight
            if left < 0 {
                chosen = index
                break
            }
        }
        let (category, among) = column.among[chosen]
        let row = among[stream.below(among.count)]
        // Half of them alone, half with other conditions of this patient.
        var conditions =
            stream.below(2) == 0
            ? EncodedConditions(encoding) : random.draw(for: row, &stream, except: column.plan)
        conditions.add(.categories([category]), plan: column.plan, encoding, trim: trim)
        return (row, conditions)
    }
}
