// A tabular environment in words and as JSON: states, actions, sizes, what is seen, paid and reported.

import Evaluation
import Patients
import PositionedJSON

enum TabularText {
    static func text(_ model: EnvironmentModel, _ tabular: TabularModel) -> String {
        let task = model.task
        var text = "\(task.title) (\(task.name))\n\n"
        if !model.source.isEmpty { text += HelpText.paragraph(model.source) + "\n" }
        text +=
            "\nA decision every \(task.decisionInterval), \(task.horizon) at most; "
            + "discount \(NumberText.significant(task.discount, 6)).\n"
        text += HelpText.paragraph(sizes(tabular)) + "\n"
        func section(_ title: String, _ rows: [(String, String)]) {
            if !rows.isEmpty { text += "\n\(title)\n" + HelpText.table(rows) }
        }
        func unit(_ unit: String) -> String { unit.isEmpty || unit == "1" ? "" : " [\(unit)]" }
        section("Observations", task.observations.map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Actions", task.actions.map { ($0.name, $0.meaning) })
        section("Rewards, for entering a state", tabular.rewardTerms.map { ($0.name, $0.meaning) })
        section(
            "Endings",
            tabular.endings.enumerated().map { index, ending in
                let states = tabular.endingOfState.count { $0 == Int32(index) }
                return (
                    ending.name,
                    "\(ending.meaning); \(states) state\(states == 1 ? "" : "s"), "
                        + "reward \(NumberText.significant(ending.reward, 6))"
                )
            })
        section("Outcomes", task.outcomes.map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Protocols", model.protocols.map { ($0.name, $0.meaning) })
        section(
            "States: what describes one",
            [("state", "its number, 0 to \(tabular.states - 1)")] + tabular.variables.map { ($0.name, words($0)) })
        section("Variants", model.variants.map { ("\(model.name)@\($0.name)", $0.meaning) })
        if !model.limits.isEmpty {
            text += "\nWhat must not be concluded from it\n"
            for limit in model.limits { text += "  - " + HelpText.paragraph(limit, indentation: 4) + "\n" }
        }
        return text
    }

    private static func words(_ variable: TabularModel.Variable) -> String {
        var text = variable.meaning
        if !variable.levels.isEmpty {
            text += ": " + variable.levels.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
        } else if variable.unitText != "1" {
            text += " [\(variable.unitText)]"
        }
        return text + (variable.isHidden ? " (hidden)" : "")
    }

    /// States, actions and rows in a sentence or two.
    static func sizes(_ tabular: TabularModel) -> String {
        let lasting = (0..<tabular.states).filter { !tabular.isEnding($0) }
        // What is never left is no place to decide, as the absorbing state that many tables have.
        let patients = lasting.filter { state in
            !tabular.admissible(state).allSatisfy { action in
                tabular.table.next(state: state, action: action).allSatisfy { $0.state == state }
            }
        }
        let admissible = patients.reduce(0) { $0 + tabular.admissible($1).count }
        let pairs = patients.count * tabular.actions
        var text =
            "A table of \(NumberText.count(tabular.states)) states and \(tabular.actions) actions; "
            + "\(NumberText.count(tabular.states - lasting.count)) states are endings"
            + (lasting.count > patients.count ? ", \(lasting.count - patients.count) never left" : "") + ". "
        if admissible == pairs {
            text += "Every action is admissible everywhere"
        } else {
            text +=
                "\(NumberText.count(admissible)) of \(NumberText.count(pairs)) pairs of state and action are admissible; "
            switch tabular.inadmissible {
            case .forbidden: text += "the others are forbidden"
            case .mean: text += "the outcome of the others is that of an admissible one drawn evenly"
            }
        }
        return text + ". \(NumberText.count(tabular.table.rows)) different distributions with "
            + "\(NumberText.count(tabular.table.entries)) probabilities are stored."
    }

    static func json(_ model: EnvironmentModel, _ tabular: TabularModel) -> JSONValue {
        let task = model.task
        func rows<Item>(_ items: [Item], _ row: (Item) -> JSONValue) -> JSONValue { .array(items.map(row)) }
        return [
            "format": 1, "name": .string(task.name), "title": .string(task.title), "kind": "tabular",
            "source": .string(model.source), "decision_interval": .string(task.decisionInterval),
            "horizon": .integer(task.horizon), "discount": .number(task.discount),
            "observations": rows(task.observations) {
                [
                    "name": .string($0.name), "unit": .string($0.unit), "meaning": .string($0.meaning),
                    "range": .numbers([$0.range.lowerBound, $0.range.upperBound]),
                ]
            },
            "actions": rows(task.actions) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "rewards": rows(tabular.rewardTerms) {
                ["name": .string($0.name), "expression": .string($0.text), "meaning": .string($0.meaning)]
            },
            "endings": rows(Array(tabular.endings.enumerated())) { index, ending in
                [
                    "name": .string(ending.name), "when": .string(ending.text), "reward": .number(ending.reward),
                    "states": .integer(tabular.endingOfState.count { $0 == Int32(index) }),
                    "meaning": .string(ending.meaning),
                ]
            },
            "outcomes": rows(task.outcomes) {
                [
                    "name": .string($0.name), "unit": .string($0.unit), "meaning": .string($0.meaning),
                    "kind": .string($0.kind.rawValue),
                ]
            },
            "protocols": rows(model.protocols) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "states": .integer(tabular.states),
            "admissible": .integer(
                (0..<tabular.states).reduce(0) { $0 + (tabular.isEnding($1) ? 0 : tabular.admissible($1).count) }),
            "inadmissible": .string(tabular.inadmissible.rawValue),
            "stored_distributions": .integer(tabular.table.rows),
            "stored_probabilities": .integer(tabular.table.entries),
            "variables": rows(tabular.variables) {
                [
                    "name": .string($0.name), "unit": .string($0.unitText), "levels": .strings($0.levels),
                    "hidden": .bool($0.isHidden), "meaning": .string($0.meaning),
                ]
            },
            "variants": rows(model.variants) { ["name": .string($0.name), "meaning": .string($0.meaning)] },
            "limits": .strings(model.limits),
        ]
    }
}
