// How far a run has come, told to whoever asks from elsewhere: a small file, rewritten now and then; part of no result.

import Foundation
import PositionedJSON

/// What a run's process last said of itself.
public struct RunStatus: Sendable {
    public enum Phase: String, Sendable, CaseIterable {
        case waiting, running, done, kept, failed
    }

    public struct StageStatus: Sendable, Equatable {
        public var name: String
        public var phase = Phase.waiting
        /// Seconds it took, or since it was started.
        public var seconds = 0.0
        /// How much is done, of how much, of what; 0 where it does not tell.
        public var done = 0.0
        public var total = 0.0
        public var unit = ""
    }

    public var began = Date()
    public var updated = Date()
    public var host = ""
    public var process = 0
    public var jobs = 1
    public var stages: [StageStatus] = []
    /// Why it ended before it was done.
    public var failure: String?
    public var hasEnded = false

    static let file = "\(StageRecord.folder)/status.json"

    public var finished: Int { stages.count { $0.phase == .done || $0.phase == .kept } }

    func json() -> JSONValue {
        var fields: [JSONField] = [
            JSONField("format", 1), JSONField("began", .string(began.formatted(.iso8601))),
            JSONField("updated", .string(updated.formatted(.iso8601))), JSONField("host", .string(host)),
            JSONField("process", .integer(process)), JSONField("jobs", .integer(jobs)),
            JSONField("ended", .bool(hasEnded)),
        ]
        if let failure { fields.append(JSONField("failure", .string(failure))) }
        fields.append(
            JSONField(
                "stages",
                .array(
                    stages.map { stage in
                        var parts = [
                            JSONField("stage", .string(stage.name)), JSONField("phase", .string(stage.phase.rawValue)),
                            JSONField("seconds", .number((stage.seconds * 1000).rounded() / 1000)),
                        ]
                        if stage.total > 0 {
                            parts += [
                                JSONField("done", .number(stage.done)), JSONField("total", .number(stage.total)),
                                JSONField("unit", .string(stage.unit)),
                            ]
                        }
                        return .object(parts)
                    })))
        return .object(fields)
    }

    /// The same with whether its process still works.
    public func json(isRunning: Bool) -> JSONValue {
        guard case .object(let fields) = json() else { return .null }
        return .object([fields[0], JSONField("running", .bool(isRunning))] + fields.dropFirst())
    }

    /// What the last process that worked in a run directory said; nil where none did, or its file is unreadable.
    public static func read(run: String) -> RunStatus? {
        guard let node = try? JSONParser.parse(contentsOf: "\(run)/\(file)") else { return nil }
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the status", complaints: complaints)
        var status = RunStatus()
        func date(_ key: String) -> Date {
            (try? Date(reader.string(key) ?? "", strategy: .iso8601)) ?? Date(timeIntervalSince1970: 0)
        }
        status.began = date("began")
        status.updated = date("updated")
        status.host = reader.string("host") ?? ""
        status.process = reader.integer("process") ?? 0
        status.jobs = reader.integer("jobs") ?? 1
        status.hasEnded = reader.boolean("ended", default: false)
        status.failure = reader.optionalString("failure")
        guard case .array(let items)? = reader.child("stages")?.value else { return nil }
        for item in items {
            let part = ObjectReader(item, what: "a stage", complaints: complaints)
            var stage = StageStatus(name: part.string("stage") ?? "")
            stage.phase = part.string("phase").flatMap(Phase.init) ?? .waiting
            stage.seconds = part.number("seconds", default: 0)
            stage.done = part.number("done", default: 0)
            stage.total = part.number("total", default: 0)
            stage.unit = part.optionalString("unit") ?? ""
            status.stages.append(stage)
        }
        return complaints.isEmpty ? status : nil
    }

    /// Whether its process still works in the directory. Asks the directory's lock, so that a killed process is not
    /// taken for one that runs.
    public static func isRunning(_ run: String) -> Bool { RunDirectory.isBusy(run) }
}

/// Writes the status of a run; every access is under the lock.
final class StatusWriter: @unchecked Sendable {
    private let lock = NSLock()
    private let path: String
    private var status = RunStatus()
    private var places: [String: Int] = [:]
    private var starts: [Int: Date] = [:]
    private var written = Date.distantPast
    /// Seconds between writings.
    private static let interval = 1.0

    init(folder: String, jobs: Int, stages: [Stage]) {
        path = "\(folder)/\(RunStatus.file)"
        status.host = ProcessInfo.processInfo.hostName
        status.process = Int(ProcessInfo.processInfo.processIdentifier)
        status.jobs = jobs
        status.stages = stages.map { RunStatus.StageStatus(name: $0.name) }
        for (place, stage) in stages.enumerated() { places[stage.name] = place }
        lock.withLock { write() }
    }

    func receive(_ event: RunEvent) {
        lock.withLock {
            switch event {
            case .started(let name):
                change(name) { $0.phase = .running }
                if let place = places[name] { starts[place] = Date() }
            case .progress(let name, let done, let total, let unit):
                change(name) {
                    $0.done = done
                    $0.total = total
                    $0.unit = unit
                }
            case .finished(let name, let seconds, let wasCached):
                change(name) {
                    $0.phase = wasCached ? .kept : .done
                    $0.seconds = seconds
                    $0.total = 0
                }
                if let place = places[name] { starts[place] = nil }
            case .warning: return
            }
            if Date().timeIntervalSince(written) >= StatusWriter.interval { write() }
        }
    }

    /// The last word: the run is done, or why it is not.
    func end(_ error: (any Error)?) {
        lock.withLock {
            status.hasEnded = true
            status.failure = error.map { "\($0)" }
            for place in starts.keys { status.stages[place].phase = error == nil ? .done : .failed }
            write()
        }
    }

    private func change(_ name: String, _ body: (inout RunStatus.StageStatus) -> Void) {
        if let place = places[name] { body(&status.stages[place]) }
    }

    /// A status that cannot be written must not stop a run.
    private func write() {
        let now = Date()
        written = now
        status.updated = now
        for (place, start) in starts { status.stages[place].seconds = now.timeIntervalSince(start) }
        try? AtomicFile.write(status.json().text(pretty: false), to: path)
    }
}
