// `lab env speed`.

import Foundation
import Patients
import PositionedJSON
import Studies

enum SpeedCommand {
    static let speed = Command(
        specification: CommandSpecification(
            "lab env speed", "Measures how many decisions a CPU second an environment makes on one thread.",
            examples: [
                ArgumentExample("lab env speed immuno", "1,000 patients treated at random"),
                ArgumentExample("lab env speed immuno --policy protocol:both --json", "another policy, for machines"),
            ],
            positionals: [PositionalSpecification("NAME", "an environment, or a folder that holds one")],
            options: [
                .option(
                    "--policy", "SPEC", "protocol:NAME, random, constant:ACTION or a policy file (default: random)"),
                .option("--patients", "N", "how many (default 1000)", kind: .integer(1...10_000_000)),
                .option("--seed", "S", "of patients and chance (default 1)", kind: .integer(0...Int.max)),
                .option("--seconds", "X", "CPU seconds to fill (default 1)", kind: .number(0.01...3600)),
                .flag("--json", "prints the measurement as JSON"),
            ])
    ) { arguments in
        let model = try Shared.loadEnvironment(arguments.text("NAME") ?? "").model
        let seed = UInt64(arguments.integer("--seed") ?? 1)
        let written = arguments.text("--policy") ?? "random"
        let policy = try PolicySpecification.read(
            written, model: model, seed: seed, file: Shared.inputFile, command: "lab env speed")
        let speed = try EnvironmentSpeed.measure(
            model, policy: policy, named: written, patients: arguments.integer("--patients") ?? 1000, seed: seed,
            seconds: arguments.number("--seconds") ?? 1)
        Terminal.print(arguments.has("--json") ? speed.json().text() : speed.text())
        return ExitCode.done
    }
}
