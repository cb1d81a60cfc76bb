// `lab cohort check|schema|features`.

import Cohorts
import PositionedJSON
import Studies

enum TableLookCommands {
    static let check = Command(
        specification: CommandSpecification(
            "lab cohort check", "Says what stands out in a table before anything is learned from it.",
            examples: [
                ArgumentExample(
                    "lab cohort check --source trial.csv --schema columns.json",
                    "duplicates, gaps, identifiers, leaks, how each column is recorded")
            ],
            options: [
                .option("--source", "TABLE.csv", "real patients, a row each, or a row for every visit", required: true),
                .option("--schema", "COLUMNS.json", "what the columns are", required: true),
                .flag("--json", "prints everything as JSON"),
            ],
            notes: [
                "Cells that contradict the schema are listed with line and column, and the exit code is 65; what only "
                    + "deserves a look is a warning or a note, and the exit code is 0."
            ])
    ) { arguments in
        let check = try TableCommands.check(
            source: try Shared.inputFile(arguments.text("--source") ?? ""),
            schema: try Shared.inputFile(arguments.text("--schema") ?? ""))
        Terminal.print(arguments.has("--json") ? check.json().text() : check.text())
        return ExitCode.done
    }

    static let schema = Command(
        specification: CommandSpecification(
            "lab cohort schema", "Guesses what the columns of a table are: a COLUMNS.json to start from.",
            examples: [
                ArgumentExample(
                    "lab cohort schema --source trial.csv --out columns.json", "then read it, and correct it")
            ],
            options: [
                .option("--source", "TABLE.csv", "real patients, a row each, or a row for every visit", required: true),
                .option("--out", "COLUMNS.json", "where to write it (default: it is shown)"),
            ],
            notes: [
                "Types, ranges, categories and limits of detection are those of the cells; units, roles and the target "
                    + "cannot be guessed. What to look at is told beside it."
            ])
    ) { arguments in
        let guess = try SchemaGuess.read(path: try Shared.inputFile(arguments.text("--source") ?? ""))
        try Shared.write(guess.schema.json().text(), to: arguments.text("--out"))
        for note in guess.notes { Terminal.note("look: \(note)") }
        Terminal.note(
            "guessed from \(guess.isPartial ? "the first " : "")\(guess.rows) rows; ranges are what was seen there. Add units, "
                + "roles and \"target\".")
        return ExitCode.done
    }

    static let features = Command(
        specification: CommandSpecification(
            "lab cohort features", "Says how much each column tells of the target, and along what the rest varies.",
            examples: [
                ArgumentExample(
                    "lab cohort features --source trial.csv --schema columns.json --target death", "most telling first"),
                ArgumentExample(
                    "lab cohort features --source trial.csv --schema columns.json --best 8",
                    "the eight best, as `lab cohort generate --columns` takes them"),
            ],
            options: [
                .option("--source", "TABLE.csv", "real patients, a row each", required: true),
                .option("--schema", "COLUMNS.json", "what the columns are", required: true),
                .option("--target", "NAME", "the column to tell of (default: the schema's target)"),
                .option(
                    "--permutations", "N", "shufflings for the p-values (default 199)", kind: .integer(0...100_000)),
                .option("--rows", "N", "rows used at most (default 5000)", kind: .integer(10...1_000_000)),
                .option(
                    "--best", "K", "prints only the names of the K most telling columns, and the target",
                    kind: .integer(1...8192)),
                .option("--seed", "S", "of the shufflings (default 0)", kind: .integer(0...Int.max)),
                Shared.jobsOption, .flag("--json", "prints everything as JSON"),
            ],
            notes: [
                "Mutual information by nearest neighbours (Ross 2014; Kraskov 2004), as scikit-learn estimates it; principal "
                    + "components of the numeric columns in standard deviations."
            ])
    ) { arguments in
        let report = try TableCommands.features(
            source: try Shared.inputFile(arguments.text("--source") ?? ""),
            schema: try Shared.inputFile(arguments.text("--schema") ?? ""),
            options: FeatureReport.Options(
                target: arguments.text("--target"), permutations: arguments.integer("--permutations") ?? 199,
                seed: UInt64(arguments.integer("--seed") ?? 0), jobs: Shared.jobs(arguments),
                mostRows: arguments.integer("--rows") ?? 5000))
        if let best = arguments.integer("--best") {
            Terminal.print(report.best(best).joined(separator: ","))
        } else {
            Terminal.print(arguments.has("--json") ? report.json().text() : report.text())
        }
        return ExitCode.done
    }
}
