// How far a run has come: one line drawn in place on a terminal, a plain line every few seconds elsewhere.

import Foundation
import Studies

/// Receives the events of a run. Every access is under the lock.
final class ProgressLine: @unchecked Sendable {
    private struct Running {
        var began: Date
        var done = 0.0
        var total = 0.0
        var unit = ""
    }

    private let lock = NSLock()
    private let total: Int
    private var running: [String: Running] = [:]
    private var order: [String] = []
    private var finished = 0
    private var kept = 0
    private let began = Date()
    private var lastDrawn = Date.distantPast
    private var warned: Set<String> = []
    /// Seconds between lines: in place, or plain.
    private let interval = Terminal.errorIsTerminal ? 0.2 : 5.0

    init(stages: Int) { total = stages }

    func receive(_ event: RunEvent) {
        lock.withLock {
            switch event {
            case .started(let stage):
                running[stage] = Running(began: Date())
                order.append(stage)
            case .progress(let stage, let done, let total, let unit):
                running[stage]?.done = done
                running[stage]?.total = total
                running[stage]?.unit = unit
            case .finished(let stage, _, let wasCached):
                running[stage] = nil
                order.removeAll { $0 == stage }
                finished += 1
                if wasCached { kept += 1 }
            case .warning(let text):
                guard warned.insert(text).inserted else { return }
                clear()
                Terminal.warn(text)
            }
            draw()
        }
    }

    /// Takes the line away.
    func end() {
        lock.withLock { clear() }
    }

    private func clear() {
        if Terminal.errorIsTerminal { Terminal.write("\r\u{1B}[K", to: 2) }
    }

    private func draw() {
        let now = Date()
        guard now.timeIntervalSince(lastDrawn) >= interval, !running.isEmpty else { return }
        if lastDrawn == .distantPast, !Terminal.errorIsTerminal, now.timeIntervalSince(began) < 1 {
            return  // nothing to say about what is over at once
        }
        lastDrawn = now
        var text = "\(finished)/\(total) stages"
        for stage in order.prefix(3) {
            guard let state = running[stage] else { continue }
            text += " · " + describe(stage, state, now)
        }
        if order.count > 3 { text += " · …" }
        if Terminal.errorIsTerminal {
            Terminal.write("\r\u{1B}[K" + String(text.prefix(max(20, Terminal.width - 1))), to: 2)
        } else {
            Terminal.note("\(clockText(now.timeIntervalSince(began)))  \(text)")
        }
    }

    private func describe(_ stage: String, _ state: Running, _ now: Date) -> String {
        let seconds = now.timeIntervalSince(state.began)
        guard state.total > 0, state.done > 0, seconds > 0.5 else { return stage }
        let share = min(1, state.done / state.total)
        var text = "\(stage) \(Int(100 * share)) %"
        let rate = state.done / seconds
        if state.total >= 1000 { text += " (\(ProgressLine.short(rate)) \(state.unit)/s)" }
        if share < 1 { text += ", " + clockText(seconds * (1 - share) / share) + " left" }
        return text
    }

    private static func short(_ value: Double) -> String {
        value >= 10_000 ? "\(Int(value / 1000))k" : "\(Int(value))"
    }
}
