// The columns of a long table that can be followed over time as numbers, and patients in a row each.

import Foundation
import Numerics

/// A column as numbers: itself, the place of an ordered category, or 0 and 1 of two categories.
struct FollowedColumn: Sendable {
    var name: String
    var unit: String?
    /// A value a visit, NaN where missing.
    var real: [Double]
    var synthetic: [Double]

    /// The columns that can be followed among those that change.
    static func names(_ table: VisitTable) -> [String] {
        table.varying.map { table.columns[$0] }
            .filter { $0.isNumeric || $0.schema.type == .ordinal || $0.categories.count == 2 }.map(\.name)
    }

    /// The columns of both tables that change from visit to visit in the real one.
    static func all(_ real: VisitTable, _ synthetic: VisitTable) -> [FollowedColumn] {
        let followed = names(real)
        return real.varying.compactMap { place in
            let column = real.columns[place]
            guard followed.contains(column.name) else { return nil }
            return FollowedColumn(
                name: column.name, unit: column.schema.unit, real: column.values,
                synthetic: synthetic.columns[place].values)
        }
    }

    /// Both as normal scores among the real values, so that few extreme ones do not decide.
    var scores: (real: [Double], synthetic: [Double]) {
        let map = QuantileMap(real.filter { !$0.isNaN })
        guard !map.sorted.isEmpty else { return (real, synthetic) }
        func score(_ value: Double) -> Double { value.isNaN ? .nan : map.score(of: value, tie: 0.5) }
        return (real.map(score), synthetic.map(score))
    }
}

/// How long a unit of time is.
enum TimeUnit {
    /// Units in a year, where the schema names one.
    static func perYear(_ unit: String?) -> Double? {
        switch unit?.lowercased() {
        case "day", "days", "d": 365.25
        case "week", "weeks", "wk": 365.25 / 7
        case "month", "months", "mo": 12
        case "year", "years", "y", "a": 1
        case "hour", "hours", "h": 365.25 * 24
        default: nil
        }
    }
}

extension VisitTable {
    /// Time since each patient's first visit, a number a visit.
    var elapsed: [Double] {
        (0..<patientCount).flatMap { patient in
            visits(of: patient).map { times[$0] - times[starts[patient]] }
        }
    }

    /// Times from each visit to the next.
    var gaps: [Double] { VisitEncoding.gapTable(self).columns[0].values }

    /// A row a patient: constants, when the visits were, and of every column its mean, spread, first and last value,
    /// change, roughness and gaps.
    func summaries(followed: [String]) -> PatientTable {
        var table = baselineTable()
        let patients = 0..<patientCount
        func add(_ name: String, _ value: (Range<Int>) -> Double) {
            table.columns.append(
                TableColumn(
                    schema: ColumnSchema(name: name, type: .continuous), values: patients.map { value(visits(of: $0)) })
            )
        }
        add("visits") { Double($0.count) }
        add("first time") { times[$0.lowerBound] }
        add("followed") { times[$0.upperBound - 1] - times[$0.lowerBound] }
        func gaps(_ rows: Range<Int>) -> [Double] { rows.dropFirst().map { times[$0] - times[$0 - 1] } }
        add("shortest gap") { gaps($0).min() ?? .nan }
        add("median gap") { quantile(gaps($0), 0.5) }
        add("longest gap") { gaps($0).max() ?? .nan }
        for column in columns where followed.contains(column.name) {
            func seen(_ rows: Range<Int>) -> [Double] { rows.map { column.values[$0] }.filter { !$0.isNaN } }
            add("\(column.name) mean") { rows in
                let values = seen(rows)
                return values.isEmpty ? .nan : Statistics.mean(values)
            }
            add("\(column.name) spread") { rows in
                let values = seen(rows)
                return values.count < 2 ? .nan : Statistics.standardDeviation(values)
            }
            add("\(column.name) first") { seen($0).first ?? .nan }
            add("\(column.name) last") { seen($0).last ?? .nan }
            add("\(column.name) roughness") { rows in
                let values = seen(rows)
                return values.count < 2
                    ? .nan : Statistics.mean(zip(values.dropFirst(), values).map { abs($0 - $1) })
            }
            add("\(column.name) missing") { rows in 1 - Double(seen(rows).count) / Double(rows.count) }
        }
        return table
    }
}
