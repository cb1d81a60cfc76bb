// Patients divided by what they were before treatment, so that a policy's results can be shown for each part.

import Numerics

/// A division of the test patients.
public struct Subgrouping: Sendable, Equatable {
    /// Such as `tumour load`.
    public var name: String
    /// Such as `low`, `middle`, `high`.
    public var levels: [String]
    /// The level of every patient, in the order of the evaluation's patients; nil for a patient who is in none.
    public var membership: [Int?]

    public init(name: String, levels: [String], membership: [Int?]) {
        self.name = name
        self.levels = levels
        self.membership = membership
    }

    /// Divides at thresholds, ascending: a patient is in the first level whose threshold the value does not exceed.
    ///
    /// - Parameter levels: one more than thresholds.
    public init(name: String, values: [Double], thresholds: [Double], levels: [String]) {
        self.init(
            name: name, levels: levels,
            membership: values.map { value in
                value.isNaN ? nil : min(levels.count - 1, thresholds.firstIndex { value <= $0 } ?? thresholds.count)
            })
    }

    /// Divides into thirds of the patients by value, labelled with their bounds.
    public static func thirds(name: String, values: [Double], unit: String = "") -> Subgrouping {
        let cuts = Statistics.quantiles(values, [1.0 / 3, 2.0 / 3])
        let tail = unit.isEmpty ? "" : " " + unit
        let low = NumberText.significant(cuts[0], 3)
        let high = NumberText.significant(cuts[1], 3)
        return Subgrouping(
            name: name, values: values, thresholds: cuts,
            levels: ["low (≤ \(low)\(tail))", "middle", "high (> \(high)\(tail))"])
    }
}
