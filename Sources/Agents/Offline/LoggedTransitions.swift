// Logged episodes as networks learn from them: normalised Float32, drawn in minibatches.

import Numerics
import Patients

/// All decisions of a log. Nothing is allocated by `sample`.
final class LoggedTransitions {
    let observationCount: Int
    let actionCount: Int
    let normalisation: Normalisation
    /// Decisions.
    let count: Int

    /// The log's rows: what a decision led to stands in the row behind it.
    private let observations: FloatBuffer
    private let allowed: UnsafeMutableBufferPointer<Bool>
    private let rewards: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>
    /// The row of every decision, and what the value of the row behind it is multiplied with: the discount, or 0 after
    /// termination (not truncation).
    private let rows: UnsafeMutableBufferPointer<Int>
    private let bootstraps: FloatBuffer

    /// - Parameter scale: rewards are multiplied by it.
    init(_ log: EpisodeLog, discount: Float, rewardScale scale: Double) throws {
        guard log.decisions > 0 else { throw TrainingError.noPatients("logged") }
        observationCount = log.observationCount
        actionCount = log.actionCount
        count = log.decisions
        normalisation = Normalisation(log)
        observations = FloatBuffer(log.rows * log.observationCount)
        allowed = .allocate(capacity: log.rows * log.actionCount)
        _ = allowed.initialize(from: log.allowed)
        rewards = FloatBuffer(log.rows)
        actions = .allocate(capacity: log.rows)
        _ = actions.initialize(from: log.actions)
        rows = .allocate(capacity: log.decisions)
        rows.initialize(repeating: 0)
        bootstraps = FloatBuffer(log.decisions)
        log.observations.withUnsafeBufferPointer { all in
            for row in 0..<log.rows {
                normalisation.apply(
                    all.baseAddress! + row * observationCount, into: observations.start + row * observationCount)
                rewards.start[row] = Float(log.rewards[row] * scale)
            }
        }
        var place = 0
        for episode in 0..<log.episodes {
            for row in log.decisions(of: episode) {
                rows[place] = row
                let isOver = row + 1 == log.lastRow(of: episode) && log.terminated[episode]
                bootstraps.start[place] = isOver ? 0 : discount
                place += 1
            }
        }
    }

    deinit {
        allowed.deallocate()
        actions.deallocate()
        rows.deallocate()
    }

    /// Draws decisions uniformly with replacement.
    func sample(into batch: LoggedBatch, stream: inout RandomStream) {
        let columns = observationCount
        let width = actionCount
        for place in 0..<batch.size {
            let decision = stream.below(count)
            let row = rows[decision]
            (batch.observations.start + place * columns)
                .update(from: observations.start + row * columns, count: columns)
            (batch.nextObservations.start + place * columns)
                .update(from: observations.start + (row + 1) * columns, count: columns)
            (batch.allowed + place * width).update(from: allowed.baseAddress! + row * width, count: width)
            (batch.nextAllowed + place * width).update(from: allowed.baseAddress! + (row + 1) * width, count: width)
            batch.rewards.start[place] = rewards.start[row]
            batch.bootstraps.start[place] = bootstraps.start[decision]
            batch.actions[place] = actions[row]
        }
    }
}

/// A minibatch of logged decisions: transitions, and which actions were allowed before each.
final class LoggedBatch: ReplayBatch {
    let allowed: UnsafeMutablePointer<Bool>

    override init(size: Int, observationCount: Int, actionCount: Int) {
        allowed = .allocate(capacity: size * actionCount)
        allowed.initialize(repeating: true, count: size * actionCount)
        super.init(size: size, observationCount: observationCount, actionCount: actionCount)
    }

    deinit { allowed.deallocate() }
}

extension Normalisation {
    /// Means and deviations of what a log shows at its decisions; a log is all that an offline learner sees.
    init(_ log: EpisodeLog) {
        var moments = ObservationMoments(columns: log.observationCount)
        log.observations.withUnsafeBufferPointer { rows in
            for episode in 0..<log.episodes {
                for row in log.decisions(of: episode) { moments.add(rows.baseAddress! + row * log.observationCount) }
            }
        }
        self.init(moments)
    }
}
