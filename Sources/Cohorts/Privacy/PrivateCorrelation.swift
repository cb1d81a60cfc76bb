// Correlations of normal scores from noisy products of ranks.

import Foundation
import Numerics

/// The ranks of a column under its noisy distribution, as a step function of a normal score.
private struct Grades {
    let plan: ColumnPlan
    /// Upper ends, in probability, of the plan's states.
    let ends: [Double]
    /// E[g(Z)·hₖ(Z)] of normalised Hermite polynomials h₁, h₂, …
    private(set) var coefficients: [Double]

    static let terms = 24
    static let grid = 2048

    init(_ plan: ColumnPlan) {
        self.plan = plan
        var total = 0.0
        ends = plan.shares.map { share in
            total += share
            return total
        }
        coefficients = Array(repeating: 0, count: Grades.terms)
        for index in 0..<Grades.grid {
            let probability = (Double(index) + 0.5) / Double(Grades.grid)
            let z = normalQuantile(probability)
            let grade = self.grade(at: probability)
            var (before, now) = (1.0, z)
            for k in 0..<Grades.terms {
                coefficients[k] += grade * now / Double(Grades.grid)
                (before, now) = (now, (z * now - Double(k + 1).squareRoot() * before) / Double(k + 2).squareRoot())
            }
        }
    }

    /// √3·(2u − 1), of variance 1 where u is even; u is the middle rank of equal values.
    private func grade(state: Int, within: Double) -> Double {
        let low = state == 0 ? 0 : ends[state - 1]
        return 3.0.squareRoot() * (2 * (low + within * (ends[state] - low)) - 1)
    }

    private func within(_ value: Double) -> Double {
        guard let sorted = plan.quantiles?.sorted else { return 0.5 }
        let below = QuantileMap.lowerBound(sorted, value)
        return Double(below + QuantileMap.upperBound(sorted, value)) / 2 / Double(sorted.count)
    }

    func grade(of value: Double) -> Double {
        let state = plan.state(of: value) ?? plan.states.count - 1
        return grade(state: state, within: plan.states[state] == .score ? within(value) : 0.5)
    }

    func grade(at probability: Double) -> Double {
        let state = ends.firstIndex { probability < $0 } ?? ends.count - 1
        guard plan.states[state] == .score, let sorted = plan.quantiles?.sorted else {
            return grade(state: state, within: 0.5)
        }
        let low = state == 0 ? 0 : ends[state - 1]
        let place = (probability - low) / max(ends[state] - low, 1e-300)
        return grade(
            state: state, within: within(sorted[min(max(Int(place * Double(sorted.count)), 0), sorted.count - 1)]))
    }

    /// E[g(X)·g′(Y)] for normal X, Y of this correlation (Mehler's formula).
    static func product(_ first: Grades, _ second: Grades, _ correlation: Double) -> Double {
        var sum = 0.0
        for k in stride(from: terms - 1, through: 0, by: -1) {
            sum = (sum + first.coefficients[k] * second.coefficients[k]) * correlation
        }
        return sum
    }

    /// The correlation of normal scores whose grades have this mean product.
    static func correlation(_ first: Grades, _ second: Grades, product wanted: Double) -> Double {
        var (low, high) = (-0.99, 0.99)
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if product(first, second, middle) < wanted { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

enum PrivateCorrelation {
    /// Rows drawn to learn what clipping takes away, and how often.
    static let draws = 4000
    static let rounds = 3

    /// The correlation matrix of the normal scores of all columns.
    ///
    /// Of each row the products of grades of every two columns are taken, those with the target weighted, clipped to a norm,
    /// summed and noised. A correlation is then the one that explains the noisy product, drawn towards zero by what the noise
    /// is worth, and the matrix the nearest that is one (negative eigenvalues cut). What clipping takes from all products is
    /// measured on rows drawn from that matrix and given back.
    ///
    /// - Parameter encoding: without spikes.
    static func measure(
        _ table: PatientTable, _ encoding: TableEncoding, rows: Double, _ ledger: inout PrivacyLedger
    ) throws -> [Double] {
        let count = encoding.plans.count
        var matrix = [Double](repeating: 0, count: count * count)
        for k in 0..<count { matrix[k * count + k] = 1 }
        let share = ledger.configuration.correlationShare
        guard count > 1, share > 0 else { return matrix }
        let grades = encoding.plans.map { Grades($0) }
        let target = encoding.columns.firstIndex { $0.name == encoding.target }
        let weights = (0..<count).flatMap { a in
            (0..<a).map { b in a == target || b == target ? ledger.configuration.targetWeight : 1 }
        }
        // The norm that rows of unrelated columns have.
        let clip = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let values = grades.map { grade in table.columns[grade.plan.column].values.map { grade.grade(of: $0) } }
        let deviation = ledger.deviation(
            share: share, sensitivity: clip, what: "products of ranks of \(count * (count - 1) / 2) pairs of columns")
        var stream = RandomStream(seed: ledger.seed, purpose: "privacy.correlations")
        let noisy = zip(sums(values, weights, clip: clip), weights).map { sum, weight in
            (sum + deviation * stream.normal()) / (weight * rows)
        }
        let noise = weights.map { deviation / ($0 * rows) }
        var scale = 1.0
        for round in 0..<rounds {
            fill(&matrix, grades, products: noisy.map { scale * $0 }, noise: noise.map { scale * $0 })
            matrix = nearestCorrelation(matrix, count)
            guard round < rounds - 1 else { break }
            let drawn = try draw(matrix, grades, seed: ledger.seed)
            let clipped = sums(drawn, weights, clip: clip)
            let whole = sums(drawn, weights, clip: .infinity)
            let square = clipped.reduce(0) { $0 + $1 * $1 }
            scale = square > 0 ? min(max(zip(whole, clipped).reduce(0) { $0 + $1.0 * $1.1 } / square, 1), 3) : 1
        }
        return matrix
    }

    /// Sums over rows of weighted products, each row's clipped to a norm.
    private static func sums(_ columns: [[Double]], _ weights: [Double], clip: Double) -> [Double] {
        let count = columns.count
        var sums = [Double](repeating: 0, count: weights.count)
        var products = sums
        for row in columns[0].indices {
            var pair = 0
            var square = 0.0
            for a in 0..<count {
                for b in 0..<a {
                    let product = weights[pair] * columns[a][row] * columns[b][row]
                    products[pair] = product
                    square += product * product
                    pair += 1
                }
            }
            let factor = min(1, clip / max(square.squareRoot(), 1e-12))
            for pair in sums.indices { sums[pair] += factor * products[pair] }
        }
        return sums
    }

    /// Correlations that explain mean products.
    private static func fill(
        _ matrix: inout [Double], _ grades: [Grades], products: [Double], noise: [Double]
    ) {
        let count = grades.count
        var pair = 0
        for a in 0..<count {
            for b in 0..<a {
                var value = Grades.correlation(grades[a], grades[b], product: products[pair])
                // What noise alone would show in this place, to first order.
                let slope = max(abs(grades[a].coefficients[0] * grades[b].coefficients[0]), 1e-6)
                let chance = noise[pair] / slope
                value *= value * value / (value * value + chance * chance + 1e-300)
                matrix[a * count + b] = value
                matrix[b * count + a] = value
                pair += 1
            }
        }
        for k in 0..<count { matrix[k * count + k] = 1 }
    }

    /// Grades of rows of a copula, column by column.
    private static func draw(_ matrix: [Double], _ grades: [Grades], seed: UInt64) throws -> [[Double]] {
        let count = grades.count
        let factor = try regularisedCholesky(matrix, count)
        var stream = RandomStream(seed: seed, purpose: "privacy.clipping")
        var columns = [[Double]](repeating: [], count: count)
        var normal = [Double](repeating: 0, count: count)
        for _ in 0..<draws {
            for k in 0..<count { normal[k] = stream.normal() }
            for a in 0..<count {
                var score = 0.0
                for b in 0...a { score += factor[a * count + b] * normal[b] }
                columns[a].append(grades[a].grade(at: normalCDF(score)))
            }
        }
        return columns
    }

    /// Negative eigenvalues cut, the diagonal brought back to 1.
    static func nearestCorrelation(_ matrix: [Double], _ n: Int) -> [Double] {
        guard let eigen = SymmetricEigen(matrix, n) else { return matrix }
        let values = eigen.values.map { max($0, 1e-3) }
        var result = [Double](repeating: 0, count: n * n)
        for a in 0..<n {
            for b in 0...a {
                var sum = 0.0
                for (value, vector) in zip(values, eigen.vectors) { sum += value * vector[a] * vector[b] }
                result[a * n + b] = sum
                result[b * n + a] = sum
            }
        }
        let scale = (0..<n).map { result[$0 * n + $0].squareRoot() }
        for a in 0..<n {
            for b in 0..<n {
                result[a * n + b] = a == b ? 1 : max(-1, min(1, result[a * n + b] / (scale[a] * scale[b])))
            }
        }
        return result
    }
}
