// An environment in words: what it models, sees, permits, rewards and reports.

import Evaluation
import Patients
import PositionedJSON

public enum EnvironmentText {
    public static func text(_ model: EnvironmentModel) -> String {
        if let tabular = model.tabular { return TabularText.text(model, tabular) }
        let task = model.task
        var text = "\(task.title) (\(task.name))\n\n"
        if !model.source.isEmpty { text += HelpText.paragraph(model.source) + "\n" }
        text +=
            "\nA decision every \(task.decisionInterval), \(task.horizon) at most; discount \(number(task.discount)).\n"
        func section(_ title: String, _ rows: [(String, String)]) {
            if !rows.isEmpty { text += "\n\(title)\n" + HelpText.table(rows) }
        }
        func unit(_ unit: String) -> String { unit.isEmpty || unit == "1" ? "" : " [\(unit)]" }
        section("Observations", task.observations.map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Actions", task.actions.map { ($0.name, $0.meaning) })
        section("Rules", model.rules.map { (model.doses[$0.dose].name, "not while \($0.text): \($0.reason)") })
        section("Rewards", model.rewardTerms.map { ($0.name, $0.meaning) })
        section("Endings", model.endings.map { ($0.name, "\($0.meaning); reward \(number($0.reward))") })
        section("Outcomes", task.outcomes.map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Protocols", model.protocols.map { ($0.name, $0.meaning) })
        section(
            "States",
            model.states.map {
                (
                    $0.name,
                    "\($0.meaning), \(number($0.initial))\(unit($0.unitText)) at the start\(range($0.variability))"
                )
            })
        section("Dose inputs", model.inputs.map { ($0.name, $0.meaning + unit($0.unitText)) })
        section(
            "Parameters",
            model.parameters.map {
                ($0.name, "\($0.meaning), \(number($0.value))\(unit($0.unitText))\(range($0.variability))")
            }
        )
        if !model.limits.isEmpty {
            text += "\nWhat must not be concluded from it\n"
            for limit in model.limits { text += "  - " + HelpText.paragraph(limit, indentation: 4) + "\n" }
        }
        return text
    }

    private static func number(_ value: Double) -> String { NumberText.significant(value, 6) }

    private static func range(_ variability: Variability?) -> String {
        variability.map { "; among patients \($0.words)" } ?? ""
    }

    public static func json(_ model: EnvironmentModel) -> JSONValue {
        if let tabular = model.tabular { return TabularText.json(model, tabular) }
        let task = model.task
        func rows<Item>(_ items: [Item], _ row: (Item) -> JSONValue) -> JSONValue { .array(items.map(row)) }
        return [
            "format": 1, "name": .string(task.name), "title": .string(task.title), "source": .string(model.source),
            "decision_interval": .string(task.decisionInterval), "horizon": .integer(task.horizon),
            "discount": .number(task.discount),
            "observations": rows(task.observations) {
                [
                    "name": .string($0.name), "unit": .string($0.unit), "meaning": .string($0.meaning),
                    "range": .numbers([$0.range.lowerBound, $0.range.upperBound]),
                ]
            },
            "actions": rows(task.actions) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "rules": rows(model.rules) {
                [
                    "dose": .string(model.doses[$0.dose].name), "forbidden_when": .string($0.text),
                    "reason": .string($0.reason),
                ]
            },
            "endings": rows(model.endings) {
                [
                    "name": .string($0.name), "when": .string($0.text), "reward": .number($0.reward),
                    "meaning": .string($0.meaning),
                ]
            },
            "outcomes": rows(task.outcomes) {
                [
                    "name": .string($0.name), "unit": .string($0.unit), "meaning": .string($0.meaning),
                    "kind": .string($0.kind.rawValue),
                ]
            },
            "protocols": rows(model.protocols) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "states": rows(model.states) {
                [
                    "name": .string($0.name), "initial": .number($0.initial), "unit": .string($0.unitText),
                    "meaning": .string($0.meaning),
                ]
            },
            "inputs": rows(model.inputs) {
                ["name": .string($0.name), "unit": .string($0.unitText), "meaning": .string($0.meaning)]
            },
            "parameters": rows(model.parameters) {
                [
                    "name": .string($0.name), "value": .number($0.value), "unit": .string($0.unitText),
                    "meaning": .string($0.meaning),
                ]
            },
            "limits": .strings(model.limits),
        ]
    }
}
