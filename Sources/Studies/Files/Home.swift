// Where the files are that come with the program: environments and studies.

import Foundation
import Patients
import PositionedJSON

/// The folder that holds `Environments` and `Experiments`.
public struct Home: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// `LAB_HOME` (the launcher sets it), else the share folder beside the program (`PREFIX/share/lab`), else the
    /// checkout that the program was built in, else the working directory.
    public static func locate(environment: [String: String], executable: String) -> Home {
        var candidates: [String] = []
        if let home = environment["LAB_HOME"], !home.isEmpty { candidates.append(home) }
        let program = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        candidates.append(program.deletingLastPathComponent().appendingPathComponent("share/lab").path)
        var folder = program
        for _ in 0..<4 {  // PACKAGE/.build/TRIPLE/release/lab
            folder.deleteLastPathComponent()
            candidates.append(folder.path)
        }
        let found = candidates.first { FileManager.default.fileExists(atPath: $0 + "/Environments") }
        return Home(path: found ?? FileManager.default.currentDirectoryPath)
    }

    /// Folders of environments that come with the program, by name.
    public var environmentNames: [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path + "/Environments")) ?? []
        return entries.filter {
            FileManager.default.fileExists(atPath: "\(path)/Environments/\($0)/environment.json")
        }.sorted()
    }

    /// The file of an environment named as the user names it: an environment of the program, or a folder or file of
    /// the user's own; either may end in `@VARIANT`.
    public func environmentFile(_ written: String, near folder: String = "") -> String? {
        let manager = FileManager.default
        let name = EnvironmentLibrary.parts(of: written).base
        if !name.contains("/"), let known = PathLookup.find("\(path)/Environments/\(name)/environment.json") {
            return known
        }
        for candidate in [PathLookup.join(folder, name), name] {
            guard let found = PathLookup.find(candidate) else { continue }
            var isFolder: ObjCBool = false
            _ = manager.fileExists(atPath: found, isDirectory: &isFolder)
            if !isFolder.boolValue { return found }
            if let file = PathLookup.find(PathLookup.join(found, "environment.json")) { return file }
        }
        return nil
    }

    /// A path of the user's, else one that comes with the program: `experiments/immuno.json` is found from anywhere.
    public func findFile(_ written: String) -> String? {
        if let found = PathLookup.find(written) { return found }
        return written.hasPrefix("/") ? nil : PathLookup.find(PathLookup.join(path, written))
    }
}

/// An environment as read, with the file it came from.
public struct LoadedEnvironment: Sendable {
    public var model: EnvironmentModel
    public var file: String
    /// SHA-256 of the file, of the table it names and of the variant's name, where there are such.
    public var hash: String

    /// - Parameter variant: empty for the file as it stands.
    public init(file: String, variant: String = "") throws(Diagnostics) {
        let source = try SourceText(contentsOf: file, maximumBytes: 4 << 20)
        let folder = (file as NSString).deletingLastPathComponent
        model = try EnvironmentReader.read(source, folder: folder, variant: variant)
        self.file = file
        // A table is part of what a result depends on.
        let table = try model.tabular.map { table throws(Diagnostics) in
            try SourceText(contentsOf: table.tablePath).bytes
        }
        let name = variant.isEmpty ? "" : "@\(variant)"
        hash = SHA256.hex(source.bytes + (table ?? []) + Array(name.utf8))
    }

    /// - Parameter written: as the user wrote it; what is behind an `@` is the variant.
    public init(file: String, named written: String) throws(Diagnostics) {
        try self.init(file: file, variant: EnvironmentLibrary.parts(of: written).variant)
    }
}
