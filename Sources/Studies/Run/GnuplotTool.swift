// Figures drawn to be kept as artefacts, and drawn again in other formats.

import Foundation
import PositionedJSON
import Reports

enum GnuplotTool {
    /// What gnuplot says it is; nil without it. Pictures depend on it, so it is part of the stage's identity.
    static let version: String? = {
        guard let executable = Gnuplot.find() else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["--version"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }()

    /// Draws in a folder of its own and hands back everything that was written, as files of `plots/`.
    static func draw(_ figures: [Figure], warn: (String) -> Void) throws -> [Artefact] {
        let folder = NSTemporaryDirectory() + "lab-plots-\(UUID().uuidString)"
        try Folders.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let gnuplot = Gnuplot()
        var artefacts: [Artefact] = []
        var warnings: [String] = []
        for figure in figures {
            let drawn = try gnuplot.draw(figure, into: folder)
            if let warning = drawn.warning, !warnings.contains(warning) { warnings.append(warning) }
            for file in drawn.files {
                artefacts.append(
                    Artefact("plots/\(file)", bytes: try SourceText(contentsOf: "\(folder)/\(file)").bytes))
            }
        }
        for warning in warnings { warn(warning) }
        return artefacts
    }
}

/// The figures of a finished run, drawn again.
public enum RunFigures {
    public enum Format: String, CaseIterable, Sendable {
        case png, svg, pdf, terminal
    }

    /// Draws every figure of a run in one format (nil: as the scripts say, PNG and SVG) and returns what was written (file names), or for the terminal the
    /// pictures as text.
    ///
    /// - Throws: `StageError` where gnuplot is missing or fails, or the run has no figures.
    public static func draw(run: String, format: Format?, width: Int) throws -> [String] {
        guard let executable = Gnuplot.find() else { throw StageError(message: Gnuplot.missing) }
        let folder = run + "/plots"
        let scripts = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".gp") }.sorted()
        guard !scripts.isEmpty else { throw StageError(message: "\(run) has no figures; run the study again") }
        var results: [String] = []
        for script in scripts {
            let source = try SourceText(contentsOf: "\(folder)/\(script)")
            let text = adapted(String(decoding: source.bytes, as: UTF8.self), to: format, width: width)
            let output = try execute(executable, text, folder, script)
            let name = "\(folder)/\(script.dropLast(3))"
            switch format {
            case .terminal: results.append(output)
            case let format?: results.append("\(name).\(format.rawValue)")
            case nil: results += ["\(name).png", "\(name).svg"]
            }
        }
        return results
    }

    /// The script for one format: its loop over pictures made to one, its SVG terminal exchanged.
    private static func adapted(_ script: String, to format: Format?, width: Int) -> String {
        guard let format else { return script }
        let wanted = format == .terminal ? "terminal" : format.rawValue
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("do for [picture in") { return "do for [picture in '\(wanted)'] {" }
            if trimmed.hasPrefix("set terminal svg") {
                switch format {
                case .pdf: return "  set terminal pdfcairo noenhanced size 8in,5in font 'DejaVu Sans,11'"
                case .terminal: return "  set terminal dumb noenhanced size \(max(60, width)),32"
                default: return String(line)
                }
            }
            if format == .terminal, trimmed.hasPrefix("set output") { return "" }
            return String(line)
        }
        return lines.joined(separator: "\n")
    }

    private static func execute(_ executable: String, _ script: String, _ folder: String, _ name: String) throws
        -> String
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["-d", "-"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        input.fileHandleForWriting.write(Data(script.utf8))
        try? input.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let lines = String(decoding: complaint, as: UTF8.self).split(separator: "\n")
            throw StageError(message: "gnuplot could not draw \(name): \(lines.last ?? "no reason given")")
        }
        return String(decoding: said, as: UTF8.self)
    }
}
