// How good predicted probabilities are: discrimination, decisions at one half, calibration.

import Numerics

/// What predictions are judged by.
public enum RiskMetric: String, Sendable, CaseIterable {
    /// Area under the receiver operating characteristic, the mean over folds: scores of different folds come from
    /// different models.
    case auc
    case accuracy, recall, specificity, precision
    /// Harmonic mean of precision and recall.
    case f1
    /// Mean squared distance of probability and outcome (Brier, Mon. Weather Rev. 78 (1950) 1).
    case brier

    /// As tables print it.
    public var title: String {
        switch self {
        case .auc: "ROC AUC"
        case .accuracy: "accuracy"
        case .recall: "recall"
        case .specificity: "specificity"
        case .precision: "precision"
        case .f1: "F1"
        case .brier: "Brier score"
        }
    }

    /// Whether more of it is better.
    public var higherIsBetter: Bool { self != .brier }
}

/// Out-of-fold predictions of one kind of model: every patient by the model of the fold that had not seen them.
public struct RiskPredictions: Sendable {
    /// By patient.
    public var probabilities: [Double]
    public var labels: [Bool]
    public var folds: [Int]

    public init(probabilities: [Double], labels: [Bool], folds: [Int]) {
        self.probabilities = probabilities
        self.labels = labels
        self.folds = folds
    }

    /// Of the patients of `rows`, one of whom may stand several times; NaN where it is not defined.
    package func value(_ metric: RiskMetric, rows: [Int]) -> Double {
        if metric == .auc {
            var byFold = Array(repeating: [Int](), count: (folds.max() ?? 0) + 1)
            for row in rows { byFold[folds[row]].append(row) }
            let areas = byFold.compactMap { own in
                Classification.areaUnderCurve(own.map { probabilities[$0] }, own.map { labels[$0] })
            }
            return mean(areas) ?? .nan
        }
        if metric == .brier {
            return mean(
                rows.map { row in
                    let distance = probabilities[row] - (labels[row] ? 1 : 0)
                    return distance * distance
                }) ?? .nan
        }
        var (hits, misses, alarms, passes) = (0.0, 0.0, 0.0, 0.0)
        for row in rows {
            switch (labels[row], probabilities[row] >= 0.5) {
            case (true, true): hits += 1
            case (true, false): misses += 1
            case (false, true): alarms += 1
            case (false, false): passes += 1
            }
        }
        return switch metric {
        case .accuracy: (hits + passes) / Double(rows.count)
        case .recall: hits / (hits + misses)
        case .specificity: passes / (passes + alarms)
        case .precision: hits / (hits + alarms)
        case .f1: 2 * hits / (2 * hits + misses + alarms)
        case .auc, .brier: .nan
        }
    }

    public func value(_ metric: RiskMetric) -> Double { value(metric, rows: Array(labels.indices)) }

    /// Points of the receiver operating characteristic over all patients, from (0, 0) to (1, 1): false alarms, hits.
    public func curve() -> [(falsePositives: Double, truePositives: Double)] {
        let order = labels.indices.sorted { probabilities[$0] > probabilities[$1] }
        let positive = Double(labels.count { $0 })
        let negative = Double(labels.count) - positive
        var points = [(falsePositives: 0.0, truePositives: 0.0)]
        var (hits, alarms) = (0.0, 0.0)
        for (place, row) in order.enumerated() {
            if labels[row] { hits += 1 } else { alarms += 1 }
            if place + 1 < order.count, probabilities[order[place + 1]] == probabilities[row] { continue }
            points.append((alarms / max(1, negative), hits / max(1, positive)))
        }
        return points
    }
}

/// Intervals by drawing patients anew, within every fold and class, the same draws for everything that is compared.
public struct RiskBootstrap: Sendable {
    /// By replication: patients.
    private let draws: [[Int]]

    public init(_ labels: [Bool], folds: [Int], replications: Int, seed: UInt64) {
        var strata: [[Int]] = []
        for fold in 0..<((folds.max() ?? 0) + 1) {
            for label in [false, true] {
                strata.append(labels.indices.filter { folds[$0] == fold && labels[$0] == label })
            }
        }
        draws = (0..<replications).map { replication in
            var stream = RandomStream(seed: seed, purpose: "risk.bootstrap", index: UInt64(replication))
            return strata.flatMap { members in members.map { _ in members[stream.below(members.count)] } }
        }
    }

    /// The mean over several divisions into folds, whose patients are the same.
    ///
    /// - Parameter divisions: predictions under each division; the first one's folds are those of the draws.
    public func estimate(_ metric: RiskMetric, _ divisions: [RiskPredictions], level: Double = 0.95) -> Estimate {
        difference(metric, divisions, nil, level: level)
    }

    /// How much better one is than another, patient by patient the same draws.
    public func difference(
        _ metric: RiskMetric, _ first: [RiskPredictions], _ second: [RiskPredictions]?, level: Double = 0.95
    ) -> Estimate {
        func value(_ rows: [Int]) -> Double {
            let mine = mean(first.map { $0.value(metric, rows: rows) }) ?? .nan
            return mine - (second.map { all in mean(all.map { $0.value(metric, rows: rows) }) ?? .nan } ?? 0)
        }
        let replicates = draws.map(value).filter(\.isFinite)
        let all = value(Array(first[0].labels.indices))
        guard replicates.count > draws.count / 2, !replicates.isEmpty else { return Estimate(all) }
        let bounds = Statistics.percentileInterval(replicates, level: level)
        return Estimate(all, low: bounds.low, high: bounds.high)
    }
}
