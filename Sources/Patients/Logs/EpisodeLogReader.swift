// Reads logged episodes, the program's own and other people's, and says of everything wrong where it stands.

import PositionedJSON

extension EpisodeLog {
    /// Reads what `csv()` writes (`EpisodeLogColumns`). Columns may stand in any order; those of no meaning here are left
    /// alone. `patient` and `decision` may be absent, and so may the `last` line of an episode that terminated.
    ///
    /// - Parameters:
    ///   - observations: the observations wanted, by name.
    ///   - actions: all actions there are, in order.
    public static func read(
        _ source: SourceText, observations: [String], actions: [String]
    ) throws(Diagnostics) -> EpisodeLog {
        let complaints = Complaints()
        let log = source.bytes.withUnsafeBufferPointer { bytes in
            var reader = EpisodeLogReader(
                source: source, bytes: bytes, complaints: complaints,
                log: EpisodeLog(observationNames: observations, actionNames: actions))
            reader.read()
            return reader.log
        }
        try complaints.throwIfAny()
        return log
    }
}

/// One pass over the bytes of a log.
private struct EpisodeLogReader {
    let source: SourceText
    let bytes: UnsafeBufferPointer<UInt8>
    let complaints: Complaints
    var log: EpisodeLog

    /// Where the columns are in a line; nil for one that is absent.
    private var names: [String] = []
    private var columns: [String: Int] = [:]
    private var observations: [Int?] = []
    private var allowed: [Int?] = []
    private var cells: [Range<Int>] = []
    private var position = 0

    /// What may come next of the episode being read.
    private enum State { case none, open, terminated, truncated, closed }
    private var state = State.none
    private var episode = 0
    private var decision = 0
    private var lastLine = 0
    /// Whether the episode's last decision ended its course.
    private var isTerminated = false
    private var seen: Set<Int> = []

    init(source: SourceText, bytes: UnsafeBufferPointer<UInt8>, complaints: Complaints, log: EpisodeLog) {
        self.source = source
        self.bytes = bytes
        self.complaints = complaints
        self.log = log
    }

    mutating func read() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        guard nextLine() else {
            complain(0, "the file is empty", remedy: "a header with the columns' names is expected")
            return
        }
        guard readHeader() else { return }
        while complaints.items.count <= 100, nextLine() {
            if cells.count == names.count {
                readRow()
            } else {
                complain(
                    cells[0].lowerBound,
                    "\(cells.count) cell\(cells.count == 1 ? "" : "s") where the header has \(names.count) columns")
            }
        }
        closeEpisode()
        if complaints.isEmpty, log.episodes == 0 { complain(0, "the log has no episodes") }
    }

    private func complain(_ offset: Int, _ message: String, remedy: String? = nil) {
        complaints.add(in: source, at: source.location(ofByte: offset), message, remedy: remedy)
    }

    /// Finds the cells of the next line that is not blank.
    private mutating func nextLine() -> Bool {
        while position < bytes.count {
            cells.removeAll(keepingCapacity: true)
            var start = position
            var isBlank = true
            while true {
                let byte = position == bytes.count ? 0x0A : bytes[position]
                if byte == 0x2C || byte == 0x0A {
                    cells.append(trimmed(start, position))
                    start = position + 1
                } else if byte != 0x20, byte != 0x0D, byte != 0x09 {
                    isBlank = false
                }
                if position < bytes.count { position += 1 }
                if byte == 0x0A { break }
            }
            if !isBlank || cells.count > 1 { return true }
        }
        return false
    }

    private func trimmed(_ start: Int, _ end: Int) -> Range<Int> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }
        var low = start
        var high = end
        while low < high, isBlank(bytes[low]) { low += 1 }
        while high > low, isBlank(bytes[high - 1]) { high -= 1 }
        return low..<high
    }

    private func text(_ cell: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[cell]), as: UTF8.self)
    }

    // MARK: The header

    private mutating func readHeader() -> Bool {
        names = cells.map(text)
        for (index, name) in names.enumerated() {
            if columns[name] != nil, !name.isEmpty {
                complain(cells[index].lowerBound, "the column \"\(name)\" stands twice")
            }
            columns[name] = index
        }
        observations = log.observationNames.map { columns[EpisodeLogColumns.observation($0)] }
        allowed = log.actionNames.map { columns[EpisodeLogColumns.allowed($0)] }
        let wanted =
            ["episode"] + log.observationNames.map(EpisodeLogColumns.observation)
            + ["action", "probability", "reward", "status"]
        for name in wanted where columns[name] == nil {
            let others = names.filter { !wanted.contains($0) && !$0.isEmpty }
            complain(
                cells[0].lowerBound, "there is no column \"\(name)\"",
                remedy: DidYouMean.closest(to: name, among: others).map { "is \"\($0)\" a misspelling of it?" })
        }
        return complaints.isEmpty
    }

    private func cell(_ name: String) -> Range<Int>? { columns[name].map { cells[$0] } }

    // MARK: Lines

    /// A number; nil, with a complaint, where there is none.
    private func number(_ cell: Range<Int>, _ name: String) -> Double? {
        let text = text(cell)
        if let value = Double(text), value.isFinite { return value }
        complain(
            cell.lowerBound,
            text.isEmpty
                ? "\"\(name)\" has an empty cell" : "\"\(name)\" holds \"\(text.prefix(40))\", which is not a number")
        return nil
    }

    private func whole(_ name: String) -> Int? {
        guard let cell = cell(name), let value = number(cell, name) else { return nil }
        if let value = Int(exactly: value), value >= 0, value <= Int(Int32.max) { return value }
        complain(cell.lowerBound, "\"\(name)\" must be a whole number from 0, not \(text(cell).prefix(40))")
        return nil
    }

    private mutating func readRow() {
        guard let number = whole("episode") else { return }
        if state == .none || number != episode {
            closeEpisode()
            if !seen.insert(number).inserted {
                complain(
                    cells[columns["episode"]!].lowerBound, "the lines of episode \(number) stand apart",
                    remedy: "an episode's lines follow each other")
            }
            episode = number
            decision = 0
            state = .open
            log.patients.append(Int32(columns["patient"] == nil ? number : whole("patient") ?? 0))
        }
        lastLine = cells[0].lowerBound
        if columns["decision"] != nil, let stated = whole("decision"), stated != decision {
            complain(cell("decision")!.lowerBound, "decision \(stated) of episode \(number) where \(decision) is due")
            decision = stated
        }
        decision += 1
        let status = cell("status")!
        switch text(status) {
        case "last":
            if state == .open { complain(status.lowerBound, "episode \(number) has not ended before its last line") }
            if state == .closed { complain(status.lowerBound, "episode \(number) has two last lines") }
            state = .closed
            readSight()
            append(action: -1, probability: 1, reward: 0)
        case let word where ["running", "terminated", "truncated"].contains(word):
            if state != .open {
                complain(status.lowerBound, "a decision of episode \(number) after its end")
            }
            state = word == "running" ? .open : word == "terminated" ? .terminated : .truncated
            isTerminated = state == .terminated
            readSight()
            readDecision()
        case let other:
            complain(
                status.lowerBound, "\"status\" cannot be \"\(other.prefix(40))\"",
                remedy: "it is running, terminated, truncated or last")
        }
    }

    /// Observations and masks of the line.
    private mutating func readSight() {
        for case let column? in observations {
            let cell = cells[column]
            log.observations.append(cell.isEmpty ? .nan : number(cell, names[column]) ?? .nan)
        }
        var any = false
        for column in allowed {
            var flag = true
            if let column {
                let word = text(cells[column])
                flag = word != "0"
                if word != "0", word != "1" {
                    complain(
                        cells[column].lowerBound, "\"\(names[column])\" must be 1 or 0, not \"\(word.prefix(40))\"")
                }
            }
            any = any || flag
            log.allowed.append(flag)
        }
        if !any { complain(cells[0].lowerBound, "no action is allowed") }
    }

    private mutating func readDecision() {
        let name = cell("action")!
        let action = log.actionNames.firstIndex(of: text(name))
        if let action {
            if !log.allowed[log.allowed.count - log.actionCount + action] {
                complain(name.lowerBound, "the action \"\(text(name))\" is not allowed here")
            }
        } else {
            complain(
                name.lowerBound, "there is no action \"\(text(name).prefix(40))\"",
                remedy: DidYouMean.remedy(for: text(name), among: log.actionNames, known: "actions: "))
        }
        let share = cell("probability")!
        let probability = number(share, "probability")
        if let probability, !(probability > 0 && probability <= 1) {
            complain(
                share.lowerBound, "\"probability\" must be above 0 and at most 1, not \(text(share))",
                remedy: "it is the probability with which the action was chosen; 1 where there was no chance in it")
        }
        append(
            action: Int32(action ?? 0), probability: probability ?? 1, reward: number(cell("reward")!, "reward") ?? 0)
    }

    private mutating func append(action: Int32, probability: Double, reward: Double) {
        log.actions.append(action)
        log.probabilities.append(probability)
        log.rewards.append(reward)
    }

    /// The episode being read is over.
    private mutating func closeEpisode() {
        switch state {
        case .none: return
        case .open:
            complain(
                lastLine, "episode \(episode) has no end",
                remedy: "the status of its last decision is terminated or truncated")
        case .truncated:
            complain(
                lastLine, "episode \(episode) was truncated, but what was seen last is missing",
                remedy: "a line with the status last, without action, probability and reward")
        case .terminated:
            // Nothing follows termination, so nobody asks what was seen.
            log.observations += Array(log.observations.suffix(log.observationCount))
            log.allowed += Array(log.allowed.suffix(log.actionCount))
            append(action: -1, probability: 1, reward: 0)
        case .closed: break
        }
        log.terminated.append(isTerminated)
        log.begins.append(log.rows)
        state = .none
    }
}
