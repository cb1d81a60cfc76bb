// `lab policy act|table`.

import Patients
import PositionedJSON
import Studies

enum PolicyCommands {
    private static func load(_ arguments: ParsedArguments) throws -> LoadedPolicy {
        let file = try Shared.inputFile(arguments.text("FILE") ?? "")
        return try LoadedPolicy(
            try JSONParser.parse(contentsOf: file, maximumBytes: 1 << 30), model: try model(file, arguments))
    }

    /// The environment named, or that of the run which a file belongs to.
    private static func model(_ file: String, _ arguments: ParsedArguments) throws -> EnvironmentModel? {
        try arguments.text("--environment").map { try Shared.loadEnvironment($0).model }
            ?? (try? RunReader.containing(file)?.study(home: Shared.home))?.environment.model
    }

    static let act = Command(
        specification: CommandSpecification(
            "lab policy act", "Asks a policy what it would do.",
            examples: [
                ArgumentExample(
                    "lab policy act runs/immuno/trees/refined/seed-1/tree.json --observations patients.csv --out actions.csv",
                    "a line per row of the table")
            ],
            positionals: [PositionalSpecification("FILE", "a policy or tree of a run")],
            options: [
                .option(
                    "--observations", "FILE.csv",
                    "a column per observation; columns allowed.ACTION of 1 and 0 forbid actions; for a policy with memory, rows of one patient (column patient) are a course in order, without that column each row begins one",
                    required: true),
                .option(
                    "--environment", "NAME",
                    "whose protocols a tree that abstains follows (default: that of the run FILE belongs to); such a tree "
                        + "needs a column decision, 0 for a course's first"),
                .option("--out", "FILE.csv", "a column action (default: standard output)"),
            ])
    ) { arguments in
        let policy = try load(arguments)
        let source = try SourceText(
            contentsOf: try Shared.inputFile(arguments.text("--observations") ?? ""), maximumBytes: 4 << 30)
        let actions = try policy.act(source)
        try Shared.write("action\n" + actions.map { $0 + "\n" }.joined(), to: arguments.text("--out"))
        return ExitCode.done
    }

    static let table = Command(
        specification: CommandSpecification(
            "lab policy table", "Writes a policy with finitely many states as a table of states and actions.",
            examples: [
                ArgumentExample(
                    "lab policy table runs/immuno/agents/q_leaves/seed-1/policy.json --out table.csv",
                    "a line per state of the learner"),
                ArgumentExample(
                    "lab policy table runs/sepsis/agents/dqn/seed-1/policy.json --out table.csv",
                    "in a tabular environment any policy: a line per state of the environment"),
            ],
            positionals: [PositionalSpecification("FILE", "a policy or tree of a run")],
            options: [
                .option(
                    "--environment", "NAME", "the tabular environment (default: that of the run FILE belongs to)"),
                .option("--out", "FILE.csv", "the table (default: standard output)"),
            ])
    ) { arguments in
        let file = try Shared.inputFile(arguments.text("FILE") ?? "")
        let model = try model(file, arguments)
        if let tabular = model?.tabular {
            let text = try load(arguments).table(of: tabular, named: model?.fullName ?? "")
            try Shared.write(text, to: arguments.text("--out"))
            return ExitCode.done
        }
        guard let text = try load(arguments).table() else {
            throw StageError(message: "this policy has no finite number of states, so there is no table of it")
        }
        try Shared.write(text, to: arguments.text("--out"))
        return ExitCode.done
    }
}
