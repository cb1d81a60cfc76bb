// Policies that do not learn: a constant action and a random one. Both obey the mask.

import Numerics

/// Always the same action where it is allowed, otherwise the fallback that the environment names first.
public struct ConstantPolicy: Policy {
    public let action: Int32
    /// Actions tried in turn where `action` is forbidden.
    public let fallbacks: [Int32]

    public init(action: Int, fallbacks: [Int] = []) {
        self.action = Int32(action)
        self.fallbacks = fallbacks.map(Int32.init)
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            actions[row] = firstAllowed(action, fallbacks, batch, row)
        }
    }
}

/// The wanted action if it is allowed in this row, else the first allowed fallback, else the first allowed action.
func firstAllowed(_ wanted: Int32, _ fallbacks: [Int32], _ batch: DecisionBatch, _ row: Int) -> Int32 {
    let allowed = batch.allowed.baseAddress! + row * batch.actionCount
    if allowed[Int(wanted)] { return wanted }
    for fallback in fallbacks where allowed[Int(fallback)] { return fallback }
    for action in 0..<batch.actionCount where allowed[action] { return Int32(action) }
    return wanted
}

/// Uniform over the allowed actions; a pure function of seed, patient and decision.
public struct RandomPolicy: Policy {
    public let seed: UInt64
    private let base: RandomStream

    public init(seed: UInt64) {
        self.seed = seed
        base = RandomStream(seed: seed, purpose: "policy.random")
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            var stream = base.withIndex(
                UInt64(UInt32(bitPattern: batch.patients[row])) << 32
                    | UInt64(UInt32(bitPattern: batch.decisions[row])))
            let allowed = batch.allowed.baseAddress! + row * batch.actionCount
            var permitted = 0
            for action in 0..<batch.actionCount { permitted += allowed[action] ? 1 : 0 }
            guard permitted > 0 else {
                actions[row] = 0
                continue
            }
            var pick = stream.below(permitted)
            if permitted == batch.actionCount {
                actions[row] = Int32(pick)
                continue
            }
            for action in 0..<batch.actionCount where allowed[action] {
                if pick == 0 {
                    actions[row] = Int32(action)
                    break
                }
                pick -= 1
            }
        }
    }
}
