// `lab policy evaluate|coverage`.

import Evaluation
import Patients
import PositionedJSON
import Studies

enum OffPolicyCommands {
    private static func interval(_ arguments: ParsedArguments) -> BootstrapInterval {
        arguments.text("--interval").flatMap(BootstrapInterval.init(rawValue:)) ?? .normal
    }

    static let evaluate = Command(
        specification: CommandSpecification(
            "lab policy evaluate", "Estimates what a policy is worth from logged episodes of another one.",
            examples: [
                ArgumentExample(
                    "lab policy evaluate runs/sepsis/agents/cql/seed-1/policy.json --log log.csv",
                    "a learner of a run; the log is one of lab env rollout --log, or of your own"),
                ArgumentExample(
                    "lab policy evaluate optimal --epsilon 0.2 --log log.csv --environment icu-sepsis --json",
                    "a policy of an environment, exploring a little"),
            ],
            positionals: [
                PositionalSpecification(
                    "POLICY",
                    "a policy or tree file; with --environment also protocol:NAME, random, constant:ACTION, optimal")
            ],
            options: [
                .option(
                    "--log", "LOG.csv", "logged episodes (lab env rollout --help names the columns)", required: true),
                .option("--environment", "NAME", "the environment (default: that of the run POLICY belongs to)"),
                .option("--discount", "G", "per decision (default: the environment's)", kind: .number(1e-6...1)),
                .option(
                    "--horizon", "N",
                    "decisions that count (default: the shortest watch that was over before the course, or else the "
                        + "longest course)", kind: .integer(1...1_000_000)),
                .option(
                    "--epsilon", "X", "the policy evaluated acts at random in this share of decisions (default 0)",
                    kind: .number(0...1)),
                .option(
                    "--fit", "HOW",
                    "fitted Q evaluation by table or network (default: table where observations repeat five times)",
                    kind: .choice(["table", "network"])),
                .option("--bootstrap", "N", "draws for the intervals (default 1000)", kind: .integer(10...1_000_000)),
                .option(
                    "--interval", "KIND",
                    "of the bootstrap: normal (default), percentile, or bca (moved for bias and skewness)",
                    kind: .choice(["normal", "percentile", "bca"])),
                .option("--level", "P", "of the intervals (default 0.95)", kind: .number(0.5...0.999)),
                .option("--seed", "S", "of bootstrap and network (default 0)", kind: .integer(0...Int.max)),
                .flag("--json", "prints the estimates as JSON"),
            ],
            notes: [
                "Importance sampling weighs every logged episode by how much more probable the policy makes it; without a "
                    + "model it is right on average, and useless where the policy does what the log hardly ever did: the "
                    + "effective sample size tells. Fitted Q evaluation needs a model instead, and the doubly robust "
                    + "estimators use both. Benchmarks/OFF-POLICY.md says how often their intervals hold the true value."
            ])
    ) { arguments in
        let written = arguments.text("POLICY") ?? ""
        let seed = UInt64(arguments.integer("--seed") ?? 0)
        let model =
            try arguments.text("--environment").map { try Shared.loadEnvironment($0).model }
            ?? Shared.home.findFile(written).flatMap {
                try? RunReader.containing($0)?.study(home: Shared.home).environment.model
            }
        guard let discount = arguments.number("--discount") ?? model?.task.discount else {
            throw UsageError(
                command: "lab policy evaluate",
                problems: ["the policy belongs to no run, so say --environment NAME or --discount G"])
        }
        let policy: any Policy
        let names: (observations: [String], actions: [String])
        if let model {
            policy = try PolicySpecification.read(
                written, model: model, seed: seed, file: Shared.inputFile, command: "lab policy evaluate")
            names = (model.task.observations.map(\.name), model.task.actions.map(\.name))
        } else {
            let loaded = try LoadedPolicy(
                try JSONParser.parse(contentsOf: try Shared.inputFile(written), maximumBytes: 1 << 30))
            policy = loaded.policy
            names = (loaded.observations, loaded.actions)
        }
        let log = try EpisodeLog.read(
            try SourceText(contentsOf: try Shared.inputFile(arguments.text("--log") ?? ""), maximumBytes: 4 << 30),
            observations: names.observations, actions: names.actions)
        var settings = OffPolicyEvaluation.Settings()
        settings.discount = discount
        settings.horizon = arguments.integer("--horizon")
        settings.replications = arguments.integer("--bootstrap") ?? settings.replications
        settings.interval = interval(arguments)
        settings.level = arguments.number("--level") ?? settings.level
        settings.seed = seed
        let result = try PolicyEvaluation.run(
            policy, epsilon: arguments.number("--epsilon") ?? 0, log: log, model: model,
            fit: arguments.text("--fit").flatMap(PolicyEvaluation.Fit.init(rawValue:)), settings: settings)
        Terminal.print(arguments.has("--json") ? result.json().text() : result.text())
        return ExitCode.done
    }

    static let coverage = Command(
        specification: CommandSpecification(
            "lab policy coverage",
            "Measures how often the intervals of lab policy evaluate hold the true value, where it is known.",
            examples: [
                ArgumentExample(
                    "lab policy coverage icu-sepsis --log-policy optimal --log-epsilon 0.5 --policy optimal --epsilon 0.3 "
                        + "--episodes 500 --seed 1",
                    "200 logs of the one, the other evaluated on each")
            ],
            positionals: [PositionalSpecification("NAME", "a tabular environment, or a folder that holds one")],
            options: [
                .option(
                    "--log-policy", "SPEC", "what is logged: protocol:NAME, random, constant:ACTION or optimal",
                    required: true),
                .option("--log-epsilon", "X", "how often that acts at random (default 0)", kind: .number(0...1)),
                .option("--policy", "SPEC", "what is evaluated", required: true),
                .option("--epsilon", "X", "how often that acts at random (default 0)", kind: .number(0...1)),
                .option("--episodes", "N", "in every log", kind: .integer(2...1_000_000), required: true),
                .option("--repetitions", "N", "logs (default 200)", kind: .integer(2...100_000)),
                .option("--bootstrap", "N", "draws for the intervals (default 1000)", kind: .integer(10...1_000_000)),
                .option(
                    "--interval", "KIND",
                    "of the bootstrap: normal (default), percentile, or bca (moved for bias and skewness)",
                    kind: .choice(["normal", "percentile", "bca"])),
                .option("--discount", "G", "per decision (default: the environment's)", kind: .number(1e-6...1)),
                .option("--seed", "S", "of everything", kind: .integer(0...Int.max), required: true),
                .flag("--json", "prints the figures as JSON"), Shared.jobsOption,
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        guard let tabular = model.tabular else {
            throw UsageError(
                command: "lab policy coverage",
                problems: ["\(model.fullName) has no table of states, so true values are not known"])
        }
        func behaviour(_ name: String, _ epsilon: String) throws -> OffPolicyCoverage.Behaviour {
            let text = arguments.text(name) ?? ""
            _ = try PolicySpecification.read(
                text, model: model, seed: 0,
                file: { _ in
                    throw UsageError(
                        command: "lab policy coverage",
                        problems: ["\(name) cannot be \"\(text)\": no file is read here"])
                }, command: "lab policy coverage")
            return OffPolicyCoverage.Behaviour(text, epsilon: arguments.number(epsilon) ?? 0)
        }
        var settings = OffPolicyEvaluation.Settings()
        settings.replications = arguments.integer("--bootstrap") ?? settings.replications
        settings.interval = interval(arguments)
        let coverage = try OffPolicyCoverage(
            model, tabular: tabular, logged: try behaviour("--log-policy", "--log-epsilon"),
            target: try behaviour("--policy", "--epsilon"), episodes: arguments.integer("--episodes") ?? 2,
            repetitions: arguments.integer("--repetitions") ?? 200, discount: arguments.number("--discount"),
            seed: UInt64(arguments.integer("--seed") ?? 0), jobs: Shared.jobs(arguments), settings: settings)
        Terminal.print(arguments.has("--json") ? coverage.json().text() : coverage.text())
        return ExitCode.done
    }
}
