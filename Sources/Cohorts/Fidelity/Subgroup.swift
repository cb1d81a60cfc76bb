// Groups of patients, such as women or the oldest third, in whom a cohort is held against the real table.

import PositionedJSON

/// A group of rows told by one column.
struct Subgroup: Sendable {
    enum Membership: Sendable {
        case category(Double)
        /// Above the first, up to the second.
        case interval(Double, Double)
        case missing
    }
    var column: Int
    var membership: Membership
    /// `gender = 0`, `31 < age ≤ 38 years`
    var name: String

    func rows(of table: PatientTable) -> [Int] {
        let values = table.columns[column].values
        return values.indices.filter { row in
            switch membership {
            case .category(let category): values[row] == category
            case .interval(let low, let high): values[row] > low && values[row] <= high
            case .missing: values[row].isNaN
            }
        }
    }
}

extension Subgroup {
    /// Groups of fewer real rows are left out: chance alone would make them differ.
    static let leastRows = 30

    /// Every category of every column but the target, and thirds of numeric columns that are known from the start.
    ///
    /// - Parameter maximumColumns: further columns are left out.
    /// - Returns: the groups, and how many columns were left out.
    static func all(_ real: PatientTable, maximumColumns: Int) -> (groups: [Subgroup], columnsLeftOut: Int) {
        let places = real.columns.indices.filter { place in
            let column = real.columns[place]
            guard column.name != real.target else { return false }
            return !column.isNumeric || column.schema.role == nil || column.schema.role == .baseline
        }
        let groups = places.prefix(maximumColumns).flatMap { place -> [Subgroup] in
            let column = real.columns[place]
            let groups = column.isNumeric ? thirds(column, place) : categories(column, place)
            let kept = groups.filter { $0.rows(of: real).count >= leastRows }
            // One group that is everybody tells nothing new.
            return kept.count == 1 && kept[0].rows(of: real).count == real.rowCount ? [] : kept
        }
        return (groups, max(0, places.count - maximumColumns))
    }

    private static func categories(_ column: TableColumn, _ place: Int) -> [Subgroup] {
        column.categories.indices.map {
            Subgroup(
                column: place, membership: .category(Double($0)), name: "\(column.name) = \(column.categories[$0])")
        } + [missing(column, place)]
    }

    /// Cut at two of the values, so that as near to a third as ties permit lies below each.
    private static func thirds(_ column: TableColumn, _ place: Int) -> [Subgroup] {
        let sorted = column.values.filter { !$0.isNaN }.sorted()
        guard let last = sorted.last, sorted[0] < last else { return [missing(column, place)] }
        var cuts: [Double] = []
        for third in 1...2 {
            let wanted = Double(third * sorted.count) / 3
            let value = sorted[min(Int(wanted), sorted.count - 1)]
            let below = QuantileMap.lowerBound(sorted, value)
            let upTo = QuantileMap.upperBound(sorted, value)
            let cut = wanted - Double(below) < Double(upTo) - wanted && below > 0 ? sorted[below - 1] : value
            if cut < last, cut > cuts.last ?? -.infinity { cuts.append(cut) }
        }
        let unit = column.schema.unit.map { " \($0)" } ?? ""
        func text(_ value: Double) -> String { compact(value) }
        let bounds = [-Double.infinity] + cuts + [Double.infinity]
        return zip(bounds, bounds.dropFirst()).map { low, high in
            let name =
                low.isInfinite
                ? "\(column.name) ≤ \(text(high))\(unit)"
                : high.isInfinite
                    ? "\(column.name) > \(text(low))\(unit)" : "\(text(low)) < \(column.name) ≤ \(text(high))\(unit)"
            return Subgroup(column: place, membership: .interval(low, high), name: name)
        } + [missing(column, place)]
    }

    private static func missing(_ column: TableColumn, _ place: Int) -> Subgroup {
        Subgroup(column: place, membership: .missing, name: "\(column.name) not recorded")
    }
}
