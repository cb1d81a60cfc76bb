// `lab env tree`.

import PositionedJSON
import Studies

enum ExactTreeCommand {
    static let tree = Command(
        specification: CommandSpecification(
            "lab env tree",
            "Plans the best decision tree of a tabular environment, and says how much better one could be.",
            examples: [
                ArgumentExample(
                    "lab env tree frozen-lake --depth 2 --out tree.json", "the best tree of depth 2, proven"),
                ArgumentExample(
                    "lab env tree icu-sepsis@admissible --leaves 64 --endless --nodes 1 --out tree.json",
                    "a good tree of 64 leaves and an upper bound"),
                ArgumentExample(
                    "lab env solve frozen-lake --policy tree.json", "what the tree is worth, computed by other means"),
            ],
            positionals: [PositionalSpecification("NAME", "a tabular environment, or a folder that holds one")],
            options: [
                .option("--depth", "D", "questions on any way at most", kind: .integer(0...64)),
                .option("--leaves", "N", "leaves at most (default: 2 to the depth, or 16)", kind: .integer(1...4096)),
                .option(
                    "--nodes", "N", "relaxations that branch and bound solves at most (default 100000)",
                    kind: .integer(0...100_000_000)),
                .option(
                    "--seconds", "S", "ends branch and bound after that time; the result then depends on the machine",
                    kind: .number(0...1e7)),
                .option(
                    "--rounds", "N", "attempts to improve each planned tree (default 16)", kind: .integer(0...1000)),
                .option(
                    "--seed", "S", "of the random changes that some attempts begin with (default 0)",
                    kind: .integer(0...Int.max)),
                .option("--discount", "G", "per decision", kind: .number(1e-6...1)),
                .flag("--endless", "plans for time without end instead of the environment's horizon"),
                .flag("--free-thresholds", "lets thresholds lie between the steps in which observations are measured"),
                Shared.jobsOption,
                .flag("--json", "prints the numbers as JSON"),
                .option("--out", "FILE", "the tree"),
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        guard let tabular = model.tabular else {
            throw UsageError(
                command: "lab env tree",
                problems: ["\(model.fullName) has no table of states, and trees are planned with one"])
        }
        let search = try ExactTreeSearch(
            model, tabular,
            ExactTreeSearch.settings(
                depth: arguments.integer("--depth"), leaves: arguments.integer("--leaves"),
                nodes: arguments.integer("--nodes"), rounds: arguments.integer("--rounds"),
                seconds: arguments.number("--seconds"), discount: arguments.number("--discount"),
                isEndless: arguments.has("--endless"), roundsThresholds: !arguments.has("--free-thresholds")),
            seed: UInt64(arguments.integer("--seed") ?? 0), jobs: Shared.jobs(arguments))
        if let file = arguments.text("--out") { try Shared.write(search.result.tree.json().text(), to: file) }
        Terminal.print(arguments.has("--json") ? search.json().text() : search.text())
        return ExitCode.done
    }
}
