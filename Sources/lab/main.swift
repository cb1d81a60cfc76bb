// The command line: finds the command, hands it its arguments, exits with its code.

import Foundation
import PositionedJSON
import Studies

/// All commands, in the order of the help text. Names of two words belong to a group.
let commands: [Command] = [
    RunCommands.run, RunCommands.validate, StatusCommands.status, RunCommands.compare, ReportCommands.plot,
    ReportCommands.export,
    RunCommands.reproduce, EnvironmentCommands.list, EnvironmentCommands.show, EnvironmentCommands.new,
    EnvironmentCommands.check,
    EnvironmentCommands.simulate, SolveCommand.solve, ExactTreeCommand.tree, BoundCommand.bound,
    EnvironmentCommands.rollout,
    SpeedCommand.speed,
    CohortTableCommands.generate, GeneratorFileCommands.fit, GeneratorFileCommands.sample,
    GeneratorFileCommands.encode, GeneratorFileCommands.decode, GeneratorFileCommands.interpolate,
    CohortTableCommands.evaluate, TableLookCommands.schema, TableLookCommands.check, TableLookCommands.features,
    PolicyCommands.act, PolicyCommands.table,
    TreeCommands.edit,
    OffPolicyCommands.evaluate, OffPolicyCommands.coverage,
    DoctorCommand.doctor,
]

let index = CommandIndex(commands.map(\.specification))

switch index.find(Array(CommandLine.arguments.dropFirst())) {
case .version:
    Terminal.print("lab \(ProgramVersion.text)")
case .help(let text):
    Terminal.print(text)
case .wrong(let error):
    exit(Command.report(error))
case .command(let place, let arguments):
    exit(commands[place].invoke(arguments))
}
