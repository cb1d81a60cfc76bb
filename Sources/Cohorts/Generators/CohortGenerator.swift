// What every generator of patients can do, and what some can do besides.

import PositionedJSON

/// A fitted generator of patients.
public protocol CohortGenerator: Sendable {
    /// As on the command line, such as `vae`.
    var kind: String { get }
    /// The columns of its patients, without values.
    var columns: [TableColumn] { get }
    /// Draws patients. Row i depends on the seed and i alone, so that a long table can be drawn in parts, and begins
    /// with the shorter one.
    func sample(rows: Range<Int>, seed: UInt64) -> PatientTable
    /// Everything that was fitted, to be read back by `GeneratorFile`; contains quantiles of the training table.
    func json() -> JSONValue
    /// What the fit did, for reports: name and value.
    var summary: [(name: String, value: Double)] { get }
    /// What the generator guarantees of every patient it learned from; nil where it guarantees nothing.
    var privacy: PrivacyStatement? { get }
}

extension CohortGenerator {
    public var privacy: PrivacyStatement? { nil }

    /// Draws the first patients.
    public func sample(rows: Int, seed: UInt64) -> PatientTable { sample(rows: 0..<rows, seed: seed) }
}

/// A generator whose patients come from latent codes, there and back.
public protocol LatentGenerator: CohortGenerator {
    /// Numbers of a code.
    var latent: Int { get }
    /// The mean code of every row of a table with the generator's columns.
    func encode(_ table: PatientTable) throws -> [[Double]]
    /// The most probable patient of every code: each category at its most probable, each number at its median.
    func decode(_ codes: [[Double]]) throws -> PatientTable
}

extension LatentGenerator {
    /// Patients on the straight line between the codes of two: the first of them is the reconstruction of `first`, the
    /// last that of `second`.
    ///
    /// - Parameters:
    ///   - table: where both are.
    ///   - steps: number of patients, at least 2.
    public func interpolate(_ table: PatientTable, from first: Int, to second: Int, steps: Int) throws -> PatientTable {
        guard steps >= 2 else { throw CohortError("a way between two patients has at least 2 steps") }
        guard table.rowCount > max(first, second), min(first, second) >= 0 else {
            throw CohortError("the table has \(table.rowCount) patients, there is no number \(max(first, second) + 1)")
        }
        let ends = try encode(table.rows([first, second]))
        return try decode(
            (0..<steps).map { step in
                let fraction = Double(step) / Double(steps - 1)
                return zip(ends[0], ends[1]).map { $0 + fraction * ($1 - $0) }
            })
    }
}

/// A generator that draws patients of a kind without drawing others first.
public protocol ConditionalGenerator: CohortGenerator {
    /// Draws patients all of whom fulfil the conditions; row i depends on the seed and i alone.
    ///
    /// - Throws: `Diagnostics` where a condition cannot be met.
    func sample(rows: Range<Int>, where conditions: CohortConditions, seed: UInt64) throws -> PatientTable
}

/// What can go wrong with a cohort beyond its files.
public struct CohortError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
