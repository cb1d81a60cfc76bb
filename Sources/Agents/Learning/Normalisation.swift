// Observations as networks like them: centred and scaled by what random play on training patients meets, in Float32.

import Numerics
import Patients
import PositionedJSON

/// (x − mean) / deviation per observation, cut off at ±10; a missing value (NaN) becomes 0, the mean.
public struct Normalisation: Sendable, Equatable {
    public private(set) var means: [Double]
    /// Standard deviations; 1 for an observation that does not vary.
    public private(set) var deviations: [Double]

    /// Where scaled observations are cut off, as in Stable-Baselines3's `VecNormalize` (`clip_obs`).
    static let limit = 10.0

    public init(means: [Double], deviations: [Double]) {
        self.means = means
        self.deviations = deviations
    }

    /// Leaves observations as they are, except for the cut-off.
    public init(identity count: Int) {
        self.init(means: Array(repeating: 0, count: count), deviations: Array(repeating: 1, count: count))
    }

    /// Measures observations during `decisions` decisions of random play of the allowed actions on training patients.
    public init(of factory: any EnvironmentFactory, decisions: Int, seed: UInt64) throws {
        var moments = ObservationMoments(columns: factory.task.observations.count)
        try visitRandomPlay(factory, decisions: decisions, seed: seed) { moments.add($0) }
        self.init(moments)
    }

    init(_ moments: ObservationMoments) {
        self.init(means: moments.means, deviations: moments.deviations)
    }

    /// Writes one row of observations in Float32.
    @inline(__always)
    func apply(_ row: UnsafePointer<Double>, into target: UnsafeMutablePointer<Float>) {
        means.withUnsafeBufferPointer { means in
            deviations.withUnsafeBufferPointer { deviations in
                for column in means.indices {
                    let scaled = (row[column] - means[column]) / deviations[column]
                    let cut = max(-Normalisation.limit, min(Normalisation.limit, scaled))
                    target[column] = scaled.isNaN ? 0 : Float(cut)
                }
            }
        }
    }

    func json() -> JSONValue {
        ["means": .numbers(means), "deviations": .numbers(deviations)]
    }

    /// Reads `{"means": […], "deviations": […]}` for `count` observations.
    init?(_ node: JSONNode, count: Int, complaints: Complaints) {
        let reader = ObjectReader(node, what: "normalisation", complaints: complaints)
        let means = reader.numbers("means")
        let deviations = reader.numbers("deviations")
        reader.finish()
        guard let means, let deviations else { return nil }
        guard means.count == count, deviations.count == count else {
            complaints.add(node, "normalisation needs \(count) means and deviations, one per observation")
            return nil
        }
        guard deviations.allSatisfy({ $0 > 0 }) else {
            complaints.add(node, "a deviation must be above zero")
            return nil
        }
        self.init(means: means, deviations: deviations)
    }
}

/// Means and deviations of rows of observations, missing values (NaN) left out, by Welford's recurrence (Technometrics 4
/// (1962) 419–420).
struct ObservationMoments {
    private var counts: [Double]
    private(set) var means: [Double]
    private var squares: [Double]

    init(columns: Int) {
        counts = Array(repeating: 0, count: columns)
        means = counts
        squares = counts
    }

    mutating func add(_ row: UnsafePointer<Double>) {
        for column in means.indices where row[column].isFinite {
            counts[column] += 1
            let difference = row[column] - means[column]
            means[column] += difference / counts[column]
            squares[column] += difference * (row[column] - means[column])
        }
    }

    /// 1 for an observation that does not vary.
    var deviations: [Double] {
        means.indices.map { column in
            let deviation = counts[column] > 1 ? (squares[column] / counts[column]).squareRoot() : 0
            return deviation > 1e-9 * max(1, abs(means[column])) ? deviation : 1
        }
    }
}

/// Shows every observation row that random play of the allowed actions meets in `decisions` decisions on training
/// patients.
func visitRandomPlay(
    _ factory: any EnvironmentFactory, decisions: Int, seed: UInt64, _ body: (UnsafePointer<Double>) -> Void
) throws {
    let width = max(1, min(16, decisions))
    let slots = try PatientSlots(factory, slots: width, seed: seed, purpose: "random-play")
    let environment = slots.environment
    let columns = factory.task.observations.count
    let actionCount = factory.task.actions.count
    var stream = RandomStream(seed: seed, purpose: "random-play.actions")
    let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: width)
    actions.initialize(repeating: 0)
    defer { actions.deallocate() }
    for _ in 0..<((decisions + width - 1) / width) {
        for slot in 0..<width {
            body(environment.observations.baseAddress! + slot * columns)
            actions[slot] = randomAllowed(
                environment.allowed.baseAddress! + slot * actionCount, count: actionCount, stream: &stream)
        }
        try environment.step(UnsafeBufferPointer(actions))
        for slot in 0..<width where environment.status[slot] != .running { try slots.restart(slot) }
    }
}
