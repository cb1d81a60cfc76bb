// A long table as the inputs of recurrent networks: what is constant of a patient, what a visit says, and when it is.

import Foundation

/// The encodings of a long table, and what its visits keep to.
package struct VisitEncoding: Sendable {
    /// A row a patient: the time of the first visit, under the time column's name, and the columns that never change.
    let baseline: TableEncoding
    /// A row a visit.
    let visits: TableEncoding
    /// A row for every visit but the first of each patient: the time since the one before.
    let gaps: TableEncoding
    package let clock: VisitClock
    package let rules: VisitRules
    /// The names of the columns, in the order of the table.
    let names: [String]
    let target: String?
    let patientColumn: String
    let timeColumn: String
    let timeGranularity: Granularity?
    /// Of any patient.
    let mostVisits: Int

    package init(_ table: VisitTable, spikeShare: Double) {
        let patients = table.patientCount
        let starts = table.starts
        let first = (0..<patients).map { table.times[starts[$0]] }
        let firstTime = TableColumn(
            schema: ColumnSchema(
                name: table.timeColumn, type: table.timeGranularity?.decimals == 0 ? .integer : .continuous),
            values: first, granularity: table.timeGranularity)
        let constants = table.baselineTable()
        let baselineTable = PatientTable(columns: [firstTime] + constants.columns, target: constants.target)
        baseline = TableEncoding(baselineTable, spikeShare: spikeShare)
        let varying = PatientTable(columns: table.varying.map { table.columns[$0] })
        visits = TableEncoding(varying, spikeShare: spikeShare)
        let gapTable = VisitEncoding.gapTable(table)
        gaps = TableEncoding(gapTable, spikeShare: spikeShare)
        clock = VisitClock(table, gaps: gapTable.columns[0].values, baseline: baselineTable)
        rules = VisitRules(varying, visits, starts: starts)
        names = table.columns.map(\.name)
        target = table.target
        patientColumn = table.patientColumn
        timeColumn = table.timeColumn
        timeGranularity = table.timeGranularity
        mostVisits = (0..<patients).map { table.visits(of: $0).count }.max() ?? 1
    }

    init(
        baseline: TableEncoding, visits: TableEncoding, gaps: TableEncoding, clock: VisitClock, rules: VisitRules,
        names: [String], target: String?, patientColumn: String, timeColumn: String, timeGranularity: Granularity?,
        mostVisits: Int
    ) {
        self.baseline = baseline
        self.visits = visits
        self.gaps = gaps
        self.clock = clock
        self.rules = rules
        self.names = names
        self.target = target
        self.patientColumn = patientColumn
        self.timeColumn = timeColumn
        self.timeGranularity = timeGranularity
        self.mostVisits = mostVisits
    }

    /// The name of the column of times between visits, which no table has.
    static let gapName = "time since the visit before"

    static func gapTable(_ table: VisitTable) -> PatientTable {
        var gaps: [Double] = []
        for patient in 0..<table.patientCount {
            let rows = table.visits(of: patient)
            for row in rows.dropFirst() { gaps.append(table.times[row] - table.times[row - 1]) }
        }
        if let granularity = table.timeGranularity { gaps = gaps.map { granularity.rounded($0) } }
        return PatientTable(columns: [
            TableColumn(
                schema: ColumnSchema(
                    name: gapName, type: table.timeGranularity?.decimals == 0 ? .integer : .continuous),
                values: gaps, granularity: table.timeGranularity)
        ])
    }

    /// One row a patient, as the baseline generator learns it.
    func baselineTable(_ table: VisitTable) -> PatientTable {
        var first = baseline.columns[0]
        first.values = (0..<table.patientCount).map { table.times[table.starts[$0]] }
        return PatientTable(columns: [first] + table.baselineTable().columns, target: baseline.target)
    }

    /// The encoded visits of a table with the same columns.
    package func encode(_ table: VisitTable, seed: UInt64) -> EncodedVisits {
        let constants = baselineTable(table)
        return EncodedVisits(
            baseline: baseline.encode(constants, seed: seed),
            visits: visits.encode(PatientTable(columns: table.varying.map { table.columns[$0] }), seed: seed &+ 1),
            gaps: gaps.encode(VisitEncoding.gapTable(table), seed: seed &+ 2), starts: table.starts,
            times: table.times,
            horizons: clock.horizon.map { place in constants.columns[place].values })
    }
}

/// A long table as numbers for networks.
package struct EncodedVisits: Sendable {
    /// A row a patient.
    var baseline: TableEncoding.Rows
    /// A row a visit.
    var visits: TableEncoding.Rows
    /// A row a visit but each patient's first.
    var gaps: TableEncoding.Rows
    package var starts: [Int]
    var times: [Double]
    /// Until when each patient can have visits.
    var horizons: [Double]?

    var patientCount: Int { starts.count - 1 }
}

/// Times as inputs of a network.
package struct VisitClock: Sendable, Equatable {
    /// Longest time from a patient's first visit to the last.
    var span: Double
    /// Median time between visits.
    var gap: Double
    /// Most visits of a patient.
    var visits: Double
    /// The baseline column, by place, that says until when a patient was followed and has visits: a time to an event
    /// that no visit comes after.
    package var horizon: Int?
    /// The latest visit of anybody.
    var latest: Double

    init(span: Double, gap: Double, visits: Double, horizon: Int?, latest: Double) {
        self.span = span
        self.gap = gap
        self.visits = visits
        self.horizon = horizon
        self.latest = latest
    }

    init(_ table: VisitTable, gaps: [Double], baseline: PatientTable) {
        let patients = 0..<table.patientCount
        let ends = patients.map { table.times[table.starts[$0 + 1] - 1] }
        let spans = patients.map { ends[$0] - table.times[table.starts[$0]] }
        span = max(spans.max() ?? 0, 1e-9)
        gap = gaps.isEmpty ? 1 : max(quantile(gaps, 0.5), 1e-9)
        visits = Double(patients.map { table.visits(of: $0).count }.max() ?? 1)
        latest = ends.max() ?? 0
        horizon = baseline.columns.indices.dropFirst().first { place in
            let column = baseline.columns[place]
            return column.schema.event != nil
                && zip(column.values, ends).allSatisfy { until, end in !until.isNaN && until >= end }
        }
    }

    /// Inputs that tell a time.
    var width: Int { horizon == nil ? 4 : 6 }

    /// Before the first visit.
    func writeStart(remaining: Double?, into target: UnsafeMutablePointer<Float>) {
        write(elapsed: 0, number: -1, remaining: remaining, into: target)
        target[0] = 1
    }

    /// At a visit.
    ///
    /// - Parameters:
    ///   - elapsed: since the patient's first visit.
    ///   - number: of the visit, from 0.
    ///   - remaining: until the horizon, where there is one.
    func write(elapsed: Double, number: Int, remaining: Double?, into target: UnsafeMutablePointer<Float>) {
        target[0] = 0
        target[1] = Float(elapsed / span)
        target[2] = Float(log1p(max(elapsed, 0) / gap) / 3)
        target[3] = Float(Double(number) / visits)
        guard horizon != nil else { return }
        let left = max(remaining ?? 0, 0)
        target[4] = Float(left / span)
        target[5] = Float(log1p(left / gap) / 3)
    }
}
