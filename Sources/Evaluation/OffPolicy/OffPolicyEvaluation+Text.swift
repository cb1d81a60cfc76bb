// Off-policy estimates as people and programs read them.

import Numerics
import PositionedJSON

extension OffPolicyEvaluation {
    /// Below this many effective episodes an interval of the weighted estimators is not given: it would pretend to a
    /// knowledge that is not there.
    public static let fewestForInterval = 10.0
    /// Below this many, or this share of the log, what is printed is marked: measured, nominal 95 % intervals then hold
    /// the true value in 60 to 92 % of logs (Benchmarks/OFF-POLICY.md).
    public static let fewestForTrust = 100.0
    public static let leastShareForTrust = 0.8

    /// Whether the weighted episodes are so few that intervals promise too much.
    public var isThin: Bool {
        effectiveSampleSize < OffPolicyEvaluation.fewestForTrust
            || effectiveSampleSize < OffPolicyEvaluation.leastShareForTrust * Double(episodes)
    }

    public func text() -> String {
        let text =
            "\(NumberText.count(episodes)) logged episodes, \(NumberText.count(decisions)) decisions; value of the first "
            + "\(NumberText.count(horizon)) decisions, discount \(NumberText.significant(settings.discount, 6))\n\n"
        var table = TextTable([
            .init("", isNumber: false), .init("estimate"), .init("\(NumberText.percent(settings.level, 0)) interval"),
            .init("effective episodes"), .init("", isNumber: false),
        ])
        for line in lines {
            table.add([
                line.title, NumberText.significant(line.estimate.value, 4), interval(line.estimate),
                line.effectiveSampleSize.isNaN ? "–" : NumberText.fixed(line.effectiveSampleSize, 1), mark(line),
            ])
        }
        return text + table.text() + "\n" + cautions.map { $0 + "\n" }.joined()
    }

    private func interval(_ estimate: Estimate) -> String {
        guard estimate.hasInterval else { return "–" }
        return "[\(NumberText.significant(estimate.low, 4)), \(NumberText.significant(estimate.high, 4))]"
    }

    private func mark(_ line: Line) -> String {
        guard line.name != "logged", !line.effectiveSampleSize.isNaN else { return "" }
        // Where weights go missing, estimates that count on their mean of 1 are off by as much.
        let needsMean = ["is", "pdis", "pdwis"].contains(line.name)
        if line.effectiveSampleSize < OffPolicyEvaluation.fewestForInterval || (needsMean && meanWeight < 0.5) {
            return "not to be used"
        }
        return isThin ? "with caution" : ""
    }

    /// What speaks against believing the numbers, in words.
    public var cautions: [String] {
        var cautions: [String] = []
        let size = NumberText.fixed(effectiveSampleSize, 1)
        if effectiveSampleSize < OffPolicyEvaluation.fewestForInterval {
            cautions.append(
                "The log hardly ever does what this policy would do: its weighted episodes amount to \(size) of the "
                    + "policy's own. No interval is given for the weighted estimates; none would be worth its name.")
        } else if isThin {
            cautions.append(
                "The \(NumberText.count(episodes)) weighted episodes amount to \(size) of the policy's own; intervals from "
                    + "so few are too narrow: where it could be measured, those of "
                    + "\(NumberText.percent(settings.level, 0)) held the true value less often, the fewer the episodes the "
                    + "less (Benchmarks/OFF-POLICY.md).")
        }
        if abs(meanWeight - 1) > 0.2 {
            cautions.append(
                "The mean weight is \(NumberText.significant(meanWeight, 3)) where 1 is expected: episodes that matter for "
                    + "this policy are too rare in the log.")
        }
        if let support, support < 0.95 {
            cautions.append(
                "In \(NumberText.percent(1 - support)) of its choices the policy takes an action that nobody tried there; "
                    + "fitted Q evaluation puts the mean of what was tried in its place.")
        }
        cautions.append(
            "Fitted Q evaluation is only as good as its model: its interval knows chance, not what the model leaves out."
        )
        return cautions
    }

    public func json() -> JSONValue {
        [
            "format": 1, "episodes": .integer(episodes), "decisions": .integer(decisions), "horizon": .integer(horizon),
            "discount": .number(settings.discount), "level": .number(settings.level), "fit": .string(fittedName),
            "effective_sample_size": .number(effectiveSampleSize), "mean_weight": .number(meanWeight),
            "support": .optional(support),
            "estimates": .array(
                lines.map { line in
                    .object(
                        [JSONField("name", .string(line.name)), JSONField("title", .string(line.title))]
                            + line.estimate.fields + [
                                JSONField(
                                    "effective_sample_size",
                                    .optional(line.effectiveSampleSize.isNaN ? nil : line.effectiveSampleSize))
                            ])
                }),
            "cautions": .strings(cautions),
        ]
    }
}
