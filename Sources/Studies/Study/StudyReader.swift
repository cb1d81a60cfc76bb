// Reads a study and reports everything that is wrong with it at once.

import Agents
import Cohorts
import Distillation
import Foundation
import Patients
import PositionedJSON

public enum StudyReader {
    /// Reads a study file.
    ///
    /// - Parameters:
    ///   - quick: lays the study's `quick` object over it.
    ///   - settings: `path=value`, applied last.
    ///   - tables: the user's own, which a study may name.
    /// - Throws: `Diagnostics` with every mistake of the study, its quick form and the settings; those of the
    ///   environment's file where that has any.
    public static func read(
        path: String, home: Home, quick: Bool = false, settings: [String] = [],
        tables: StudyTables = StudyTables()
    ) throws(Diagnostics) -> Study {
        let file = try JSONParser.parse(contentsOf: path)
        let folder = (path as NSString).deletingLastPathComponent
        return try read(file, folder: folder, home: home, quick: quick, settings: settings, tables: tables)
    }

    public static func read(
        _ file: JSONNode, folder: String, home: Home, quick: Bool = false, settings: [String] = [],
        tables: StudyTables = StudyTables()
    ) throws(Diagnostics) -> Study {
        let study = try readAny(
            file, folder: folder, home: home, quick: quick, settings: settings, tables: tables)
        if case .treatment(let study) = study { return study }
        let complaints = Complaints()
        complaints.add(
            file["risk"] ?? file, "this is a study of risk, in which nobody is treated", remedy: "run it with lab run")
        try complaints.throwIfAny()
        throw Diagnostics(items: [])
    }

    /// Reads a study of any kind.
    ///
    /// - Parameter tables: the user's own, which a study may name.
    public static func readAny(
        path: String, home: Home, quick: Bool = false, settings: [String] = [], tables: StudyTables = StudyTables()
    ) throws(Diagnostics) -> AnyStudy {
        let file = try JSONParser.parse(contentsOf: path)
        let folder = (path as NSString).deletingLastPathComponent
        return try readAny(file, folder: folder, home: home, quick: quick, settings: settings, tables: tables)
    }

    public static func readAny(
        _ file: JSONNode, folder: String, home: Home, quick: Bool = false, settings: [String] = [],
        tables: StudyTables = StudyTables()
    ) throws(Diagnostics) -> AnyStudy {
        let complaints = Complaints()
        func withSettings(_ node: JSONNode) -> JSONNode {
            settings.reduce(node) { StudyOverlay.set($1, in: $0, complaints: complaints) }
        }
        let base = StudyOverlay.removing("quick", from: file)
        let plain = withSettings(base)
        var small: JSONNode?
        if let overlay = file["quick"] {
            if case .object = overlay.value {
                small = withSettings(StudyOverlay.merge(base, overlay))
            } else {
                complaints.add(overlay, "\"quick\" in the study must be an object, not \(overlay.kindName)")
            }
        }
        // Both forms are checked, so that a mistake in one is found before somebody needs it.
        let plainStudy = try pass(plain, folder, home, tables, complaints)
        let smallStudy =
            try small.map { node throws(Diagnostics) in try pass(node, folder, home, tables, complaints) } ?? nil
        let study = quick && small != nil ? smallStudy : plainStudy
        try complaints.throwIfAny()
        guard let study else { throw Diagnostics(items: []) }
        return study
    }

    /// One form of the study; nil where too much is missing to go on. Mistakes of other files are thrown.
    private static func pass(
        _ written: JSONNode, _ folder: String, _ home: Home, _ tables: StudyTables, _ complaints: Complaints
    ) throws(Diagnostics) -> AnyStudy? {
        let node = StudyConstraints.inlined(written, folder: folder, complaints)
        let reader = ObjectReader(node, what: "the study", complaints: complaints)
        if let format = reader.integer("format", in: 1...Int.max), format > Study.format,
            let place = reader.node["format"]
        {
            complaints.add(
                place, "this study has format \(format), but this program reads formats up to \(Study.format)",
                remedy: "use a newer version of the program")
            return nil
        }
        if RiskStudyReader.isOne(node) {
            let study = try RiskStudyReader.pass(reader, folder: folder, home: home, tables: tables)
            reader.finish()
            return study.map(AnyStudy.risk)
        }
        let environment = try environment(reader, folder, home)
        var pass = StudyPass(
            reader: reader, model: environment?.model, tables: tables, folder: folder, home: home,
            load: { name throws(Diagnostics) in
                try home.environmentFile(name, near: folder).map { file throws(Diagnostics) in
                    try LoadedEnvironment(file: file, named: name)
                }
            })
        let study = pass.read(environment)
        reader.finish()
        return study.map(AnyStudy.treatment)
    }

    private static func environment(
        _ reader: ObjectReader, _ folder: String, _ home: Home
    ) throws(Diagnostics) -> LoadedEnvironment? {
        guard let name = reader.string("environment"), let place = reader.node["environment"] else { return nil }
        guard let file = home.environmentFile(name, near: folder) else {
            reader.complaints.add(
                place, "there is no environment \"\(name)\"",
                remedy: DidYouMean.remedy(for: name, among: home.environmentNames, known: "environments: "))
            return nil
        }
        return try LoadedEnvironment(file: file, named: name)
    }
}
