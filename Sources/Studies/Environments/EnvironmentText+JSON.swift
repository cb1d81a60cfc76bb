// An environment for machines: `lab env show NAME --json`.

import Patients
import PositionedJSON

extension EnvironmentText {
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
                    "meaning": .string($0.meaning), "covariate": .bool($0.isCovariate),
                    "categories": .strings($0.categories),
                ]
            },
            "outputs": rows(model.definitions.filter(\.isOutput)) {
                ["name": .string($0.name), "unit": .string($0.unitText), "meaning": .string($0.meaning)]
            },
            "random": rows(model.randoms) {
                [
                    "name": .string($0.name), "distribution": .string(words($0.distribution)),
                    "redrawn": .string($0.redrawn.rawValue), "meaning": .string($0.meaning),
                ]
            },
            "events": rows(model.events) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "steady_states": rows(model.steadyStates) {
                [
                    "name": .string($0.name), "meaning": .string($0.meaning),
                    "stable": $0.isStable.map { .bool($0) } ?? .null,
                ]
            },
            "conserved": .strings(model.conserved.map(\.text)),
            "variants": rows(model.variants) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "limits": .strings(model.limits),
        ]
    }

    /// `lab env list`.
    public static func list(_ models: [EnvironmentModel]) -> JSONValue {
        .array(
            models.map { model in
                [
                    "name": .string(model.name), "title": .string(model.title), "source": .string(model.source),
                    "variants": .array(
                        model.variants.map { ["name": .string($0.name), "meaning": .string($0.meaning)] }),
                ]
            })
    }

    /// `lab env list` for people: names and titles, variants beneath.
    public static func listing(_ models: [EnvironmentModel]) -> String {
        HelpText.table(
            models.flatMap { model in
                [(model.name, model.title)] + model.variants.map { ("  @\($0.name)", $0.meaning) }
            })
    }
}
