// Carries many patients through a stretch of time with a block of lanes: a lane that has finished its patient takes the
// next one, so that one hard course does not hold up the others.

import Numerics

/// A stretch of time over which the inputs are constant.
struct Segment: Sendable {
    /// End, counted from the beginning of the interval.
    var end: Double
    /// One value per input.
    var inputs: [Double]
}

/// Integrates patients of an episode table. One per batch; not shared between threads.
///
/// The table has a column (slot) per patient and the rows of `InputLayout`. Results for a slot depend on its column
/// alone: every lane has its own step size, error control and event search.
final class CourseIntegrator {
    let program: CourseProgram
    let width: Int
    private let solver: Rodas4
    private let monitorScratch: ProgramScratch
    private let monitorValues: LaneMemory
    private let probe: LaneMemory
    private let probeValues: LaneMemory
    private let probeSystem: CourseSystem
    private let probeRates: LaneMemory
    private let probeScratch: ProgramScratch
    private let lanes: UnsafeMutableBufferPointer<Lane>
    private let endings: Int
    private let extremes: Int

    /// Bookkeeping of the patient in a lane.
    private struct Lane {
        var slot: Int32 = -1
        var segment: Int32 = 0
        var attempts: Int32 = 0
        var clipped = false
        /// Step that was wanted before it was cut to the segment's end.
        var wanted = 0.0
        var segmentEnd = 0.0
    }

    /// Attempts allowed per interval before a course counts as stuck.
    static let maximumAttempts: Int32 = 200_000

    init(_ program: CourseProgram, width: Int, tolerance: Double) {
        self.program = program
        self.width = width
        solver = Rodas4(
            system: CourseSystem(program, width: width), width: width,
            relative: program.relativeScale.map { $0 * tolerance },
            absolute: program.absoluteScale.map { $0 * tolerance })
        endings = program.layout.ended.count
        extremes = program.layout.extremes.count
        monitorScratch = program.monitor.makeScratch()
        monitorValues = LaneMemory(rows: max(1, endings + extremes), width: width)
        probe = LaneMemory(rows: program.layout.courseRows, width: 8)
        probeValues = LaneMemory(rows: max(1, endings + extremes), width: 8)
        probeSystem = CourseSystem(program, width: 8)
        probeRates = LaneMemory(rows: program.layout.stateCount, width: 8)
        probeScratch = program.monitor.makeScratch()
        lanes = .allocate(capacity: width)
        lanes.initialize(repeating: Lane())
    }

    deinit { lanes.deallocate() }

    /// What an interval did to a slot.
    struct Result {
        /// Index of the ending met, or −1.
        var ending: Int32 = -1
        /// Set where the integrator could not go on.
        var failed = false
    }

    /// Carries every listed slot through its segments, or to the first ending it meets.
    ///
    /// - Parameters:
    ///   - table: rows of the layout × slots; states, time, extremes and endings are updated in place.
    ///   - steps: the step each slot tries first, and on return the one to try next; 0 asks for the default.
    ///   - segments: the segments of each slot's interval, by slot.
    func advance(
        _ slots: [Int32], table: LaneMemory, steps: UnsafeMutablePointer<Double>, start: UnsafePointer<Double>,
        segments: (Int) -> UnsafeBufferPointer<Segment>, results: UnsafeMutablePointer<Result>
    ) {
        var next = 0
        var active = 0
        while active < width, next < slots.count {
            load(active, slot: slots[next], table, steps, start, segments)
            active += 1
            next += 1
        }
        while active > 0 {
            clip(active)
            solver.attempt(lanes: active)
            observe(active)
            for lane in stride(from: active - 1, through: 0, by: -1) {
                guard finished(lane, table, start, segments, results) else { continue }
                unload(lane, table, steps)
                if next < slots.count {
                    load(lane, slot: slots[next], table, steps, start, segments)
                    next += 1
                } else {
                    active -= 1
                    if lane != active { move(from: active, to: lane) }
                }
            }
        }
    }

    private func load(
        _ lane: Int, slot: Int32, _ table: LaneMemory, _ steps: UnsafeMutablePointer<Double>,
        _ start: UnsafePointer<Double>, _ segments: (Int) -> UnsafeBufferPointer<Segment>
    ) {
        let column = Int(slot)
        for row in 0..<program.layout.stateCount { solver.states.row(row)[lane] = table.row(row)[column] }
        for row in program.layout.parameters { solver.inputs.row(row)[lane] = table.row(row)[column] }
        solver.time.base[lane] = start[column]
        lanes[lane] = Lane(slot: slot)
        let first = segments(column)[0]
        enter(lane, first, start[column])
        let length = first.end
        let wanted = steps[column]
        solver.step.base[lane] = wanted > 0 ? min(wanted, length) : 1e-3 * length
    }

    /// Sets the inputs of a segment.
    private func enter(_ lane: Int, _ segment: Segment, _ start: Double) {
        for (index, row) in program.layout.inputs.enumerated() {
            solver.inputs.row(row)[lane] = segment.inputs[index]
        }
        lanes[lane].segmentEnd = start + segment.end
    }

    /// Cuts steps that would reach past the segment's end.
    private func clip(_ active: Int) {
        for lane in 0..<active {
            let remaining = lanes[lane].segmentEnd - solver.time.base[lane]
            let step = solver.step.base[lane]
            lanes[lane].wanted = step
            lanes[lane].clipped = step >= remaining * (1 - 1e-9)
            if lanes[lane].clipped { solver.step.base[lane] = remaining }
        }
    }

    /// Evaluates endings and extremes at the states that the lanes now have.
    private func observe(_ active: Int) {
        guard endings + extremes > 0 else { return }
        let padded = (active + 7) & ~7
        for row in 0..<program.layout.stateCount {
            solver.inputs.row(row).update(from: solver.states.row(row), count: padded)
        }
        solver.inputs.row(program.layout.time).update(from: solver.time.base, count: padded)
        program.monitor.evaluate(
            inputs: solver.inputs.base, inputStride: width, outputs: monitorValues.base, outputStride: width,
            lanes: active, scratch: monitorScratch)
    }

    /// Deals with the attempt just made; true when the lane's patient is done with the interval.
    private func finished(
        _ lane: Int, _ table: LaneMemory, _ start: UnsafePointer<Double>,
        _ segments: (Int) -> UnsafeBufferPointer<Segment>, _ results: UnsafeMutablePointer<Result>
    ) -> Bool {
        let slot = Int(lanes[lane].slot)
        lanes[lane].attempts += 1
        if !(solver.error.base[lane] <= 1) {
            let floor = 1e-13 * max(1, abs(solver.time.base[lane]))
            if solver.step.base[lane] < floor || lanes[lane].attempts > CourseIntegrator.maximumAttempts {
                results[slot].failed = true
                return true
            }
            return false
        }
        for ending in 0..<endings where monitorValues.row(ending)[lane] != 0 {
            locateEnding(lane, table, slot)
            results[slot].ending = endingAtProbe()
            return true
        }
        keepExtremes(table, slot, monitorValues, lane)
        if lanes[lane].clipped {
            solver.time.base[lane] = lanes[lane].segmentEnd
            solver.step.base[lane] = max(solver.step.base[lane], lanes[lane].wanted)
            let list = segments(slot)
            let nextSegment = Int(lanes[lane].segment) + 1
            guard nextSegment < list.count else { return true }
            lanes[lane].segment = Int32(nextSegment)
            enter(lane, list[nextSegment], start[slot])
            // The inputs have jumped: begin the new segment with a shorter step and let the error control lengthen it.
            solver.step.base[lane] *= CourseIntegrator.restartFactor
        }
        return lanes[lane].attempts > CourseIntegrator.maximumAttempts ? fail(results, slot) : false
    }

    /// Share of the last step with which a course goes on after a jump of its inputs; chosen by counting attempts.
    static let restartFactor = 0.25

    private func fail(_ results: UnsafeMutablePointer<Result>, _ slot: Int) -> Bool {
        results[slot].failed = true
        return true
    }

    /// Extremes are those at the ends of accepted steps, of segments and at an ending; between steps a course may have
    /// gone a little further (immuno's lowest lymphocytes: less than 0.5 % at its tolerance).
    private func keepExtremes(_ table: LaneMemory, _ slot: Int, _ values: LaneMemory, _ lane: Int) {
        for index in 0..<extremes {
            let value = values.row(endings + index)[lane]
            let kept = table.row(program.layout.extremes.lowerBound + index) + slot
            if program.keepsLowest[index] ? value < kept.pointee : value > kept.pointee { kept.pointee = value }
        }
    }

    /// Finds the first time within the step at which an ending holds: cubic Hermite interpolation between the step's
    /// ends (order 3, Hairer, Nørsett and Wanner, "Solving ODEs I", II.6), narrowed nine-fold in each of eight passes.
    /// Leaves the located state in the solver's lane and in the probe's first column.
    private func locateEnding(_ lane: Int, _ table: LaneMemory, _ slot: Int) {
        let layout = program.layout
        let h = solver.attempted.base[lane]
        let end = solver.time.base[lane]
        let begin = end - h
        for row in layout.parameters { fill(row, solver.inputs.row(row)[lane]) }
        for row in layout.inputs { fill(row, solver.inputs.row(row)[lane]) }
        for row in 0..<layout.stateCount { fill(row, solver.states.row(row)[lane]) }
        fill(layout.time, end)
        probeSystem.evaluateRates(probe.base, probeRates.base, stride: 8, lanes: 1)
        func place(_ theta: Double, _ column: Int) {
            let rest = 1 - theta
            for row in 0..<layout.stateCount {
                let y0 = solver.startStates.row(row)[lane]
                let f0 = solver.startValues.row(row)[lane]
                let y1 = solver.states.row(row)[lane]
                let f1 = probeRates.row(row)[0]
                probe.row(row)[column] =
                    rest * rest * (1 + 2 * theta) * y0 + theta * theta * (3 - 2 * theta) * y1
                    + h * theta * rest * (rest * f0 - theta * f1)
            }
            probe.row(layout.time)[column] = begin + theta * h
        }
        var low = 0.0
        var high = 1.0
        for _ in 0..<8 {
            for column in 0..<8 { place(low + (high - low) * Double(column + 1) / 9, column) }
            evaluateProbe()
            var left = low
            var right = high
            for column in 0..<8 {
                let theta = low + (high - low) * Double(column + 1) / 9
                if endingHolds(column) {
                    right = theta
                    break
                }
                left = theta
            }
            low = left
            high = right
        }
        place(high, 0)
        evaluateProbe()
        if !endingHolds(0) {
            // By a rounding error; at the step's end itself an ending does hold.
            for row in 0..<layout.stateCount { probe.row(row)[0] = solver.states.row(row)[lane] }
            probe.row(layout.time)[0] = end
            evaluateProbe()
        }
        for row in 0..<layout.stateCount { solver.states.row(row)[lane] = probe.row(row)[0] }
        solver.time.base[lane] = probe.row(layout.time)[0]
        keepExtremes(table, slot, probeValues, 0)
    }

    private func fill(_ row: Int, _ value: Double) {
        for column in 0..<8 { probe.row(row)[column] = value }
    }

    private func evaluateProbe() {
        program.monitor.evaluate(
            inputs: probe.base, inputStride: 8, outputs: probeValues.base, outputStride: 8, lanes: 8,
            scratch: probeScratch)
    }

    private func endingHolds(_ column: Int) -> Bool {
        for ending in 0..<endings where probeValues.row(ending)[column] != 0 { return true }
        return false
    }

    /// The first ending, in the order of the file, that holds at the located state.
    private func endingAtProbe() -> Int32 {
        for ending in 0..<endings where probeValues.row(ending)[0] != 0 { return Int32(ending) }
        return -1
    }

    private func unload(_ lane: Int, _ table: LaneMemory, _ steps: UnsafeMutablePointer<Double>) {
        let slot = Int(lanes[lane].slot)
        for row in 0..<program.layout.stateCount { table.row(row)[slot] = solver.states.row(row)[lane] }
        table.row(program.layout.time)[slot] = solver.time.base[lane]
        steps[slot] = solver.step.base[lane]
    }

    private func move(from source: Int, to target: Int) {
        lanes[target] = lanes[source]
        for row in 0..<program.layout.stateCount {
            solver.states.row(row)[target] = solver.states.row(row)[source]
        }
        for row in program.layout.stateCount..<program.layout.courseRows {
            solver.inputs.row(row)[target] = solver.inputs.row(row)[source]
        }
        solver.time.base[target] = solver.time.base[source]
        solver.step.base[target] = solver.step.base[source]
    }
}
