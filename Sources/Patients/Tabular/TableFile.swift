// Reads the table of a tabular environment and trusts nothing in it: sizes before memory, then every row.
//
// Little-endian: "LABTABLE"; u32 version, states, actions, rows, entries, variables, policies, 0; names (u8 length and
// UTF-8); row ends (u32); targets (u16); probabilities (f64); outcomes (u32 by state and action, all ones for none);
// policies (u32 by policy and state); variables (f64 by variable and state); CRC-32 of all before it.
// `Environments/lab_table.py` writes it.

import PositionedJSON

/// The reader of one table file.
struct TableFile {
    static let version = 1
    static let mostStates = 4096
    static let mostActions = 256
    static let mostVariables = 256
    static let mostPolicies = 32
    static let mostBytes = 64 << 20
    /// How far the sum of a row may be from 1.
    static let tolerance = 1e-9
    private static let magic = Array("LABTABLE".utf8)
    private static let nothing = UInt32.max
    private static let headerBytes = 40

    private let bytes: [UInt8]
    private var position = 0

    /// - Parameter complaints: what is wrong with the file, at its beginning; nil is returned then.
    static func read(_ path: String, complaints: Complaints) -> TransitionTable? {
        let place = SourceText(name: path, bytes: [])
        do {
            var file = TableFile(bytes: try SourceText(contentsOf: path, maximumBytes: mostBytes).bytes)
            return try file.table()
        } catch let failure as Failure {
            complaints.add(in: place, at: .start, failure.message, remedy: failure.remedy)
        } catch let diagnostics as Diagnostics {
            complaints.add(diagnostics)
        } catch {
            complaints.add(in: place, at: .start, "\(error)")
        }
        return nil
    }

    private struct Failure: Error {
        var message: String
        var remedy: String?

        init(_ message: String, remedy: String? = nil) {
            self.message = message
            self.remedy = remedy
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: - pieces. `table` has made sure that they are there.

    private mutating func numbers<Value: FixedWidthInteger>(_ count: Int, of type: Value.Type) -> [Value] {
        let start = position
        position += count * MemoryLayout<Value>.size
        return bytes.withUnsafeBytes { buffer in
            (0..<count).map {
                Value(
                    littleEndian: buffer.loadUnaligned(fromByteOffset: start + $0 * MemoryLayout<Value>.size, as: type))
            }
        }
    }

    private mutating func doubles(_ count: Int) -> [Double] {
        numbers(count, of: UInt64.self).map { Double(bitPattern: $0) }
    }

    private mutating func name() throws(Failure) -> String {
        guard position < bytes.count, position + 1 + Int(bytes[position]) <= bytes.count else {
            throw Failure("the file ends within its names")
        }
        let length = Int(bytes[position])
        let text = String(validating: bytes[(position + 1)..<(position + 1 + length)], as: UTF8.self)
        position += 1 + length
        guard let text, !text.isEmpty else { throw Failure("a name in the file is empty or not UTF-8") }
        return text
    }

    // MARK: - the whole

    private mutating func table() throws(Failure) -> TransitionTable {
        let made = "Environments/lab_table.py writes such files"
        guard bytes.count >= TableFile.headerBytes + 4, Array(bytes[..<8]) == TableFile.magic else {
            throw Failure("this is no table of an environment: it does not begin with LABTABLE", remedy: made)
        }
        position = 8
        let header = numbers(8, of: UInt32.self).map(Int.init)
        guard header[0] == TableFile.version else {
            throw Failure(
                "the table has version \(header[0]), and this version of lab reads \(TableFile.version)", remedy: made)
        }
        let (states, actions, rows, entries) = (header[1], header[2], header[3], header[4])
        let (variables, policies) = (header[5], header[6])
        func limit(_ count: Int, _ range: ClosedRange<Int>, _ what: String) throws(Failure) {
            guard range.contains(count) else {
                throw Failure(
                    "the table has \(count) \(what); it may have \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try limit(states, 1...TableFile.mostStates, "states")
        try limit(actions, 1...TableFile.mostActions, "actions")
        try limit(variables, 0...TableFile.mostVariables, "variables")
        try limit(policies, 0...TableFile.mostPolicies, "policies")
        try limit(rows, 1...TableFile.mostBytes / 4, "rows")
        try limit(entries, rows...TableFile.mostBytes / 10, "entries")
        let names = try (0..<(variables + policies)).map { _ throws(Failure) in try name() }
        let rest =
            4 * rows + 10 * entries + 4 * states * actions + 4 * policies * states + 8 * variables * states + 4
        guard bytes.count - position == rest else {
            throw Failure(
                "the file has \(bytes.count) bytes and by its header should have \(position + rest): "
                    + (bytes.count - position < rest ? "it is cut short" : "something has been added"))
        }
        let body = bytes.count - 4
        let expected = bytes.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: body, as: UInt32.self))
        }
        guard CyclicRedundancyCheck.checksum(bytes[..<body]) == expected else {
            throw Failure("the file is damaged: its checksum does not fit its content", remedy: made)
        }
        let ends = numbers(rows, of: UInt32.self)
        let targets = numbers(entries, of: UInt16.self)
        let probabilities = doubles(entries)
        let outcomes = numbers(states * actions, of: UInt32.self)
        let plans = (0..<policies).map { _ in numbers(states, of: UInt32.self) }
        let values = (0..<variables).map { _ in doubles(states) }

        let widths = try TableFile.checkRows(ends, targets, probabilities)
        // What a row's targets may be depends on who uses it.
        func check(_ row: UInt32, below bound: Int, _ what: String, _ user: () -> String) throws(Failure) {
            guard row != TableFile.nothing else { return }
            guard Int(row) < rows else { throw Failure("\(user()) names row \(row), and there are \(rows)") }
            guard widths[Int(row)] < bound else {
                throw Failure("\(user()) leads to \(what) \(widths[Int(row)]), and there are \(bound)")
            }
        }
        try check(0, below: states, "state") { "the start" }
        for (index, row) in outcomes.enumerated() {
            try check(row, below: states, "state") { "action \(index % actions) in state \(index / actions)" }
        }
        for (plan, name) in zip(plans, names.dropFirst(variables)) {
            for (state, row) in plan.enumerated() {
                try check(row, below: actions, "action") { "the policy \(name) in state \(state)" }
            }
        }
        for (column, name) in zip(values, names) {
            if let state = column.firstIndex(where: { !$0.isFinite }) {
                throw Failure("the variable \(name) of state \(state) is not a finite number")
            }
        }
        if let twice = Dictionary(grouping: names, by: \.self).first(where: { $0.value.count > 1 })?.key {
            throw Failure("the name \(twice) stands twice in the file")
        }
        func index(_ row: UInt32) -> Int32 { row == TableFile.nothing ? -1 : Int32(row) }
        return TransitionTable(
            states: states, actions: actions, variableNames: Array(names[..<variables]),
            policyNames: Array(names[variables...]), rowEnds: ends.map(Int32.init), targets: targets,
            probabilities: probabilities, outcomes: outcomes.map(index), policies: plans.map { $0.map(index) },
            variables: values)
    }

    /// Every row ascends, holds probabilities and sums to 1. Returns the largest target of each.
    private static func checkRows(
        _ ends: [UInt32], _ targets: [UInt16], _ probabilities: [Double]
    ) throws(Failure) -> [Int] {
        var largest: [Int] = []
        largest.reserveCapacity(ends.count)
        var begin = 0
        for (row, end) in ends.enumerated() {
            guard Int(end) > begin, Int(end) <= targets.count else {
                throw Failure("row \(row) ends at entry \(end), which is not behind its beginning (\(begin))")
            }
            var sum = 0.0
            for entry in begin..<Int(end) {
                let probability = probabilities[entry]
                guard probability > 0, probability <= 1 + tolerance else {
                    throw Failure("row \(row), target \(targets[entry]): \(probability) is not a probability above 0")
                }
                guard entry == begin || targets[entry] > targets[entry - 1] else {
                    throw Failure("row \(row): target \(targets[entry]) does not ascend")
                }
                sum += probability
            }
            guard abs(sum - 1) <= tolerance else {
                throw Failure("the probabilities of row \(row) sum to \(sum), not to 1")
            }
            largest.append(Int(targets[Int(end) - 1]))
            begin = Int(end)
        }
        guard begin == targets.count else {
            throw Failure("the rows hold \(begin) entries, and the header says \(targets.count)")
        }
        return largest
    }
}
