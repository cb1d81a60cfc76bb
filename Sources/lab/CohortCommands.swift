// `lab cohort generate|evaluate`.

import Cohorts
import PositionedJSON
import Studies

enum CohortTableCommands {
    static let columnsOption = OptionSpecification.option(
        "--columns", "A,B,C", "the columns to learn (default: all of the schema)")
    static let generatorOption = OptionSpecification.option(
        "--generator", "KIND",
        GeneratorSpecification.kinds.joined(separator: ", ") + " (default: vae; rvae for visits over time)",
        kind: .choice(GeneratorSpecification.kinds))
    static let settingsOption = OptionSpecification.option(
        "--settings", "FILE.json", "the generator and its settings, such as { \"generator\": \"vae\", \"latent\": 6 }")
    static let whereOption = OptionSpecification.option(
        "--where", "CONDITION", "what every patient must be, such as age>60, cd40<=200 or gender=0; may repeat",
        repeats: true)

    static let epsilonOption = OptionSpecification.option(
        "--epsilon", "E", "differential privacy: the most that any one patient may tell, such as 3",
        kind: .number(0.01...1000))
    static let deltaOption = OptionSpecification.option(
        "--delta", "D", "with --epsilon: the probability of telling more, well below one over the rows (default 1e-5)",
        kind: .number(1e-15...0.01))
    static let heldOutOption = OptionSpecification.option(
        "--held-out", "C.csv",
        "real patients to test privacy on (default: a second generator is learned without a fifth of the table)")
    static let forceOption = OptionSpecification.flag(
        "--force", "writes patients that fail the privacy checks too, and OUT.privacy.json that says so")
    static let gateNotes = [
        "Patients that fail the privacy checks (copies of real ones, distances, membership inference, attribute disclosure) "
            + "are not written, and the exit code is 65. Passing is no proof; --epsilon gives one, in place of the checks, "
            + "against everybody who does not know the seed: draw that at random then, and keep it."
    ]

    /// The generator that the options name, nil for the table's default.
    static func specification(_ arguments: ParsedArguments) throws -> GeneratorSpecification? {
        let named = try self.named(arguments)
        guard let epsilon = arguments.number("--epsilon") else {
            if arguments.has("--delta") {
                throw UsageError(command: "lab cohort", problems: ["--delta needs --epsilon"])
            }
            return named
        }
        return try (named ?? GeneratorSpecification(kind: "vae")).with(
            epsilon: epsilon, delta: arguments.number("--delta") ?? 1e-5)
    }

    private static func named(_ arguments: ParsedArguments) throws -> GeneratorSpecification? {
        guard let settings = arguments.text("--settings") else {
            return try arguments.text("--generator").map { try GeneratorSpecification(kind: $0) }
        }
        if arguments.has("--generator") {
            throw UsageError(command: "lab cohort", problems: ["--settings already names the generator"])
        }
        return try CohortCommands.specification(settings: Shared.inputFile(settings))
    }

    /// How many there were: under differential privacy only about.
    static func sourceRows(_ generated: CohortCommands.Generated) -> String {
        generated.generator.privacy.map { "about \(Int($0.rows))" } ?? "\(generated.sourceRows)"
    }

    /// What is guaranteed, or what the checks found.
    static func tellPrivacy(_ generated: CohortCommands.Generated, out: String, force: Bool) {
        if let privacy = generated.generator.privacy { Terminal.note(privacy.text()) }
        guard let verdict = generated.verdict else { return }
        if verdict.passed {
            Terminal.note("privacy: \(verdict.sentence)")
        } else {
            Terminal.warn(verdict.text() + (force ? "written all the same; \(out).privacy.json says so" : ""))
        }
    }

    static func tellOmissions(_ generated: CohortCommands.Generated) {
        for name in generated.identifiers { Terminal.note("left out: \(name), an identifier") }
        for name in generated.ignored { Terminal.warn("left out: \(name), which the schema does not name") }
        if generated.dropped > 0 { Terminal.note("left out: \(generated.dropped) duplicate rows") }
    }

    /// What is drawn, in words.
    static func what(_ generator: any CohortGenerator) -> String {
        generator is any VisitGenerator ? "patients with visits" : "rows"
    }

    /// The columns to learn, nil for all.
    static func columns(_ arguments: ParsedArguments) -> [String]? {
        arguments.text("--columns").map { $0.split(separator: ",").map(String.init) }
    }

    static let generate = Command(
        specification: CommandSpecification(
            "lab cohort generate", "Learns a table of patients and writes synthetic ones.",
            examples: [
                ArgumentExample(
                    "lab cohort generate --source trial.csv --schema columns.json --rows 2000 --seed 1 --out synthetic.csv",
                    "with a variational autoencoder"),
                ArgumentExample(
                    "lab cohort generate --source visits.csv --schema visits.columns.json --rows 2000 --seed 1 --out synthetic.csv",
                    "2000 patients with all their visits, where the schema names \"patient\" and \"time\""),
            ],
            options: [
                .option(
                    "--source", "TABLE.csv", "real patients, a row each, or a row for every visit", required: true),
                .option("--schema", "COLUMNS.json", "what the columns are", required: true),
                .option("--rows", "N", "how many patients to write", kind: .integer(1...100_000_000), required: true),
                .option("--seed", "S", "of training and sampling", kind: .integer(0...Int.max), required: true),
                .option("--out", "SYNTHETIC.csv", "where to write them", required: true),
                columnsOption,
                generatorOption, settingsOption, whereOption, epsilonOption, deltaOption, heldOutOption, forceOption,
            ],
            notes: gateNotes)
    ) { arguments in
        let generated = try CohortCommands.generate(
            source: try Shared.inputFile(arguments.text("--source") ?? ""),
            schema: try Shared.inputFile(arguments.text("--schema") ?? ""),
            columns: columns(arguments),
            rows: arguments.integer("--rows") ?? 0,
            seed: UInt64(arguments.integer("--seed") ?? 0),
            generator: try specification(arguments),
            where: try CohortConditions(arguments.texts("--where"), name: "--where"),
            heldOut: try arguments.text("--held-out").map { try Shared.inputFile($0) },
            force: arguments.has("--force"), out: arguments.text("--out") ?? "")
        tellOmissions(generated)
        tellPrivacy(generated, out: arguments.text("--out") ?? "", force: arguments.has("--force"))
        Terminal.note(
            "\(generated.rows) synthetic \(what(generated.generator)) learned from \(sourceRows(generated)) real ones by "
                + "\(generated.generator.kind): \(arguments.text("--out") ?? "")")
        return ExitCode.done
    }

    static let evaluate = Command(
        specification: CommandSpecification(
            "lab cohort evaluate", "Holds synthetic patients against real ones.",
            examples: [
                ArgumentExample(
                    "lab cohort evaluate --real trial.csv --synthetic synthetic.csv --schema columns.json",
                    "what is alike, what is not, and whether anybody can be recognised"),
                ArgumentExample(
                    "lab cohort evaluate --real visits.csv --synthetic synthetic.csv --schema visits.columns.json "
                        + "--figure courses.png",
                    "visits over time: courses, autocorrelation, the next visit"),
                ArgumentExample(
                    "lab cohort evaluate --real trial.csv --synthetic synthetic.csv --held-out later.csv --schema columns.json --html fidelity.html",
                    "tested on patients the generator did not see, as a page with figures"),
            ],
            options: [
                .option("--real", "A.csv", "real patients", required: true),
                .option("--synthetic", "B.csv", "synthetic patients", required: true),
                .option("--schema", "COLUMNS.json", "what the columns are", required: true),
                .option("--held-out", "C.csv", "real patients the generator did not see"),
                .option("--seed", "S", "of the classifiers (default 0)", kind: .integer(0...Int.max)),
                .option("--figure", "FILE.png", "of visits over time: courses of columns (.png or .svg)"),
                .option("--html", "FILE", "writes a page with figures as well"),
                Shared.jobsOption, .flag("--json", "prints every measure as JSON"),
            ])
    ) { arguments in
        if try CohortCommands.hasVisits(schema: Shared.inputFile(arguments.text("--schema") ?? "")) {
            if arguments.has("--html") {
                throw UsageError(
                    command: "lab cohort evaluate",
                    problems: ["--html shows one row a patient; visits over time are drawn by --figure"])
            }
            return try VisitEvaluation.run(arguments)
        }
        if arguments.has("--figure") {
            throw UsageError(
                command: "lab cohort evaluate",
                problems: ["--figure draws visits over time, and the schema names no \"patient\" and \"time\""])
        }
        let report = try CohortCommands.evaluate(
            real: try Shared.inputFile(arguments.text("--real") ?? ""),
            synthetic: try Shared.inputFile(arguments.text("--synthetic") ?? ""),
            schema: try Shared.inputFile(arguments.text("--schema") ?? ""),
            heldOut: try arguments.text("--held-out").map { try Shared.inputFile($0) },
            options: FidelityReport.Options(
                seed: UInt64(arguments.integer("--seed") ?? 0), jobs: Shared.jobs(arguments)))
        Terminal.print(arguments.has("--json") ? report.json().text() : report.text())
        if let path = arguments.text("--html") {
            let page = try FidelityPage.html(
                report,
                FidelityPage.Sources(
                    real: arguments.text("--real") ?? "", synthetic: arguments.text("--synthetic") ?? "",
                    heldOut: arguments.text("--held-out"), seed: arguments.integer("--seed") ?? 0))
            try AtomicFile.write(page.html, to: path)
            if let warning = page.warning { Terminal.warn(warning) }
            Terminal.note("page: \(path)")
        }
        return ExitCode.done
    }
}
