// The honest baseline: every column's own distribution, tied together by one correlation matrix.

import Numerics
import PositionedJSON

public struct CopulaConfiguration: Sendable, Equatable {
    /// Share of each numeric column's distribution cut off at each end; nil for three quarters of a
    /// training row.
    public var tailTrim: Double?
    /// Differential privacy, where asked for.
    public var privacy: PrivacyConfiguration?

    public init(tailTrim: Double? = nil, privacy: PrivacyConfiguration? = nil) {
        self.tailTrim = tailTrim
        self.privacy = privacy
    }

    public init(reader: ObjectReader) {
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        privacy = PrivacyConfiguration(reader)
    }
}

/// A Gaussian copula on empirical marginals; categories are ordered codes (Nelsen, An Introduction to Copulas, 2006,
/// section 2.3; ties in random order).
public struct GaussianCopula: CohortGenerator {
    /// The correlation of normal scores, columns × columns.
    public let correlation: [Double]
    let factor: [Double]
    let encoding: TableEncoding
    /// Upper ends, in probability, of each column's states.
    let thresholds: [[Double]]
    let tailTrim: Double?
    public var privacy: PrivacyStatement?

    public var kind: String { "copula" }
    public var columns: [TableColumn] { encoding.columns }

    public static func fit(
        _ table: PatientTable, configuration: CopulaConfiguration, seed: UInt64
    ) throws -> GaussianCopula {
        if let privacy = configuration.privacy {
            return try fitPrivately(table, configuration: configuration, privacy: privacy, seed: seed)
        }
        let rows = table.rowCount
        guard rows >= 2 else { throw CohortError("a generator needs at least 2 rows, this table has \(rows)") }
        // No spikes: ties are broken at random, as everywhere in a rank-based copula.
        let encoding = TableEncoding(table, spikeShare: 2)
        let count = encoding.plans.count
        // Scores of whole columns; a missing cell ranks above all numbers.
        var scores: [[Double]] = []
        for plan in encoding.plans {
            let values = table.columns[plan.column].values.map { $0.isNaN ? Double.infinity : $0 }
            let map = QuantileMap(values)
            var stream = RandomStream(seed: seed, purpose: "copula.ties", index: UInt64(plan.column))
            scores.append(values.map { map.score(of: $0, tie: stream.uniform()) })
        }
        var correlation = [Double](repeating: 0, count: count * count)
        for first in 0..<count {
            for second in 0...first {
                let value = first == second ? 1 : pearson(scores[first], scores[second]) ?? 0
                correlation[first * count + second] = value
                correlation[second * count + first] = value
            }
        }
        return GaussianCopula(
            correlation: correlation, factor: try regularisedCholesky(correlation, count), encoding: encoding,
            thresholds: encoding.plans.map { plan in GaussianCopula.ends(plan) }, tailTrim: configuration.tailTrim)
    }

    /// Scored numbers first, then categories in order, then missing cells: the order of the ranks.
    static func ends(_ plan: ColumnPlan) -> [Double] {
        var total = 0.0
        return plan.shares.map { share in
            total += share
            return total
        }
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        let count = encoding.plans.count
        var values = encoding.plans.map { _ in [Double](repeating: .nan, count: rows.count) }
        var normal = [Double](repeating: 0, count: count)
        let first = RandomStream(seed: seed, purpose: "copula.sample")
        for row in 0..<rows.count {
            var stream = first.withIndex(UInt64(rows.lowerBound + row))
            for index in 0..<count { normal[index] = stream.normal() }
            for index in 0..<count {
                var score = 0.0
                for other in 0...index { score += factor[index * count + other] * normal[other] }
                let probability = normalCDF(score)
                let ends = thresholds[index]
                let state = ends.firstIndex { probability < $0 } ?? ends.count - 1
                let low = state == 0 ? 0 : ends[state - 1]
                let within = min(max((probability - low) / max(ends[state] - low, 1e-300), 0), 1)
                values[index][row] = encoding.value(
                    encoding.plans[index], state: state, probability: within, trim: tailTrim)
            }
        }
        return encoding.table(values)
    }

    public var summary: [(name: String, value: Double)] { [("columns", Double(encoding.plans.count))] }

    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": .integer(GeneratorFile.format), "kind": .string(kind), "columns": encoding.json(),
        ]
        if let target = encoding.target { value["target"] = .string(target) }
        if let tailTrim { value["tail_trim"] = .number(tailTrim) }
        if let privacy { value["privacy"] = privacy.json() }
        value["correlation"] = .numbers(correlation)
        return value
    }
}

extension GaussianCopula {
    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        privacy = PrivacyStatement(reader)
        let encoding = TableEncoding(reader)
        guard let numbers = reader.numbers("correlation"), let encoding else { return nil }
        let count = encoding.plans.count
        let place = reader.optionalChild("correlation") ?? reader.node
        guard numbers.count == count * count else {
            reader.complaints.add(place, "\(count) columns have \(count * count) correlations, not \(numbers.count)")
            return nil
        }
        let isCorrelation = (0..<count).allSatisfy { row in
            (0...row).allSatisfy { column in
                let value = numbers[row * count + column]
                return value == numbers[column * count + row] && abs(value) <= 1 && (row != column || value == 1)
            }
        }
        guard isCorrelation, let factor = try? regularisedCholesky(numbers, count) else {
            reader.complaints.add(place, "these numbers are not a correlation matrix")
            return nil
        }
        correlation = numbers
        self.factor = factor
        self.encoding = encoding
        thresholds = encoding.plans.map { plan in GaussianCopula.ends(plan) }
    }
}

/// The Cholesky factor of a correlation matrix, its off-diagonal shrunk as little as makes it positive definite.
func regularisedCholesky(_ matrix: [Double], _ n: Int) throws -> [Double] {
    var shrink = 1e-6
    while true {
        var shrunk = matrix
        for row in 0..<n {
            for column in 0..<n where column != row { shrunk[row * n + column] *= 1 - shrink }
        }
        if let factor = try? cholesky(shrunk, n) { return factor }
        guard shrink < 1 else { throw CohortError("the correlation matrix has no Cholesky factor") }
        shrink = min(1, shrink * 10)
    }
}

/// Pearson's correlation, or nil where a column is constant.
package func pearson(_ first: [Double], _ second: [Double]) -> Double? {
    let count = Double(first.count)
    guard count > 1 else { return nil }
    let meanFirst = first.reduce(0, +) / count
    let meanSecond = second.reduce(0, +) / count
    var product = 0.0
    var squareFirst = 0.0
    var squareSecond = 0.0
    for index in first.indices {
        let a = first[index] - meanFirst
        let b = second[index] - meanSecond
        product += a * b
        squareFirst += a * a
        squareSecond += b * b
    }
    guard squareFirst > 0, squareSecond > 0 else { return nil }
    return max(-1, min(1, product / (squareFirst.squareRoot() * squareSecond.squareRoot())))
}
