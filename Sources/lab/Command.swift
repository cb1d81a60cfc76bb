// What a command of the program is, and how errors become exit codes.

import Cohorts
import Foundation
import PositionedJSON
import Studies

/// Exit codes, as promised to scripts.
enum ExitCode {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let wrongUsage: Int32 = 2
    static let badInput: Int32 = 65
    static let tryAgain: Int32 = 75
    static let interrupted: Int32 = 130
}

/// A command: what it takes, and what it does with it.
struct Command: Sendable {
    var specification: CommandSpecification
    var run: @Sendable (ParsedArguments) throws -> Int32

    /// Parses the arguments and runs; every error is told and turned into its exit code.
    func invoke(_ arguments: [String]) -> Int32 {
        do {
            let parsed = try ArgumentParser.parse(arguments, specification)
            if parsed.wantsHelp {
                Terminal.print(specification.help)
                return ExitCode.done
            }
            return try run(parsed)
        } catch {
            return Command.report(error)
        }
    }

    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let error as Diagnostics:
            Terminal.note(error.description)
            if error.items.count > 1 { Terminal.note("\(error.items.count) mistakes") }
            return ExitCode.badInput
        case let error as PrivacyRefusal:
            Terminal.note("lab: \(error)")
            return ExitCode.badInput
        case let error as UsageError:
            Terminal.note(error.description)
            return ExitCode.wrongUsage
        case RunFailure.interrupted:
            Terminal.note("lab: \(error)")
            return ExitCode.interrupted
        case RunFailure.busy:
            Terminal.note("lab: \(error)")
            return ExitCode.tryAgain
        default:
            Terminal.note("lab: \(error)")
            return ExitCode.failed
        }
    }
}

/// What commands share.
enum Shared {
    static let environment = ProcessInfo.processInfo.environment

    /// Where the program's own files are.
    static let home = Home.locate(
        environment: environment,
        executable: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0])

    static let jobsOption = OptionSpecification.option(
        "--jobs", "N", "threads to use (default: all processors); results do not depend on it",
        kind: .integer(1...1024))

    static func jobs(_ arguments: ParsedArguments) -> Int {
        arguments.integer("--jobs") ?? ProcessInfo.processInfo.activeProcessorCount
    }

    /// An input file of the user's, whatever the case of its path; complained of at 1:1 if there is none.
    static func inputFile(_ written: String) throws(Diagnostics) -> String {
        if let found = home.findFile(written) { return found }
        let hint = PathLookup.hint(for: written)
        throw Diagnostics(items: [
            Diagnostic(
                source: SourceText(name: written, bytes: []), location: .start, message: "there is no such file",
                remedy: hint.map { "did you mean \($0)?" })
        ])
    }

    /// A run directory of the user's.
    static func runFolder(_ written: String, command: String) throws(UsageError) -> String {
        guard let found = PathLookup.find(written), RunDirectory.isRun(found) else {
            let hint = PathLookup.hint(for: written).map { "; did you mean \($0)?" } ?? ""
            throw UsageError(command: command, problems: ["\(written) is not a run directory\(hint)"])
        }
        return found.count > 1 && found.hasSuffix("/") ? String(found.dropLast()) : found
    }

    /// Writes a result to the file named, or to standard output.
    static func write(_ text: String, to path: String?) throws {
        guard let path, path != "-" else {
            Terminal.print(text)
            return
        }
        try AtomicFile.write(text, to: path)
    }
}
