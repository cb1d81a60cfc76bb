// `lab doctor`: what the program found on this machine.

import Foundation
import Numerics
import PositionedJSON
import Studies

enum DoctorCommand {
    static let doctor = Command(
        specification: CommandSpecification(
            "lab doctor", "Says what the program found on this machine.",
            examples: [ArgumentExample("lab doctor", "versions, kernels, folders, gnuplot")],
            options: [.flag("--json", "prints it as JSON")])
    ) { arguments in
        let findings = Doctor.examine(home: Shared.home, environment: Shared.environment)
        if arguments.has("--json") {
            Terminal.print(JSONValue.object(findings.map { JSONField($0.name, .string($0.value)) }).text())
        } else {
            Terminal.print(HelpText.table(findings.map { ($0.name, $0.value + ($0.advice.map { " — \($0)" } ?? "")) }))
        }
        return ExitCode.done
    }
}
