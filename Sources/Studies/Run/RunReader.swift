// A finished run read back.

import Cohorts
import Evaluation
import Foundation
import PositionedJSON
import Reports
import Trees

/// Reads what a run left behind.
public struct RunReader: Sendable {
    public let folder: String

    public init(folder: String) { self.folder = folder }

    /// The run that a file belongs to, if it lies in one.
    public static func containing(_ file: String) -> RunReader? {
        var parts = URL(fileURLWithPath: file).standardizedFileURL.path.split(separator: "/")
        while !parts.isEmpty {
            parts.removeLast()
            let folder = "/" + parts.joined(separator: "/")
            if RunDirectory.isRun(folder) { return RunReader(folder: folder) }
        }
        return nil
    }

    private func path(_ relative: String) -> String { PathLookup.join(folder, relative) }

    public func manifest() throws -> Manifest { try Manifest.read(run: folder) }

    /// The risk assessment of a study of risk; nil for a study of treatment.
    public func riskSummary() throws -> RiskSummary? {
        guard let file = PathLookup.find(path(RiskStages.summaryFile)) else { return nil }
        let complaints = Complaints()
        let summary = RiskSummary(try JSONParser.parse(contentsOf: file), complaints: complaints)
        try complaints.throwIfAny()
        return summary
    }

    /// How the policies carry over to other populations; nil where the study has none.
    public func populations() throws -> PopulationComparison? {
        let file = path(StudyStages.populationsFile)
        guard PathLookup.find(file) != nil else { return nil }
        return try PopulationComparison(try JSONParser.parse(contentsOf: file))
    }

    /// How policies adapt to other populations; nil where the study does not ask.
    public func adaptation() throws -> AdaptationComparison? {
        let file = path(StudyStages.adaptationFile)
        guard PathLookup.find(file) != nil else { return nil }
        return try AdaptationComparison(try JSONParser.parse(contentsOf: file))
    }

    public func comparison() throws -> Comparison {
        let complaints = Complaints()
        let comparison = Comparison(
            try JSONParser.parse(contentsOf: path("evaluation/summary.json")), complaints: complaints)
        try complaints.throwIfAny()
        guard let comparison else { throw StageError(message: "\(folder) holds no comparison") }
        return comparison
    }

    public func selection() throws -> SelectionFile {
        try SelectionFile.read(try JSONParser.parse(contentsOf: path(StudyStages.selectionFile)))
    }

    /// The study as it was run.
    public func study(home: Home) throws -> Study { try manifest().readStudy(run: folder, home: home) }

    /// Name and seed of a tree written `NAME` or `NAME/seed-N`; nil asks for the best tree on validation patients.
    /// Without a seed the one that did best on validation patients.
    public func treeName(_ written: String?) throws -> (name: String, seed: Int) {
        let selection = try selection()
        let names = try manifest().treeNames
        var name = selection.best.tree
        var seed: Int?
        if let written {
            let parts = written.split(separator: "/", maxSplits: 1).map(String.init)
            name = parts.first
            if parts.count > 1 {
                seed = Int(parts[1].hasPrefix("seed-") ? String(parts[1].dropFirst(5)) : parts[1])
                if seed == nil { throw StageError(message: "\"\(written)\" names no tree; write NAME/seed-N") }
            }
        }
        guard let name, names.contains(name) else {
            if names.isEmpty { throw StageError(message: "\(folder) holds no tree") }
            let remedy = name.flatMap { DidYouMean.closest(to: $0, among: names) }.map { "did you mean \($0)?" }
            throw StageError(
                message: "\(folder) holds no tree \"\(name ?? "")\"; "
                    + (remedy ?? "it holds " + names.joined(separator: ", ")))
        }
        return (name, seed ?? selection.bestSeeds[name] ?? 1)
    }

    /// A tree with everything its readers need.
    public func treeSubject(_ written: String?, home: Home) throws -> TreeSubject {
        let (name, seed) = try treeName(written)
        let file = path(StudyStages.treeFile(name, seed: seed))
        guard PathLookup.find(file) != nil else {
            throw StageError(message: "\(folder) holds no seed \(seed) of the tree \(name)")
        }
        return try TreeSubjects.make(
            name: name, seed: seed, study: try study(home: home), comparison: try comparison(),
            json: { try JSONParser.parse(contentsOf: path($0)) })
    }
}

extension Manifest {
    /// The study of the run, read again; the table of its patients is not needed.
    func readStudy(run: String, home: Home) throws -> Study {
        var tables = StudyTables()
        tables.isNeeded = false
        guard case .treatment(let study) = try readAnyStudy(run: run, home: home, tables: tables) else {
            throw StageError(message: "\(run) is of a study of risk, in which nobody is treated")
        }
        return study
    }

    func readAnyStudy(run: String, home: Home, tables: StudyTables) throws -> AnyStudy {
        let source = SourceText(
            name: PathLookup.join(run, Manifest.fileName) + " (its study)", text: study.text())
        return try StudyReader.readAny(try JSONParser.parse(source), folder: run, home: home, tables: tables)
    }

    /// How many stages a run of its study has, for progress; near enough without reading the study.
    public var stageCount: Int {
        func count(_ key: String) -> Int {
            if case .object(let fields)? = study[key] { fields.count } else { 0 }
        }
        guard case .integer(let seeds)? = study["seeds"] else { return 0 }
        return 7 + seeds * (count("agents") + 2 * count("trees")) + (count("trees") > 0 ? 2 : 0)
    }

    /// Names of the trees of the run.
    public var treeNames: [String] {
        guard case .object(let fields)? = study["trees"] else { return [] }
        return fields.map(\.key)
    }
}

extension Reproduction {
    /// Artefact by artefact, the ones that are not identical first, then a sentence.
    public func text() -> String {
        var text = ""
        let ordered = artefacts.filter { $0.verdict != .identical } + artefacts.filter { $0.verdict == .identical }
        for artefact in ordered {
            let verdict = artefact.verdict.rawValue
            text += verdict + String(repeating: " ", count: max(2, 18 - verdict.count)) + artefact.path + "\n"
        }
        let same = artefacts.filter { $0.verdict == .identical }.count
        text += "\n\(same) of \(artefacts.count) artefacts identical\n"
        return text
    }

    public func json() -> JSONValue {
        [
            "format": 1, "identical": .bool(isIdentical), "remarks": .strings(remarks),
            "artefacts": .object(artefacts.map { JSONField($0.path, .string($0.verdict.rawValue)) }),
        ]
    }
}
