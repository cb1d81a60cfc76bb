// What became of a risk assessment: every model, trained on each kind of patients, in numbers with intervals.

import Numerics
import PositionedJSON

/// The figures of a risk assessment.
public struct RiskSummary: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public var model: String
        public var training: RiskTraining
        public var metric: RiskMetric
        public var estimate: Estimate
        /// Against the same model trained on real patients, patient by patient; nil for that one itself.
        public var difference: Estimate?
    }
    /// The outcome, as people call it.
    public var target: String
    public var patients: Int
    /// Patients with the outcome.
    public var events: Int
    public var folds: Int
    public var repeats: Int
    public var rows: [Row]

    /// - Parameter predictions: by model and training, one for each division into folds.
    public init(
        _ assessment: RiskAssessment, seed: UInt64,
        predictions: (_ model: String, _ training: RiskTraining) -> [RiskPredictions]
    ) {
        let configuration = assessment.configuration
        target = configuration.label.isEmpty ? configuration.target : configuration.label
        patients = assessment.labels.count
        events = assessment.labels.count { $0 }
        folds = configuration.folds
        repeats = configuration.repeats
        let bootstrap = RiskBootstrap(
            assessment.labels, folds: assessment.folds(division: 0, seed: seed), replications: configuration.bootstrap,
            seed: seed)
        rows = []
        for (model, _) in configuration.models {
            let real = predictions(model, .real)
            for training in RiskTraining.allCases {
                let own = training == .real ? real : predictions(model, training)
                for metric in RiskMetric.allCases {
                    rows.append(
                        Row(
                            model: model, training: training, metric: metric,
                            estimate: bootstrap.estimate(metric, own),
                            difference: training == .real ? nil : bootstrap.difference(metric, own, real)))
                }
            }
        }
    }

    public var models: [String] {
        rows.reduce(into: []) { names, row in if !names.contains(row.model) { names.append(row.model) } }
    }

    public func row(_ model: String, _ training: RiskTraining, _ metric: RiskMetric) -> Row? {
        rows.first { $0.model == model && $0.training == training && $0.metric == metric }
    }

    /// The model that ranks best when trained on real patients.
    public var best: String? {
        models.max { first, second in
            (row(first, .real, .auc)?.estimate.value ?? 0) < (row(second, .real, .auc)?.estimate.value ?? 0)
        }
    }

    /// What training on synthetic patients does, in words: a sentence for each model.
    public var sentences: [String] {
        models.flatMap { model -> [String] in
            [RiskTraining.realAndSynthetic, .synthetic].compactMap { training in
                guard let difference = row(model, training, .auc)?.difference, difference.hasInterval else {
                    return nil
                }
                let what =
                    training == .synthetic
                    ? "synthetic patients in place of real ones" : "synthetic patients beside real ones"
                let verdict =
                    difference.isAboveZero
                    ? "raise" : difference.isBelowZero ? "lower" : "neither raise nor lower, as far as can be told,"
                return "\(model): \(what) \(verdict) the ROC AUC (\(RiskSummary.text(difference, signed: true)))."
            }
        }
    }

    static func text(_ estimate: Estimate, signed: Bool = false) -> String {
        func number(_ value: Double) -> String {
            let digits = fixed(abs(value), 3)
            return (digits == "0.000" ? (signed ? "+" : "") : value < 0 ? "-" : signed ? "+" : "") + digits
        }
        guard estimate.isDefined else { return "" }
        return estimate.hasInterval
            ? "\(number(estimate.value)) [\(number(estimate.low)), \(number(estimate.high))]" : number(estimate.value)
    }

    // MARK: Files

    /// `model,training,metric,estimate,low,high,difference,difference_low,difference_high,patients`
    public func csv() -> String {
        var text = "model,training,metric,estimate,low,high,difference,difference_low,difference_high,patients\n"
        for row in rows {
            let numbers = [row.estimate, row.difference ?? .undefined].flatMap { [$0.value, $0.low, $0.high] }
            text += "\(row.model),\(row.training.rawValue),\(row.metric.rawValue),"
            text += numbers.map { $0.isFinite ? "\($0)" : "" }.joined(separator: ",") + ",\(patients)\n"
        }
        return text
    }

    public func json() -> JSONValue {
        func json(_ estimate: Estimate) -> JSONValue {
            ["value": .number(estimate.value), "low": .number(estimate.low), "high": .number(estimate.high)]
        }
        return [
            "format": 1, "kind": "risk", "target": .string(target), "patients": .integer(patients),
            "events": .integer(events), "folds": .integer(folds), "repeats": .integer(repeats),
            "rows": .array(
                rows.map { row in
                    var fields = [
                        JSONField("model", .string(row.model)), JSONField("training", .string(row.training.rawValue)),
                        JSONField("metric", .string(row.metric.rawValue)), JSONField("estimate", json(row.estimate)),
                    ]
                    if let difference = row.difference { fields.append(JSONField("difference", json(difference))) }
                    return .object(fields)
                }),
        ]
    }

    /// Reads what `json()` writes; nil where something is missing, which is complained of.
    public init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the risk assessment", complaints: complaints)
        if let format = reader.integer("format"), format > 1 {
            reader.complain("this was made by a newer version of the program (format \(format))")
        }
        _ = reader.choice("kind", of: ["risk"])
        target = reader.string("target") ?? ""
        patients = reader.integer("patients") ?? 0
        events = reader.integer("events") ?? 0
        folds = reader.integer("folds") ?? 0
        repeats = reader.integer("repeats") ?? 0
        rows = []
        func estimate(_ reader: ObjectReader) -> Estimate {
            defer { reader.finish() }
            func number(_ key: String) -> Double {
                if let place = reader.optionalChild(key), case .null = place.value { return .nan }
                return reader.number(key) ?? .nan
            }
            return Estimate(number("value"), low: number("low"), high: number("high"))
        }
        for item in reader.array("rows") ?? [] {
            let row = ObjectReader(item, what: "a row", complaints: complaints)
            let training = row.choice("training", of: RiskTraining.allCases.map(\.rawValue))
            let metric = row.choice("metric", of: RiskMetric.allCases.map(\.rawValue))
            rows.append(
                Row(
                    model: row.string("model") ?? "", training: training.flatMap(RiskTraining.init) ?? .real,
                    metric: metric.flatMap(RiskMetric.init) ?? .auc,
                    estimate: row.object("estimate", what: "an estimate").map(estimate) ?? .undefined,
                    difference: row.optionalObject("difference", what: "a difference").map(estimate)))
            row.finish()
        }
        reader.finish()
        if complaints.items.count > before { return nil }
    }

    /// A heading and a line for every model and kind of patients.
    private var lines: [[String]] {
        let shown: [RiskMetric] = [.auc, .accuracy, .recall, .f1, .brier]
        var lines = [["model", "trained on"] + shown.map(\.title)]
        for model in models {
            for training in RiskTraining.allCases {
                lines.append(
                    [model, training.title]
                        + shown.map { metric in
                            row(model, training, metric).map { RiskSummary.text($0.estimate) } ?? ""
                        })
            }
        }
        return lines
    }

    private var note: String {
        let division = repeats > 1 ? "\(repeats) times in \(folds) folds" : "in \(folds) folds"
        return "\(patients) patients, \(events) with \(target), divided \(division); every figure is of patients whom "
            + "neither model nor generator had seen, with a 95 % interval over patients."
    }

    /// A table to keep.
    public func markdown() -> String {
        var lines = lines
        lines.insert(lines[0].indices.map { $0 < 2 ? "---" : "---:" }, at: 1)
        // Names of models are letters, digits, hyphens and underscores; the outcome's label is the user's own.
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined() + "\n\(note)\n\n"
            + sentences.map { "- \($0)\n" }.joined()
    }

    /// For the terminal.
    public func text() -> String {
        let lines = lines
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let table = lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
                .trimmingTrailingSpaces()
        }
        return table.joined(separator: "\n") + "\n\n\(note)\n\n"
            + sentences.map { "- \($0)\n" }.joined()
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
