// `lab env list|show|check|simulate|rollout`.

import Agents
import Foundation
import Patients
import PositionedJSON
import Studies

enum EnvironmentCommands {
    static let list = Command(
        specification: CommandSpecification(
            "lab env list", "Lists the environments that come with the program, and their variants.",
            examples: [ArgumentExample("lab env list", "names and titles")],
            options: [.flag("--json", "prints them as JSON")])
    ) { arguments in
        let home = Shared.home
        var models: [EnvironmentModel] = []
        for name in home.environmentNames {
            do {
                models.append(try LoadedEnvironment(file: home.environmentFile(name) ?? name).model)
            } catch {
                Terminal.warn("\(name) cannot be read: lab env check \(name) says why")
            }
        }
        Terminal.print(arguments.has("--json") ? EnvironmentText.list(models).text() : EnvironmentText.listing(models))
        return ExitCode.done
    }

    static let show = Command(
        specification: CommandSpecification(
            "lab env show", "Shows what an environment models, sees, permits and rewards.",
            examples: [
                ArgumentExample("lab env show immuno", "for people"),
                ArgumentExample("lab env show immuno --json", "for machines"),
                ArgumentExample("lab env show immuno --plot --out immuno.png", "a treated and an untreated patient"),
            ],
            positionals: [
                PositionalSpecification("NAME", "an environment, NAME@VARIANT, or a folder that holds one")
            ],
            options: [
                .flag("--json", "prints the task as JSON"),
                .flag("--plot", "draws one patient's course with and without treatment"),
                .option("--out", "FILE.png|svg", "the picture (default: NAME.png)"),
                .option("--patient", "FILE.json", "the patient drawn (default: the nominal one)"),
                .option("--protocol", "NAME", "the treatment drawn (default: the patient's best protocol)"),
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        let unused = ["--out", "--patient", "--protocol"].filter { arguments.text($0) != nil }
        guard arguments.has("--plot") else {
            if !unused.isEmpty {
                throw UsageError(
                    command: "lab env show", problems: ["\(unused.joined(separator: ", ")) goes with --plot"])
            }
            Terminal.print(
                arguments.has("--json") ? EnvironmentText.json(model).text() : EnvironmentText.text(model))
            return ExitCode.done
        }
        let patient = try arguments.text("--patient").map {
            try CourseFiles.patient(try JSONParser.parse(contentsOf: try Shared.inputFile($0)), model)
        }
        let figure = try EnvironmentFigure.figure(
            model, patient: patient ?? [:], treatment: arguments.text("--protocol"))
        let drawn = try EnvironmentFigure.draw(figure, to: arguments.text("--out") ?? "\(figure.name).png")
        if let warning = drawn.warning { Terminal.warn(warning) }
        for file in drawn.files { Terminal.print(file) }
        return ExitCode.done
    }

    static let new = Command(
        specification: CommandSpecification(
            "lab env new", "Makes the folder of a new environment: a small one that works, to change part by part.",
            examples: [
                ArgumentExample("lab env new asthma", "the folder asthma/ here"),
                ArgumentExample("lab env new asthma --dir Environments", "beside those of the program"),
            ],
            positionals: [PositionalSpecification("NAME", "small letters, digits and -")],
            options: [.option("--dir", "DIR", "where the folder is made (default: here)")])
    ) { arguments in
        let folder = try Skeleton.write(name: arguments.text("NAME") ?? "", in: arguments.text("--dir") ?? "")
        Terminal.print(Skeleton.nextSteps(folder))
        return ExitCode.done
    }

    static let check = Command(
        specification: CommandSpecification(
            "lab env check", "Tests an environment as a colleague would.",
            examples: [
                ArgumentExample("lab env check my-disease/", "every mistake of its file, or else every finding"),
                ArgumentExample("lab env check immuno --json", "an environment of the program, for machines"),
            ],
            positionals: [PositionalSpecification("DIR|NAME", "a folder with an environment.json, or a name")],
            options: [.flag("--json", "prints the findings as JSON"), Shared.jobsOption],
            notes: [
                "Checked are names and units, the description, states below zero, stiffness, steady states and totals "
                    + "where declared, reference trajectories, ranges of observations and rewards over random "
                    + "treatment of 1,000 patients, reachable actions, protocols, the ranking of endings, determinism "
                    + "and speed. The exit code is 1 where there is a problem, 65 where the file has mistakes."
            ])
    ) { arguments in
        let loaded = try Shared.loadEnvironment(arguments.text("DIR|NAME") ?? "")
        var effort = EnvironmentCheck.Effort()
        effort.jobs = Shared.jobs(arguments)
        let report = try EnvironmentCheck.run(loaded.model, file: loaded.file, effort: effort)
        if arguments.has("--json") {
            Terminal.print(report.json(file: loaded.file).text())
        } else {
            Terminal.print("\(loaded.file)\n\n" + report.text())
        }
        return report.passed ? ExitCode.done : ExitCode.failed
    }

    static let simulate = Command(
        specification: CommandSpecification(
            "lab env simulate", "Integrates one patient under a given schedule of doses.",
            examples: [
                ArgumentExample(
                    "lab env simulate immuno --patient p10.json --schedule chemo.csv --times days.csv --out course.csv",
                    "states at the times asked for")
            ],
            positionals: [PositionalSpecification("NAME", "an environment, or a folder that holds one")],
            options: [
                .option(
                    "--patient", "FILE.json", "parameters and initial states, by name (default: the nominal patient)"),
                .option(
                    "--schedule", "FILE.csv",
                    "a column time and one per dose input; a row holds until the next; NAME.impulse for impulses",
                    required: true),
                .option("--times", "FILE.csv", "a column time: when states are wanted", required: true),
                .option("--tolerance", "X", "relative tolerance (default 1e-9)", kind: .number(1e-13...0.1)),
                .option("--out", "FILE.csv", "the course (default: standard output)"),
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        if model.tabular != nil {
            throw UsageError(
                command: "lab env simulate",
                problems: [
                    "\(model.fullName) is a table of transitions and has no equations to integrate; "
                        + "lab env rollout treats its patients, lab env solve computes its values"
                ])
        }
        let schedule = try CourseFiles.schedule(
            SourceText(contentsOf: try Shared.inputFile(arguments.text("--schedule") ?? "")), model)
        let times = try CourseFiles.times(
            SourceText(contentsOf: try Shared.inputFile(arguments.text("--times") ?? "")))
        let patient = try arguments.text("--patient").map {
            try CourseFiles.patient(try JSONParser.parse(contentsOf: try Shared.inputFile($0)), model)
        }
        let states = try CourseSimulator.simulate(
            model, values: patient ?? [:], schedule: schedule, times: times,
            tolerance: arguments.number("--tolerance") ?? 1e-9)
        try Shared.write(CourseFiles.csv(model, times, states), to: arguments.text("--out"))
        return ExitCode.done
    }

    static let rollout = Command(
        specification: CommandSpecification(
            "lab env rollout", "Treats patients with a policy and writes a line for each.",
            examples: [
                ArgumentExample(
                    "lab env rollout immuno --policy protocol:both --patients 500 --seed 1 --out episodes.csv",
                    "a protocol of the environment"),
                ArgumentExample(
                    "lab env rollout immuno --policy runs/immuno/agents/dqn/seed-1/policy.json --patients 1000 --seed 1 "
                        + "--cohort runs/immuno/cohort/test.csv --out episodes.csv",
                    "a learner of a run on the run's patients"),
                ArgumentExample(
                    "lab env rollout icu-sepsis --policy protocol:expert --epsilon 0.1 --patients 2000 --seed 1 "
                        + "--log log.csv --out episodes.csv",
                    "every decision, with its probability: for offline learners and lab policy evaluate"),
            ],
            positionals: [PositionalSpecification("NAME", "an environment, or a folder that holds one")],
            options: [
                .option(
                    "--policy", "SPEC", "protocol:NAME, random, constant:ACTION or a policy file", required: true),
                .option("--patients", "N", "how many", kind: .integer(1...100_000_000), required: true),
                .option("--seed", "S", "of patients and chance", kind: .integer(0...Int.max), required: true),
                .option("--cohort", "FILE.csv", "patients (default: the environment's own variability)"),
                .option(
                    "--epsilon", "X", "acts at random among the allowed actions in this share of decisions (default 0)",
                    kind: .number(0...1)),
                .option("--log", "LOG.csv", "every decision: a line each, and one for what was seen last"),
                .option("--out", "FILE.csv", "episodes (default: standard output, unless there is a --log)"),
                Shared.jobsOption,
            ],
            notes: [
                "A log has the columns episode, patient, decision, the observations, allowed.ACTION (1 or 0; left out "
                    + "for an action that is always allowed), action, probability (with which the policy chose it, "
                    + "exploration included), reward and status: running, terminated (the course is over) or truncated "
                    + "(the watch is over); last marks the line of what an episode showed last, which has no action."
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        let count = arguments.integer("--patients") ?? 0
        let seed = UInt64(arguments.integer("--seed") ?? 0)
        let policy = try PolicySpecification.read(
            arguments.text("--policy") ?? "", model: model, seed: seed, file: Shared.inputFile,
            command: "lab env rollout")
        let source = try arguments.text("--cohort").map {
            try SourceText(contentsOf: try Shared.inputFile($0), maximumBytes: 4 << 30)
        }
        let cohort = try RolloutPatients.make(
            model, source: source, count: count, seed: seed, note: Terminal.note)
        let factory = try model.makeFactory(cohort: cohort)
        if let planner = policy as? PlanningPolicy { try planner.check(factory) }
        let epsilon = arguments.number("--epsilon") ?? 0
        if let file = arguments.text("--log") {
            let log = try EpisodeRecorder.record(
                factory, policy: policy, epsilon: epsilon, patients: Array(0..<factory.patients), seed: seed)
            try Shared.write(log.csv(), to: file)
            if arguments.text("--out") == nil { return ExitCode.done }
        }
        let table = try Rollout.run(
            factory, policy: epsilon == 0 ? policy : ExploringPolicy(policy, epsilon: epsilon, seed: seed), seed: seed,
            jobs: Shared.jobs(arguments))
        try Shared.write(table.csv(), to: arguments.text("--out"))
        return ExitCode.done
    }
}

extension Shared {
    /// An environment of the program, or one in a folder of the user's.
    static func loadEnvironment(_ written: String) throws -> LoadedEnvironment {
        guard let file = home.environmentFile(written) else {
            let remedy = DidYouMean.remedy(for: written, among: home.environmentNames, known: "environments: ")
            throw Diagnostics(items: [
                Diagnostic(
                    source: SourceText(name: written, bytes: []), location: .start,
                    message: "there is no such environment", remedy: remedy)
            ])
        }
        return try LoadedEnvironment(file: file, named: written)
    }
}
