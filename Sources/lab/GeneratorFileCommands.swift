// `lab cohort fit|sample|encode|decode|interpolate`: generators kept as files.

import Cohorts
import PositionedJSON
import Studies

enum GeneratorFileCommands {
    private static let fromOption = OptionSpecification.option(
        "--from", "GENERATOR.json", "a generator that `lab cohort fit` wrote", required: true)

    private static func input(_ arguments: ParsedArguments, _ name: String) throws -> String {
        try Shared.inputFile(arguments.text(name) ?? "")
    }

    static let fit = Command(
        specification: CommandSpecification(
            "lab cohort fit", "Learns a table of patients and keeps what it learned.",
            examples: [
                ArgumentExample(
                    "lab cohort fit --source trial.csv --schema columns.json --seed 1 --out generator.json",
                    "to be drawn from by `lab cohort sample`")
            ],
            options: [
                .option(
                    "--source", "TABLE.csv", "real patients, a row each, or a row for every visit", required: true),
                .option("--schema", "COLUMNS.json", "what the columns are", required: true),
                .option("--seed", "S", "of training", kind: .integer(0...Int.max), required: true),
                .option("--out", "GENERATOR.json", "where to keep it", required: true),
                CohortTableCommands.columnsOption, CohortTableCommands.generatorOption,
                CohortTableCommands.settingsOption, CohortTableCommands.epsilonOption, CohortTableCommands.deltaOption,
                CohortTableCommands.heldOutOption,
            ],
            notes: [
                "Without --epsilon the file holds quantiles of every numeric column, which are values of real patients: it "
                    + "needs the same care as the table.",
                "The file keeps what the privacy checks say, and `lab cohort sample` obeys it. --epsilon gives a guarantee in "
                    + "their place, against everybody who does not know the seed: draw that at random then, and keep it.",
            ])
    ) { arguments in
        let generated = try CohortCommands.fit(
            source: input(arguments, "--source"), schema: input(arguments, "--schema"),
            columns: CohortTableCommands.columns(arguments), seed: UInt64(arguments.integer("--seed") ?? 0),
            generator: CohortTableCommands.specification(arguments),
            heldOut: arguments.text("--held-out").map { try Shared.inputFile($0) }, out: arguments.text("--out") ?? "")
        CohortTableCommands.tellOmissions(generated)
        CohortTableCommands.tellPrivacy(generated, out: arguments.text("--out") ?? "", force: false)
        let facts = generated.generator.summary.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        Terminal.note(
            "\(generated.generator.kind) learned from \(CohortTableCommands.sourceRows(generated)) patients (\(facts)): "
                + (arguments.text("--out") ?? ""))
        return ExitCode.done
    }

    static let sample = Command(
        specification: CommandSpecification(
            "lab cohort sample", "Draws patients from a generator that was kept.",
            examples: [
                ArgumentExample(
                    "lab cohort sample --from generator.json --rows 1000000 --seed 1 --out synthetic.csv",
                    "any number of rows in the same memory")
            ],
            options: [
                fromOption,
                .option("--rows", "N", "how many patients", kind: .integer(1...1_000_000_000), required: true),
                .option(
                    "--first", "I",
                    "the number of the first (default 0): the same number and seed give the same patient",
                    kind: .integer(0...1_000_000_000_000)),
                .option("--seed", "S", "of sampling", kind: .integer(0...Int.max), required: true),
                .option("--out", "SYNTHETIC.csv", "where to write them", required: true),
                CohortTableCommands.whereOption, CohortTableCommands.forceOption,
            ],
            notes: [
                "A generator that failed the privacy checks when it was fitted is refused with exit code 65, unless --force."
            ])
    ) { arguments in
        let first = arguments.integer("--first") ?? 0
        let rows = arguments.integer("--rows") ?? 0
        let verdict = try CohortCommands.sample(
            from: input(arguments, "--from"), rows: first..<(first + rows),
            where: CohortConditions(arguments.texts("--where"), name: "--where"),
            seed: UInt64(arguments.integer("--seed") ?? 0), force: arguments.has("--force"),
            out: arguments.text("--out") ?? "")
        if let verdict, !verdict.passed {
            Terminal.warn(
                verdict.text() + "written all the same; \(arguments.text("--out") ?? "").privacy.json says so")
        } else {
            Terminal.note("privacy: \(verdict?.sentence ?? "this generator's file says nothing of privacy checks")")
        }
        Terminal.note("\(rows) synthetic patients: \(arguments.text("--out") ?? "")")
        return ExitCode.done
    }

    static let encode = Command(
        specification: CommandSpecification(
            "lab cohort encode", "Writes the latent code of every patient of a table.",
            examples: [
                ArgumentExample(
                    "lab cohort encode --from generator.json --patients trial.csv --out codes.csv",
                    "a column for every number of the code: z1, z2, …")
            ],
            options: [
                fromOption, .option("--patients", "TABLE.csv", "patients with the generator's columns", required: true),
                .option("--out", "CODES.csv", "where to write the codes", required: true),
            ])
    ) { arguments in
        let count = try CohortCommands.encode(
            from: input(arguments, "--from"), patients: input(arguments, "--patients"),
            out: arguments.text("--out") ?? "")
        Terminal.note("\(count) codes: \(arguments.text("--out") ?? "")")
        return ExitCode.done
    }

    static let decode = Command(
        specification: CommandSpecification(
            "lab cohort decode", "Writes the most probable patient of every latent code.",
            examples: [
                ArgumentExample(
                    "lab cohort decode --from generator.json --codes codes.csv --out patients.csv",
                    "from codes as `lab cohort encode` writes them")
            ],
            options: [
                fromOption, .option("--codes", "CODES.csv", "columns z1, z2, …", required: true),
                .option("--out", "PATIENTS.csv", "where to write the patients", required: true),
            ])
    ) { arguments in
        let count = try CohortCommands.decode(
            from: input(arguments, "--from"), codes: input(arguments, "--codes"), out: arguments.text("--out") ?? "")
        Terminal.note("\(count) patients: \(arguments.text("--out") ?? "")")
        return ExitCode.done
    }

    static let interpolate = Command(
        specification: CommandSpecification(
            "lab cohort interpolate", "Writes patients on the way from one to another.",
            examples: [
                ArgumentExample(
                    "lab cohort interpolate --from generator.json --patients trial.csv --first 1 --second 7 --out way.csv",
                    "on the straight line between their codes")
            ],
            options: [
                fromOption, .option("--patients", "TABLE.csv", "patients with the generator's columns", required: true),
                .option("--first", "I", "row of the one, from 1", kind: .integer(1...Int.max), required: true),
                .option("--second", "J", "row of the other", kind: .integer(1...Int.max), required: true),
                .option("--steps", "N", "patients to write (default 11)", kind: .integer(2...1_000_000)),
                .option("--out", "WAY.csv", "where to write them", required: true),
            ])
    ) { arguments in
        try CohortCommands.interpolate(
            from: input(arguments, "--from"), patients: input(arguments, "--patients"),
            first: arguments.integer("--first") ?? 1, second: arguments.integer("--second") ?? 1,
            steps: arguments.integer("--steps") ?? 11, out: arguments.text("--out") ?? "")
        Terminal.note("\(arguments.integer("--steps") ?? 11) patients: \(arguments.text("--out") ?? "")")
        return ExitCode.done
    }
}
