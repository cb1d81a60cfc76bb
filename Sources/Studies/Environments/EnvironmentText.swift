// An environment in words: what it models, sees, permits, rewards and reports.

import Evaluation
import Patients

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
        section("Variants", model.variants.map { ("@\($0.name)", $0.meaning) })
        section(
            "Observations",
            zip(task.observations, model.observations).map {
                ($0.name, $0.meaning + unit($0.unit) + manner($1, task.observations))
            } + task.observations.dropFirst(model.observations.count).map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Actions", task.actions.map { ($0.name, $0.meaning) })
        section("Doses", model.doses.map { ($0.name, administration($0, model)) })
        section("Rules", model.rules.map { (model.doses[$0.dose].name, "not while \($0.text): \($0.reason)") })
        section("Rewards", model.rewardTerms.map { ($0.name, $0.meaning) })
        section("Endings", model.endings.map { ($0.name, ending($0)) })
        section("Outcomes", task.outcomes.map { ($0.name, $0.meaning + unit($0.unit)) })
        section("Protocols", model.protocols.map { ($0.name, $0.meaning) })
        section("States", model.states.map { ($0.name, state($0, model)) })
        section("Outputs", model.definitions.filter(\.isOutput).map { ($0.name, $0.meaning + unit($0.unitText)) })
        section("Dose inputs", model.inputs.map { ($0.name, $0.meaning + unit($0.unitText) + lag($0, model)) })
        section(
            "Random numbers",
            model.randoms.map {
                (
                    $0.name,
                    "\($0.meaning)\(unit($0.unitText)), \(words($0.distribution)), redrawn each \($0.redrawn.rawValue)"
                )
            })
        section("Events", model.events.map { ($0.name, event($0, model)) })
        section("Covariates", model.parameters.filter(\.isCovariate).map { ($0.name, parameter($0)) })
        section("Parameters", model.parameters.filter { !$0.isCovariate }.map { ($0.name, parameter($0)) })
        section(
            "Correlations",
            model.correlations.map { ("\($0.first), \($0.second)", number($0.value)) })
        section(
            "Steady states",
            model.steadyStates.map {
                ($0.name, $0.meaning + ($0.isStable.map { $0 ? ", stable" : ", unstable" } ?? ""))
            })
        section("Constant without treatment", model.conserved.map { ($0.text, $0.meaning) })
        if !model.limits.isEmpty {
            text += "\nWhat must not be concluded from it\n"
            for limit in model.limits { text += "  - " + HelpText.paragraph(limit, indentation: 4) + "\n" }
        }
        return text
    }

    // MARK: - lines

    static func number(_ value: Double) -> String { NumberText.significant(value, 6) }

    static func unit(_ unit: String) -> String { unit.isEmpty || unit == "1" ? "" : " [\(unit)]" }

    private static func range(_ variability: Variability?) -> String {
        variability.map { "; among patients \($0.words)" } ?? ""
    }

    private static func parameter(_ parameter: EnvironmentModel.Parameter) -> String {
        if !parameter.categories.isEmpty {
            let shares = parameter.variability?.probabilities ?? []
            let list = parameter.categories.enumerated().map { index, name in
                shares.indices.contains(index) ? "\(name) (\(NumberText.percent(shares[index])))" : name
            }
            return "\(parameter.meaning): " + list.joined(separator: ", ")
        }
        let value =
            parameter.expressionText.isEmpty
            ? number(parameter.value) : "\(parameter.expressionText) (nominally \(number(parameter.value)))"
        return "\(parameter.meaning), \(value)\(unit(parameter.unitText))\(range(parameter.variability))"
    }

    private static func state(_ state: EnvironmentModel.State, _ model: EnvironmentModel) -> String {
        let start = state.initialText.isEmpty ? number(state.initial) : state.initialText
        var text = "\(state.meaning), \(start)\(unit(state.unitText)) at the start\(range(state.variability))"
        switch state.change {
        case .continuous: break
        case .stepStart: text += "; changes at the beginning of each step of \(number(model.step)) \(model.timeUnit)"
        case .stepEnd: text += "; changes at the end of each step of \(number(model.step)) \(model.timeUnit)"
        }
        if state.column != state.name { text += "; column \(state.column)" }
        return text
    }

    private static func lag(_ input: EnvironmentModel.Input, _ model: EnvironmentModel) -> String {
        guard !input.lagText.isEmpty else { return "" }
        return
            "; acts \(input.lagText)\(input.lagText.contains { $0.isLetter } ? "" : " " + model.timeUnit) after it is given"
    }

    private static func administration(_ dose: EnvironmentModel.Dose, _ model: EnvironmentModel) -> String {
        let input = model.inputs[dose.input]
        let size = dose.constantSize.map(number) ?? dose.sizeText
        var text = dose.meaning.isEmpty ? "" : dose.meaning + "; "
        text +=
            dose.isImpulse
            ? "\(size) at once" : "\(size)\(unit(input.unitText)) for \(number(dose.duration)) \(model.timeUnit)"
        text += " into \(input.name)"
        if dose.times > 1 { text += ", \(dose.times) times every \(number(dose.every)) \(model.timeUnit)" }
        if dose.at > 0 { text += ", \(number(dose.at)) \(model.timeUnit) after the decision" }
        return text
    }

    private static func manner(
        _ observation: EnvironmentModel.Observation, _ all: [ObservationDescription]
    ) -> String {
        var text = ""
        if observation.missing > 0 { text += "; not measured with probability \(number(observation.missing))" }
        if let delayed = observation.delayOf {
            text += "; \(all[delayed].name) \(observation.delay) decision\(observation.delay == 1 ? "" : "s") ago"
        }
        return text
    }

    private static func ending(_ ending: EnvironmentModel.Ending) -> String {
        var text = "\(ending.meaning); reward \(number(ending.reward))"
        if ending.replacesReward { text += " in place of the decision's" }
        if ending.isCheckedAtDecisions { text += "; asked when a decision is due" }
        return text
    }

    private static func event(_ event: EnvironmentModel.Event, _ model: EnvironmentModel) -> String {
        let state = model.states[event.state]
        var text = "\(event.meaning): \(words(event.amount))\(unit(state.unitText)) into \(state.name)"
        text += " at \(words(event.time)) \(model.timeUnit)"
        if let every = event.every { text += ", every \(number(every)) \(model.timeUnit)" }
        if event.probability < 1 { text += ", with probability \(number(event.probability))" }
        return text
    }

    /// A distribution of plain numbers in words.
    static func words(_ distribution: Distribution) -> String {
        var words: String
        let (first, second) = (number(distribution.first), number(distribution.second))
        switch distribution.shape {
        case .constant: words = first
        case .uniform: words = "uniform from \(first) to \(second)"
        case .logUniform: words = "log-uniform from \(first) to \(second)"
        case .normal: words = "normal, mean \(first), sd \(second)"
        case .logNormal: words = "log-normal, median \(first), sd of the logarithm \(second)"
        case .categorical: words = "in shares of " + distribution.probabilities.map(number).joined(separator: ", ")
        }
        if distribution.low > -.infinity { words += ", at least \(number(distribution.low))" }
        if distribution.high < .infinity { words += ", at most \(number(distribution.high))" }
        return words
    }
}
