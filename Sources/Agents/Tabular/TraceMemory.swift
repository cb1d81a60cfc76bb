// The pairs of state and action that still hear of what comes later: eligibility traces, one list per slot.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Traces of all slots. An entry's weight is its learning rate times its eligibility; entries are in the order of their
/// visits, so that the first are the weakest.
final class TraceMemory {
    /// Weaker ones are forgotten.
    private static let weakest = 1e-9
    /// No list is longer, whatever the decay and the horizon.
    private static let longest = 10_000

    private let decay: Double
    private let replaces: Bool
    private let capacity: Int
    /// slots × capacity
    private let cells: UnsafeMutableBufferPointer<Int>
    private let weights: UnsafeMutableBufferPointer<Double>
    private let counts: UnsafeMutableBufferPointer<Int>
    /// By slot: the best action of the present state as it was when the state was reached.
    let best: UnsafeMutableBufferPointer<Int>

    init(_ shape: TabularRunShape, decay: Double, _ traces: QLambda.Traces) {
        self.decay = decay
        replaces = traces == .replacing
        var steps = Double(shape.horizon)
        if decay == 0 {
            steps = 1
        } else if decay < 1 {
            steps = min(steps, (log(Self.weakest) / log(decay)).rounded(.up))
        }
        capacity = max(1, min(Self.longest, Int(steps)))
        cells = .allocate(capacity: shape.slots * capacity)
        cells.initialize(repeating: 0)
        weights = .allocate(capacity: shape.slots * capacity)
        weights.initialize(repeating: 0)
        counts = .allocate(capacity: shape.slots)
        counts.initialize(repeating: 0)
        best = .allocate(capacity: shape.slots)
        best.initialize(repeating: 0)
    }

    deinit {
        cells.deallocate()
        weights.deallocate()
        counts.deallocate()
        best.deallocate()
    }

    func clear(_ slot: Int) { counts[slot] = 0 }

    /// Adds a visited pair; the weakest makes room where there is none.
    func visit(_ slot: Int, _ cell: Int, rate: Double) {
        let first = slot * capacity
        var count = counts[slot]
        if replaces {
            for entry in first..<(first + count) where cells[entry] == cell { weights[entry] = 0 }
        }
        if count == capacity {
            for entry in first..<(first + count - 1) {
                cells[entry] = cells[entry + 1]
                weights[entry] = weights[entry + 1]
            }
            count -= 1
        }
        cells[first + count] = cell
        weights[first + count] = rate
        counts[slot] = count + 1
    }

    /// Moves every pair's value by its weight times the error, then lets the weights decay.
    func update(_ slot: Int, _ values: ActionValues, error: Double) {
        let first = slot * capacity
        for entry in first..<(first + counts[slot]) {
            values.cells[cells[entry]] += weights[entry] * error
            weights[entry] *= decay
        }
        if decay == 0 { counts[slot] = 0 }
    }
}
