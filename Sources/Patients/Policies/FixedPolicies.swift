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

    /// Eight patients at a time.
    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let count = batch.count
        for first in stride(from: 0, to: count, by: 8) {
            let rows = min(8, count &- first)
            var indices = SIMD8<UInt64>()
            for lane in 0..<rows {
                let patient = UInt32(bitPattern: batch.patients[first &+ lane])
                let decision = UInt32(bitPattern: batch.decisions[first &+ lane])
                indices[lane] = UInt64(patient) &<< 32 | UInt64(decision)
            }
            let bits = base.bits(indices: indices, positions: .zero)
            let allowed = batch.allowed.baseAddress! + first &* batch.actionCount
            if rows == 8, permitsAll(allowed, words: batch.actionCount) {
                let picks = RandomStream.below(UInt32(truncatingIfNeeded: batch.actionCount), bits)
                for lane in 0..<8 { actions[first &+ lane] = Int32(truncatingIfNeeded: picks[lane]) }
            } else {
                for lane in 0..<rows {
                    actions[first &+ lane] = pick(bits[lane], allowed + lane &* batch.actionCount, batch.actionCount)
                }
            }
        }
    }

    /// Whether all of eight times `words` actions are permitted; a true value is a byte of 1.
    @inline(__always)
    private func permitsAll(_ allowed: UnsafePointer<Bool>, words: Int) -> Bool {
        let bytes = UnsafeRawPointer(allowed)
        var all: UInt64 = 0x0101_0101_0101_0101
        for word in 0..<words { all &= bytes.loadUnaligned(fromByteOffset: word &* 8, as: UInt64.self) }
        return all == 0x0101_0101_0101_0101
    }

    /// One of the permitted actions by 64 random bits; 0 where none is.
    private func pick(_ bits: UInt64, _ allowed: UnsafePointer<Bool>, _ actionCount: Int) -> Int32 {
        var permitted = 0
        for action in 0..<actionCount { permitted += allowed[action] ? 1 : 0 }
        var pick = Int(UInt64(permitted).multipliedFullWidth(by: bits).high)
        for action in 0..<actionCount where allowed[action] {
            if pick == 0 { return Int32(action) }
            pick -= 1
        }
        return 0
    }
}
