// When exactly within a step an ending came to hold.

import Numerics

/// Finds the first time within an accepted step at which an ending holds. One per integrator.
final class EndingSearch {
    private let program: CourseProgram
    private let layout: InputLayout
    private let system: CourseSystem
    private let scratch: ProgramScratch
    private let probe: LaneRows
    private let rates: LaneRows
    private let memories: [LaneMemory]
    /// Endings and extremes where the search has ended, in the first column.
    let values: LaneRows
    // The solver's memory, looked up once.
    private let inputs: LaneRows
    private let states: LaneRows
    private let startStates: LaneRows
    private let startValues: LaneRows
    private let time: LaneRows
    private let attempted: LaneRows
    private let isMetAnyTime: UnsafeMutableBufferPointer<Bool>

    init(_ program: CourseProgram, _ solver: any LaneStepper) {
        self.program = program
        layout = program.layout
        system = CourseSystem(program, width: 8)
        scratch = program.monitor.makeScratch()
        memories = [layout.courseRows, layout.integrated, max(1, program.monitor.outputCount)].map {
            LaneMemory(rows: $0, width: 8)
        }
        probe = LaneRows(memories[0])
        rates = LaneRows(memories[1])
        values = LaneRows(memories[2])
        inputs = LaneRows(solver.inputs)
        states = LaneRows(solver.states)
        startStates = LaneRows(solver.startStates)
        startValues = LaneRows(solver.startValues)
        time = LaneRows(solver.time)
        attempted = LaneRows(solver.attempted)
        isMetAnyTime = buffer(program.isAskedAtDecisions.map { !$0 })
    }

    deinit { isMetAnyTime.deallocate() }

    /// Cubic Hermite interpolation between the step's ends (order 3, Hairer, Nørsett and Wanner, "Solving ODEs I", II.6),
    /// narrowed nine-fold in each of eight passes. Leaves the located state and time in the solver's lane; returns the
    /// first ending, in the order of the file, that holds there.
    func locate(_ lane: Int) -> Int32 {
        let h = attempted.base[lane]
        let end = time.base[lane]
        for row in layout.integrated..<layout.time { fill(row, inputs.row(row)[lane]) }
        for row in 0..<layout.integrated { fill(row, states.row(row)[lane]) }
        fill(layout.time, end)
        system.evaluateRates(probe.base, rates.base, stride: 8, lanes: 1)
        var low = 0.0
        var high = 1.0
        for _ in 0..<8 {
            for column in 0..<8 {
                place(low + (high - low) * Double(column + 1) / 9, column, lane, begin: end - h, h: h)
            }
            evaluate()
            var left = low
            var right = high
            for column in 0..<8 {
                let theta = low + (high - low) * Double(column + 1) / 9
                if ending(column) >= 0 {
                    right = theta
                    break
                }
                left = theta
            }
            low = left
            high = right
        }
        place(high, 0, lane, begin: end - h, h: h)
        evaluate()
        if ending(0) < 0 {
            // By a rounding error; at the step's end itself an ending does hold.
            for row in 0..<layout.integrated { probe.row(row)[0] = states.row(row)[lane] }
            probe.row(layout.time)[0] = end
            evaluate()
        }
        for row in 0..<layout.integrated { states.row(row)[lane] = probe.row(row)[0] }
        time.base[lane] = probe.row(layout.time)[0]
        return ending(0)
    }

    /// The state at a share of the step.
    private func place(
        _ theta: Double, _ column: Int, _ lane: Int, begin: Double, h: Double
    ) {
        let rest = 1 - theta
        for row in 0..<layout.integrated {
            let y0 = startStates.row(row)[lane]
            let f0 = startValues.row(row)[lane]
            let y1 = states.row(row)[lane]
            let f1 = rates.row(row)[0]
            probe.row(row)[column] =
                rest * rest * (1 + 2 * theta) * y0 + theta * theta * (3 - 2 * theta) * y1
                + h * theta * rest * (rest * f0 - theta * f1)
        }
        probe.row(layout.time)[column] = begin + theta * h
    }

    private func fill(_ row: Int, _ value: Double) {
        for column in 0..<8 { probe.row(row)[column] = value }
    }

    private func evaluate() {
        program.monitor.evaluate(
            inputs: probe.base, inputStride: 8, outputs: values.base, outputStride: 8, lanes: 8, scratch: scratch)
    }

    /// The first ending met at any time that holds in a column, or −1.
    private func ending(_ column: Int) -> Int32 {
        for ending in isMetAnyTime.indices where values.row(ending)[column] != 0 && isMetAnyTime[ending] {
            return Int32(ending)
        }
        return -1
    }
}
