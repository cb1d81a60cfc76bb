// The distribution of every column from noisy counts, and encodings of tables that rest on nothing else.

import Foundation
import Numerics

/// Noisy histograms of all columns.
struct PrivateMarginals: Sendable {
    /// The schema's columns, without values.
    let columns: [TableColumn]
    let target: String?
    let cells: [ColumnCells]
    /// Per column, the share of each cell; they sum to one.
    let shares: [[Double]]

    /// Quantiles by which a column's numbers are told.
    static let knots = 512

    /// Counts, adds noise, smooths.
    init(_ table: PatientTable, rows: Double, _ ledger: inout PrivacyLedger) throws {
        try DeclaredColumns.require(table.columns.map(\.schema))
        cells = table.columns.compactMap { ColumnCells($0.schema) }
        target = table.target
        columns = zip(table.columns, cells).map { column, cells in
            TableColumn(
                schema: column.schema, categories: column.schema.categories ?? [], values: [],
                granularity: cells.granularity)
        }
        // A row is counted once in every column.
        let deviation = ledger.deviation(
            share: ledger.configuration.histogramShare, sensitivity: Double(table.columns.count).squareRoot(),
            what: "histograms of \(table.columns.count) columns")
        let noise = RandomStream(seed: ledger.seed, purpose: "privacy.histograms")
        shares = zip(table.columns, cells).enumerated().map { number, pair in
            let (column, cells) = pair
            var stream = noise.withIndex(UInt64(number))
            let noisy = cells.counts(column.values).map { $0 + deviation * stream.normal() }
            return PrivateMarginals.shares(noisy, cells, deviation: deviation, rows: rows)
        }
    }

    /// Shares from noisy counts.
    static func shares(_ noisy: [Double], _ cells: ColumnCells, deviation: Double, rows: Double) -> [Double] {
        var counts = noisy
        let bins = cells.binCount
        if bins > 0 {
            // Counts vary by chance too, as Poisson numbers do.
            let variance = deviation * deviation + rows / Double(bins)
            counts.replaceSubrange(0..<bins, with: NoisyHistogram.smoothed(Array(noisy[0..<bins]), variance: variance))
        }
        // What noise alone would often show is taken for nothing: gaps and numbers that stand alone.
        for index in counts.indices
        where (bins..<bins + cells.atoms.count).contains(index) || index == counts.count - 1 {
            if counts[index] < 2 * deviation { counts[index] = 0 }
        }
        counts = NoisyHistogram.projected(counts, total: rows)
        // Declared categories stay possible.
        for index in 0..<cells.categories { counts[index] = max(counts[index], 0.5) }
        let total = counts.reduce(0, +)
        return counts.map { $0 / total }
    }

    /// An encoding as generators use it.
    ///
    /// - Parameter spikeShare: a number that stands alone and is at least this frequent becomes a state; above 1 none does.
    func encoding(spikeShare: Double) -> TableEncoding {
        var plans: [ColumnPlan] = []
        var choices = 0
        var scores = 0
        for number in columns.indices {
            let plan = self.plan(number, spikeShare: spikeShare, block: choices, slot: scores)
            if plan.block != nil { choices += plan.states.count }
            if plan.slot != nil { scores += 1 }
            plans.append(plan)
        }
        return TableEncoding(columns: columns, target: target, plans: plans, scores: scores, choices: choices)
    }

    private func plan(_ number: Int, spikeShare: Double, block: Int, slot: Int) -> ColumnPlan {
        let cells = cells[number]
        let shares = shares[number]
        var states: [CellState] = []
        var stateShares: [Double] = []
        var quantiles: QuantileMap?
        for category in 0..<cells.categories {
            states.append(.value(Double(category)))
            stateShares.append(shares[category])
        }
        if cells.categories == 0 {
            var segments = (0..<cells.binCount).map { (cells.edges[$0], cells.edges[$0 + 1], shares[$0]) }
            for (index, atom) in cells.atoms.enumerated() {
                let share = shares[cells.binCount + index]
                if share >= spikeShare || (spikeShare <= 1 && index > 0 && share > 0) {
                    states.append(.value(atom))
                    stateShares.append(share)
                } else {
                    segments.append((atom, atom, share))
                }
            }
            let mass = segments.reduce(0) { $0 + $1.2 }
            if mass > 0 {
                quantiles = cells.quantiles(segments, knots: PrivateMarginals.knots)
                states.insert(.score, at: 0)
                stateShares.insert(mass, at: 0)
            }
        }
        let gap = shares[shares.count - 1]
        if gap > 0 || states.isEmpty {
            states.append(.missing)
            stateShares.append(gap)
        }
        let total = stateShares.reduce(0, +)
        return ColumnPlan(
            column: number, states: states, shares: stateShares.map { $0 / total },
            block: states.count > 1 ? block : nil, slot: quantiles == nil ? nil : slot, quantiles: quantiles,
            granularity: cells.granularity, censored: columns[number].censoredValues)
    }

    /// The table with gaps filled where the noisy counts know of none.
    func filled(_ table: PatientTable, _ encoding: TableEncoding) -> PatientTable {
        var table = table
        for plan in encoding.plans where !plan.states.contains(.missing) {
            let middle: Double =
                if let quantiles = plan.quantiles { quantiles.value(at: 0.5, trim: 0) } else { 0 }
            for row in table.columns[plan.column].values.indices
            where table.columns[plan.column].values[row].isNaN {
                table.columns[plan.column].values[row] = middle
            }
        }
        return table
    }
}

extension ColumnCells {
    /// Quantiles at (i + ½)/knots of a density that is even within each segment.
    fileprivate func quantiles(_ segments: [(low: Double, high: Double, share: Double)], knots: Int) -> QuantileMap {
        let ordered = segments.filter { $0.share > 0 }.sorted { ($0.low, $0.high) < ($1.low, $1.high) }
        let mass = ordered.reduce(0) { $0 + $1.share }
        var values: [Double] = []
        var index = 0
        var below = 0.0
        for knot in 0..<knots {
            let wanted = (Double(knot) + 0.5) / Double(knots) * mass
            while index < ordered.count - 1, below + ordered[index].share < wanted {
                below += ordered[index].share
                index += 1
            }
            let segment = ordered[index]
            let way = min(max((wanted - below) / segment.share, 0), 1)
            let value = segment.low + way * (segment.high - segment.low)
            // Numbers beyond a limit stay what they are.
            values.append(
                segment.low == segment.high
                    ? value
                    : min(max(granularity?.rounded(value) ?? value, range.lowerBound), range.upperBound))
        }
        return QuantileMap(sorted: values.sorted())
    }
}
