// A COLUMNS.json to start from, guessed from the table alone.

import PositionedJSON

/// The result of `lab cohort schema`.
public struct SchemaGuess: Sendable {
    /// Rows looked at; a longer table is guessed from its beginning.
    public static let mostRows = 100_000

    public var schema: TableSchema
    /// What its owner should look at, column by column.
    public var notes: [String]
    public var rows: Int
    /// There were more rows than were looked at.
    public var isPartial: Bool

    /// Guesses from a file.
    public static func read(path: String) throws -> SchemaGuess { try guess(TableBytes(path: path)) }

    /// Guesses from a text.
    public static func read(_ source: SourceText) throws -> SchemaGuess { try guess(TableBytes(source)) }

    private static func guess(_ bytes: TableBytes) throws -> SchemaGuess {
        let records = CSVRecords(bytes)
        let complaints = Complaints()
        func complain(_ offset: Int, _ message: String, remedy: String) {
            complaints.add(Diagnostics(items: [records.diagnostic(offset, message, remedy: remedy)]))
        }
        var columns: [ColumnGuess] = []
        var keys = VisitKeyGuess()
        var rows = 0
        var isPartial = false
        do {
            var fields: [CSVField] = []
            guard try records.next(into: &fields) else {
                complain(0, "the table is empty", remedy: "expected a header line with the names of the columns")
                throw complaints.sorted
            }
            let names = TableHeader.names(records, fields, nil, complaints) ?? []
            try complaints.throwIfAny()
            columns = names.map { ColumnGuess(name: $0) }
            keys = VisitKeyGuess(names)
            while try records.next(into: &fields) {
                if rows == mostRows {
                    isPartial = true
                    break
                }
                rows += 1
                guard fields.count == columns.count else {
                    let isLong = fields.count > columns.count
                    complain(
                        isLong ? fields[columns.count].start : fields[fields.count - 1].bytes.upperBound,
                        "the row has \(fields.count) \(fields.count == 1 ? "cell" : "cells") where the header has "
                            + "\(columns.count)",
                        remedy: isLong ? "a cell that contains a comma must be quoted" : "write a comma for every cell")
                    if complaints.items.count >= TableReader.maximumComplaints { break }
                    continue
                }
                for index in columns.indices { columns[index].add(records.text(fields[index])) }
                if let patient = keys.patient, let time = keys.time {
                    keys.add(records.text(fields[patient]), records.text(fields[time]))
                }
            }
            if rows == 0 {
                complain(
                    bytes.count, "the table has a header but no rows",
                    remedy: "write a row for every patient below the header")
            }
        } catch let failure as CSVRecords.Failure {
            complaints.add(records.diagnostic(failure))
        }
        try complaints.throwIfAny()
        return assemble(columns, keys, rows: rows, isPartial: isPartial)
    }

    private static func assemble(
        _ columns: [ColumnGuess], _ keys: VisitKeyGuess, rows: Int, isPartial: Bool
    ) -> SchemaGuess {
        var schema = TableSchema(columns: [])
        var notes: [String] = []
        for (index, column) in columns.enumerated() {
            if keys.hold, index == keys.patient {
                schema.patient = column.name
            } else if keys.hold, index == keys.time {
                schema.time = column.name
            } else {
                let (guess, remarks) = column.guess()
                if let guess { schema.columns.append(guess) }
                notes += remarks
            }
        }
        if let patient = schema.patient, let time = schema.time {
            notes.insert("rows seem to be visits of \"\(patient)\" at \"\(time)\"", at: 0)
        }
        return SchemaGuess(schema: schema, notes: notes, rows: rows, isPartial: isPartial)
    }
}

/// Whether two columns name the patient and the time of visits.
struct VisitKeyGuess {
    private(set) var patient: Int?
    private(set) var time: Int?
    private var seen: Set<String> = []
    private var patients: Set<String> = []
    private var isBroken = false

    static let times: Set<String> = [
        "time", "day", "days", "week", "month", "visit", "age", "year", "hour", "hours", "t", "visitday", "studyday",
    ]

    init() {}

    init(_ names: [String]) {
        patient = names.firstIndex { LikelyIdentifier.isName($0) }
        time = names.firstIndex { VisitKeyGuess.times.contains($0.lowercased().filter { $0 != "_" && $0 != " " }) }
    }

    mutating func add(_ patient: String, _ time: String) {
        guard !isBroken else { return }
        if patient.isEmpty || NumberText.value(time) == nil || !seen.insert("\(patient)\u{0}\(time)").inserted {
            isBroken = true
        }
        patients.insert(patient)
    }

    /// Patients come back, and never twice at one time.
    var hold: Bool { patient != nil && time != nil && !isBroken && 3 * seen.count >= 4 * patients.count }
}

extension TableSchema {
    /// The schema as COLUMNS.json has it.
    public func json() -> JSONValue {
        var value: JSONValue = ["columns": .object(columns.map { JSONField($0.name, $0.json()) })]
        if let target { value["target"] = .string(target) }
        if let patient { value["patient"] = .string(patient) }
        if let time { value["time"] = .string(time) }
        if duplicates != .keep { value["duplicates"] = .string(duplicates.rawValue) }
        return value
    }
}

extension ColumnSchema {
    func json() -> JSONValue {
        var value: JSONValue = ["type": .string(type.rawValue)]
        if let role { value["role"] = .string(role.rawValue) }
        if let unit { value["unit"] = .string(unit) }
        if let range { value["range"] = .numbers([range.lowerBound, range.upperBound]) }
        if !missing.isEmpty { value["missing"] = .strings(missing) }
        if let censoring {
            var limits: JSONValue = .object([])
            for (key, list) in [("below", censoring.below), ("above", censoring.above)] where !list.isEmpty {
                limits[key] = list.count == 1 ? .number(list[0]) : .numbers(list)
            }
            value["censored"] = limits
        }
        if let event { value["event"] = .string(event) }
        if let categories { value["categories"] = .strings(categories) }
        return value
    }
}
