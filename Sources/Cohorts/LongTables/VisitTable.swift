// A long table: every patient's visits in the order of time.

import Numerics
import PositionedJSON

/// Visits of patients at times of their own, with columns that may change from visit to visit.
///
/// Rows are sorted by patient, in the order in which the table first names them, then by time; times of one patient
/// increase strictly. Neither names nor times are among the columns.
public struct VisitTable: Sendable {
    /// A value per visit, in the order of `patient(_:)`; NaN where missing.
    public var columns: [TableColumn]
    public var target: String?
    /// What the table calls its patients.
    public var patients: [String]
    /// Where each patient's visits begin among the rows, and the number of rows at the end.
    public var starts: [Int]
    /// When each visit was.
    public var times: [Double]
    /// How coarsely times are recorded.
    public var timeGranularity: Granularity?
    /// The names of the patient and the time column.
    public var patientColumn: String
    public var timeColumn: String
    /// What the schema says of the time column, where it lists it.
    public var timeSchema: ColumnSchema?
    /// The line of the file of each row.
    public var lines: [Int]
    /// Columns whose value never changes within a patient, missing cells aside, by place.
    public internal(set) var baseline: [Int]
    /// The others.
    public internal(set) var varying: [Int]
    /// Patients whose visits stood in another order than that of time.
    public internal(set) var reordered: Int

    /// Visits from a table that was read under a schema with `patient` and `time`.
    ///
    /// - Throws: `Diagnostics` where a patient has two visits at one time.
    public init(_ reading: TableReading, source: String) throws {
        guard let visits = reading.visits, visits.time.count == reading.table.rowCount else {
            throw CohortError("the schema of \(source) names no \"patient\" and \"time\"; every row is a patient")
        }
        let order = reading.lines.indices.sorted { a, b in
            (visits.patient[a], visits.time[a], a) < (visits.patient[b], visits.time[b], b)
        }
        let complaints = Complaints()
        let text = SourceText(name: source, bytes: [])
        var starts: [Int] = []
        var moved: Set<Int> = []
        for (place, row) in order.enumerated() {
            let before = place > 0 ? order[place - 1] : -1
            guard before >= 0, visits.patient[before] == visits.patient[row] else {
                starts.append(place)
                continue
            }
            if before > row { moved.insert(visits.patient[row]) }
            guard visits.time[before] == visits.time[row], complaints.items.count < TableReader.maximumComplaints else {
                continue
            }
            complaints.add(
                in: text, at: SourceLocation(line: reading.lines[row], column: 1, offset: reading.lines[row]),
                "a second visit of \"\(visits.patients[visits.patient[row]])\" at the time \(compact(visits.time[row])), "
                    + "as on line \(reading.lines[before])",
                remedy: "a patient has one visit at a time: join the two, or leave one out")
        }
        try complaints.throwIfAny()
        let table = reading.table.rows(order)
        columns = table.columns
        target = table.target
        patients = visits.patients
        self.starts = starts + [order.count]
        times = order.map { visits.time[$0] }
        timeGranularity = Granularity(times)
        lines = order.map { reading.lines[$0] }
        reordered = moved.count
        patientColumn = reading.patientColumn ?? "patient"
        timeColumn = reading.timeColumn ?? "time"
        baseline = []
        varying = []
        for (place, column) in columns.enumerated() {
            if isConstantWithin(column.values) { baseline.append(place) } else { varying.append(place) }
        }
    }

    /// Reads a long table from a file.
    public static func read(path: String, schema: TableSchema) throws -> VisitTable {
        try read(path: path, schema: schema, like: nil)
    }

    /// - Parameter like: a table whose categories keep their numbers.
    static func read(path: String, schema: TableSchema, like: VisitTable?) throws -> VisitTable {
        let other = like.map { PatientTable(columns: $0.columns) }
        var table = try VisitTable(TableReader(schema: schema).read(path: path, like: other), source: path)
        table.timeSchema = schema.time.flatMap { schema.column($0) }
        return table
    }

    public var patientCount: Int { patients.count }
    public var visitCount: Int { times.count }

    /// The rows of a patient's visits, in the order of time.
    public func visits(of patient: Int) -> Range<Int> { starts[patient]..<starts[patient + 1] }

    /// Whether a column never changes within a patient.
    public func isBaseline(_ name: String) -> Bool { baseline.contains { columns[$0].name == name } }

    /// One row a patient: the first value that each has in the columns that never change.
    public func baselineTable() -> PatientTable {
        PatientTable(
            columns: baseline.map { place in
                var column = columns[place]
                column.values = (0..<patientCount).map { patient in
                    visits(of: patient).lazy.map { columns[place].values[$0] }.first { !$0.isNaN } ?? .nan
                }
                return column
            }, target: target.flatMap { isBaseline($0) ? $0 : nil })
    }

    private func isConstantWithin(_ values: [Double]) -> Bool {
        for patient in 0..<patientCount {
            var first = Double.nan
            for row in visits(of: patient) where !values[row].isNaN {
                if first.isNaN { first = values[row] } else if values[row] != first { return false }
            }
        }
        return true
    }

    /// Puts patients together from their visits.
    ///
    /// - Parameters:
    ///   - columns: with values, in the order of the patients and their times.
    ///   - baseline: places of the columns that never change within a patient.
    package init(
        columns: [TableColumn], target: String?, patients: [String], starts: [Int], times: [Double],
        timeGranularity: Granularity?, patientColumn: String, timeColumn: String, baseline: [Int]
    ) {
        self.columns = columns
        self.target = target
        self.patients = patients
        self.starts = starts
        self.times = times
        self.timeGranularity = timeGranularity
        self.patientColumn = patientColumn
        self.timeColumn = timeColumn
        lines = Array(times.indices)
        self.baseline = baseline
        varying = columns.indices.filter { !baseline.contains($0) }
        reordered = 0
    }

    /// The visits of these patients, in this order; what is baseline stays as it was found.
    public func selecting(_ chosen: some Collection<Int>) -> VisitTable {
        var table = self
        let rows = chosen.flatMap { visits(of: $0) }
        table.columns = PatientTable(columns: columns).rows(rows).columns
        table.patients = chosen.map { patients[$0] }
        table.times = rows.map { times[$0] }
        table.lines = rows.map { lines[$0] }
        table.starts = chosen.reduce(into: [0]) { $0.append($0[$0.count - 1] + visits(of: $1).count) }
        return table
    }

    /// The table as comma-separated text, with the patient and the time before the columns.
    public func csv() -> String { rowTable().csv() }

    /// A row per visit, with the patient and the time before the columns.
    func rowTable() -> PatientTable {
        let numbers = (0..<patientCount).flatMap { patient in visits(of: patient).map { _ in Double(patient) } }
        let name = TableColumn(
            schema: ColumnSchema(name: patientColumn, type: .categorical), categories: patients, values: numbers)
        let time = TableColumn(
            schema: ColumnSchema(name: timeColumn, type: .continuous), values: times, granularity: timeGranularity)
        return PatientTable(columns: [name, time] + columns, target: target)
    }
}
