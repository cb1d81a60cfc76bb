// A policy at work: what it remembers of the patients whom it is treating.

/// A policy's treatment of one batch of slots, from the first course to the last.
///
/// Asked once for every decision of the batch, either to act or to score. Where `batch.decisions[row]` is 0 a course
/// begins, and whatever was remembered of the slot before is forgotten. Rows are the slots of the batch, always the
/// same ones. Used by one thread at a time.
public protocol PolicySession: AnyObject {
    /// Writes one action per row of the batch.
    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>)
}

/// The same of a policy with scores.
public protocol ScoredPolicySession: PolicySession {
    /// Writes count × actionCount scores.
    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>)
}

extension ScoredPolicySession {
    /// Acts on the highest allowed score; ties go to the lowest index.
    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let width = batch.actionCount
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, batch.count * width)) { scores in
            score(batch, scores: scores)
            for row in 0..<batch.count {
                let best = bestAllowed(
                    scores.baseAddress! + row * width, batch.allowed.baseAddress! + row * width, count: width)
                actions[row] = max(0, best)
            }
        }
    }
}

/// The session of a policy that remembers nothing.
final class MemorylessSession<Treatment: Policy>: PolicySession {
    private let policy: Treatment

    init(_ policy: Treatment) { self.policy = policy }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        policy.act(batch, actions: actions)
    }
}

/// The same for a policy with scores.
final class MemorylessScoredSession<Treatment: ScoredPolicy>: ScoredPolicySession {
    private let policy: Treatment

    init(_ policy: Treatment) { self.policy = policy }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        policy.act(batch, actions: actions)
    }

    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        policy.score(batch, scores: scores)
    }
}

extension Policy {
    public var hasMemory: Bool { false }
    public func makeSession(slots: Int) -> any PolicySession { MemorylessSession(self) }

    /// What `act` is for a policy with memory: every row is taken for the beginning of a course.
    public func actAtBeginnings(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        batch.withBeginnings { makeSession(slots: batch.count).act($0, actions: actions) }
    }
}

extension ScoredPolicy {
    public func makeScoredSession(slots: Int) -> any ScoredPolicySession { MemorylessScoredSession(self) }
    public func makeSession(slots: Int) -> any PolicySession { makeScoredSession(slots: slots) }

    /// What `score` is for a policy with memory: every row is taken for the beginning of a course.
    public func scoreAtBeginnings(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        batch.withBeginnings { makeScoredSession(slots: batch.count).score($0, scores: scores) }
    }
}

extension DecisionBatch {
    /// The batch as if every course began with it.
    func withBeginnings(_ body: (DecisionBatch) -> Void) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(1, count)) { zeros in
            zeros.initialize(repeating: 0)
            body(
                DecisionBatch(
                    count: count, observationCount: observationCount, actionCount: actionCount,
                    observations: observations, allowed: allowed, decisions: UnsafeBufferPointer(zeros),
                    patients: patients, states: states))
        }
    }

    /// One row as a batch of its own.
    public func row(_ row: Int) -> DecisionBatch {
        func part<Element>(_ buffer: UnsafeBufferPointer<Element>, _ width: Int) -> UnsafeBufferPointer<Element> {
            UnsafeBufferPointer(rebasing: buffer[(row * width)..<((row + 1) * width)])
        }
        return DecisionBatch(
            count: 1, observationCount: observationCount, actionCount: actionCount,
            observations: part(observations, observationCount), allowed: part(allowed, actionCount),
            decisions: part(decisions, 1), patients: part(patients, 1), states: states.map { part($0, 1) })
    }
}
