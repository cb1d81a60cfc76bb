// Logistic regression with a ridge penalty: the risk model that every other one is held against.

import Foundation
import Numerics

/// Minimises Σ log loss + penalty/2·‖w‖², the intercept not penalised: scikit-learn's `LogisticRegression` with
/// C = 1/penalty, its default at 1.
package struct LogisticRegression: Sendable {
    var penalty: Double

    package init(penalty: Double = 1) { self.penalty = penalty }

    package struct Model: Sendable, Equatable {
        package var intercept: Double
        /// One per feature.
        package var weights: [Double]

        /// The log odds of the class `true` for every row.
        package func scores(_ matrix: FeatureMatrix) -> [Double] {
            var scores = [Double](repeating: intercept, count: matrix.rows)
            for (column, weight) in zip(matrix.columns, weights) {
                for row in 0..<matrix.rows { scores[row] += weight * column[row] }
            }
            return scores
        }
    }

    /// Newton's method (iteratively reweighted least squares; McCullagh and Nelder, "Generalized linear models", 1989,
    /// section 2.5), each step halved until the objective falls.
    ///
    /// - Returns: nil when only one class is there.
    /// - Throws: `CohortError` where the penalty is 0 and features depend on each other.
    package func fit(_ matrix: FeatureMatrix, labels: [Bool]) throws -> Model? {
        guard labels.contains(true), labels.contains(false) else { return nil }
        let width = matrix.columns.count + 1
        var beta = [Double](repeating: 0, count: width)
        var loss = objective(beta, matrix, labels)
        for _ in 0..<100 {
            let (gradient, hessian) = derivatives(beta, matrix, labels)
            guard gradient.contains(where: { abs($0) > 1e-9 * Double(labels.count) }) else { break }
            guard let step = solveLinear(hessian, gradient.count, gradient) else {
                throw CohortError(
                    "a logistic regression without penalty needs features that do not depend on each other")
            }
            var share = 1.0
            while share > 1e-9 {
                let next = zip(beta, step).map { $0 - share * $1 }
                let value = objective(next, matrix, labels)
                if value <= loss {
                    (beta, loss) = (next, value)
                    break
                }
                share /= 2
            }
            if share <= 1e-9 { break }
        }
        return Model(intercept: beta[0], weights: Array(beta.dropFirst()))
    }

    private func objective(_ beta: [Double], _ matrix: FeatureMatrix, _ labels: [Bool]) -> Double {
        let scores = Model(intercept: beta[0], weights: Array(beta.dropFirst())).scores(matrix)
        var sum = penalty / 2 * beta.dropFirst().reduce(0) { $0 + $1 * $1 }
        for (score, label) in zip(scores, labels) {
            let margin = label ? score : -score
            // log(1 + exp(−m)) without overflow
            sum += margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin
        }
        return sum
    }

    private func derivatives(
        _ beta: [Double], _ matrix: FeatureMatrix, _ labels: [Bool]
    ) -> (gradient: [Double], hessian: [Double]) {
        let width = beta.count
        let scores = Model(intercept: beta[0], weights: Array(beta.dropFirst())).scores(matrix)
        var residuals = scores
        var curvatures = scores
        for row in scores.indices {
            let probability = 1 / (1 + exp(-scores[row]))
            residuals[row] = probability - (labels[row] ? 1 : 0)
            curvatures[row] = probability * (1 - probability)
        }
        let columns = [[Double](repeating: 1, count: matrix.rows)] + matrix.columns
        var gradient = [Double](repeating: 0, count: width)
        var hessian = [Double](repeating: 0, count: width * width)
        for first in 0..<width {
            let weighted = zip(columns[first], curvatures).map { $0 * $1 }
            gradient[first] =
                zip(columns[first], residuals).reduce(0) { $0 + $1.0 * $1.1 } + (first > 0 ? penalty * beta[first] : 0)
            for second in 0...first {
                var sum = first == second && first > 0 ? penalty : 0
                columns[second].withUnsafeBufferPointer { other in
                    for row in 0..<weighted.count { sum += weighted[row] * other[row] }
                }
                hessian[first * width + second] = sum
                hessian[second * width + first] = sum
            }
        }
        return (gradient, hessian)
    }
}
