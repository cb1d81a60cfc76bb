// What a policy is worth, estimated from episodes of another one: every estimator, with its interval and what speaks
// against believing it.

import Numerics
import Patients

/// The estimates of one policy's value from one log.
public struct OffPolicyEvaluation: Sendable {
    public struct Settings: Sendable {
        public var discount = 1.0
        /// Decisions that count; nil for the shortest watch that was over before the course (the longest course where
        /// there is none).
        public var horizon: Int?
        /// Draws of the bootstrap over episodes.
        public var replications = 1000
        /// Draws of the bootstrap over episodes in which Q̂ is fitted anew.
        public var refits: Int { max(20, replications / 5) }
        /// Parts of the log for the doubly robust estimators: an episode is never valued by a fit that has seen it.
        public var folds = 5
        public var level = 0.95
        public var interval = BootstrapInterval.normal
        public var seed: UInt64 = 0

        public init() {}
    }

    /// One line of the result.
    public struct Line: Sendable {
        /// `logged`, `fqe` or the name of an `OffPolicyEstimator`.
        public var name: String
        public var title: String
        public var estimate: Estimate
        /// Effective sample size; NaN where nothing is weighted.
        public var effectiveSampleSize: Double
    }

    public var settings: Settings
    public var episodes: Int
    public var decisions: Int
    public var horizon: Int
    public var effectiveSampleSize: Double
    public var meanWeight: Double
    /// The share of the policy's choices that somebody tried in the same state; nil without a table.
    public var support: Double?
    public var fittedName: String
    public var lines: [Line]

    /// - Parameters:
    ///   - target: rows × actions: the probabilities under the policy to be evaluated (`EpisodeLog.probabilities`).
    ///   - fitted: makes the fit for a horizon; by default a table of all different observations.
    public init(
        _ log: EpisodeLog, target: [Double], settings: Settings = Settings(),
        fitted make: ((_ horizon: Int) throws -> any FittedEvaluation)? = nil
    ) throws {
        self.settings = settings
        let horizon = settings.horizon ?? OffPolicyEvaluation.horizon(of: log)
        self.horizon = horizon
        episodes = log.episodes
        decisions = log.decisions
        let model =
            try make?(horizon)
            ?? TabularFittedEvaluation(log, target: target, discount: settings.discount, horizon: horizon)
        fittedName = model.name
        support = (model as? TabularFittedEvaluation)?.support
        let values = try OffPolicyEvaluation.crossFitted(log, model, settings)
        let weighted = WeightedEpisodes(
            log, target: target, discount: settings.discount, horizon: horizon, fitted: values)
        effectiveSampleSize = weighted.effectiveSampleSize
        meanWeight = weighted.meanWeight
        lines = []
        addLogged(weighted)
        let estimates = weighted.estimates()
        let corrected = OffPolicyEstimator.allCases.firstIndex(of: .weightedDoublyRobust).map { estimates[$0] }
        try addFitted(log, model, corrected: corrected ?? .nan)
        addWeighted(weighted)
    }

    /// The shortest truncated episode's decisions, or else the longest episode's.
    static func horizon(of log: EpisodeLog) -> Int {
        let lengths = (0..<log.episodes).map { log.decisions(of: $0).count }
        let cut = zip(lengths, log.terminated).filter { !$0.1 }.map(\.0)
        return max(1, cut.min() ?? lengths.max() ?? 1)
    }

    /// Values of every row by a fit of the other folds' episodes.
    private static func crossFitted(
        _ log: EpisodeLog, _ model: any FittedEvaluation, _ settings: Settings
    ) throws -> FittedValues {
        let folds = max(1, min(settings.folds, log.episodes))
        if folds == 1 { return try model.fit(Array(repeating: 1, count: log.episodes)) }
        var stream = RandomStream(seed: settings.seed, purpose: "ope.folds")
        var fold = Array(repeating: 0, count: log.episodes)
        for (place, episode) in stream.permutation(log.episodes).enumerated() { fold[episode] = place % folds }
        var all = FittedValues(zeros: log.rows)
        for number in 0..<folds {
            let values = try model.fit(fold.map { $0 == number ? 0 : 1 })
            for episode in 0..<log.episodes where fold[episode] == number {
                for row in log.begins[episode]..<log.begins[episode + 1] {
                    all.actions[row] = values.actions[row]
                    all.states[row] = values.states[row]
                }
            }
        }
        return all
    }

    // MARK: Lines

    /// The mean of the logged returns themselves: what the policy that was logged is worth.
    private mutating func addLogged(_ weighted: WeightedEpisodes) {
        let mean = Statistics.mean(weighted.returns)
        let error = (Statistics.variance(weighted.returns) / Double(episodes)).squareRoot()
        let reach = normalQuantile((1 + settings.level) / 2) * error
        lines.append(
            Line(
                name: "logged", title: "the logged policy itself",
                estimate: Estimate(mean, low: mean - reach, high: mean + reach),
                effectiveSampleSize: Double(episodes)))
    }

    /// Fitted Q evaluation; its interval by fitting resampled episodes anew (Hao et al., "Bootstrapping fitted
    /// Q-evaluation for off-policy inference", ICML 2021). Resampling knows nothing of what the model gets wrong where
    /// little was tried; the weighted doubly robust estimate is the fit with the logged rewards' word on that, so the
    /// interval is moved out by as much as the two differ.
    private mutating func addFitted(
        _ log: EpisodeLog, _ model: any FittedEvaluation, corrected: Double
    ) throws {
        func value(_ multiplicities: [Double]) throws -> Double {
            let values = try model.fit(multiplicities)
            var sum = 0.0
            for episode in 0..<log.episodes { sum += multiplicities[episode] * values.states[log.begins[episode]] }
            return sum / multiplicities.reduce(0, +)
        }
        let estimate = try value(Array(repeating: 1, count: log.episodes))
        let replicates = model.isCheap ? try (0..<settings.refits).map { try value(draw($0, "ope.refits")) } : []
        var interval = settings.interval.estimate(estimate, replicates, level: settings.level)
        interval.low += min(0, corrected - estimate)
        interval.high += max(0, corrected - estimate)
        lines.append(
            Line(
                name: "fqe", title: "fitted Q evaluation (\(model.name))", estimate: interval,
                effectiveSampleSize: .nan))
    }

    private mutating func addWeighted(_ weighted: WeightedEpisodes) {
        let values = weighted.estimates()
        let replicates = (0..<settings.replications).map { weighted.estimates(draw($0, "ope.bootstrap")) }
        let without = settings.interval == .accelerated ? leavingOut(weighted) : []
        // An interval from hardly any episodes would pretend to a knowledge that is not there.
        let isKnown = effectiveSampleSize >= OffPolicyEvaluation.fewestForInterval
        for (place, estimator) in OffPolicyEstimator.allCases.enumerated() {
            lines.append(
                Line(
                    name: estimator.rawValue, title: estimator.title,
                    estimate: isKnown
                        ? settings.interval.estimate(
                            values[place], replicates.map { $0[place] }, level: settings.level,
                            acceleration: BootstrapInterval.acceleration(leavingOut: without.map { $0[place] }))
                        : Estimate(values[place]),
                    effectiveSampleSize: effectiveSampleSize))
        }
    }

    /// The estimates without each episode in turn, or, of very many, without every 500th from each on.
    private func leavingOut(_ weighted: WeightedEpisodes) -> [[Double]] {
        let groups = min(episodes, 500)
        return (0..<groups).map { group in
            weighted.estimates((0..<episodes).map { $0 % groups == group ? 0 : 1 })
        }
    }

    /// How often each episode is drawn.
    private func draw(_ replication: Int, _ purpose: String) -> [Double] {
        var stream = RandomStream(seed: settings.seed, purpose: purpose, index: UInt64(replication))
        var counts = Array(repeating: 0.0, count: episodes)
        for _ in 0..<episodes { counts[stream.below(episodes)] += 1 }
        return counts
    }
}
