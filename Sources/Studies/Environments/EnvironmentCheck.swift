// `lab env check`: an environment tested as a colleague would. The reader has checked names, units and expressions;
// here its patients are treated, its equations looked at, its reference trajectories simulated.

import Evaluation
import Foundation
import Patients
import PositionedJSON

public struct EnvironmentCheck: Sendable {
    /// A line per policy: name, episodes' mean return and mean of every outcome.
    public var rows: [(policy: String, table: EpisodeTable)] = []
    public var outcomes: [OutcomeDescription] = []
    public var findings: [CheckFinding] = []
    public var name = ""

    public var problems: [CheckFinding] { findings.filter { $0.verdict == .problem } }
    public var passed: Bool { problems.isEmpty }

    /// How much is tried.
    public struct Effort: Sendable {
        /// Patients of each protocol.
        public var patients = 64
        /// Patients treated at random, fewer where `seconds` of processor time would not do.
        public var randomPatients = 1000
        public var seconds = 60.0
        /// Processor time for the figure of speed.
        public var speedSeconds = 0.2
        public var jobs = 1
        public var seed: UInt64 = 1

        public init() {}
    }

    /// - Parameter file: the environment's file; nil for a model that has no folder.
    /// - Throws: `Diagnostics` for a mistake in the index of trajectories or one of its files.
    public static func run(
        _ model: EnvironmentModel, file: String? = nil, effort: Effort = Effort()
    ) throws -> EnvironmentCheck {
        var check = EnvironmentCheck()
        check.outcomes = model.task.outcomes
        check.name = model.fullName
        if let tabular = model.tabular { check.findings += TabularChecks.run(tabular) }
        if model.tabular == nil {
            check.add(
                "units", .fine,
                "names, units and expressions of \(model.states.count) states, \(model.parameters.count) parameters and "
                    + "\(model.actions.count) actions agree")
        }
        if let file {
            let folder = (file as NSString).deletingLastPathComponent
            check.findings += FolderChecks.readme(folder.isEmpty ? "." : folder, model)
        }
        do {
            try check.treat(model, effort)
            try check.lookAtEquations(model, effort)
        } catch let error as Diagnostics {
            throw error
        } catch {
            check.add("courses", .problem, "\(error)")
        }
        if let file, !model.states.isEmpty {
            let folder = (file as NSString).deletingLastPathComponent
            let trajectories = TrajectoryCheck(folder: folder.isEmpty ? "." : folder, file: file, model: model)
            check.findings += try trajectories.run()
        }
        return check
    }

    private mutating func add(_ check: String, _ verdict: CheckFinding.Verdict, _ text: String) {
        findings.append(CheckFinding(check, verdict, text))
    }

    /// The protocols on a few patients, then random treatment of many.
    private mutating func treat(_ model: EnvironmentModel, _ effort: Effort) throws {
        let (probed, probes) = try model.probed()
        let cohort = try RolloutPatients.make(
            model, source: nil, count: max(effort.patients, effort.randomPatients), seed: effort.seed)
        let factory = try model.makeFactory(cohort: cohort)
        var policies: [(String, any Policy)] = model.protocolPolicies(seed: effort.seed)
        policies.append(("random", RandomPolicy(seed: effort.seed)))
        for (name, policy) in policies {
            do {
                let table = try Rollout.run(
                    factory, policy: policy, patients: 0..<effort.patients, seed: effort.seed, jobs: effort.jobs)
                rows.append((name, table))
                if let patient = table.returns.firstIndex(where: { !$0.isFinite }) {
                    add("rewards", .problem, "\(name): the return of patient \(patient) is not a number")
                }
            } catch {
                add("courses", .problem, "\(name): \(error)")
            }
        }
        guard rows.contains(where: { $0.policy == "random" }) else { return }
        let speed = try RepetitionChecks.speed(model, effort)
        let affordable = Int(effort.seconds / max(speed.secondsPerPatient, 1e-9))
        let patients = min(effort.randomPatients, max(effort.patients, affordable))
        let tally = try CourseTally.run(
            try probed.makeFactory(cohort: cohort), policy: RandomPolicy(seed: effort.seed), patients: patients,
            seed: effort.seed, jobs: effort.jobs, sampled: 20)
        findings += CourseChecks.failures(tally)
        findings += CourseChecks.positivity(model, tally, probes)
        findings += CourseChecks.observations(model, tally, probed.task)
        findings += CourseChecks.rewards(tally, model.task)
        findings += CourseChecks.actions(tally, model.task)
        if let tabular = model.tabular, let random = rows.first(where: { $0.policy == "random" }) {
            findings.append(TabularChecks.sampling(tabular, random: random.table))
        }
        findings += ProtocolChecks.differences(rows, model)
        findings += ProtocolChecks.ranking(rows, model.ranking)
        findings += try stiffness(model, tally, probes, cohort)
        findings += try RepetitionChecks.determinism(
            factory, patients: min(effort.patients, 48), seed: effort.seed)
        findings.append(speed.finding)
    }

    private func stiffness(
        _ model: EnvironmentModel, _ tally: CourseTally, _ probes: EnvironmentModel.Probes, _ cohort: CohortTable
    ) throws -> [CheckFinding] {
        let equations = try ModelEquations(model)
        guard !equations.continuous.isEmpty, model.kind == .ode else { return [] }
        // A few hundred points are enough, spread over the courses.
        let every = max(1, tally.samples.count / 300)
        let points = tally.samples.enumerated().filter { $0.offset % every == 0 }.map { _, sample in
            var point = equations.nominal
            point.states = Array(sample.observations[probes.states])
            let given = Dictionary(uniqueKeysWithValues: zip(cohort.names, cohort.rows[sample.patient]))
            if let parameters = try? model.completed(given).parameters { point.parameters = parameters }
            let action = model.actions[sample.action]
            for (position, dose) in action.doses.enumerated() where !model.doses[dose].isImpulse {
                let level = action.levels.indices.contains(position) ? action.levels[position] : 1
                point.inputs[model.doses[dose].input] += level * (model.doses[dose].constantSize ?? 0)
            }
            point.time = Double(sample.decision) * model.decisionInterval
            return point
        }
        return EquationChecks.stiffness(model, points, equations)
    }

    private mutating func lookAtEquations(_ model: EnvironmentModel, _ effort: Effort) throws {
        guard !model.states.isEmpty else { return }
        if !model.steadyStates.isEmpty {
            findings += EquationChecks.steadyStates(model, try ModelEquations(model))
        }
        findings += try EquationChecks.conservation(model, patients: 8, seed: effort.seed)
    }

    public func text() -> String {
        var text = ""
        if let first = rows.first { text += "\(first.table.count) patients of its own, treated by\n" }
        let lines = rows.map { name, table -> (String, String) in
            let values = outcomes.indices.map { index -> String in
                let mean = table.meanOutcome(index)
                let shown =
                    outcomes[index].kind == .event ? NumberText.percent(mean, 0) : NumberText.significant(mean, 3)
                return "\(outcomes[index].name) \(shown)"
            }
            return (name, "return \(NumberText.significant(table.meanReturn, 3)), " + values.joined(separator: ", "))
        }
        text += HelpText.table(lines) + "\n"
        let words: [CheckFinding.Verdict: String] = [.fine: "ok", .note: "note", .problem: "PROBLEM"]
        text += HelpText.table(
            findings.map { finding in
                let word = words[finding.verdict] ?? ""
                let padding = String(repeating: " ", count: max(1, 9 - word.count))
                return ("\(word)\(padding)\(finding.check)", finding.text)
            })
        let (problems, notes) = (problems.count, findings.count { $0.verdict == .note })
        text += "\n\(name): \(problems == 0 ? "no problems" : problems == 1 ? "1 problem" : "\(problems) problems")"
        if notes > 0 { text += ", \(notes) note\(notes == 1 ? "" : "s")" }
        return text + "\n"
    }

    public func json(file: String) -> JSONValue {
        [
            "format": 1, "environment": .string(name), "file": .string(file), "passed": .bool(passed),
            "findings": .array(
                findings.map {
                    [
                        "check": .string($0.check), "verdict": .string($0.verdict.rawValue), "text": .string($0.text),
                    ]
                }),
            "policies": .array(
                rows.map { name, table in
                    [
                        "policy": .string(name), "patients": .integer(table.count),
                        "return": .optional(table.meanReturn.isFinite ? table.meanReturn : nil),
                        "outcomes": .object(
                            outcomes.indices.map { index in
                                let mean = table.meanOutcome(index)
                                return JSONField(outcomes[index].name, .optional(mean.isFinite ? mean : nil))
                            }),
                    ]
                }),
        ]
    }
}
