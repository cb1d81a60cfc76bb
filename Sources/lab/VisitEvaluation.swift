// `lab cohort evaluate` of tables with a row for every visit.

import Cohorts
import PositionedJSON
import Studies

enum VisitEvaluation {
    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let fidelity = try CohortCommands.evaluateVisits(
            real: try Shared.inputFile(arguments.text("--real") ?? ""),
            synthetic: try Shared.inputFile(arguments.text("--synthetic") ?? ""),
            schema: try Shared.inputFile(arguments.text("--schema") ?? ""),
            heldOut: try arguments.text("--held-out").map { try Shared.inputFile($0) },
            options: FidelityReport.Options(
                seed: UInt64(arguments.integer("--seed") ?? 0), jobs: Shared.jobs(arguments)))
        Terminal.print(arguments.has("--json") ? fidelity.json().text() : fidelity.text())
        guard let path = arguments.text("--figure") else { return ExitCode.done }
        guard let figure = VisitFigure.figure(fidelity) else {
            Terminal.warn("no figure: no column that changes is followed over time")
            return ExitCode.done
        }
        let drawn = try EnvironmentFigure.draw(figure, to: path)
        if let warning = drawn.warning { Terminal.warn(warning) }
        Terminal.note("courses: \(drawn.files.joined(separator: ", "))")
        return ExitCode.done
    }
}
