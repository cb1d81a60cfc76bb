// Brings the relations of pairs of columns in generated rows back to those of the training table.

import Foundation
import Numerics
import PositionedJSON

/// Weights of generated rows, a factor for the combination of cells of every pair of columns.
///
/// A regularised network smooths the relations of a small table. Here the pairs are mended as marginals are, by iterative
/// proportional fitting (Deming and Stephan, Ann. Math. Stat. 11 (1940) 427–444): the log-linear tilt
/// exp Σ θ(cell, cell′) of the generator's distribution whose contingency tables of two columns are those wanted.
/// Wanted are the training table's, drawn part of the way towards the generator's own. Of several candidates one is kept
/// by its weight. Tables of two columns tell less of single patients than a network trained for longer does.
struct PairCalibration: Sendable, Equatable {
    /// Per plan, the bounds between the bins of its numbers.
    let cuts: [[Double]]
    /// Cells of each plan: bins of numbers, then the other states.
    let sizes: [Int]
    /// For every pair a < b, in order, θ of sizes[a] × sizes[b] cells.
    private(set) var tilts: [[Float]]

    static let bins = 6

    private init(_ encoding: TableEncoding, cuts: [[Double]], tilts: [[Float]]?) {
        self.cuts = cuts
        sizes = zip(encoding.plans, cuts).map { plan, cuts in
            plan.states.count + (plan.slot == nil ? 0 : cuts.count)
        }
        let sizes = self.sizes
        self.tilts =
            tilts
            ?? PairCalibration.pairs(sizes.count).map {
                Array(repeating: 0, count: sizes[$0.0] * sizes[$0.1])
            }
    }

    static func pairs(_ count: Int) -> [(Int, Int)] {
        (0..<count).flatMap { a in ((a + 1)..<max(count, a + 1)).map { (a, $0) } }
    }

    /// The cell of a value whose state is known.
    func cell(_ plan: ColumnPlan, _ number: Int, state: Int, value: Double) -> Int {
        guard plan.slot != nil else { return state }
        if state > 0 { return cuts[number].count + state }
        var bin = 0
        for cut in cuts[number] where value >= cut { bin += 1 }
        return bin
    }

    /// ln of a row's weight, from its cells.
    func logWeight(_ cells: UnsafePointer<Int>) -> Float {
        var total: Float = 0
        var pair = 0
        for a in sizes.indices {
            for b in (a + 1)..<max(sizes.count, a + 1) {
                total += tilts[pair][cells[a] * sizes[b] + cells[b]]
                pair += 1
            }
        }
        return total
    }

    /// Fits the tilt.
    ///
    /// - Parameters:
    ///   - real: the training table.
    ///   - pool: rows of the generator, the states of each being `states` (rows × plans).
    ///   - shrink: share of the way from the table's pairs to the generator's.
    ///   - sweeps: passes over all pairs at most; it ends before the weights are worth fewer than a quarter of the pool (Kish's
    ///     effective size).
    init(
        _ encoding: TableEncoding, real: PatientTable, pool: PatientTable, shrink: Double, sweeps: Int
    ) {
        let cuts = encoding.plans.map { PairCalibration.cuts($0) }
        self.init(encoding, cuts: cuts, tilts: nil)
        let realCells = cells(encoding, real)
        let poolCells = cells(encoding, pool)
        let pairs = PairCalibration.pairs(sizes.count)
        let count = pool.rowCount
        var weights = [Double](repeating: 1 / Double(count), count: count)
        let even = [Double](repeating: 1 / Double(real.rowCount), count: real.rowCount)
        let wanted = pairs.map { a, b in
            zip(
                contingency(realCells[a], realCells[b], even, sizes[a], sizes[b]),
                contingency(poolCells[a], poolCells[b], weights, sizes[a], sizes[b])
            ).map { (1 - shrink) * $0 + shrink * $1 }
        }
        for _ in 0..<sweeps {
            let before = tilts
            for (pair, (a, b)) in pairs.enumerated() {
                let current = contingency(poolCells[a], poolCells[b], weights, sizes[a], sizes[b])
                let ratios = zip(wanted[pair], current).map { want, have in
                    // A cell that the generator hardly ever fills says nothing about its weight.
                    // Roots of the ratios: many pairs pull at a row at once.
                    have * Double(count) < 2 ? 1 : min(max(want / have, 0.25), 4).squareRoot()
                }
                var sum = 0.0
                for row in 0..<count {
                    weights[row] *= ratios[poolCells[a][row] * sizes[b] + poolCells[b][row]]
                    sum += weights[row]
                }
                for row in 0..<count { weights[row] /= sum }
                for (cell, ratio) in ratios.enumerated() { tilts[pair][cell] += Float(log(ratio)) }
            }
            let effective = 1 / weights.reduce(0) { $0 + $1 * $1 }
            if effective < 0.25 * Double(count) {
                tilts = before
                break
            }
        }
    }

    /// Bounds at sixths of the distribution of a column's numbers, each a value of its own.
    private static func cuts(_ plan: ColumnPlan) -> [Double] {
        guard let sorted = plan.quantiles?.sorted else { return [] }
        var cuts: [Double] = []
        for bin in 1..<bins {
            let value = sorted[sorted.count * bin / bins]
            if value > (cuts.last ?? sorted[0]) { cuts.append(value) }
        }
        return cuts
    }

    /// Cells of a table, plan by plan.
    private func cells(_ encoding: TableEncoding, _ table: PatientTable) -> [[Int]] {
        encoding.plans.enumerated().map { number, plan in
            table.columns[plan.column].values.map { value in
                cell(plan, number, state: plan.state(of: value) ?? 0, value: value)
            }
        }
    }

    private func contingency(
        _ first: [Int], _ second: [Int], _ weights: [Double], _ rows: Int, _ columns: Int
    ) -> [Double] {
        var shares = [Double](repeating: 0, count: rows * columns)
        for row in first.indices { shares[first[row] * columns + second[row]] += weights[row] }
        return shares
    }
}

extension PairCalibration {
    func json() -> JSONValue { .array(tilts.map { .floats($0) }) }

    /// Reads the key `pairs`; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader, _ encoding: TableEncoding) {
        self.init(encoding, cuts: encoding.plans.map { PairCalibration.cuts($0) }, tilts: nil)
        let expected = tilts.map(\.count)
        var tilts: [[Float]] = []
        for node in reader.array("pairs") ?? [] {
            guard case .array(let items) = node.value else {
                reader.complaints.add(node, "the tilts of a pair must be an array, not \(node.kindName)")
                return nil
            }
            tilts.append(
                items.compactMap { item in
                    if case .number(let value, _) = item.value, abs(value) < 1e3 { return Float(value) }
                    return nil
                })
        }
        guard tilts.map(\.count) == expected else {
            reader.complaints.add(
                reader.optionalChild("pairs") ?? reader.node,
                "\"pairs\" must hold \(expected.count) arrays of small numbers, one per combination of cells"
            )
            return nil
        }
        self.tilts = tilts
    }
}
