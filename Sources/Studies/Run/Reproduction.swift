// A run made once more from its manifest, and compared with what is there.

import Foundation
import PositionedJSON

/// What came of one artefact.
public struct ReproducedArtefact: Sendable, Equatable {
    public enum Verdict: String, Sendable {
        case identical
        /// The second run made other bytes.
        case different
        /// The second run did not make it.
        case missing
        /// Only the second run made it.
        case added
        /// The file in the run directory is no longer what the manifest says.
        case changed = "changed on disk"
    }
    public var path: String
    public var verdict: Verdict
}

/// The outcome of a reproduction.
public struct Reproduction: Sendable {
    public var artefacts: [ReproducedArtefact]
    /// Circumstances that differ from those of the run, in words.
    public var remarks: [String]

    public var isIdentical: Bool { artefacts.allSatisfy { $0.verdict == .identical } }

    /// Runs the study of a run directory again in a temporary folder.
    ///
    /// - Throws: `Diagnostics` where the manifest or the study in it cannot be read; what a run throws.
    public static func reproduce(
        run: String, home: Home, tables: StudyTables = StudyTables(), options: RunOptions
    ) throws -> Reproduction {
        let manifest = try Manifest.read(run: run)
        let study = try manifest.readAnyStudy(run: run, home: home, tables: tables)
        var remarks: [String] = []
        for source in manifest.sources where !study.sources.contains(where: { $0.hash == source.hash }) {
            remarks.append("the \(source.kind) \(source.name) has changed since the run")
        }
        if manifest.program != ProgramVersion.text {
            remarks.append("the run was made by version \(manifest.program); this is \(ProgramVersion.text)")
        }
        let here = StudyRunner.platform
        for field in manifest.platform where JSONValue.object(here)[field.key] != field.value {
            func words(_ value: JSONValue?) -> String {
                if case .string(let text)? = value { text } else { "none" }
            }
            let consequence =
                field.key == "gnuplot"
                ? "pictures and the report may differ"
                : "bytes may differ, results should agree within their intervals"
            remarks.append(
                "\(field.key) was \(words(field.value)) and is now \(words(JSONValue.object(here)[field.key])): "
                    + consequence)
        }
        let folder = NSTemporaryDirectory() + "lab-reproduce-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let again = try StudyRunner.run(study, folder: folder, options: options).manifest.artefacts
        return Reproduction(artefacts: compare(run, manifest.artefacts, again), remarks: remarks)
    }

    private static func compare(
        _ run: String, _ first: [String: String], _ second: [String: String]
    ) -> [ReproducedArtefact] {
        Set(first.keys).union(second.keys).sorted().map { path in
            let verdict: ReproducedArtefact.Verdict
            switch (first[path], second[path]) {
            case (nil, _): verdict = .added
            case (_, nil): verdict = .missing
            case (let old?, let new?) where old != new: verdict = .different
            case (let old?, _):
                let file = try? SourceText(contentsOf: PathLookup.join(run, path), maximumBytes: 1 << 32)
                verdict = file.map { SHA256.hex($0.bytes) } == old ? .identical : .changed
            }
            return ReproducedArtefact(path: path, verdict: verdict)
        }
    }
}
