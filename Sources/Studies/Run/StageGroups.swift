// Stages put together for people: all seeds of an agent or a tree in one line.

import Evaluation
import PositionedJSON

/// Stages that differ by their seed alone.
struct StageGroup<Item> {
    var name: String
    var items: [Item]

    /// Groups in the order in which they first appear.
    static func groups(_ items: [Item], name: (Item) -> String) -> [StageGroup] {
        var groups: [StageGroup] = []
        var places: [String: Int] = [:]
        for item in items {
            let parts = name(item).split(separator: "/")
            let common = parts.filter { !$0.hasPrefix("seed-") }.joined(separator: "/")
            if let place = places[common] {
                groups[place].items.append(item)
            } else {
                places[common] = groups.count
                groups.append(StageGroup(name: common, items: [item]))
            }
        }
        return groups
    }
}

/// `0:42`, `12:05`, `1:02:03`
public func clockText(_ seconds: Double) -> String {
    let whole = Int(max(0, seconds).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if whole >= 3600 { return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" }
    return "\(whole / 60):\(two(whole % 60))"
}

extension [PlannedStage] {
    /// What would be done, a line for each kind of stage.
    public func text(folder: String, jobs: Int) -> String {
        let kept = count { $0.verdict == .kept }
        var text = "\(folder): \(count) stages, \(kept) kept, \(count - kept) to run"
        let (seconds, untimed) = estimate(jobs: jobs)
        if kept < count {
            if untimed == count - kept {
                text += "; how long it takes is not known: nothing like it was run here before"
            } else {
                text += "; about \(clockText(seconds)) with \(jobs) \(jobs == 1 ? "thread" : "threads")"
                if untimed > 0 { text += ", and what the \(untimed) take that were never timed" }
            }
        }
        var table = TextTable([
            .init("stage", isNumber: false), .init("seeds"), .init("each"), .init("what is done", isNumber: false),
        ])
        for group in StageGroup.groups(self, name: \.name) {
            // One line for each verdict, in order of appearance.
            for part in StageGroup.groups(group.items, name: \.verdict.code) {
                let times = part.items.compactMap(\.seconds)
                let each = times.isEmpty ? "" : clockText(times.reduce(0, +) / Double(times.count))
                table.add([group.name, "\(part.items.count)", each, part.items[0].verdict.words])
            }
        }
        return text + "\n\n" + table.text()
    }

    public func json(jobs: Int) -> JSONValue {
        let (seconds, untimed) = estimate(jobs: jobs)
        return [
            "format": 1, "jobs": .integer(jobs), "estimated_seconds": .number((seconds * 1000).rounded() / 1000),
            "untimed": .integer(untimed),
            "stages": .array(
                map { stage in
                    var fields = [
                        JSONField("stage", .string(stage.name)), JSONField("verdict", .string(stage.verdict.code)),
                        JSONField("runs", .bool(stage.verdict != .kept)), JSONField("inputs", .strings(stage.inputs)),
                    ]
                    if let seconds = stage.seconds { fields.append(JSONField("seconds", .number(seconds))) }
                    if case .damaged(let files) = stage.verdict { fields.append(JSONField("damaged", .strings(files))) }
                    return .object(fields)
                }),
        ]
    }
}

extension RunStatus {
    /// How far the run is, a line for each kind of stage.
    ///
    /// - Parameter isRunning: whether its process still works.
    public func text(folder: String, isRunning: Bool) -> String {
        let all = "\(finished) of \(stages.count) stages done"
        var text = "\(folder): "
        if isRunning {
            text += "running for \(clockText(updated.timeIntervalSince(began))) (process \(process) on \(host), "
            text += "\(jobs) \(jobs == 1 ? "thread" : "threads")), \(all)"
        } else if hasEnded, failure == nil {
            text += "done, \(stages.count) stages, last in \(clockText(updated.timeIntervalSince(began)))"
        } else {
            text += (failure ?? "its process is gone") + "; \(all), the same command goes on from there"
        }
        var table = TextTable([.init("stage", isNumber: false), .init("done"), .init("now", isNumber: false)])
        for group in StageGroup.groups(stages, name: \.name) {
            let done = group.items.count { $0.phase == .done || $0.phase == .kept }
            let kept = group.items.count { $0.phase == .kept }
            var now = kept == group.items.count ? ["kept"] : []
            for stage in group.items where stage.phase == .running || stage.phase == .failed {
                now.append(isRunning ? stage.words : stage.phase == .failed ? "failed" : "stopped")
            }
            table.add([group.name, "\(done)/\(group.items.count)", now.joined(separator: " · ")])
        }
        return text + "\n\n" + table.text()
    }
}

extension RunStatus.StageStatus {
    /// `seed-2 42 % (31k decisions/s), 0:21 left`
    var words: String {
        let seed = name.split(separator: "/").last { $0.hasPrefix("seed-") }.map(String.init) ?? "running"
        guard total > 0, done > 0, seconds > 0.5 else { return seed }
        let share = min(1, done / total)
        var text = "\(seed) \(Int(100 * share)) %"
        let rate = done / seconds
        if total >= 1000 { text += " (\(rate >= 10_000 ? "\(Int(rate / 1000))k" : "\(Int(rate))") \(unit)/s)" }
        if share < 1 { text += ", \(clockText(seconds * (1 - share) / share)) left" }
        return text
    }
}
