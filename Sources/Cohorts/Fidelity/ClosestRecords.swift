// How near synthetic patients come to real ones.

import Foundation
import Numerics

/// Distances to the closest real row: numbers in standard deviations of the real table, a different category counts 1.
public struct ClosestRecords: Sendable, Equatable {
    /// From synthetic rows to the real table.
    public var median: Double
    public var fifthPercentile: Double
    /// From real rows to the closest other real row.
    public var realToRealMedian: Double
    /// Share of synthetic rows that are a real row.
    public var exactCopies: Double
    /// How well the distance to the closest synthetic row tells rows the generator learned from held-out rows (area
    /// under the curve; 0.5 when it cannot); nil without held-out rows.
    public var membership: Double?
    /// How the distances are spread.
    public var distances: DistanceSeries
}

/// Shares of rows by their distance to the closest real row (not themselves), for figures.
public struct DistanceSeries: Sendable, Equatable {
    /// Bounds of the bars, one more than bars, of equal width from 0; the last bar holds everything beyond as well.
    public var edges: [Double]
    public var synthetic: [Double]
    public var real: [Double]
    /// Of held-out real rows, where there are any.
    public var heldOut: [Double]?

    static let bars = 40

    init(synthetic: [Double], real: [Double], heldOut: [Double]?) {
        let finite = (synthetic + real + (heldOut ?? [])).filter(\.isFinite)
        let most = finite.isEmpty ? 1 : quantile(finite, 0.995)
        let width = (most > 0 ? most : 1) / Double(DistanceSeries.bars)
        edges = (0...DistanceSeries.bars).map { Double($0) * width }
        func shares(_ distances: [Double]) -> [Double] {
            var counts = [Double](repeating: 0, count: DistanceSeries.bars)
            for distance in distances where distance.isFinite {
                counts[min(Int(distance / width), DistanceSeries.bars - 1)] += 1 / Double(distances.count)
            }
            return counts
        }
        self.synthetic = shares(synthetic)
        self.real = shares(real)
        self.heldOut = heldOut.map(shares)
    }
}

extension ClosestRecords {
    package static func measure(
        real: PatientTable, synthetic: PatientTable, heldOut: PatientTable?, jobs: Int
    ) throws -> ClosestRecords {
        let space = RecordSpace(reference: real)
        let a = space.place(real)
        let s = space.place(synthetic)
        let toReal = try RecordSpace.closest(from: s, to: a, jobs: jobs)
        let among = try RecordSpace.closest(from: a, to: a, excludingSelf: true, jobs: jobs)
        var membership: Double?
        var unseen: [Double]?
        if let heldOut {
            let h = space.place(heldOut)
            let members = try RecordSpace.closest(from: a, to: s, jobs: jobs)
            let others = try RecordSpace.closest(from: h, to: s, jobs: jobs)
            unseen = try RecordSpace.closest(from: h, to: a, jobs: jobs)
            membership = Classification.areaUnderCurve(
                (members + others).map { -$0 },
                Array(repeating: true, count: members.count) + Array(repeating: false, count: others.count))
        }
        return ClosestRecords(
            median: quantile(toReal, 0.5), fifthPercentile: quantile(toReal, 0.05),
            realToRealMedian: quantile(among, 0.5),
            exactCopies: Double(toReal.count { $0 < 1e-6 }) / Double(max(toReal.count, 1)), membership: membership,
            distances: DistanceSeries(synthetic: toReal, real: among, heldOut: unseen))
    }
}

/// The quantile of a sample, linear between order statistics (Hyndman and Fan 1996, type 7); NaN for none.
func quantile(_ values: [Double], _ probability: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let position = probability * Double(sorted.count - 1)
    let below = Int(position)
    guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
    return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
}

/// Rows as points.
struct RecordSpace: Sendable {
    private let scales: [Standardisation?]

    struct Points: Sendable {
        var count: Int
        var numbers: Int
        var codes: Int
        /// count × numbers
        var numeric: [Float]
        /// count × codes; −1 for missing
        var categories: [Int32]
    }

    init(reference: PatientTable) {
        scales = reference.columns.map { $0.isNumeric ? Standardisation($0.values.filter { !$0.isNaN }) : nil }
    }

    func place(_ table: PatientTable) -> Points {
        let rows = table.rowCount
        let numeric = scales.indices.filter { scales[$0] != nil }
        let discrete = scales.indices.filter { scales[$0] == nil }
        var points = Points(
            count: rows, numbers: numeric.count, codes: discrete.count,
            numeric: Array(repeating: 0, count: rows * numeric.count),
            categories: Array(repeating: -1, count: rows * discrete.count))
        for (place, index) in numeric.enumerated() {
            let values = table.columns[index].values
            for row in 0..<rows where !values[row].isNaN {
                points.numeric[row * numeric.count + place] = Float(scales[index]?.apply(values[row]) ?? 0)
            }
        }
        for (place, index) in discrete.enumerated() {
            let values = table.columns[index].values
            for row in 0..<rows where !values[row].isNaN {
                points.categories[row * discrete.count + place] = Int32(values[row])
            }
        }
        return points
    }

    /// The distance from every point to the closest of others.
    static func closest(
        from: Points, to: Points, excludingSelf: Bool = false, jobs: Int
    ) throws -> [Double] {
        let chunk = 256
        let chunks = (from.count + chunk - 1) / chunk
        let parts = try Parallel.map(chunks, jobs: jobs) { number in
            let rows = (number * chunk)..<min((number + 1) * chunk, from.count)
            return rows.map { row in closest(from, row, to, excludingSelf: excludingSelf) }
        }
        return parts.flatMap { $0 }
    }

    private static func closest(_ from: Points, _ row: Int, _ to: Points, excludingSelf: Bool) -> Double {
        let numbers = from.numbers
        let codes = from.codes
        var best = Float.infinity
        from.numeric.withUnsafeBufferPointer { a in
            to.numeric.withUnsafeBufferPointer { b in
                from.categories.withUnsafeBufferPointer { c in
                    to.categories.withUnsafeBufferPointer { d in
                        for other in 0..<to.count where !(excludingSelf && other == row) {
                            var distance: Float = 0
                            for k in 0..<numbers {
                                let difference = a[row * numbers + k] - b[other * numbers + k]
                                distance += difference * difference
                            }
                            guard distance < best else { continue }
                            var mismatches: Int32 = 0
                            for k in 0..<codes where c[row * codes + k] != d[other * codes + k] { mismatches += 1 }
                            best = min(best, distance + Float(mismatches))
                        }
                    }
                }
            }
        }
        return Double(best.squareRoot())
    }
}
