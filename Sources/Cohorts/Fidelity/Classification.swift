// Area under the curve, stratified folds, and what the boosted trees say with them.

import Numerics

package enum Classification {
    /// The probability that a row of the class `true` scores above one of the other, ties counted half
    /// (Hanley and McNeil, Radiology 143 (1982) 29–36); nil with only one class.
    package static func areaUnderCurve(_ scores: [Double], _ labels: [Bool]) -> Double? {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var rankSum = 0.0
        var positive = 0.0
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let rank = Double(start + end + 1) / 2  // mean of the ranks start + 1 … end
            for place in start..<end where labels[order[place]] {
                rankSum += rank
                positive += 1
            }
            start = end
        }
        let negative = Double(labels.count) - positive
        guard positive > 0, negative > 0 else { return nil }
        return (rankSum - positive * (positive + 1) / 2) / (positive * negative)
    }

    /// A fold for every row; each class is spread evenly.
    static func stratifiedFolds(_ labels: [Bool], folds: Int, seed: UInt64, purpose: String) -> [Int] {
        var fold = [Int](repeating: 0, count: labels.count)
        var stream = RandomStream(seed: seed, purpose: purpose)
        var next = 0
        for label in [false, true] {
            var members = labels.indices.filter { labels[$0] == label }
            stream.shuffle(&members)
            for row in members {
                fold[row] = next % folds
                next += 1
            }
        }
        return fold
    }

    /// What a table is classified by.
    enum Method: String, Sendable, CaseIterable {
        case boostedTrees = "boosted_trees"
        case logisticRegression = "logistic_regression"

        /// Scores for other rows; nil when only one class is there, or the fit would take too long.
        func fit(_ matrix: FeatureMatrix, _ labels: [Bool]) throws -> (@Sendable (FeatureMatrix) -> [Double])? {
            switch self {
            case .boostedTrees:
                guard let model = GradientBoosting().fit(matrix, labels: labels) else { return nil }
                return { model.scores($0) }
            case .logisticRegression:
                guard matrix.rows * matrix.columns.count * matrix.columns.count <= Method.largestProduct,
                    let model = try LogisticRegression().fit(matrix, labels: labels)
                else { return nil }
                return { model.scores($0) }
            }
        }

        /// Rows × features² beyond which no logistic regression is fitted: each of its Newton steps takes as many
        /// multiplications (10,000 rows of 170 features: a third of a second).
        static let largestProduct = 300_000_000
    }

    /// Out-of-fold scores.
    static func crossValidated(
        _ matrix: FeatureMatrix, _ labels: [Bool], method: Method = .boostedTrees, folds: Int = 5, seed: UInt64,
        purpose: String, jobs: Int
    ) throws -> (scores: [Double], fold: [Int])? {
        guard labels.count >= 2 * folds else { return nil }
        let fold = stratifiedFolds(labels, folds: folds, seed: seed, purpose: purpose)
        let parts = try Parallel.map(folds, jobs: jobs) { k -> [(Int, Double)]? in
            let training = labels.indices.filter { fold[$0] != k }
            let testing = labels.indices.filter { fold[$0] == k }
            guard let scores = try method.fit(matrix.rows(training), training.map { labels[$0] }) else { return nil }
            return Array(zip(testing, scores(matrix.rows(testing))))
        }
        var scores = [Double](repeating: 0, count: labels.count)
        for part in parts {
            guard let part else { return nil }
            for (row, score) in part { scores[row] = score }
        }
        return (scores, fold)
    }
}
