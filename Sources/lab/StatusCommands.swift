// `lab status`: how far a run is, asked from another terminal.

import Foundation
import PositionedJSON
import Studies

enum StatusCommands {
    static let status = Command(
        specification: CommandSpecification(
            "lab status", "Says how far a run is, stage by stage.",
            examples: [
                ArgumentExample("lab status runs/immuno", "what is done, what runs, and how long it still takes"),
                ArgumentExample("lab status runs/immuno --json", "for programs"),
            ],
            positionals: [
                PositionalSpecification("RUN", "the run directory, of a run that works, was stopped or is done")
            ],
            options: [.flag("--json", "prints it as JSON")])
    ) { arguments in
        let run = try Shared.runFolder(arguments.text("RUN") ?? "", command: "lab status")
        let isRunning = RunStatus.isRunning(run)
        guard let status = RunStatus.read(run: run) else {
            throw StageError(
                message: "\(run) says nothing of its stages; run its study again, finished stages are kept")
        }
        Terminal.print(
            arguments.has("--json")
                ? status.json(isRunning: isRunning).text() : status.text(folder: run, isRunning: isRunning))
        return ExitCode.done
    }
}
