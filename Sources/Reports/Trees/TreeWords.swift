// Splits and rules in words: names without underscores, thresholds in the units people think in.

import Evaluation
import Foundation
import Patients
import Trees

/// Words for one task's observations.
public struct TreeWords {
    let features: [ObservationDescription]

    init(_ subject: TreeSubject) {
        features = subject.tree.features.map { name in
            subject.task.observations.first { $0.name == name } ?? ObservationDescription(name: name)
        }
    }

    init(_ task: TaskDescription) { features = task.observations }

    /// An observation of a task in words, as charts name it.
    public static func name(of observation: String, in task: TaskDescription) -> String {
        let words = TreeWords(task)
        return words.features.firstIndex { $0.name == observation }.map(words.name) ?? observation
    }

    /// Whether an observation is a yes or a no: 0 or 1 in steps of 1.
    func isFlag(_ feature: Int) -> Bool {
        features[feature].range == 0...1 && features[feature].clinicalStep == 1
    }

    /// Whether it is a decimal logarithm, which is shown as the number itself.
    func isLogarithm(_ feature: Int) -> Bool {
        features[feature].name.hasPrefix("log10_") && features[feature].unit.hasPrefix("log10 ")
    }

    /// Whether it is the change of a logarithm, which is shown as a percentage or a factor.
    func isRelativeChange(_ feature: Int) -> Bool {
        let observation = features[feature]
        return observation.unit.hasPrefix("log10 ") && !isLogarithm(feature)
            && (observation.name.hasSuffix("_change") || observation.meaning.hasPrefix("change of"))
    }

    /// The observation in words: what it means where that is short, else its name, `log10_tumour` being `tumour`.
    func name(_ feature: Int) -> String {
        let observation = features[feature]
        if !isFlag(feature), !observation.meaning.isEmpty, observation.meaning.count <= TreeWords.shortMeaning {
            return observation.meaning
        }
        let name = isLogarithm(feature) ? String(observation.name.dropFirst(6)) : observation.name
        return Words.title(name, meaning: observation.meaning)
    }

    /// Meanings of at most so many characters serve as labels.
    private static let shortMeaning = 24

    /// The unit as printed, with a space before it, or nothing.
    func unit(_ feature: Int) -> String {
        if isRelativeChange(feature) { return "" }
        let whole = features[feature].unit
        let unit = Words.unit(isLogarithm(feature) ? String(whole.dropFirst(6)) : whole, after: name(feature))
        return unit.isEmpty ? "" : " " + unit
    }

    /// A value as printed: four significant digits, a logarithm as `39,800` or `2.51 × 10⁶`, its change as `−37 %`.
    func value(_ feature: Int, _ value: Double) -> String {
        if isRelativeChange(feature), value.isFinite { return TreeWords.change(value) }
        guard isLogarithm(feature), value.isFinite else { return TreeWords.plain(NumberText.significant(value, 4)) }
        let exponent = Int(value.rounded(.down))
        let number = pow(10, value)
        if (4..<6).contains(exponent) {
            let step = pow(10, Double(exponent - 2))
            return NumberText.count(Int((number / step).rounded() * step))
        }
        if exponent == 3 { return NumberText.count(Int(number.rounded())) }
        if (-2..<3).contains(exponent) { return TreeWords.plain(NumberText.significant(number, 3)) }
        let mantissa = NumberText.significant(pow(10, value - Double(exponent)), 3)
        return mantissa == "1"
            ? NumberText.powerOfTen(exponent) : "\(mantissa) × \(NumberText.powerOfTen(exponent))"
    }

    /// A change of a decimal logarithm: a percentage up to threefold, a factor beyond.
    private static func change(_ value: Double) -> String {
        let factor = pow(10, value)
        if factor > 3 { return "×\(NumberText.significant(factor, 3))" }
        let percent = 100 * (factor - 1)
        let text = plain(NumberText.fixed(percent, factor < 0.1 ? (factor < 0.01 ? 2 : 1) : 0))
        return (percent > 0 && text != "0" ? "+" : "") + text + " %"
    }

    /// A proper minus sign.
    private static func plain(_ text: String) -> String { text.hasPrefix("-") ? "−" + text.dropFirst() : text }

    /// The test of a split and what its two ways are called.
    func test(_ feature: Int, _ threshold: Double) -> (test: String, left: String, right: String) {
        if isFlag(feature), threshold >= 0, threshold < 1 { return ("?", "no", "yes") }
        return ("≤ \(value(feature, threshold))\(unit(feature))", "yes", "no")
    }

    /// One condition of a rule.
    func condition(_ condition: LeafRule.Condition) -> String {
        let feature = condition.feature
        if isFlag(feature) {
            if let high = condition.high, high < 1, condition.low.map({ $0 < 0 }) ?? true {
                return "\(name(feature)): no"
            }
            if let low = condition.low, low >= 0, condition.high.map({ $0 >= 1 }) ?? true {
                return "\(name(feature)): yes"
            }
        }
        switch (condition.low, condition.high) {
        case (let low?, let high?):
            return "\(value(feature, low)) < \(name(feature)) ≤ \(value(feature, high))\(unit(feature))"
        case (let low?, nil): return "\(name(feature)) > \(value(feature, low))\(unit(feature))"
        case (nil, let high?): return "\(name(feature)) ≤ \(value(feature, high))\(unit(feature))"
        case (nil, nil): return "any \(name(feature))"
        }
    }

    /// All conditions of a rule; `always` where there are none.
    func conditions(_ rule: LeafRule) -> [String] {
        let met = rule.conditions.filter { $0.low != nil || $0.high != nil }
        return met.isEmpty ? ["always"] : met.map(condition)
    }

    /// A range of values.
    func range(_ feature: Int, _ low: Double, _ high: Double) -> String {
        guard low.isFinite, high.isFinite else { return "–" }
        if isFlag(feature) { return low >= 0.5 ? "yes" : high < 0.5 ? "no" : "no or yes" }
        return "\(value(feature, low)) to \(value(feature, high))\(unit(feature))"
    }
}
