// `lab env solve`.

import PositionedJSON
import Studies

enum SolveCommand {
    static let solve = Command(
        specification: CommandSpecification(
            "lab env solve", "Computes the exact values of a tabular environment's policies, without sampling.",
            examples: [
                ArgumentExample("lab env solve icu-sepsis", "the optimum, every protocol, chance and the worst"),
                ArgumentExample(
                    "lab env solve sepsis-oberst --discount 0.99 --out policy.csv", "and the best action of every state"
                ),
                ArgumentExample(
                    "lab env solve icu-sepsis --policy runs/icu-sepsis/agents/q_learning/seed-1/policy.json",
                    "what a learned policy is worth exactly"),
            ],
            positionals: [PositionalSpecification("NAME", "a tabular environment, or a folder that holds one")],
            options: [
                .option("--discount", "G", "per decision (default: the environment's)", kind: .number(1e-6...1)),
                .option(
                    "--method", "METHOD",
                    "value: value iteration (default); policy: policy iteration, which at a discount of 1 looks among "
                        + "the policies that end their courses", kind: .choice(["value", "policy"])),
                .option(
                    "--policy", "FILE",
                    "the exact values of a policy without memory, such as a tabular learner's; may repeat",
                    repeats: true),
                .flag("--json", "prints the values as JSON"),
                .option("--out", "FILE.csv", "the optimal policy: state, action, value"),
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        guard let tabular = model.tabular else {
            throw UsageError(
                command: "lab env solve",
                problems: [
                    "\(model.fullName) has no table of states, so its values cannot be computed exactly; "
                        + "lab env rollout estimates them"
                ])
        }
        let policies = try arguments.texts("--policy").map { text in
            let file = try Shared.inputFile(text)
            let policy = try LoadedPolicy(try JSONParser.parse(contentsOf: file, maximumBytes: 1 << 30))
            return (name: text, actions: try policy.actions(in: tabular, named: model.fullName))
        }
        let solution = ExactSolution(
            model, tabular, discount: arguments.number("--discount"),
            method: ExactSolution.Method(rawValue: arguments.text("--method") ?? "value") ?? .value, policies: policies)
        if let file = arguments.text("--out") { try Shared.write(solution.policyCSV(), to: file) }
        Terminal.print(arguments.has("--json") ? solution.json().text() : solution.text())
        return ExitCode.done
    }
}
