// `lab policy coverage`: how often the intervals of off-policy evaluation hold the true value, where it is known.

import Agents
import Evaluation
import Numerics
import Patients
import PositionedJSON

/// Logs of one policy drawn again and again from a tabular environment, another policy evaluated on each, and the
/// estimates held against its exact value.
public struct OffPolicyCoverage: Sendable {
    public struct Behaviour: Sendable {
        public var specification: String
        public var epsilon: Double

        public init(_ specification: String, epsilon: Double) {
            self.specification = specification
            self.epsilon = epsilon
        }
    }

    /// One estimator over all repetitions.
    public struct Line: Sendable {
        public var title: String
        public var name: String
        /// Repetitions with an estimate, and with an interval.
        public var estimates: Int
        public var intervals: Int
        /// Of those with an interval, how many hold the true value.
        public var hits: Int
        public var bias: Double
        public var deviation: Double
        public var width: Double

        public var coverage: Double { Double(hits) / Double(max(1, intervals)) }
        public var rootMeanSquare: Double { (bias * bias + deviation * deviation).squareRoot() }
    }

    public var truth: Double
    public var horizon: Int
    public var discount: Double
    public var level: Double
    public var repetitions: Int
    public var medianSampleSize: Double
    public var medianMeanWeight: Double
    public var lines: [Line]

    /// - Parameter discount: nil for the environment's.
    public init(
        _ model: EnvironmentModel, tabular: TabularModel, logged: Behaviour, target: Behaviour, episodes: Int,
        repetitions: Int, discount: Double?, seed: UInt64, jobs: Int,
        settings base: OffPolicyEvaluation.Settings = OffPolicyEvaluation.Settings()
    ) throws {
        let discount = discount ?? tabular.task.discount
        self.discount = discount
        horizon = tabular.task.horizon
        level = base.level
        self.repetitions = repetitions
        guard let evaluated = try PolicySpecification.named(target.specification, model: model, seed: seed) else {
            throw StageError(message: "\"\(target.specification)\" is no policy of \(model.name)")
        }
        let matrix = tabular.matrix(of: evaluated, epsilon: target.epsilon)
        let truth = tabular.atStart(
            MarkovChain(tabular, policy: matrix).sums(.reward, decisions: tabular.task.horizon, discount: discount))
        self.truth = truth
        let results = try Parallel.map(repetitions, jobs: jobs) { repetition -> OffPolicyEvaluation in
            var stream = RandomStream(seed: seed, purpose: "coverage", index: UInt64(repetition))
            let own = stream.nextBits()
            let cohort = try RolloutPatients.make(model, source: nil, count: episodes, seed: own)
            guard let behaviour = try PolicySpecification.named(logged.specification, model: model, seed: own) else {
                throw StageError(message: "\"\(logged.specification)\" is no policy of \(model.name)")
            }
            let log = try EpisodeRecorder.record(
                try model.makeFactory(cohort: cohort), policy: behaviour, epsilon: logged.epsilon,
                patients: Array(0..<episodes), seed: own)
            var settings = base
            settings.discount = discount
            settings.horizon = tabular.task.horizon
            settings.seed = own
            return try PolicyEvaluation.run(
                evaluated, epsilon: target.epsilon, log: log, model: model, fit: .table, settings: settings)
        }
        medianSampleSize = Statistics.median(results.map(\.effectiveSampleSize))
        medianMeanWeight = Statistics.median(results.map(\.meanWeight))
        lines = results[0].lines.indices.dropFirst().map { place in
            let own = results.map { $0.lines[place] }
            let known = own.map(\.estimate).filter(\.isDefined)
            let bounded = known.filter(\.hasInterval)
            let values = known.map(\.value)
            return Line(
                title: own[0].title, name: own[0].name, estimates: known.count, intervals: bounded.count,
                hits: bounded.count { $0.low <= truth && truth <= $0.high }, bias: Statistics.mean(values) - truth,
                deviation: Statistics.standardDeviation(values),
                width: Statistics.mean(bounded.map { $0.high - $0.low }))
        }
    }

    public func text() -> String {
        var text =
            "true value of the first \(NumberText.count(horizon)) decisions: \(NumberText.fixed(truth, 6)) (discount "
            + "\(NumberText.significant(discount, 6)))\n\(NumberText.count(repetitions)) logs; median effective sample size "
            + "\(NumberText.fixed(medianSampleSize, 1)), median mean weight \(NumberText.significant(medianMeanWeight, 3))"
            + "\n\n"
        var table = TextTable([
            .init("", isNumber: false), .init("bias"), .init("deviation"), .init("root mean square error"),
            .init("width of intervals"), .init("hold the true value"),
        ])
        for line in lines {
            table.add([
                line.title, NumberText.fixed(line.bias, 4), NumberText.fixed(line.deviation, 4),
                NumberText.fixed(line.rootMeanSquare, 4), NumberText.fixed(line.width, 4),
                line.intervals == 0
                    ? "–"
                    : NumberText.percent(line.coverage)
                        + (line.intervals < repetitions ? " of \(line.intervals)" : ""),
            ])
        }
        text += table.text()
        let reach = 1.96 * (level * (1 - level) / Double(repetitions)).squareRoot()
        return text
            + "\n\(NumberText.percent(level, 0)) intervals of \(repetitions) logs should hold it in "
            + "\(NumberText.percent(level - reach)) to \(NumberText.percent(min(1, level + reach))) of them.\n"
    }

    public func json() -> JSONValue {
        [
            "format": 1, "truth": .number(truth), "horizon": .integer(horizon), "discount": .number(discount),
            "repetitions": .integer(repetitions), "level": .number(level),
            "median_effective_sample_size": .number(medianSampleSize), "median_mean_weight": .number(medianMeanWeight),
            "estimators": .array(
                lines.map {
                    [
                        "name": .string($0.name), "title": .string($0.title), "intervals": .integer($0.intervals),
                        "coverage": .optional($0.intervals > 0 ? $0.coverage : nil), "bias": .number($0.bias),
                        "deviation": .number($0.deviation), "root_mean_square_error": .number($0.rootMeanSquare),
                        "width": .optional($0.width.isFinite ? $0.width : nil),
                    ]
                }),
        ]
    }
}
