// An environment that shows the last few decisions' observations together, for learners without a memory.

import Patients

/// How frames are laid out, in training and in treatment: oldest first, the present last, as in Stable-Baselines3's
/// `VecFrameStack`. Before the second decision there are no older frames: the first is repeated (`VecFrameStack` pads with
/// zeros, which mean something in a patient).
enum FrameStack {
    /// `glucose.2`, `glucose.1`, `glucose`: what was seen two decisions ago, one ago, and now.
    static func names(_ observations: [String], frames: Int) -> [String] {
        (0..<frames).reversed().flatMap { age in observations.map { age == 0 ? $0 : "\($0).\(age)" } }
    }

    /// The task as seen through `frames` frames.
    static func task(_ task: TaskDescription, frames: Int) -> TaskDescription {
        var stacked = task
        stacked.observations = (0..<frames).reversed().flatMap { age in
            task.observations.map { observation in
                var older = observation
                if age > 0 {
                    older.name += ".\(age)"
                    older.meaning += age == 1 ? ", one decision ago" : ", \(age) decisions ago"
                }
                return older
            }
        }
        return stacked
    }

    /// A course begins: every frame shows what is seen.
    static func fill(_ row: UnsafeMutablePointer<Double>, with seen: UnsafePointer<Double>, width: Int, frames: Int) {
        for frame in 0..<frames { (row + frame * width).update(from: seen, count: width) }
    }

    /// The oldest frame is dropped, the newest appended.
    static func push(_ seen: UnsafePointer<Double>, to row: UnsafeMutablePointer<Double>, width: Int, frames: Int) {
        row.update(from: row + width, count: (frames - 1) * width)
        (row + (frames - 1) * width).update(from: seen, count: width)
    }
}

/// The patients of another factory, seen through several frames.
package struct FrameStackedFactory: EnvironmentFactory {
    let base: any EnvironmentFactory
    let frames: Int
    package let task: TaskDescription

    package init(_ base: any EnvironmentFactory, frames: Int) {
        self.base = base
        self.frames = frames
        task = FrameStack.task(base.task, frames: frames)
    }

    package var patients: Int { base.patients }

    package func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        FrameStackedBatch(try base.makeBatch(slots: slots, seed: seed), frames: frames, task: task)
    }
}

/// A batch of them. Everything but what is seen is the base's.
final class FrameStackedBatch: BatchEnvironment {
    let task: TaskDescription
    private let base: any BatchEnvironment
    private let frames: Int
    /// Observations of a frame.
    private let width: Int
    private let rows: UnsafeMutableBufferPointer<Double>
    private let running: UnsafeMutableBufferPointer<Bool>

    init(_ base: any BatchEnvironment, frames: Int, task: TaskDescription) {
        self.base = base
        self.frames = frames
        self.task = task
        width = base.task.observations.count
        rows = .allocate(capacity: base.slots * frames * width)
        rows.initialize(repeating: 0)
        running = .allocate(capacity: base.slots)
        running.initialize(repeating: false)
    }

    deinit {
        rows.deallocate()
        running.deallocate()
    }

    func start(slot: Int, patient: Int, episode: Int) throws {
        try base.start(slot: slot, patient: patient, episode: episode)
        FrameStack.fill(row(slot), with: seen(slot), width: width, frames: frames)
    }

    func step(_ actions: UnsafeBufferPointer<Int32>) throws {
        for slot in 0..<slots { running[slot] = base.status[slot] == .running }
        // Where a course cannot go on, the others have had their step.
        defer {
            for slot in 0..<slots where running[slot] {
                FrameStack.push(seen(slot), to: row(slot), width: width, frames: frames)
            }
        }
        try base.step(actions)
    }

    func stop(slot: Int) { base.stop(slot: slot) }

    func makeSibling(slots: Int, seed: UInt64?) throws -> any BatchEnvironment {
        FrameStackedBatch(try base.makeSibling(slots: slots, seed: seed), frames: frames, task: task)
    }

    func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?) {
        guard let source = source as? FrameStackedBatch, source.frames == frames else {
            preconditionFailure("courses are copied between batches of one factory")
        }
        base.copy(slot: slot, of: source.base, to: target, episode: episode)
        row(target).update(from: source.row(slot), count: frames * width)
    }

    private func row(_ slot: Int) -> UnsafeMutablePointer<Double> { rows.baseAddress! + slot * frames * width }
    private func seen(_ slot: Int) -> UnsafePointer<Double> { base.observations.baseAddress! + slot * width }

    var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(rows) }
    var slots: Int { base.slots }
    var patients: Int { base.patients }
    var allowed: UnsafeBufferPointer<Bool> { base.allowed }
    var rewards: UnsafeBufferPointer<Double> { base.rewards }
    var status: UnsafeBufferPointer<EpisodeStatus> { base.status }
    var decisions: UnsafeBufferPointer<Int32> { base.decisions }
    var patientInSlot: UnsafeBufferPointer<Int32> { base.patientInSlot }
    var stateInSlot: UnsafeBufferPointer<Int32>? { base.stateInSlot }
    func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
        base.readOutcomes(slot: slot, into: values)
    }
    func ending(slot: Int) -> String { base.ending(slot: slot) }
}
