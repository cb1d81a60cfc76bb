// Reads a table of patients: comma-separated text under a schema, every mistake reported at its place.

import PositionedJSON

/// A table as it was read, and what was left out of it.
public struct TableReading: Sendable {
    public var table: PatientTable
    /// Identifier columns found and left out; in a long table also those of the patient and the time.
    public var identifiers: [String] = []
    /// Columns that the schema does not name, left out.
    public var ignored: [String] = []
    /// The line of the file on which each row begins.
    public var lines: [Int] = []
    /// A number per row that tells different identifiers apart; empty without identifiers.
    package var identifierKeys: [UInt64] = []
    /// Of a long table, whose visit each row is, and when.
    public var visits: VisitKeys?
    /// The names of the columns that say so.
    public var patientColumn: String?
    public var timeColumn: String?
    /// Rows left out since they were the same as one before.
    public var dropped: [DuplicateRow] = []
}

/// Whose visit each row of a long table is, and when it was.
public struct VisitKeys: Sendable {
    /// The patients, in the order in which they first appear.
    public var patients: [String] = []
    /// The number of each row's patient among these.
    public var patient: [Int] = []
    public var time: [Double] = []
}

/// Reads tables that follow one schema.
public struct TableReader: Sendable {
    /// A table of more cells than this is refused: 1 GiB of numbers. Files may be larger than memory as long as the
    /// columns of the schema fit.
    public static let maximumCells = 1 << 27
    /// After this many complaints a file is read no further.
    static let maximumComplaints = 50

    public let schema: TableSchema

    public init(schema: TableSchema) { self.schema = schema }

    /// Reads a file.
    ///
    /// - Parameter like: a table whose categories keep their numbers; categories it lacks are added after them.
    /// - Throws: `Diagnostics`, also where the file cannot be read.
    public func read(path: String, like: PatientTable? = nil) throws -> TableReading {
        try read(TableBytes(path: path), like: like)
    }

    /// Reads a text.
    public func read(_ source: SourceText, like: PatientTable? = nil) throws -> TableReading {
        try read(TableBytes(source), like: like)
    }

    private func read(_ bytes: TableBytes, like: PatientTable?) throws -> TableReading {
        let records = CSVRecords(bytes)
        let complaints = Complaints()
        func complain(_ offset: Int, _ message: String, remedy: String? = nil) {
            complaints.add(Diagnostics(items: [records.diagnostic(offset, message, remedy: remedy)]))
        }
        var header: TableHeader?
        var fields: [CSVField] = []
        do {
            guard try records.next(into: &fields) else {
                complain(0, "the table is empty", remedy: "expected a header line with the names of the columns")
                throw complaints.sorted
            }
            var columns = TableHeader(records, fields, schema: schema, like: like, complaints: complaints)
            try complaints.throwIfAny()
            var rows = 0
            while try records.next(into: &fields) {
                rows += 1
                if fields.count != columns.width {
                    let isLong = fields.count > columns.width
                    complain(
                        isLong ? fields[columns.width].start : fields[fields.count - 1].bytes.upperBound,
                        "the row has \(fields.count) \(fields.count == 1 ? "cell" : "cells") where the header has "
                            + "\(columns.width)",
                        remedy: isLong ? "a cell that contains a comma must be quoted" : "write a comma for every cell")
                } else {
                    columns.take(records, fields, complaints)
                }
                if rows == 1000, bytes.size > records.bytesRead {
                    let share = Double(bytes.size) / Double(records.bytesRead)
                    let cells = Double(TableReader.maximumCells / max(columns.building.count, 1))
                    columns.reserve(rows: Int(min(1010 * share, cells)) + 1)
                }
                if complaints.items.count >= TableReader.maximumComplaints {
                    complain(fields[0].start, "too many mistakes; the rest of the table was not read")
                    break
                }
                if rows * columns.building.count > TableReader.maximumCells {
                    complain(
                        fields[0].start, "the table is too large: more than \(TableReader.maximumCells) cells",
                        remedy: "take a sample of its rows, or name fewer columns in the schema")
                    break
                }
            }
            if rows == 0 {
                complain(
                    bytes.count, "the table has a header but no rows",
                    remedy: "write a row for every patient below the header")
            }
            header = columns
        } catch let failure as CSVRecords.Failure {
            complaints.add(records.diagnostic(failure))
        }
        try complaints.throwIfAny()
        guard let header else { throw complaints.sorted }
        return try header.reading(schema, checkingIdentifiers: like == nil)
    }
}
