// How many visits patients have, how far apart, and which columns change.

import PositionedJSON

/// A long table in a few numbers.
public struct VisitProfile: Sendable, Equatable {
    public var patients: Int
    public var visits: Int
    /// Visits of a patient: fewest, median, most.
    public var perPatient: [Double]
    /// From a visit to the next: shortest, median, longest; nil where nobody has two.
    public var intervals: [Double]?
    /// Every patient's visits are at the same distance.
    public var isRegular: Bool
    public var baseline: [String]
    public var varying: [String]
    /// Patients whose visits stood in another order than that of time.
    public var reordered: Int

    public init(_ table: VisitTable) {
        patients = table.patientCount
        visits = table.visitCount
        perPatient = VisitProfile.extremes((0..<patients).map { Double(table.visits(of: $0).count) }) ?? []
        var gaps: [Double] = []
        for patient in 0..<patients {
            let times = table.visits(of: patient).map { table.times[$0] }
            gaps += zip(times.dropFirst(), times).map { $0 - $1 }
        }
        intervals = VisitProfile.extremes(gaps)
        isRegular = intervals.map { $0[0] == $0[2] } ?? false
        baseline = table.baseline.map { table.columns[$0].name }
        varying = table.varying.map { table.columns[$0].name }
        reordered = table.reordered
    }

    private static func extremes(_ values: [Double]) -> [Double]? {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        return [first, (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2, last]
    }

    public func json() -> JSONValue {
        [
            "patients": .integer(patients), "visits": .integer(visits), "visits_per_patient": .numbers(perPatient),
            "intervals": intervals.map { .numbers($0) } ?? .null, "regular": .bool(isRegular),
            "baseline": .strings(baseline), "varying": .strings(varying), "reordered_patients": .integer(reordered),
        ]
    }
}
