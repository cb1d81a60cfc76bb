// Reads a table of patients: comma-separated text under a schema, every mistake reported at its place.

import Foundation
import PositionedJSON

/// A table as it was read, and what was left out of it.
public struct TableReading: Sendable {
    public var table: PatientTable
    /// Identifier columns found and left out.
    public var identifiers: [String]
    /// Columns that the schema does not name, left out.
    public var ignored: [String]
}

/// Reads tables that follow one schema.
public struct TableReader: Sendable {
    /// Files larger than this are refused, bytes.
    public static let maximumBytes = 1 << 30
    /// After this many complaints a file is read no further.
    static let maximumComplaints = 50

    public let schema: TableSchema

    public init(schema: TableSchema) { self.schema = schema }

    /// Reads a file.
    ///
    /// - Parameter like: a table whose categories keep their numbers; categories it lacks are added after them.
    /// - Throws: `Diagnostics`, or the error of reading the file.
    public func read(path: String, like: PatientTable? = nil) throws -> TableReading {
        try read(SourceText(contentsOf: path, maximumBytes: TableReader.maximumBytes), like: like)
    }

    /// Reads a text.
    public func read(_ source: SourceText, like: PatientTable? = nil) throws -> TableReading {
        let complaints = Complaints()
        var records = CSVRecords(source)
        func complain(_ offset: Int, _ message: String, remedy: String? = nil) {
            complaints.add(in: source, at: source.location(ofByte: offset), message, remedy: remedy)
        }
        try checkEncoding(source, complaints)

        var fields: [CSVField] = []
        var building: [ColumnBuilder] = []
        var identifiers: [String] = []
        var ignored: [String] = []
        do {
            guard try records.next(into: &fields) else {
                complain(0, "the table is empty", remedy: "expected a header line with the names of the columns")
                try complaints.throwIfAny()
                preconditionFailure("a complaint was made")
            }
            let width = fields.count
            readHeader(
                records, fields, &building, &identifiers, &ignored, like: like, complaints: complaints)
            try complaints.throwIfAny()
            var rows = 0
            while try records.next(into: &fields) {
                rows += 1
                if fields.count != width {
                    let place = fields.count > width ? fields[width].start : fields[fields.count - 1].bytes.upperBound
                    complain(
                        place, "the row has \(fields.count) cells where the header has \(width)",
                        remedy: "a cell that contains a comma must be quoted")
                } else {
                    for index in building.indices {
                        let field = fields[building[index].position]
                        if let mistake = building[index].add(records.text(field)) {
                            complain(field.start, mistake.message, remedy: mistake.remedy)
                        }
                    }
                }
                if complaints.items.count >= TableReader.maximumComplaints {
                    complain(fields[0].start, "too many mistakes; the rest of the table was not read")
                    break
                }
            }
            if rows == 0 { complain(source.bytes.count, "the table has a header but no rows") }
        } catch let failure as CSVRecords.Failure {
            switch failure {
            case .unclosedQuote(let at): complain(at, "this quoted cell never ends")
            case .textAfterQuote(let at): complain(at, "a quoted cell is followed by something other than a comma")
            case .quoteInField(let at):
                complain(
                    at, "a quote in the middle of a cell", remedy: "quote the whole cell and double the quotes inside")
            case .loneReturn(let at): complain(at, "a carriage return without a line feed")
            case .tooManyColumns(let at): complain(at, "more than \(CSVRecords.maximumColumns) columns")
            }
        }
        try complaints.throwIfAny()
        let table = PatientTable(columns: building.map { $0.finished() }, target: schema.target)
        return TableReading(table: table, identifiers: identifiers, ignored: ignored)
    }

    private func checkEncoding(_ source: SourceText, _ complaints: Complaints) throws {
        let bytes = source.bytes
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            complaints.add(
                in: source, at: SourceLocation(line: 1, column: 1, offset: 0), "the table is written in UTF-16",
                remedy: "save it as UTF-8")
        } else if let bad = firstBadByte(bytes) {
            let what = bytes[bad] == 0 ? "a NUL byte" : "the byte 0x\(String(bytes[bad], radix: 16)) is not UTF-8"
            complaints.add(in: source, at: source.location(ofByte: bad), what, remedy: "save the table as UTF-8 text")
        }
        try complaints.throwIfAny()
    }

    private func readHeader(
        _ records: CSVRecords, _ fields: [CSVField], _ building: inout [ColumnBuilder], _ identifiers: inout [String],
        _ ignored: inout [String], like: PatientTable?, complaints: Complaints
    ) {
        var seen: Set<String> = []
        var names: [String] = []
        for (position, field) in fields.enumerated() {
            let name = records.text(field)
            let place = records.source.location(ofByte: field.start)
            names.append(name)
            if name.isEmpty {
                complaints.add(in: records.source, at: place, "column \(position + 1) has no name")
            } else if !seen.insert(name).inserted {
                complaints.add(in: records.source, at: place, "a second column named \"\(name)\"")
            } else if let column = schema.column(name) {
                if column.role == .identifier {
                    identifiers.append(name)
                } else {
                    building.append(ColumnBuilder(column, position: position, like: like?.column(name)))
                }
            } else {
                ignored.append(name)
            }
        }
        let end = records.source.location(ofByte: fields[0].start)
        for column in schema.columns where column.role != .identifier && !seen.contains(column.name) {
            complaints.add(
                in: records.source, at: end, "the column \"\(column.name)\" of the schema is missing",
                remedy: DidYouMean.remedy(
                    for: column.name, among: names.filter { schema.column($0) == nil },
                    known: "the table's other columns are "))
        }
        if building.isEmpty, complaints.items.isEmpty {
            complaints.add(in: records.source, at: end, "no column of the schema is left to learn from")
        }
        if let like {
            let order = like.columns.map(\.name)
            building.sort {
                (order.firstIndex(of: $0.schema.name) ?? 0) < (order.firstIndex(of: $1.schema.name) ?? 0)
            }
        }
    }
}
