// What random treatment of many patients shows: ranges, masks, constants, states below zero.

import Evaluation
import Patients

/// Checks on the courses of an environment's own patients under random treatment.
enum CourseChecks {
    /// States that are not declared signed must not become negative by more than the integration's own error.
    static func positivity(
        _ model: EnvironmentModel, _ tally: CourseTally, _ probes: EnvironmentModel.Probes
    ) -> [CheckFinding] {
        let unsigned = model.states.indices.filter { !model.states[$0].isSigned && !model.states[$0].isLog }
        guard !unsigned.isEmpty, tally.courses > 0 else { return [] }
        var findings: [CheckFinding] = []
        var worst = 0.0
        for index in unsigned {
            let state = model.states[index]
            let lowest = tally.lowestOutcome[probes.lowest.lowerBound + index]
            let highest = tally.highestOutcome[probes.highest.lowerBound + index]
            // Absolute tolerances are `negligible` × tolerance; errors over a course are some of them together.
            let noise = 1000 * model.tolerance * (state.negligible + 1e-3 * max(0, highest))
            if lowest < -noise {
                let patient = tally.patientOfLowest[probes.lowest.lowerBound + index]
                findings.append(
                    CheckFinding(
                        "positivity", .problem,
                        "\(state.name) falls to \(lowest.shown) \(state.unitText) (patient \(patient)): mend its rate, "
                            + "or declare \"signed\": true"))
            }
            worst = min(worst, lowest)
        }
        guard findings.isEmpty else { return findings }
        let detail = worst < 0 ? "; the least is \(worst.shown), within the integration's error" : ""
        return [
            CheckFinding(
                "positivity", .fine, "\(unsigned.count) states stay at or above 0 in \(tally.courses) courses\(detail)")
        ]
    }

    /// Every observation within its declared range nearly always, none constant, none the copy of another.
    static func observations(_ model: EnvironmentModel, _ tally: CourseTally, _ task: TaskDescription) -> [CheckFinding]
    {
        let seen = tally.decisions + tally.courses
        guard seen > 0 else { return [] }
        var findings: [CheckFinding] = []
        let width = tally.lowest.count
        for (index, observation) in task.observations.prefix(model.task.observations.count).enumerated() {
            let low = tally.lowest[index]
            let high = tally.highest[index]
            if !low.isFinite || !high.isFinite {
                findings.append(
                    CheckFinding("observations", .problem, "\(observation.name) takes values that are not finite"))
                continue
            }
            if low == high {
                findings.append(
                    CheckFinding("observations", .note, "\(observation.name) is always \(low.shown): it tells nothing"))
            }
            let share = Double(tally.outside[index]) / Double(seen)
            if share > 0.01 {
                findings.append(
                    CheckFinding(
                        "observations", .note,
                        "\(observation.name) lies outside its declared range \(observation.range.lowerBound.shown) to "
                            + "\(observation.range.upperBound.shown) in \(NumberText.percent(share)) of the values "
                            + "(seen: \(low.shown) to \(high.shown))"))
            }
            let copies = (0..<index).filter { !tally.differs[index * width + $0] && low != high }
            if let copy = copies.first {
                findings.append(
                    CheckFinding(
                        "observations", .note,
                        "\(observation.name) is always equal to \(task.observations[copy].name)"))
            }
        }
        if findings.isEmpty {
            findings.append(
                CheckFinding(
                    "observations", .fine,
                    "\(model.task.observations.count) observations, each within its declared range in at least 99 % of "
                        + "\(NumberText.count(seen)) values"))
        }
        return findings
    }

    static func rewards(_ tally: CourseTally, _ task: TaskDescription) -> [CheckFinding] {
        guard tally.decisions > 0 else { return [] }
        let (low, high) = (tally.lowestReward, tally.highestReward)
        guard low.isFinite, high.isFinite else {
            return [CheckFinding("rewards", .problem, "a reward is not a finite number")]
        }
        let range = "a decision's reward lies between \(low.shown) and \(high.shown)"
        if low == high {
            let lesson =
                tally.decisions == tally.courses * task.horizon
                ? "nothing can be learned" : "all there is to learn is how long a course lasts"
            return [CheckFinding("rewards", .note, "every reward is \(low.shown): \(lesson)")]
        }
        return [CheckFinding("rewards", .fine, range)]
    }

    /// Every action can be chosen at some decision, and every decision has one to choose.
    static func actions(_ tally: CourseTally, _ task: TaskDescription) -> [CheckFinding] {
        guard tally.decisions > 0 else { return [] }
        var findings: [CheckFinding] = []
        for (index, action) in task.actions.enumerated() where tally.allowed[index] == 0 {
            findings.append(
                CheckFinding(
                    "actions", .problem,
                    "\(action.name) is never allowed in \(NumberText.count(tally.decisions)) decisions: its rules "
                        + "always hold"))
        }
        for (patient, decision) in tally.withoutAction.prefix(3) {
            findings.append(
                CheckFinding("actions", .problem, "patient \(patient), decision \(decision): no action is allowed"))
        }
        guard findings.isEmpty else { return findings }
        let shares = tally.allowed.map { Double($0) / Double(tally.decisions) }
        let limited = task.actions.indices.filter { shares[$0] < 1 }.map {
            "\(task.actions[$0].name) \(NumberText.percent(shares[$0], 0))"
        }
        return [
            CheckFinding(
                "actions", .fine,
                limited.isEmpty
                    ? "\(task.actions.count) actions, all allowed at every decision"
                    : "\(task.actions.count) actions, each allowed at some decision: \(CheckFinding.list(limited))")
        ]
    }

    /// Courses that could not be carried to their end.
    static func failures(_ tally: CourseTally) -> [CheckFinding] {
        tally.errors.prefix(3).map {
            CheckFinding("courses", .problem, "\(tally.failures) of the courses could not be carried on: \($0)")
        }
    }
}
