// Courses of treatment as checks want them: ranges of everything seen, rewarded and reported, which actions were
// allowed, and what went wrong.

import Numerics
import Patients

/// What happened to the patients of one policy. Merged from pieces in the patients' order, so that it does not depend
/// on the number of threads.
struct CourseTally: Sendable {
    /// A point of a course, for the equations to be looked at there.
    struct Sample: Sendable {
        var patient: Int
        var decision: Int
        var observations: [Double]
        var action: Int
    }

    var courses = 0
    var decisions = 0
    /// By observation.
    var lowest: [Double]
    var highest: [Double]
    /// By observation: values outside the declared range.
    var outside: [Int]
    /// observations × observations: whether two were ever seen to differ.
    var differs: [Bool]
    /// By action: decisions at which it was allowed.
    var allowed: [Int]
    var withoutAction: [(patient: Int, decision: Int)] = []
    var lowestReward = Double.infinity
    var highestReward = -Double.infinity
    /// By outcome, over the courses in which it is defined.
    var lowestOutcome: [Double]
    var highestOutcome: [Double]
    /// By outcome: the patient with the lowest value.
    var patientOfLowest: [Int]
    var samples: [Sample] = []
    var errors: [String] = []
    var failures = 0

    static let failuresReported = 3

    init(_ task: TaskDescription) {
        let observations = task.observations.count
        lowest = Array(repeating: .infinity, count: observations)
        highest = Array(repeating: -.infinity, count: observations)
        outside = Array(repeating: 0, count: observations)
        differs = Array(repeating: false, count: observations * observations)
        allowed = Array(repeating: 0, count: task.actions.count)
        lowestOutcome = Array(repeating: .infinity, count: task.outcomes.count)
        highestOutcome = Array(repeating: -.infinity, count: task.outcomes.count)
        patientOfLowest = Array(repeating: -1, count: task.outcomes.count)
    }

    mutating func append(_ other: CourseTally) {
        courses += other.courses
        decisions += other.decisions
        for index in lowest.indices {
            lowest[index] = min(lowest[index], other.lowest[index])
            highest[index] = max(highest[index], other.highest[index])
            outside[index] += other.outside[index]
        }
        for index in differs.indices where other.differs[index] { differs[index] = true }
        for index in allowed.indices { allowed[index] += other.allowed[index] }
        withoutAction += other.withoutAction
        lowestReward = min(lowestReward, other.lowestReward)
        highestReward = max(highestReward, other.highestReward)
        for index in lowestOutcome.indices {
            if other.lowestOutcome[index] < lowestOutcome[index] {
                lowestOutcome[index] = other.lowestOutcome[index]
                patientOfLowest[index] = other.patientOfLowest[index]
            }
            highestOutcome[index] = max(highestOutcome[index], other.highestOutcome[index])
        }
        samples += other.samples
        errors += other.errors
        failures += other.failures
    }

    /// Treats patients and tallies their courses.
    ///
    /// - Parameter sampled: of how many patients points of the course are kept.
    static func run(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: Int, seed: UInt64, jobs: Int, sampled: Int = 0
    ) throws -> CourseTally {
        let pieces = max(1, min(jobs, patients / 32))
        let parts = try Parallel.map(pieces, jobs: jobs) { piece in
            var tally = CourseTally(factory.task)
            let range = (patients * piece / pieces)..<(patients * (piece + 1) / pieces)
            try tally.treat(Array(range), factory, policy, seed, sampled)
            return tally
        }
        var all = CourseTally(factory.task)
        for part in parts { all.append(part) }
        return all
    }

    private mutating func treat(
        _ patients: [Int], _ factory: any EnvironmentFactory, _ policy: any Policy, _ seed: UInt64, _ sampled: Int
    ) throws {
        let task = factory.task
        let width = min(64, max(1, patients.count))
        let environment = try factory.makeBatch(slots: width, seed: seed)
        let session = policy.makeSession(slots: width)
        var actions = [Int32](repeating: 0, count: width)
        var outcomes = [Double](repeating: 0, count: max(1, task.outcomes.count))
        var next = 0
        var busy = [Bool](repeating: false, count: width)
        func refill(_ slot: Int) throws {
            // What stops every course takes long to stop each: a few say enough.
            busy[slot] = next < patients.count && failures < CourseTally.failuresReported
            guard busy[slot] else { return }
            try environment.start(slot: slot, patient: patients[next], episode: 0)
            next += 1
        }
        for slot in 0..<width { try refill(slot) }
        while busy.contains(true) {
            let batch = DecisionBatch(environment)
            actions.withUnsafeMutableBufferPointer { session.act(batch, actions: $0) }
            for slot in 0..<width where busy[slot] {
                see(slot, environment, task)
                judge(slot, environment, task, Int(actions[slot]), sampled)
            }
            do {
                try actions.withUnsafeBufferPointer { try environment.step($0) }
            } catch let error as SimulationError {
                if errors.count < CourseTally.failuresReported { errors.append("\(error)") }
            }
            for slot in 0..<width where busy[slot] {
                switch environment.status[slot] {
                case .running:
                    reward(environment.rewards[slot])
                case .idle:
                    failures += 1
                    try refill(slot)
                case .terminated, .truncated:
                    reward(environment.rewards[slot])
                    see(slot, environment, task)
                    courses += 1
                    outcomes.withUnsafeMutableBufferPointer { environment.readOutcomes(slot: slot, into: $0) }
                    for index in task.outcomes.indices where !outcomes[index].isNaN {
                        if outcomes[index] < lowestOutcome[index] {
                            lowestOutcome[index] = outcomes[index]
                            patientOfLowest[index] = Int(environment.patientInSlot[slot])
                        }
                        highestOutcome[index] = max(highestOutcome[index], outcomes[index])
                    }
                    try refill(slot)
                }
            }
        }
    }

    private mutating func reward(_ value: Double) {
        decisions += 1
        lowestReward = min(lowestReward, value)
        highestReward = max(highestReward, value)
    }

    private mutating func see(_ slot: Int, _ environment: any BatchEnvironment, _ task: TaskDescription) {
        let count = task.observations.count
        let row = environment.observations.baseAddress! + slot * count
        for index in 0..<count {
            let value = row[index]
            lowest[index] = min(lowest[index], value)
            highest[index] = max(highest[index], value)
            if !task.observations[index].range.contains(value) { outside[index] += 1 }
            for other in 0..<index where row[other] != value { differs[index * count + other] = true }
        }
    }

    private mutating func judge(
        _ slot: Int, _ environment: any BatchEnvironment, _ task: TaskDescription, _ action: Int, _ sampled: Int
    ) {
        let mask = environment.allowed.baseAddress! + slot * task.actions.count
        var any = false
        for index in task.actions.indices where mask[index] {
            allowed[index] += 1
            any = true
        }
        let patient = Int(environment.patientInSlot[slot])
        let decision = Int(environment.decisions[slot])
        if !any, withoutAction.count < 8 { withoutAction.append((patient, decision)) }
        if patient < sampled {
            let count = task.observations.count
            let row = environment.observations.baseAddress! + slot * count
            samples.append(
                Sample(
                    patient: patient, decision: decision, observations: (0..<count).map { row[$0] }, action: action))
        }
    }
}
