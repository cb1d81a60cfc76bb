// A table of action values and of how often each was learnt from.

import Patients

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// The values of a policy to go on from.
struct KnownValues {
    /// states × actions
    let values: [Double]
    /// How many visits each counts for: as many as the run gives a cell on average, so that at its end half of a value
    /// is old and half is new.
    let visits: Int32

    init(_ values: [Double], decisions: Int) {
        self.values = values
        visits = Int32(clamping: max(1, decisions / max(1, values.count)))
    }
}

/// Q(s, a) for every state and action, in plain memory: one run's own.
final class ActionValues {
    let width: Int
    /// states × actions
    let cells: UnsafeMutableBufferPointer<Double>
    let visits: UnsafeMutableBufferPointer<Int32>
    private let configuration: TabularConfiguration

    /// - Parameters:
    ///   - start: what a tree is worth in its leaves, the states; nil begins with `initial_value` everywhere.
    ///   - known: or what a policy knows of every state and action.
    init(
        states: Int, width: Int, _ configuration: TabularConfiguration, start: TreeValues? = nil,
        known: KnownValues? = nil
    ) {
        self.width = width
        self.configuration = configuration
        cells = .allocate(capacity: states * width)
        cells.initialize(repeating: configuration.initialValue)
        visits = .allocate(capacity: states * width)
        visits.initialize(repeating: 0)
        for (state, leaf) in (start?.tree.leaves ?? []).enumerated() {
            start?.writeActionValues(leaf: leaf, cells: row(state), visits: visits.baseAddress! + state * width)
        }
        if let known {
            precondition(known.values.count == cells.count, "a value for every state and action")
            _ = cells.update(fromContentsOf: known.values)
            visits.update(repeating: known.visits)
        }
    }

    deinit {
        cells.deallocate()
        visits.deallocate()
    }

    @inline(__always)
    func row(_ state: Int) -> UnsafeMutablePointer<Double> { cells.baseAddress! + state * width }

    /// The best allowed action of a state; ties go to the lowest index.
    @inline(__always)
    func best(_ state: Int, _ allowed: UnsafePointer<Bool>) -> Int {
        Int(max(0, bestAllowed(row(state), allowed, count: width)))
    }

    /// Counts a visit and returns the learning rate it is due: constant, or 1 / visits^ω.
    @inline(__always)
    func rate(visiting cell: Int) -> Double {
        visits[cell] += 1
        return configuration.learningRate ?? pow(Double(visits[cell]), -configuration.learningRatePower)
    }

    /// Moves a value towards what it should be, by the rate its visit is due.
    @inline(__always)
    func move(_ cell: Int, towards goal: Double) {
        let rate = rate(visiting: cell)
        cells[cell] += rate * (goal - cells[cell])
    }

    /// The values as a policy's table. What was never tried in a state ranks just below what was; a state never visited
    /// ranks actions by their mean over all visits.
    func policyTable() -> [Double] {
        var sums = Array(repeating: 0.0, count: width)
        var counts = Array(repeating: 0.0, count: width)
        for cell in cells.indices where visits[cell] > 0 {
            sums[cell % width] += Double(visits[cell]) * cells[cell]
            counts[cell % width] += Double(visits[cell])
        }
        let means = (0..<width).map { counts[$0] > 0 ? sums[$0] / counts[$0] : configuration.initialValue }
        var table = Array(cells)
        for first in stride(from: 0, to: cells.count, by: width) {
            let row = first..<(first + width)
            if let lowest = row.filter({ visits[$0] > 0 }).map({ cells[$0] }).min() {
                for cell in row where visits[cell] == 0 { table[cell] = lowest.nextDown }
            } else {
                for cell in row { table[cell] = means[cell - first] }
            }
        }
        return table
    }

    /// The share of cells that were ever visited.
    var visitedShare: Double { Double(visits.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }) / Double(visits.count) }
}
