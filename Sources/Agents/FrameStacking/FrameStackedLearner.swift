// Any learner on several frames, and the policy it leaves behind.

import Patients
import PositionedJSON

/// A learner that sees the last few decisions' observations: `"frame_stack": 4` in the settings of any algorithm.
public struct FrameStackedLearner: Learner {
    public let base: any Learner
    /// Frames seen together, the present one included.
    public let frames: Int

    public init(_ base: any Learner, frames: Int) {
        precondition(frames > 0, "a learner sees at least one frame")
        self.base = base
        self.frames = frames
    }

    public var name: String { base.name }
    public var decisions: Int { base.decisions }
    public var learns: Bool { base.learns }
    public var goesOn: Bool { base.goesOn }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        var stacked = job
        stacked.environment = FrameStackedFactory(job.environment, frames: frames)
        stacked.validation = FrameStackedFactory(job.validation, frames: frames)
        stacked.start = try job.start(as: FrameStackedPolicy.self)?.base
        var trained = try base.train(stacked)
        trained.policy = FrameStackedPolicy(
            trained.policy, frames: frames, observations: job.environment.task.observations.map(\.name))
        return trained
    }

    public func shrunk(by factor: Double) -> any Learner {
        FrameStackedLearner(base.shrunk(by: factor), frames: frames)
    }

    public func taking(share: Double) -> any Learner {
        FrameStackedLearner(base.taking(share: share), frames: frames)
    }

    public func json() -> JSONValue {
        var value = base.json()
        value["frame_stack"] = .integer(frames)
        return value
    }
}

/// A policy that remembers the last few decisions' observations and asks one that sees them together.
public struct FrameStackedPolicy: SavedPolicy {
    let base: any SavedPolicy
    public let frames: Int
    /// Of one frame.
    public let observations: [String]

    init(_ base: any SavedPolicy, frames: Int, observations: [String]) {
        self.base = base
        self.frames = frames
        self.observations = observations
    }

    public var actions: [String] { base.actions }
    public var hasMemory: Bool { true }
    public var scoreKind: ScoreKind { base.scoreKind }

    public func makeScoredSession(slots: Int) -> any ScoredPolicySession {
        Session(base.makeScoredSession(slots: slots), frames: frames, slots: slots, width: observations.count)
    }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        scoreAtBeginnings(batch, scores: scores)
    }

    /// The base's file with the names of one frame and the number of frames.
    public func json() -> JSONValue {
        var value = base.json()
        value["observations"] = .strings(observations)
        value["frame_stack"] = .integer(frames)
        return value
    }

    private final class Session: ScoredPolicySession {
        private let base: any ScoredPolicySession
        private let frames, width: Int
        private let rows: UnsafeMutableBufferPointer<Double>

        init(_ base: any ScoredPolicySession, frames: Int, slots: Int, width: Int) {
            self.base = base
            self.frames = frames
            self.width = width
            rows = .allocate(capacity: slots * frames * width)
            rows.initialize(repeating: 0)
        }

        deinit { rows.deallocate() }

        /// The batch as the base is to see it.
        private func stacked(_ batch: DecisionBatch) -> DecisionBatch {
            precondition(
                batch.count * frames * width == rows.count, "a session is of the same slots from first to last")
            for slot in 0..<batch.count {
                let seen = batch.observations.baseAddress! + slot * width
                let row = rows.baseAddress! + slot * frames * width
                if batch.decisions[slot] == 0 {
                    FrameStack.fill(row, with: seen, width: width, frames: frames)
                } else {
                    FrameStack.push(seen, to: row, width: width, frames: frames)
                }
            }
            return DecisionBatch(
                count: batch.count, observationCount: frames * width, actionCount: batch.actionCount,
                observations: UnsafeBufferPointer(rows), allowed: batch.allowed, decisions: batch.decisions,
                patients: batch.patients, states: batch.states)
        }

        func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
            base.score(stacked(batch), scores: scores)
        }

        func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
            base.act(stacked(batch), actions: actions)
        }
    }
}
