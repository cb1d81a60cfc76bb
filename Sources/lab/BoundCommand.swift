// `lab env bound`.

import Foundation
import PositionedJSON
import Studies

enum BoundCommand {
    static let bound = Command(
        specification: CommandSpecification(
            "lab env bound", "Searches how well each patient could be treated by somebody who knows what is to come.",
            examples: [
                ArgumentExample("lab env bound immuno", "a clairvoyant against every protocol, 100 patients"),
                ArgumentExample(
                    "lab env bound warfarin --patients 20 --budget 1000000 --plans plans.csv",
                    "longer, and what the clairvoyant gives"),
            ],
            positionals: [PositionalSpecification("NAME", "an environment, or a folder that holds one")],
            options: [
                .option("--patients", "N", "how many (default 100)", kind: .integer(1...100_000_000)),
                .option("--seed", "S", "of patients and chance (default 1)", kind: .integer(0...Int.max)),
                .option("--cohort", "FILE.csv", "patients (default: the environment's own variability)"),
                .option(
                    "--budget", "N", "decisions simulated for a patient (default 100000)",
                    kind: .integer(1...1_000_000_000)),
                .option(
                    "--discount", "G", "of the return that is searched for (default: the environment's)",
                    kind: .number(1e-6...1)),
                .option("--plans", "FILE.csv", "the actions found: patient, decision, action"),
                .flag("--json", "prints the result as JSON"), Shared.jobsOption,
            ],
            notes: [
                "Tabular environments are solved exactly; elsewhere the search is local and what it finds is a lower "
                    + "bound on the best possible. More budget never finds less."
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        let count = arguments.integer("--patients") ?? 100
        let seed = UInt64(arguments.integer("--seed") ?? 1)
        let source = try arguments.text("--cohort").map {
            try SourceText(contentsOf: try Shared.inputFile($0), maximumBytes: 4 << 30)
        }
        let cohort = try RolloutPatients.make(model, source: source, count: count, seed: seed, note: Terminal.note)
        let bound = try ClairvoyantBound(
            model, cohort: cohort, seed: seed, budget: arguments.integer("--budget") ?? 100_000,
            discount: arguments.number("--discount"), jobs: Shared.jobs(arguments))
        if let file = arguments.text("--plans") { try Shared.write(bound.plansCSV(), to: file) }
        Terminal.print(arguments.has("--json") ? bound.json().text() : bound.text())
        return ExitCode.done
    }
}
