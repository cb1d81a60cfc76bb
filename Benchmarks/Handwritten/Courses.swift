// Whole courses with the integrator of the product and either system: each lane takes the next patient when its own
// is done.

import Numerics

/// A stretch of constant infusions.
struct Stretch {
    var end: Double
    var infusions: [Double]
}

/// Courses of `table`'s patients (rows: states, then parameters) through the same stretches.
final class Courses {
    let solver: Rodas4
    let parameters: Int
    let stretches: [Stretch]
    private(set) var attempts = 0

    init(_ system: any LaneSystem, parameters: Int, stretches: [Stretch], relative: [Double], absolute: [Double]) {
        solver = Rodas4(system: system, width: 32, relative: relative, absolute: absolute)
        self.parameters = parameters
        self.stretches = stretches
    }

    /// Integrates every patient; final states replace the initial ones in `table`.
    func run(_ table: LaneMemory, patients: Int) {
        let width = solver.width
        let states = solver.block.size
        var patient = Array(repeating: -1, count: width)
        var stretch = Array(repeating: 0, count: width)
        var wanted = Array(repeating: 0.0, count: width)
        var next = 0
        attempts = 0
        func enter(_ lane: Int) {
            for (index, value) in stretches[stretch[lane]].infusions.enumerated() {
                solver.inputs.row(states + parameters + index)[lane] = value
            }
        }
        func load(_ lane: Int) -> Bool {
            guard next < patients else { return false }
            for row in 0..<states { solver.states.row(row)[lane] = table.row(row)[next] }
            for row in states..<(states + parameters) { solver.inputs.row(row)[lane] = table.row(row)[next] }
            solver.time.base[lane] = 0
            solver.step.base[lane] = 1e-3 * stretches[0].end
            patient[lane] = next
            stretch[lane] = 0
            enter(lane)
            next += 1
            return true
        }
        var active = 0
        while active < width, load(active) { active += 1 }
        while active > 0 {
            for lane in 0..<active {
                wanted[lane] = solver.step.base[lane]
                solver.step.base[lane] = min(wanted[lane], stretches[stretch[lane]].end - solver.time.base[lane])
            }
            solver.attempt(lanes: active)
            attempts += active
            for lane in stride(from: active - 1, through: 0, by: -1) where solver.error.base[lane] <= 1 {
                let end = stretches[stretch[lane]].end
                guard solver.time.base[lane] >= end * (1 - 1e-12) else { continue }
                solver.time.base[lane] = end
                solver.step.base[lane] = 0.25 * max(solver.step.base[lane], wanted[lane])
                stretch[lane] += 1
                if stretch[lane] < stretches.count {
                    enter(lane)
                    continue
                }
                for row in 0..<states { table.row(row)[patient[lane]] = solver.states.row(row)[lane] }
                if load(lane) { continue }
                active -= 1
                if lane != active { move(from: active, to: lane, &patient, &stretch) }
            }
        }
    }

    private func move(from source: Int, to target: Int, _ patient: inout [Int], _ stretch: inout [Int]) {
        for row in 0..<solver.block.size { solver.states.row(row)[target] = solver.states.row(row)[source] }
        for row in solver.block.size..<solver.system.inputCount {
            solver.inputs.row(row)[target] = solver.inputs.row(row)[source]
        }
        solver.time.base[target] = solver.time.base[source]
        solver.step.base[target] = solver.step.base[source]
        patient[target] = patient[source]
        stretch[target] = stretch[source]
    }
}
