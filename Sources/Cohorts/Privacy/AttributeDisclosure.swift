// What somebody who knows a patient well could learn of them from a synthetic table: attribute disclosure.

import Foundation
import Numerics

/// How often a sensitive value is guessed right by who knows all other values of a patient.
///
/// The guess is what the closest synthetic patients have, the share of them that has the true value counting (the correct
/// attribution probability of Elliot, "Final report on the disclosure risk associated with the synthetic data produced by the
/// SYLLS team", 2014, with neighbours in place of equal keys). A number is right within a quarter of a standard deviation.
/// Being right is no disclosure where the same holds for patients the generator never saw: that is what a table teaches of
/// medicine. What is more than that betrays those it learned from.
public struct AttributeDisclosure: Sendable, Equatable {
    public var column: String
    /// For patients the generator learned from, with its standard error.
    public var learned: Double
    public var learnedError: Double
    /// For patients it did not see; nil where there are none.
    public var heldOut: Double?
    public var heldOutError: Double?
    /// The best guess of who knows the distribution of the column and no synthetic patient.
    public var guess: Double

    /// Standard errors by which learned patients are guessed better than others.
    var excess: Double? {
        guard let heldOut, let heldOutError else { return nil }
        let error = (learnedError * learnedError + heldOutError * heldOutError).squareRoot()
        return error > 0 ? (learned - heldOut) / error : 0
    }
}

/// The attack: neighbours among synthetic patients, once with all columns and once without each sensitive one.
struct AttributeAttack {
    /// Closest synthetic patients that are asked.
    static let neighbours = 5
    /// Share of a standard deviation within which a number is right.
    static let tolerance = 0.25

    private let space: RecordSpace
    private let synthetic: PatientTable
    private let points: RecordSpace.Points
    /// Columns to guess, and their places among numbers or categories.
    let sensitive: [Int]
    private let places: [Int]
    private let tolerances: [Double]

    init(reference: PatientTable, synthetic: PatientTable, sensitive: [Int]) {
        space = RecordSpace(reference: reference)
        self.synthetic = synthetic
        points = space.place(synthetic)
        self.sensitive = sensitive
        places = sensitive.map { column in
            let isNumeric = reference.columns[column].isNumeric
            return reference.columns[..<column].count { $0.isNumeric == isNumeric }
        }
        tolerances = sensitive.map { column in
            let values = reference.columns[column].values.filter { !$0.isNaN }
            return AttributeAttack.tolerance * Standardisation(values).deviation
        }
    }

    /// The target and the columns of outcomes; all where there are none.
    static func sensitiveColumns(_ table: PatientTable) -> [Int] {
        let named = table.columns.indices.filter {
            table.columns[$0].schema.role == .outcome || table.columns[$0].name == table.target
        }
        return named.isEmpty ? Array(table.columns.indices) : named
    }

    struct Result {
        /// Of every patient, the distance to the closest synthetic one.
        var nearest: [Double]
        /// By sensitive column, of every patient, how right the guess is; NaN where nothing is known to be right.
        var right: [[Double]]
    }

    func run(_ targets: PatientTable, jobs: Int) throws -> Result {
        let from = space.place(targets)
        let chunk = 64
        let parts = try Parallel.map((targets.rowCount + chunk - 1) / chunk, jobs: jobs) { number in
            (number * chunk..<min((number + 1) * chunk, targets.rowCount)).map { attack(from, $0, targets) }
        }
        let rows = parts.flatMap { $0 }
        return Result(
            nearest: rows.map(\.nearest), right: sensitive.indices.map { index in rows.map { $0.right[index] } })
    }

    private func attack(
        _ from: RecordSpace.Points, _ row: Int, _ targets: PatientTable
    ) -> (nearest: Double, right: [Double]) {
        let (numbers, codes) = (from.numbers, from.codes)
        var nearest = Float.infinity
        var closest = sensitive.map { _ in Closest() }
        for other in 0..<points.count {
            var distance: Float = 0
            for k in 0..<numbers {
                let difference = from.numeric[row * numbers + k] - points.numeric[other * numbers + k]
                distance += difference * difference
            }
            for k in 0..<codes where from.categories[row * codes + k] != points.categories[other * codes + k] {
                distance += 1
            }
            nearest = min(nearest, distance)
            for (index, column) in sensitive.enumerated() {
                let place = places[index]
                var without = distance
                if targets.columns[column].isNumeric {
                    let difference = from.numeric[row * numbers + place] - points.numeric[other * numbers + place]
                    without -= difference * difference
                } else if from.categories[row * codes + place] != points.categories[other * codes + place] {
                    without -= 1
                }
                closest[index].add(other, without)
            }
        }
        let right = sensitive.indices.map { index -> Double in
            let column = sensitive[index]
            let truth = targets.columns[column].values[row]
            guard !truth.isNaN, closest[index].count > 0 else { return .nan }
            let values = synthetic.columns[column].values
            let tolerance = targets.columns[column].isNumeric ? tolerances[index] : 0
            return closest[index].share { abs(values[$0] - truth) <= tolerance }
        }
        return (Double(max(nearest, 0).squareRoot()), right)
    }

    /// The best share of these values that one guess can have right.
    func guess(_ index: Int, _ values: [Double], isNumeric: Bool) -> Double {
        let present = values.filter { !$0.isNaN }.sorted()
        guard !present.isEmpty else { return .nan }
        let width = isNumeric ? 2 * tolerances[index] : 0
        var best = 0
        var low = 0
        for high in present.indices {
            while present[high] - present[low] > width { low += 1 }
            best = max(best, high - low + 1)
        }
        return Double(best) / Double(present.count)
    }
}

/// The few closest of many; of equals the first.
private struct Closest {
    private var places = SIMD8<Int32>(repeating: 0)
    private var distances = SIMD8<Float>(repeating: .infinity)
    private(set) var count = 0

    @inline(__always)
    mutating func add(_ place: Int, _ distance: Float) {
        let last = AttributeAttack.neighbours - 1
        guard distance < distances[last] else { return }
        var index = last
        while index > 0, distances[index - 1] > distance {
            distances[index] = distances[index - 1]
            places[index] = places[index - 1]
            index -= 1
        }
        distances[index] = distance
        places[index] = Int32(place)
        count = min(count + 1, AttributeAttack.neighbours)
    }

    func share(_ isRight: (Int) -> Bool) -> Double {
        Double((0..<count).count { isRight(Int(places[$0])) }) / Double(count)
    }
}

extension AttributeDisclosure {
    /// Rows of each table at most; more would only narrow the intervals.
    static let mostRows = 1000

    /// The disclosure of every sensitive column.
    public static func measure(
        real: PatientTable, synthetic: PatientTable, heldOut: PatientTable?, seed: UInt64 = 0, jobs: Int = 1
    ) throws -> [AttributeDisclosure] {
        let attack = AttributeAttack(
            reference: real, synthetic: synthetic.sampled(2 * mostRows, seed: seed),
            sensitive: AttributeAttack.sensitiveColumns(real))
        let learned = real.sampled(mostRows, seed: seed)
        let others = heldOut.map { $0.sampled(mostRows, seed: seed) }
        return summary(
            attack, real, learned: try attack.run(learned, jobs: jobs),
            heldOut: try others.map { try attack.run($0, jobs: jobs) })
    }

    static func summary(
        _ attack: AttributeAttack, _ real: PatientTable, learned: AttributeAttack.Result,
        heldOut: AttributeAttack.Result?
    ) -> [AttributeDisclosure] {
        attack.sensitive.enumerated().compactMap { index, column in
            guard let own = moments(learned.right[index]) else { return nil }
            let other = heldOut.flatMap { moments($0.right[index]) }
            let values = real.columns[column]
            return AttributeDisclosure(
                column: values.name, learned: own.mean, learnedError: own.error, heldOut: other?.mean,
                heldOutError: other?.error,
                guess: attack.guess(index, values.values, isNumeric: values.isNumeric))
        }
    }

    private static func moments(_ values: [Double]) -> (mean: Double, error: Double)? {
        let known = values.filter { !$0.isNaN }
        guard known.count > 1, let mean = mean(known) else { return nil }
        let variance = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(known.count - 1)
        return (mean, (variance / Double(known.count)).squareRoot())
    }
}
