// `lab run`, `lab validate`, `lab reproduce`, `lab compare`.

import Evaluation
import Foundation
import PositionedJSON
import Studies

enum RunCommands {
    private static let dataOption = OptionSpecification.option(
        "--data", "NAME=PATH", "a table of the user's own that the study names", repeats: true)
    private static let studyOptions: [OptionSpecification] = [
        .flag("--quick", "small budgets: minutes become seconds, results mean little"),
        .option(
            "--set", "PATH=VALUE", "changes a value of the study, such as evaluation.bootstrap=500", repeats: true),
        dataOption,
    ]

    static let run = Command(
        specification: CommandSpecification(
            "lab run", "Runs a study, or goes on with one that was stopped.",
            examples: [
                ArgumentExample("lab run experiments/immuno.json", "the whole study, into runs/immuno"),
                ArgumentExample("lab run experiments/immuno.json --quick", "a look in seconds, into runs/immuno-quick"),
                ArgumentExample(
                    "lab run experiments/immuno.json --set agents.dqn.decisions=50000 --out runs/short",
                    "with one value changed"),
                ArgumentExample(
                    "lab run experiments/immuno.json --dry-run", "what is there, what would run, and about how long"),
            ],
            positionals: [PositionalSpecification("FILE", "the study")],
            options: [
                .option("--out", "DIR", "run directory (default: runs/NAME, or runs/NAME-quick)"), Shared.jobsOption,
            ] + studyOptions + [
                .flag("--force", "runs finished stages again"),
                .flag("--any-build", "keeps stages that another build of the program finished; the manifest names it"),
                .flag("--dry-run", "says what is kept, what would run and about how long, and runs nothing"),
                .flag("--wait", "waits where another run is working in the directory (without: exit code 75)"),
                .flag("--json", "prints the comparison as JSON instead of a table"),
            ],
            notes: [
                "Finished stages are kept: after a change only what depends on it runs again. Ctrl-C stops after the "
                    + "running stages; a second one leaves at once."
            ])
    ) { arguments in
        let path = try Shared.inputFile(arguments.text("FILE") ?? "")
        let study = try read(path, arguments)
        let quick = arguments.has("--quick")
        let folder = arguments.text("--out") ?? "runs/\(study.name)\(quick ? "-quick" : "")"
        if arguments.has("--dry-run") {
            let plan = try StudyRunner.plan(
                study, folder: folder, force: arguments.has("--force"), keepsAnyBuild: arguments.has("--any-build"))
            let jobs = Shared.jobs(arguments)
            Terminal.print(
                arguments.has("--json") ? plan.json(jobs: jobs).text() : plan.text(folder: folder, jobs: jobs))
            return ExitCode.done
        }
        let result = try execute(study, folder: folder, arguments)
        let kept = result.timings.filter(\.wasCached).count
        var line = "\(result.timings.count) stages in \(clockText(result.seconds))"
        if kept > 0 { line += " (\(kept) kept from before)" }
        Terminal.note(line)
        let finished = RunReader(folder: folder)
        if let summary = try finished.riskSummary() {
            Terminal.print(arguments.has("--json") ? summary.json().text() : "\n" + summary.text())
        } else {
            let comparison = try finished.comparison()
            Terminal.print(
                arguments.has("--json") ? comparison.json().text() : "\n" + comparison.text(width: Terminal.width))
        }
        var next = """

            results: \(folder)
              \(folder)/report.html   everything on one page
              lab compare \(folder)   this table again
            """
        if case .treatment = study {
            next += "\n  lab export \(folder) --format html --out tree.html   the best tree on one page"
        }
        Terminal.note(next)
        return ExitCode.done
    }

    private static func read(_ path: String, _ arguments: ParsedArguments) throws -> AnyStudy {
        let tables = try StudyTables(arguments.texts("--data"))
        let study = try StudyReader.readAny(
            path: path, home: Shared.home, quick: arguments.has("--quick"), settings: arguments.texts("--set"),
            tables: tables)
        let unknown = tables.given.keys.sorted().filter { !study.resolved.names($0) }
        guard unknown.isEmpty else {
            throw UsageError(
                command: "lab run", problems: unknown.map { "--data \($0)=…: the study names no table \"\($0)\"" })
        }
        return study
    }

    static func execute(_ study: AnyStudy, folder: String, _ arguments: ParsedArguments) throws -> RunResult {
        let interruption = Interruption(
            message: "stopping after the running stages, which are kept; Ctrl-C again leaves at once")
        let progress = ProgressLine(stages: study.stages.count)
        defer { progress.end() }
        return try StudyRunner.run(
            study, folder: folder,
            options: RunOptions(
                jobs: Shared.jobs(arguments), force: arguments.has("--force"),
                keepsAnyBuild: arguments.has("--any-build"), waits: arguments.has("--wait"),
                report: { progress.receive($0) }, isInterrupted: { interruption.isRequested }))
    }

    static let validate = Command(
        specification: CommandSpecification(
            "lab validate", "Checks a study, and the environment it names, without running it.",
            examples: [
                ArgumentExample("lab validate experiments/immuno.json", "every mistake at once, with its place")
            ],
            positionals: [PositionalSpecification("FILE", "the study")],
            options: studyOptions + [.flag("--json", "prints the study as it would be run")])
    ) { arguments in
        let path = try Shared.inputFile(arguments.text("FILE") ?? "")
        let study = try read(path, arguments)
        if arguments.has("--json") {
            Terminal.print(study.resolved.text())
            return ExitCode.done
        }
        Terminal.print("\(path): valid. \(study.summary)")
        return ExitCode.done
    }

    static let reproduce = Command(
        specification: CommandSpecification(
            "lab reproduce", "Runs the study of a run again and says of every artefact whether it is the same.",
            examples: [ArgumentExample("lab reproduce runs/immuno", "exit code 0 if every byte is the same, else 1")],
            positionals: [PositionalSpecification("RUN", "the run directory")],
            options: [
                Shared.jobsOption,
                .option("--data", "NAME=PATH", "a table of the user's own that the study names", repeats: true),
                .flag("--json", "prints the verdicts as JSON"),
            ])
    ) { arguments in
        let run = try Shared.runFolder(arguments.text("RUN") ?? "", command: "lab reproduce")
        let manifest = try Manifest.read(run: run)
        let interruption = Interruption(message: "stopping after the running stages")
        let progress = ProgressLine(stages: manifest.stageCount)
        let reproduction = try Reproduction.reproduce(
            run: run, home: Shared.home, tables: try StudyTables(arguments.texts("--data")),
            options: RunOptions(
                jobs: Shared.jobs(arguments), report: { progress.receive($0) },
                isInterrupted: { interruption.isRequested }))
        progress.end()
        for remark in reproduction.remarks { Terminal.warn(remark) }
        if arguments.has("--json") {
            Terminal.print(reproduction.json().text())
        } else {
            Terminal.print(reproduction.text())
        }
        return reproduction.isIdentical ? ExitCode.done : ExitCode.failed
    }

    static let compare = Command(
        specification: CommandSpecification(
            "lab compare", "Prints how the policies of finished runs did on the test patients.",
            examples: [
                ArgumentExample("lab compare runs/immuno", "the table of one run"),
                ArgumentExample("lab compare runs/immuno runs/short", "of two, one after the other"),
                ArgumentExample("lab compare runs/immuno --markdown", "a table to keep, with interquartile means"),
            ],
            positionals: [PositionalSpecification("RUN", "run directories", repeats: true)],
            options: [
                .flag("--json", "prints the comparisons as JSON"),
                .flag("--markdown", "prints them as tables in Markdown"),
            ])
    ) { arguments in
        let folders = try arguments.texts("RUN").map { try Shared.runFolder($0, command: "lab compare") }
        let risks = try folders.map { try RunReader(folder: $0).riskSummary() }
        if risks.contains(where: { $0 != nil }) {
            for (folder, summary) in zip(folders, risks) {
                guard let summary else {
                    throw UsageError(
                        command: "lab compare", problems: ["\(folder): studies of risk are compared by themselves"])
                }
                if folders.count > 1 { Terminal.print("\(folder)\n") }
                Terminal.print(
                    arguments.has("--json")
                        ? summary.json().text() : arguments.has("--markdown") ? summary.markdown() : summary.text())
            }
            return ExitCode.done
        }
        let comparisons = try folders.map { try RunReader(folder: $0).comparison() }
        if arguments.has("--json") {
            let runs = try zip(folders, comparisons).map { folder, comparison -> JSONValue in
                var fields = [
                    JSONField("run", .string(folder)), JSONField("comparison", comparison.json()),
                ]
                if let elsewhere = try RunReader(folder: folder).populations() {
                    fields.append(JSONField("populations", elsewhere.json()))
                }
                if let adapted = try RunReader(folder: folder).adaptation() {
                    fields.append(JSONField("adaptation", adapted.json()))
                }
                return .object(fields)
            }
            Terminal.print(JSONValue.object([JSONField("format", 1), JSONField("runs", .array(runs))]).text())
            return ExitCode.done
        }
        for (folder, comparison) in zip(folders, comparisons) {
            if folders.count > 1 { Terminal.print("\(folder)\n") }
            Terminal.print(
                arguments.has("--markdown") ? comparison.markdown() : comparison.text(width: Terminal.width))
            let isKept = arguments.has("--markdown")
            if let elsewhere = try RunReader(folder: folder).populations() {
                Terminal.print("\n" + (isKept ? elsewhere.markdown() : elsewhere.text(width: Terminal.width)))
            }
            if let adapted = try RunReader(folder: folder).adaptation() {
                Terminal.print("\n" + (isKept ? adapted.markdown() : adapted.text(width: Terminal.width)))
            }
        }
        return ExitCode.done
    }
}

extension JSONValue {
    /// Whether a text stands somewhere in it as a value.
    fileprivate func names(_ text: String) -> Bool {
        switch self {
        case .string(let own): own == text
        case .array(let items): items.contains { $0.names(text) }
        case .object(let fields): fields.contains { $0.value.names(text) }
        default: false
        }
    }
}
