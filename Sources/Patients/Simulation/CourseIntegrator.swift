// Carries many patients through a stretch of time with a block of lanes: a lane that has finished its patient takes the
// next one, so that one hard course does not hold up the others.

import Numerics

/// Integrates patients of an episode table. One per batch; not shared between threads.
///
/// Results for a slot depend on its column alone: every lane has its own step size, error control, phases and event
/// search.
final class CourseIntegrator {
    let program: CourseProgram
    let layout: InputLayout
    let width: Int
    /// Where chance is off, random numbers stay as they are in the table and nothing happens unasked.
    let chance: CourseChance?
    /// Whether endings are met and extremes kept.
    let watches: Bool
    let solver: any LaneStepper
    // The solver's memory, looked up once.
    let states: LaneMemory
    let inputs: LaneMemory
    let time: LaneMemory
    let step: LaneMemory
    let error: LaneMemory
    let lanes: UnsafeMutableBufferPointer<Lane>
    private let monitorScratch: ProgramScratch
    let monitorValues: LaneMemory
    let stepStartScratch: ProgramScratch
    let stepEndScratch: ProgramScratch
    let stepValues: LaneMemory
    let impulseScratch: ProgramScratch
    let impulseValues: LaneMemory
    let jumps: UnsafeMutableBufferPointer<Double>
    private let search: EndingSearch
    /// Endings and extremes are looked for at the ends of steps; an integrator whose steps have any length is held to
    /// this one.
    private let longestStep: Double
    /// Steps may have any length: nothing is integrated, or exactly.
    let isExact: Bool

    /// Bookkeeping of the patient in a lane.
    struct Lane {
        enum Stage { case entering, going, arrived, done }
        var slot: Int32 = -1
        var attempts: Int32 = 0
        var stage = Stage.done
        var clipped = false
        var phase: Int32 = 0
        var phaseCount: Int32 = 0
        /// Step that was wanted before it was cut to the phase's end.
        var wanted = 0.0
        var phaseEnd = 0.0
        var nextStep = 0
        var phases: UnsafePointer<Phase>?
        var portions: UnsafePointer<Portion>?

        var current: Phase { phases.unsafelyUnwrapped[Int(phase)] }
    }

    /// Attempts allowed per interval before a course counts as stuck.
    let maximumAttempts: Int32
    static let usualAttempts: Int32 = 200_000
    /// Lanes of the integrator; measured: wider blocks gain nothing, narrower ones pay for dispatch.
    static let usualWidth = 32

    init(
        _ program: CourseProgram, width: Int, tolerance: Double, chance: CourseChance? = nil, watches: Bool = true,
        longestStep: Double = .infinity, maximumAttempts: Int32 = CourseIntegrator.usualAttempts
    ) {
        self.program = program
        self.width = width
        self.chance = chance
        layout = program.layout
        self.watches = watches && program.monitor.outputCount > 0
        solver = program.makeStepper(width: width, tolerance: tolerance)
        states = solver.states
        inputs = solver.inputs
        time = solver.time
        step = solver.step
        error = solver.error
        monitorScratch = program.monitor.makeScratch()
        monitorValues = LaneMemory(rows: max(1, program.monitor.outputCount), width: width)
        stepStartScratch = program.stepStart.makeScratch()
        stepEndScratch = program.stepEnd.makeScratch()
        stepValues = LaneMemory(
            rows: max(1, program.stepStart.outputCount, program.stepEnd.outputCount), width: width)
        impulseScratch = program.impulses.makeScratch()
        impulseValues = LaneMemory(rows: max(1, program.impulses.outputCount), width: width)
        jumps = allocated(max(program.layout.integrated, program.layout.inputs.count), 0)
        search = EndingSearch(program)
        self.maximumAttempts = maximumAttempts
        let looksInBetween = !program.extremes.isEmpty || program.isAskedAtDecisions.contains(false)
        self.longestStep =
            self.watches && looksInBetween && program.method == .linear ? longestStep : .infinity
        isExact = program.method == .linear || program.layout.integrated == 0
        lanes = allocated(width, Lane())
    }

    deinit {
        lanes.deallocate()
        jumps.deallocate()
    }

    /// Carries every listed slot through its plan, or to the first ending it meets. States, time, extremes and whatever
    /// else changes on the way are updated in the slots' table.
    func advance(_ list: [Int32], _ course: CourseSlots) {
        var next = 0
        var active = 0
        while active < width, next < list.count {
            load(active, list[next], course)
            active += 1
            next += 1
        }
        while active > 0 {
            enterPhases(active, course)
            clip(active)
            solver.attempt(lanes: active)
            settle(active, course)
            for lane in stride(from: active - 1, through: 0, by: -1) where lanes[lane].stage == .done {
                unload(lane, course)
                if next < list.count {
                    load(lane, list[next], course)
                    next += 1
                } else {
                    active -= 1
                    if lane != active { move(from: active, to: lane) }
                }
            }
        }
    }

    /// Does what is due at the beginning of a slot's plan and nothing more.
    func begin(_ slot: Int32, _ course: CourseSlots) {
        load(0, slot, course)
        enterPhases(1, course)
        unload(0, course)
    }

    private func load(_ lane: Int, _ slot: Int32, _ course: CourseSlots) {
        let column = Int(slot)
        let table = course.table
        for row in 0..<layout.integrated { states.row(row)[lane] = table.row(row)[column] }
        for row in layout.integrated..<layout.time { inputs.row(row)[lane] = table.row(row)[column] }
        time.base[lane] = course.starts[column]
        error.base[lane] = 0
        let plan = course.plans[column].unsafelyUnwrapped.takeUnretainedValue()
        var loaded = Lane(slot: slot)
        loaded.stage = .entering
        loaded.phases = UnsafePointer(plan.phases.baseAddress.unsafelyUnwrapped)
        loaded.portions = UnsafePointer(plan.portions.baseAddress.unsafelyUnwrapped)
        loaded.phaseCount = Int32(plan.count)
        loaded.nextStep = course.firstSteps[column]
        lanes[lane] = loaded
        let length = loaded.current.end
        let wanted = course.steps[column]
        if isExact {
            step.base[lane] = length
        } else {
            step.base[lane] = wanted > 0 ? min(wanted, length) : 1e-3 * length
        }
    }

    private func unload(_ lane: Int, _ course: CourseSlots) {
        let slot = Int(lanes[lane].slot)
        let table = course.table
        for row in 0..<layout.integrated { table.row(row)[slot] = states.row(row)[lane] }
        for row in layout.held { table.row(row)[slot] = inputs.row(row)[lane] }
        for row in layout.inputs.lowerBound..<layout.time { table.row(row)[slot] = inputs.row(row)[lane] }
        table.row(layout.time)[slot] = time.base[lane]
        course.steps[slot] = step.base[lane]
    }

    private func move(from source: Int, to target: Int) {
        lanes[target] = lanes[source]
        for row in 0..<layout.integrated { states.row(row)[target] = states.row(row)[source] }
        for row in layout.integrated..<layout.courseRows { inputs.row(row)[target] = inputs.row(row)[source] }
        time.base[target] = time.base[source]
        step.base[target] = step.base[source]
    }

    /// Cuts steps that would reach past the phase's end.
    private func clip(_ active: Int) {
        for lane in 0..<active {
            let remaining = lanes[lane].phaseEnd - time.base[lane]
            let wanted = step.base[lane]
            let allowed = min(wanted, longestStep)
            lanes[lane].wanted = wanted
            lanes[lane].clipped = allowed >= remaining * (1 - 1e-9)
            step.base[lane] = lanes[lane].clipped ? remaining : allowed
        }
    }

    /// Deals with the attempts just made.
    private func settle(_ active: Int, _ course: CourseSlots) {
        for lane in 0..<active where lanes[lane].stage != .done {
            lanes[lane].attempts += 1
            if error.base[lane] <= 1 {
                guard lanes[lane].clipped else { continue }
                time.base[lane] = lanes[lane].phaseEnd
                step.base[lane] = max(step.base[lane], lanes[lane].wanted)
                lanes[lane].stage = .arrived
            } else if step.base[lane] < 1e-13 * max(1, abs(time.base[lane])) {
                fail(lane, .stuck, course)
            }
        }
        if watches, layout.integrated > 0 { watch(active, course) }
        var endsSteps = false
        for lane in 0..<active where lanes[lane].stage == .arrived && lanes[lane].current.endsStep { endsSteps = true }
        if endsSteps { endSteps(active, course) }
        for lane in 0..<active {
            if lanes[lane].stage == .arrived { arrive(lane, course) }
            if lanes[lane].stage != .done, lanes[lane].attempts > maximumAttempts {
                fail(lane, .tooLong, course)
            }
        }
    }

    func fail(_ lane: Int, _ failure: CourseResult.Failure, _ course: CourseSlots, item: Int = 0) {
        let slot = Int(lanes[lane].slot)
        course.results[slot].failure = failure
        course.results[slot].item = Int32(item)
        lanes[lane].stage = .done
    }

    /// Endings and extremes at the states that the accepted attempts have reached.
    private func watch(_ active: Int, _ course: CourseSlots) {
        showStates(active)
        monitor(.max, active)
        for lane in 0..<active where error.base[lane] <= 1 && lanes[lane].stage != .done {
            if holdsEnding(monitorValues, lane) {
                course.results[Int(lanes[lane].slot)].ending = search.locate(lane, solver)
                keepExtremes(Int(lanes[lane].slot), search.values, 0, course)
                lanes[lane].stage = .done
            } else {
                keepExtremes(Int(lanes[lane].slot), monitorValues, lane, course)
            }
        }
    }

    /// A phase is over: the next one, or the interval's end with the endings that are asked there.
    private func arrive(_ lane: Int, _ course: CourseSlots) {
        if lanes[lane].phase + 1 < lanes[lane].phaseCount {
            lanes[lane].phase += 1
            lanes[lane].stage = .entering
            return
        }
        let isMonitored = watches && (layout.integrated > 0 || lanes[lane].current.endsStep)
        lanes[lane].stage = .done
        guard isMonitored else { return }
        for ending in 0..<program.endings where monitorValues.row(ending)[lane] != 0 {
            course.results[Int(lanes[lane].slot)].ending = Int32(ending)
            return
        }
    }

    /// Writes the lanes' states and times to where programs read them.
    func showStates(_ active: Int) {
        let padded = (active + 7) & ~7
        for row in 0..<layout.integrated { inputs.row(row).update(from: states.row(row), count: padded) }
        inputs.row(layout.time).update(from: time.base, count: padded)
    }

    /// Evaluates endings and extremes for groups of eight lanes.
    func monitor(_ groups: UInt64, _ active: Int) {
        evaluate(program.monitor, monitorScratch, monitorValues, groups, active)
    }

    /// Evaluates a course program for groups of eight lanes, a bit for each.
    func evaluate(
        _ program: Program, _ scratch: ProgramScratch, _ outputs: LaneMemory, _ groups: UInt64, _ active: Int
    ) {
        let count = (active + 7) / 8
        var group = 0
        while group < count {
            guard groups >> UInt64(group) & 1 == 1 else {
                group += 1
                continue
            }
            var end = group + 1
            while end < count, groups >> UInt64(end) & 1 == 1 { end += 1 }
            program.evaluate(
                inputs: inputs.base + 8 * group, inputStride: width, outputs: outputs.base + 8 * group,
                outputStride: width, lanes: 8 * (end - group), scratch: scratch)
            group = end
        }
    }

    /// Whether an ending holds that is met at any time.
    func holdsEnding(_ values: LaneMemory, _ column: Int) -> Bool {
        for ending in 0..<program.endings where values.row(ending)[column] != 0 {
            if !program.isAskedAtDecisions[ending] { return true }
        }
        return false
    }

    /// Extremes are those at the ends of accepted steps, of phases, after jumps and at an ending; between steps a course
    /// may have gone a little further (immuno's lowest lymphocytes: less than 0.5 % at its tolerance).
    func keepExtremes(_ slot: Int, _ values: LaneMemory, _ column: Int, _ course: CourseSlots) {
        for (index, extreme) in program.extremes.enumerated() {
            let value = values.row(program.endings + index)[column]
            let kept = course.table.row(extreme.row) + slot
            if extreme.isLowest ? value < kept.pointee : value > kept.pointee { kept.pointee = value }
        }
    }
}
