// Runs gnuplot on scripts that this module wrote. Without gnuplot the script and its data stay, with a warning.

import Foundation
import PositionedJSON

/// A figure to draw: a script and the table it reads.
public struct Figure: Sendable, Equatable {
    /// The name of its files, of letters, digits, `-` and `_`.
    public let name: String
    /// A sentence for people: what is drawn, what the band is.
    public var caption: String
    /// Comma-separated, the content of NAME.csv.
    public var data: String
    /// The content of NAME.gp, which reads NAME.csv and writes NAME.png and NAME.svg beside it.
    public var script: String

    init(name: String, caption: String, data: String, script: String) {
        self.name = GnuplotText.fileName(name)
        self.caption = caption
        self.data = data
        self.script = script
    }
}

/// What became of a figure.
public struct DrawnFigure: Sendable, Equatable {
    public var name: String
    public var caption: String
    /// Names of the files written, in the folder given.
    public var files: [String]
    /// One sentence for the user where the figure could not be drawn.
    public var warning: String?

    public var isDrawn: Bool { warning == nil }
}

/// The program that draws.
public struct Gnuplot: Sendable {
    /// Its path; nil where there is none.
    public let executable: String?

    /// - Parameter executable: nil to do without.
    public init(executable: String? = Gnuplot.find()) { self.executable = executable }

    /// The first `gnuplot` on the search path.
    public static func find(path: String? = ProcessInfo.processInfo.environment["PATH"]) -> String? {
        (path ?? "").split(separator: ":").map { "\($0)/gnuplot" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// What to say once when it is missing.
    public static let missing =
        "gnuplot is not installed: scripts and data were written, pictures were not; "
        + "install it (apt install gnuplot-nox, brew install gnuplot) and run `lab plot`"

    /// Writes NAME.csv and NAME.gp and draws NAME.png and NAME.svg.
    ///
    /// - Parameter folder: is there already.
    /// - Throws: `FileError` where the script or data cannot be written; a failing gnuplot is only a warning.
    public func draw(_ figure: Figure, into folder: String) throws -> DrawnFigure {
        var files = ["\(figure.name).csv", "\(figure.name).gp"]
        try AtomicFile.write(figure.data, to: "\(folder)/\(figure.name).csv")
        try AtomicFile.write(figure.script, to: "\(folder)/\(figure.name).gp")
        guard let executable else {
            return DrawnFigure(name: figure.name, caption: figure.caption, files: files, warning: Gnuplot.missing)
        }
        let pictures = ["\(figure.name).png", "\(figure.name).svg"]
        let complaint = run(executable, script: "\(figure.name).gp", folder: folder)
        let drawn = pictures.filter { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return (attributes?[.size] as? NSNumber).map { $0.intValue > 0 } ?? false
        }
        files += drawn
        let warning =
            complaint == nil && drawn.count == pictures.count
            ? nil : "gnuplot could not draw \(figure.name): \(complaint ?? "no picture was written")"
        return DrawnFigure(name: figure.name, caption: figure.caption, files: files, warning: warning)
    }

    /// Runs a script in its folder; what went wrong, or nil.
    private func run(_ executable: String, script: String, folder: String) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["-d", script]  // -d: no start-up files of the user or the system
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var environment = ProcessInfo.processInfo.environment
        for name in ["GNUTERM", "GNUPLOT_DRIVER_DIR", "DISPLAY"] { environment[name] = nil }
        environment["LC_ALL"] = "C.UTF-8"
        process.environment = environment
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return "\(error.localizedDescription)"
        }
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus != 0 else { return nil }
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
        return lines.last.map(String.init) ?? "status \(process.terminationStatus)"
    }
}
