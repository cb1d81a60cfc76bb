// A policy that now and then acts at random: what logs are made with, so that every action has been tried.

import Numerics

/// Acts at random, uniformly among the allowed actions, in a share ε of decisions, and otherwise as another policy does:
///
///     π(a|s) = (1 − ε)·π₀(a|s) + ε / |allowed in s|
public struct ExploringPolicy: Policy {
    let base: any Policy
    let exploration: Exploration

    /// - Parameter seed: keys the exploration.
    public init(_ base: any Policy, epsilon: Double, seed: UInt64) {
        self.base = base
        exploration = Exploration(epsilon: epsilon, seed: seed)
    }

    public var hasMemory: Bool { base.hasMemory }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        base.act(batch, actions: actions)
        exploration.replace(actions, batch)
    }

    public func makeSession(slots: Int) -> any PolicySession {
        ExploringSession(base.makeSession(slots: slots), exploration)
    }
}

private final class ExploringSession: PolicySession {
    private let base: any PolicySession
    private let exploration: Exploration

    init(_ base: any PolicySession, _ exploration: Exploration) {
        self.base = base
        self.exploration = exploration
    }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        base.act(batch, actions: actions)
        exploration.replace(actions, batch)
    }
}

/// The exploring part; a pure function of seed, patient and decision.
struct Exploration: Sendable {
    let epsilon: Double
    private let stream: RandomStream

    init(epsilon: Double, seed: UInt64) {
        self.epsilon = epsilon
        stream = RandomStream(seed: seed, purpose: "policy.exploration")
    }

    /// Puts random actions in the place of a share ε of those chosen.
    func replace(_ actions: UnsafeMutableBufferPointer<Int32>, _ batch: DecisionBatch) {
        guard epsilon > 0 else { return }
        let width = batch.actionCount
        for row in 0..<batch.count {
            let patient = UInt32(bitPattern: batch.patients[row])
            let decision = UInt32(bitPattern: batch.decisions[row])
            let index = UInt64(patient) << 32 | UInt64(decision)
            guard stream.uniform(index: index, position: 0) < epsilon else { continue }
            let allowed = batch.allowed.baseAddress! + row * width
            var permitted = 0
            for action in 0..<width where allowed[action] { permitted += 1 }
            var pick = Int(stream.uniform(index: index, position: 1) * Double(permitted))
            for action in 0..<width where allowed[action] {
                if pick == 0 { actions[row] = Int32(action) }
                pick -= 1
            }
        }
    }
}

/// A policy's session together with the probabilities of all its actions, exploration included. Used by one thread.
public final class ActionDistribution {
    private let session: any PolicySession
    private let randomised: (any RandomisedPolicy)?
    private let exploration: Exploration

    public init(_ policy: any Policy, slots: Int, epsilon: Double = 0, seed: UInt64 = 0) {
        session = policy.makeSession(slots: slots)
        randomised = policy as? any RandomisedPolicy
        exploration = Exploration(epsilon: epsilon, seed: seed)
    }

    /// Decides, and writes the probabilities of all actions: count × actionCount.
    public func act(
        _ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>,
        probabilities: UnsafeMutableBufferPointer<Double>
    ) {
        let width = batch.actionCount
        session.act(batch, actions: actions)
        if let randomised {
            randomised.probabilities(batch, into: probabilities)
        } else {
            for row in 0..<batch.count {
                for action in 0..<width { probabilities[row * width + action] = 0 }
                probabilities[row * width + Int(actions[row])] = 1
            }
        }
        guard exploration.epsilon > 0 else { return }
        for row in 0..<batch.count {
            addUniform(
                exploration.epsilon, batch, row, to: probabilities.baseAddress! + row * width,
                keep: 1 - exploration.epsilon)
        }
        exploration.replace(actions, batch)
    }
}
