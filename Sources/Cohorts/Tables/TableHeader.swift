// The header of a table: which of its columns is what, and where its cells go.

import PositionedJSON

/// The columns of a table while its rows are read.
struct TableHeader {
    let width: Int
    var building: [ColumnBuilder] = []
    private(set) var identifiers: [String] = []
    private(set) var ignored: [String] = []
    /// Places of identifying cells among the fields of a record.
    private var identifierPositions: [Int] = []
    private var patientPosition: Int?
    private var time: ColumnBuilder?
    private var visits: VisitKeys?
    private var numberOfPatient: [String: Int] = [:]
    private var identifierKeys: [UInt64] = []
    private var lines: [Int] = []
    /// Where each column to learn is named, for complaints once all rows are known.
    private var places: [Diagnostic] = []

    init(
        _ records: CSVRecords, _ fields: [CSVField], schema: TableSchema, like: PatientTable?, complaints: Complaints
    ) {
        width = fields.count
        func complain(_ offset: Int, _ message: String, remedy: String? = nil) {
            complaints.add(Diagnostics(items: [records.diagnostic(offset, message, remedy: remedy)]))
        }
        guard let names = TableHeader.names(records, fields, schema, complaints) else { return }
        let known = Dictionary(schema.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        for (position, field) in fields.enumerated() {
            let name = names[position]
            if name.isEmpty || !seen.insert(name).inserted { continue }
            if name == schema.patient || name == schema.time || known[name]?.role == .identifier {
                identifiers.append(name)
                if name == schema.patient {
                    patientPosition = position
                    visits = VisitKeys()
                } else if name == schema.time {
                    let column = schema.column(name) ?? ColumnSchema(name: name, type: .continuous)
                    time = ColumnBuilder(column, position: position, like: nil)
                } else {
                    identifierPositions.append(position)
                }
            } else if let column = known[name] {
                building.append(ColumnBuilder(column, position: position, like: like?.column(name)))
                places.append(records.diagnostic(field.start, ""))
            } else {
                ignored.append(name)
            }
        }
        var needed = schema.columns.filter { $0.role != .identifier }.map(\.name)
        for name in [schema.patient, schema.time] { if let name, !needed.contains(name) { needed.append(name) } }
        for name in needed where !seen.contains(name) {
            complain(
                fields[0].start, "the column \"\(name)\" of the schema is missing",
                remedy: DidYouMean.remedy(
                    for: name, among: names.filter { !$0.isEmpty && known[$0] == nil }.prefix(20).map { $0 },
                    known: "the table's other columns are ")
                    ?? "remove it from the schema, or add it to the table")
        }
        if building.isEmpty, complaints.items.isEmpty {
            complain(fields[0].start, "no column of the schema is left to learn from")
        }
        if let like {
            let order = like.columns.map(\.name)
            building.sort {
                (order.firstIndex(of: $0.schema.name) ?? 0) < (order.firstIndex(of: $1.schema.name) ?? 0)
            }
        }
    }

    /// The names of a header, whose mistakes are complained of; nil where it is no header of a comma-separated table.
    static func names(
        _ records: CSVRecords, _ fields: [CSVField], _ schema: TableSchema?, _ complaints: Complaints
    ) -> [String]? {
        func complain(_ offset: Int, _ message: String, remedy: String) {
            complaints.add(Diagnostics(items: [records.diagnostic(offset, message, remedy: remedy)]))
        }
        let names = fields.map { records.text($0) }
        if let separator = otherSeparator(names, schema) {
            complain(
                fields[0].start, "the cells are separated by \(separator.name), not by commas",
                remedy: "save the table as comma-separated text (CSV, UTF-8), with decimal points")
            return nil
        }
        var seen: Set<String> = []
        for (position, name) in names.enumerated() {
            if name.isEmpty {
                complain(
                    fields[position].start, "column \(position + 1) has no name", remedy: "name it in the header line")
            } else if !seen.insert(name).inserted {
                complain(
                    fields[position].start, "a second column named \"\(name)\"", remedy: "rename or remove one of them")
            }
        }
        return names
    }

    /// The separator that a header was written with, if it was not the comma.
    static func otherSeparator(_ names: [String], _ schema: TableSchema?) -> (name: String, character: Character)? {
        let text = names.joined(separator: ",")
        let known = schema.map { Set($0.columns.map(\.name)) }
        for (name, character): (String, Character) in [("semicolons", ";"), ("tabs", "\t"), ("bars", "|")] {
            guard text.contains(character) else { continue }
            if let known {
                // A name of the schema may hold the character itself.
                if names.contains(where: known.contains) { continue }
                if text.split(separator: character).contains(where: { known.contains(trimmedName($0)) }) {
                    return (name, character)
                }
            } else if names.count == 1 {
                return (name, character)
            }
        }
        return nil
    }

    private static func trimmedName(_ part: Substring) -> String {
        String(part.drop { $0 == " " || $0 == "\"" }.reversed().drop { $0 == " " || $0 == "\"" }.reversed())
    }

    /// Makes room for so many rows at once, since growing by doubling copies and touches memory twice.
    mutating func reserve(rows: Int) {
        for index in building.indices { building[index].reserve(rows) }
        lines.reserveCapacity(rows)
        if !identifierPositions.isEmpty { identifierKeys.reserveCapacity(rows) }
    }

    /// Takes the cells of one row.
    mutating func take(_ records: CSVRecords, _ fields: [CSVField], _ complaints: Complaints) {
        func complain(_ offset: Int, _ message: String, remedy: String?) {
            complaints.add(Diagnostics(items: [records.diagnostic(offset, message, remedy: remedy)]))
        }
        lines.append(records.line)
        for index in building.indices {
            let field = fields[building[index].position]
            let mistake = building[index].add(records.trimmed(field), hasDoubledQuotes: field.hasDoubledQuotes)
            if let mistake { complain(field.start, mistake.message, remedy: mistake.remedy) }
        }
        if !identifierPositions.isEmpty {
            var key: UInt64 = 0
            for position in identifierPositions { key = TableHeader.mix(key, records.trimmed(fields[position])) }
            identifierKeys.append(key)
        }
        if let patientPosition {
            let field = fields[patientPosition]
            let name = records.text(field)
            if name.isEmpty {
                complain(field.start, "a visit without a patient", remedy: "write the patient's name or number")
            }
            let number = numberOfPatient[name] ?? numberOfPatient.count
            if number == numberOfPatient.count {
                numberOfPatient[name] = number
                visits?.patients.append(name)
            }
            visits?.patient.append(number)
        }
        if time != nil, let position = time?.position {
            let field = fields[position]
            let cell = records.trimmed(field)
            if let mistake = time?.add(cell, hasDoubledQuotes: field.hasDoubledQuotes) {
                complain(field.start, mistake.message, remedy: mistake.remedy)
            } else if time?.values.last?.isNaN == true {
                complain(field.start, "a visit without a time", remedy: "write its time, or leave the row out")
            }
        }
    }

    /// FNV-1a over the bytes of a cell and its length, 64 bits.
    private static func mix(_ start: UInt64, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = (start ^ 0xcbf2_9ce4_8422_2325) &* 0x100_0000_01b3
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (hash ^ UInt64(bytes.count)) &* 0x100_0000_01b3
    }

    /// The table that was read.
    ///
    /// - Throws: `Diagnostics` for columns that name patients without saying so.
    func reading(_ schema: TableSchema, checkingIdentifiers: Bool) throws -> TableReading {
        let columns = building.map { $0.finished() }
        if checkingIdentifiers {
            var items: [Diagnostic] = []
            for (column, place) in zip(columns, places) {
                guard let suspicion = LikelyIdentifier(column), suspicion.isCertain else { continue }
                var item = place
                item.message = suspicion.message
                item.remedy = suspicion.remedy
                items.append(item)
            }
            if !items.isEmpty { throw Diagnostics(items: items) }
        }
        var visits = self.visits
        if let time { visits?.time = time.values }
        var reading = TableReading(
            table: PatientTable(columns: columns, target: schema.target), identifiers: identifiers, ignored: ignored,
            lines: lines, identifierKeys: identifierKeys, visits: visits, patientColumn: schema.patient,
            timeColumn: schema.time)
        if schema.duplicates == .drop { reading.dropDuplicates() }
        return reading
    }
}
