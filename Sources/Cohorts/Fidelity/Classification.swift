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

    /// Out-of-fold scores of boosted trees.
    static func crossValidated(
        _ matrix: FeatureMatrix, _ labels: [Bool], folds: Int = 5, seed: UInt64, purpose: String, jobs: Int
    ) throws -> (scores: [Double], fold: [Int])? {
        guard labels.count >= 2 * folds else { return nil }
        let fold = stratifiedFolds(labels, folds: folds, seed: seed, purpose: purpose)
        let parts = try Parallel.map(folds, jobs: jobs) { k -> [(Int, Double)]? in
            let training = labels.indices.filter { fold[$0] != k }
            let testing = labels.indices.filter { fold[$0] == k }
            guard
                let model = GradientBoosting().fit(matrix.rows(training), labels: training.map { labels[$0] })
            else { return nil }
            return Array(zip(testing, model.scores(matrix.rows(testing))))
        }
        var scores = [Double](repeating: 0, count: labels.count)
        for part in parts {
            guard let part else { return nil }
            for (row, score) in part { scores[row] = score }
        }
        return (scores, fold)
    }

    /// How well boosted trees tell real rows from as many synthetic ones: 0.5 when they cannot.
    static func discriminator(
        _ real: PatientTable, _ synthetic: PatientTable, seed: UInt64, jobs: Int
    ) throws -> Double? {
        let count = min(real.rowCount, synthetic.rowCount)
        var stream = RandomStream(seed: seed, purpose: "fidelity.subsample")
        let a = real.rowCount > count ? real.rows(stream.permutation(real.rowCount).prefix(count)) : real
        let b =
            synthetic.rowCount > count
            ? synthetic.rows(stream.permutation(synthetic.rowCount).prefix(count)) : synthetic
        let matrices = FeatureMatrix.encode([a, b], reference: real)
        let labels = Array(repeating: true, count: count) + Array(repeating: false, count: count)
        guard
            let (scores, _) = try crossValidated(
                FeatureMatrix.stacked(matrices[0], matrices[1]), labels, seed: seed,
                purpose: "fidelity.discriminator", jobs: jobs)
        else { return nil }
        return areaUnderCurve(scores, labels)
    }
}
