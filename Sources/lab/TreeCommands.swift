// `lab tree edit`.

import PositionedJSON
import Studies

enum TreeCommands {
    static let edit = Command(
        specification: CommandSpecification(
            "lab tree edit", "Makes a tree of a run obey constraints and shows what that costs.",
            examples: [
                ArgumentExample(
                    "lab tree edit runs/immuno --constraints rules.json --out edited.json",
                    "the best tree, edited, as a policy file"),
                ArgumentExample(
                    "lab tree edit runs/immuno --tree viper/seed-2 --constraints rules.json", "another one"),
            ],
            positionals: [PositionalSpecification("RUN", "the run directory")],
            options: [
                .option("--tree", "NAME[/seed-N]", "default: the winner on validation patients"),
                .option(
                    "--constraints", "FILE", "locked nodes, forbidden splits and actions, mandatory actions",
                    required: true),
                .option("--out", "FILE", "where to write the edited tree (default: it is only shown)"),
                .option(
                    "--episodes", "N", "episodes simulated for the search (default: as the study refines)",
                    kind: .integer(0...1_000_000_000)),
                Shared.jobsOption, .flag("--json", "prints both trees and the costs as JSON"),
            ],
            notes: [
                "Constraints are { \"format\": 1, \"kind\": \"tree_constraints\", \"locked\": [{ \"node\": 3 }], "
                    + "\"forbidden_splits\": [{ \"observation\": \"day\" }], \"forbidden\": [{ \"action\": \"chemo\", \"when\": "
                    + "[{ \"observation\": \"log10_lymphocytes\", \"at_most\": 9 }] }], \"mandatory\": [] }; each part may be "
                    + "left out. Actions that are forbidden or mandatory become splits, so that the tree alone obeys.",
                "The rest of the tree is optimised around them on the run's training patients, validation patients choose "
                    + "among the results, test patients tell what the edit costs.",
            ])
    ) { arguments in
        let run = try Shared.runFolder(arguments.text("RUN") ?? "", command: "lab tree edit")
        let file = try Shared.inputFile(arguments.text("--constraints") ?? "")
        let edit = try RunReader(folder: run).edit(
            arguments.text("--tree"), constraints: try JSONParser.parse(contentsOf: file),
            episodes: arguments.integer("--episodes"), home: Shared.home, jobs: Shared.jobs(arguments))
        Terminal.print(arguments.has("--json") ? edit.json().text() : edit.text(width: Terminal.width))
        if let path = arguments.text("--out") {
            try AtomicFile.write(edit.after.json().text(), to: path)
            Terminal.note("\(edit.title) of \(run), edited: \(path)")
        }
        return ExitCode.done
    }
}
