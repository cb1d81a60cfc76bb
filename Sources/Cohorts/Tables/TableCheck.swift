// What can be said of a table before anything is learned from it.

import Numerics
import PositionedJSON

/// Something about a table that its owner should know.
public struct TableFinding: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case duplicate, repeatedIdentifier = "repeated_identifier", identifier, leak, constant, allMissing =
            "all_missing"
        case missing, rareCategory = "rare_category", event, fewRows = "few_rows", target, zeros
        case baseline = "baseline_changes"
    }

    public var kind: Kind
    public var column: String?
    public var message: String
    public var remedy: String?
    /// Worth a thought, but nothing wrong.
    public var isNote: Bool
}

/// The result of `lab cohort check`.
public struct TableCheck: Sendable {
    public var source: String
    public var rows: Int
    public var identifiers: [String]
    public var ignored: [String]
    public var duplicates: [DuplicateRow]
    /// Duplicates were left out, as the schema asks.
    public var dropped: Bool
    public var columns: [ColumnProfile]
    public var findings: [TableFinding]
    /// Of a long table.
    public var visits: VisitProfile?

    /// Checks a table that could be read.
    public static func measure(_ reading: TableReading, schema: TableSchema, source: String) throws -> TableCheck {
        var check = TableCheck(
            source: source, rows: reading.table.rowCount, identifiers: reading.identifiers, ignored: reading.ignored,
            duplicates: schema.duplicates == .drop ? reading.dropped : reading.duplicates(),
            dropped: schema.duplicates == .drop, columns: reading.table.columns.map { ColumnProfile($0) }, findings: [],
            visits: nil)
        if reading.visits != nil {
            let table = try VisitTable(reading, source: source)
            check.visits = VisitProfile(table)
            for column in table.columns where column.schema.role == .baseline && !table.isBaseline(column.name) {
                check.note(
                    .baseline, column.name, "\"\(column.name)\" has the role \"baseline\" and changes between visits",
                    remedy: "leave its role out, if it is measured at every visit")
            }
        }
        check.findDuplicates(reading)
        for (column, profile) in zip(reading.table.columns, check.columns) { check.look(at: column, profile) }
        check.findEvents(reading.table)
        check.findLeaks(reading.table)
        if check.rows < 50, reading.visits == nil {
            check.note(
                .fewRows, nil,
                "\(check.rows) \(check.rows == 1 ? "row is" : "rows are") few to learn a distribution from")
        }
        return check
    }

    private mutating func note(
        _ kind: TableFinding.Kind, _ column: String?, _ message: String, remedy: String? = nil, isNote: Bool = false
    ) {
        findings.append(
            TableFinding(kind: kind, column: column, message: message, remedy: remedy, isNote: isNote))
    }

    private mutating func findDuplicates(_ reading: TableReading) {
        if let first = duplicates.first {
            let what =
                "\(duplicates.count) \(duplicates.count == 1 ? "row repeats" : "rows repeat") another one in every cell"
            let place = "the first on line \(first.line), like line \(first.of)"
            note(
                .duplicate, nil, "\(what), \(place)" + (dropped ? "; left out" : ""),
                remedy: dropped ? nil : "\"duplicates\": \"drop\" in the schema leaves them out", isNote: dropped)
        }
        let repeated = reading.repeatedIdentifiers()
        if let first = repeated.first {
            note(
                .repeatedIdentifier, nil,
                "\(repeated.count) \(repeated.count == 1 ? "row has" : "rows have") the identifier of another one, the "
                    + "first on line \(first.line), like line \(first.of)",
                remedy: "if rows are visits, name the \"patient\" and the \"time\" column in the schema")
        }
    }

    private mutating func look(at column: TableColumn, _ profile: ColumnProfile) {
        let name = column.name
        if let suspicion = LikelyIdentifier(column) {
            note(.identifier, name, suspicion.message, remedy: suspicion.remedy)
        }
        if profile.missing == profile.rows {
            note(.allMissing, name, "\"\(name)\" has no value at all", remedy: "leave it out of the schema")
        } else if profile.distinct == 1 {
            note(
                .constant, name,
                "\"\(name)\" is the same in every row"
                    + (profile.missing > 0 ? " that has it" : ""), remedy: "leave it out of the schema")
        } else if profile.missingShare > 0.5 {
            note(
                .missing, name, "\"\(name)\" is missing in \(percent(profile.missingShare)) of rows",
                remedy: "its values are learned from the rest alone", isNote: true)
        }
        let rare = profile.categories.filter { (1..<5).contains($0.count) }
        if !rare.isEmpty {
            let names = rare.prefix(5).map { "\"\($0.name)\" (\($0.count))" }.joined(separator: ", ")
            note(
                .rareCategory, name,
                "\"\(name)\" has \(rare.count == 1 ? "a category" : "\(rare.count) categories") of fewer than 5 rows: "
                    + names + (rare.count > 5 ? ", …" : ""),
                remedy: "so few patients could be recognised; join categories where that makes sense", isNote: true)
        }
        if profile.zeros > 0.15, (profile.least ?? 0) == 0, profile.distinct > 2 {
            note(
                .zeros, name, "\(percent(profile.zeros)) of \"\(name)\" are zeros, learned as a state of their own",
                remedy: "if a zero means \"not recorded\", list 0 under \"missing\"", isNote: true)
        }
    }

    private mutating func findEvents(_ table: PatientTable) {
        for column in table.columns {
            guard let event = column.schema.event, let indicator = table.column(event) else { continue }
            let seen = Set(indicator.values.filter { !$0.isNaN }).sorted()
            if seen.count > 2 {
                note(
                    .event, column.name,
                    "the indicator \"\(event)\" of \"\(column.name)\" has \(seen.count) values, not two",
                    remedy: "make it 1 where the event was seen and 0 where it was not")
                continue
            }
            let last = indicator.isNumeric ? 1 : Double(max(indicator.categories.count - 1, 1))
            let events = indicator.values.count { $0 == last }
            note(
                .event, column.name,
                "\"\(column.name)\" ends with the event in \(events) rows and before it in \(table.rowCount - events)",
                isNote: true)
            if let negative = column.values.firstIndex(where: { $0 < 0 }) {
                note(
                    .event, column.name, "the time \"\(column.name)\" is negative in row \(negative + 1)",
                    remedy: "count times from each patient's start")
            }
        }
    }

    /// Share of the target's entropy that one column may tell before it is held to tell too much.
    static let almostAll = 0.9
    /// Or this share, and this many times that of the next column.
    static let muchMore = (share: 0.25, ratio: 3.0)

    /// Columns that give the target away by themselves.
    private mutating func findLeaks(_ table: PatientTable) {
        guard let target = table.target, let column = table.column(target), visits == nil else { return }
        guard !column.isNumeric, rows >= 30 else { return }
        let entropy = MutualInformation.entropy(column.values)
        guard entropy > 0 else {
            note(.target, target, "the target \"\(target)\" has one class only", remedy: "name another target")
            return
        }
        let sample = TableSample.rows(table, most: 5000)
        guard let labels = sample.column(target) else { return }
        var shares: [(name: String, role: ColumnRole?, share: Double)] = []
        for other in sample.columns where other.name != target {
            guard let information = MutualInformation.measure(other, labels, seed: 0) else { continue }
            shares.append((other.name, other.schema.role, information.value / entropy))
        }
        shares.sort { $0.share > $1.share }
        for (rank, item) in shares.enumerated() {
            let next = rank + 1 < shares.count ? shares[rank + 1].share : 0
            let isMuch =
                rank == 0 && item.share >= TableCheck.muchMore.share
                && item.share >= TableCheck.muchMore.ratio * next
            guard item.share >= TableCheck.almostAll || isMuch else { break }
            let known = item.role == .outcome
            note(
                .leak, item.name,
                "\"\(item.name)\" alone tells \(percent(item.share)) of what there is to know of \"\(target)\""
                    + (isMuch ? "; the next column, \(percent(next))" : ""),
                remedy: known
                    ? "it is an outcome too: no risk model may see it"
                    : "if it is known only after \"\(target)\", give it the role \"outcome\"",
                isNote: known)
        }
    }
}

/// A share as a percentage.
func percent(_ share: Double) -> String { fixed(100 * share, share < 0.1 ? 1 : 0) + " %" }

/// Fewer rows of a long table, for measures that need not see all.
enum TableSample {
    /// The table itself, or rows drawn without replacement, in their order.
    static func rows(_ table: PatientTable, most: Int, seed: UInt64 = 0) -> PatientTable {
        guard table.rowCount > most else { return table }
        var stream = RandomStream(seed: seed, purpose: "cohort.subsample")
        // Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S).
        var kept: [Int] = []
        for row in 0..<table.rowCount
        where stream.uniform() * Double(table.rowCount - row) < Double(most - kept.count) {
            kept.append(row)
        }
        return table.rows(kept)
    }
}
