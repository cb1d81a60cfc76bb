// `trajectories/index.json`: the courses that a model must reproduce, each with its patient, its schedule and how far
// it may be off.

import Foundation
import Patients
import PositionedJSON

/// A reference trajectory as declared.
struct ReferenceTrajectory {
    /// Allowed difference in a column.
    struct Tolerance {
        var relative = 0.0
        var absolute = 0.0
        /// Allowed difference of natural logarithms, where the value is above `above`.
        var log: Double?
        var above = 0.0
    }
    var file: String
    /// Where `file` stands in the index, for complaints.
    var node: JSONNode
    var variant: String?
    var patient: JSONNode?
    /// nil where the inputs are columns of the file.
    var schedule: [JSONNode]?
    var timeColumn = "time"
    var timeFactor = 1.0
    /// File column → state or definition.
    var columns: [String: String] = [:]
    /// By column; `*` for the others.
    var tolerances: [String: Tolerance] = [:]

    func tolerance(_ column: String) -> Tolerance {
        tolerances[column] ?? tolerances["*"] ?? Tolerance(relative: 1e-6, absolute: 1e-8)
    }

    /// Reads an index.
    static func readIndex(_ source: SourceText) throws(Diagnostics) -> [ReferenceTrajectory] {
        let complaints = Complaints()
        let reader = ObjectReader(
            try JSONParser.parse(source), what: "the index of trajectories", complaints: complaints)
        _ = reader.integer("format", in: 1...1)
        let list = (reader.array("trajectories") ?? []).compactMap { read($0, complaints) }
        reader.finish()
        try complaints.throwIfAny()
        return list
    }

    private static func read(_ node: JSONNode, _ complaints: Complaints) -> ReferenceTrajectory? {
        let reader = ObjectReader(node, what: "a trajectory", complaints: complaints)
        defer { reader.finish() }
        guard let file = reader.string("file"), let place = node["file"] else { return nil }
        if let objection = FolderFiles.objection(to: file) { complaints.add(place, objection) }
        var result = ReferenceTrajectory(file: file, node: place)
        result.variant = reader.optionalString("variant")
        result.patient = reader.optionalChild("patient")
        _ = reader.optionalString("meaning")
        if let time = reader.optionalObject("time", what: "time") {
            result.timeColumn = time.string("column", default: "time")
            result.timeFactor = time.number("times", default: 1, in: .positive)
            time.finish()
        }
        if let schedule = reader.child("schedule") {
            switch schedule.value {
            case .string("columns"): break
            case .array(let rows): result.schedule = rows
            default:
                complaints.add(
                    schedule, "a schedule is \"columns\" or a list",
                    remedy: "such as [{\"time\": 0, \"NAME\": 1}]; an empty list for no treatment")
            }
        }
        if let columns = reader.optionalObject("columns", what: "columns") {
            for key in columns.keys { result.columns[key] = columns.string(key) }
            columns.finish()
        }
        if let tolerances = reader.optionalObject("tolerance", what: "tolerance") {
            for key in tolerances.keys {
                guard let one = tolerances.object(key, what: "the tolerance of \(key)") else { continue }
                result.tolerances[key] = Tolerance(
                    relative: one.number("relative", default: 0, in: .notNegative),
                    absolute: one.number("absolute", default: 0, in: .notNegative),
                    log: one.optionalNumber("log", in: .positive), above: one.number("above", default: 0))
                one.finish()
            }
            tolerances.finish()
        }
        return result
    }
}

/// Files that an environment names: only those of its own folder.
enum FolderFiles {
    static let folderMessage = "an environment reads files of its own folder only"

    /// What is wrong with a relative path; nil if nothing is.
    static func objection(to path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.hasPrefix("/") || path.hasPrefix("~") || parts.contains("..") {
            return "\"\(path)\" lies outside the folder: \(folderMessage)"
        }
        if path.isEmpty || parts.contains("") { return "\"\(path)\" is not the path of a file" }
        return nil
    }

    /// Whether a file, links followed, lies within a folder.
    static func isInside(_ path: String, _ folder: String) -> Bool {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        return file.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }
}
