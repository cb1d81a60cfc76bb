// Conditions that a given patient fulfils, at random: what a conditional prior is trained on.

import Numerics

/// Draws conditions: on no to four columns, an interval or a set of categories around the patient's own value.
struct RandomConditions {
    private let encoding: TableEncoding
    private let table: PatientTable
    /// Present values of numeric columns, ascending.
    private let sorted: [[Double]]
    private let trim: Double?

    /// Most columns that one condition is about.
    static let mostColumns = 4

    init(_ table: PatientTable, _ encoding: TableEncoding, trim: Double?) {
        self.table = table
        self.encoding = encoding
        self.trim = trim
        sorted = table.columns.map { column in
            column.isNumeric ? column.values.filter { !$0.isNaN }.sorted() : []
        }
    }

    /// - Parameter except: a column that none of the conditions is about.
    func draw(for row: Int, _ stream: inout RandomStream, except: Int? = nil) -> EncodedConditions {
        var conditions = EncodedConditions(encoding)
        let columns = encoding.plans.count
        let wanted = stream.below(min(RandomConditions.mostColumns, columns) + 1)
        var taken: [Int] = []
        for _ in 0..<wanted {
            let number = stream.below(columns)
            let value = table.columns[number].values[row]
            if taken.contains(number) || number == except || value.isNaN
                || encoding.plans[number].states.count + sorted[number].count < 2
            {
                continue
            }
            taken.append(number)
            let requirement =
                table.columns[number].isNumeric
                ? interval(around: value, sorted[number], &stream)
                : set(around: Int(value), encoding.plans[number], &stream)
            conditions.add(requirement, plan: number, encoding, trim: trim)
        }
        return conditions
    }

    /// Bounds are values of other patients: uniform among the ranks on their side, one of them absent in two of three.
    private func interval(around value: Double, _ sorted: [Double], _ stream: inout RandomStream)
        -> ColumnRequirement
    {
        let notAbove = QuantileMap.upperBound(sorted, value)
        let below = QuantileMap.lowerBound(sorted, value)
        let kind = stream.below(3)
        let low = sorted[stream.below(notAbove)]
        let high = sorted[below + stream.below(sorted.count - below)]
        let end = Double.greatestFiniteMagnitude
        return .interval((kind == 0 ? -end : low)...(kind == 1 ? end : high))
    }

    /// The patient's category alone, or each other with probability ½.
    private func set(around value: Int, _ plan: ColumnPlan, _ stream: inout RandomStream)
        -> ColumnRequirement
    {
        var allowed: Set<Int> = [value]
        if stream.below(2) == 0 {
            for state in plan.states {
                if case .value(let other) = state, stream.below(2) == 0 { allowed.insert(Int(other)) }
            }
        }
        return .categories(allowed)
    }
}
