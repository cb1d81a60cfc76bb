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
    /// The solver, where it is explicit.
    let explicit: ExplicitRungeKutta?
    /// Where the method switches: carries courses through intervals in which they are stiff.
    let implicit: CourseIntegrator?
    /// What this integrator carries may be the other method's business in the next interval.
    let role: Role
    // The solver's memory, looked up once.
    let states: LaneRows
    let inputs: LaneRows
    let time: LaneRows
    let step: LaneRows
    let error: LaneRows
    let lanes: UnsafeMutableBufferPointer<Lane>
    let monitorScratch: ProgramScratch
    let monitorValues: LaneRows
    let stepStartScratch: ProgramScratch
    let stepEndScratch: ProgramScratch
    let stepValues: LaneRows
    let impulseScratch: ProgramScratch
    let impulseValues: LaneRows
    private let memories: [LaneMemory]
    // What is asked of the program for every lane, as plain memory.
    let endings: Int
    let isMetAnyTime: UnsafeMutableBufferPointer<Bool>
    let extremes: UnsafeMutableBufferPointer<(row: Int, isLowest: Bool)>
    let stepStartRows: UnsafeMutableBufferPointer<Int>
    let stepEndRows: UnsafeMutableBufferPointer<Int>
    let jumps: UnsafeMutableBufferPointer<Double>
    let search: EndingSearch
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
        /// The interval began with other inputs than the last one, or with an impulse.
        var beginsAnew = false
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
        longestStep: Double = .infinity, maximumAttempts: Int32 = CourseIntegrator.usualAttempts,
        role: Role = .whole
    ) {
        self.program = program
        self.width = width
        self.chance = chance
        layout = program.layout
        self.watches = watches && program.monitor.outputCount > 0
        let isSwitching = program.method == .switching && role == .whole && program.layout.integrated > 0
        self.role = isSwitching ? .explicit : role
        solver = program.makeStepper(role == .implicit ? .stiff : program.method, width: width, tolerance: tolerance)
        explicit = solver as? ExplicitRungeKutta
        implicit =
            isSwitching
            ? CourseIntegrator(
                program, width: width, tolerance: tolerance, chance: chance, watches: watches,
                maximumAttempts: maximumAttempts, role: .implicit) : nil
        states = LaneRows(solver.states)
        inputs = LaneRows(solver.inputs)
        time = LaneRows(solver.time)
        step = LaneRows(solver.step)
        error = LaneRows(solver.error)
        monitorScratch = program.monitor.makeScratch()
        stepStartScratch = program.stepStart.makeScratch()
        stepEndScratch = program.stepEnd.makeScratch()
        impulseScratch = program.impulses.makeScratch()
        memories = [
            program.monitor.outputCount, max(program.stepStart.outputCount, program.stepEnd.outputCount),
            program.impulses.outputCount,
        ].map { LaneMemory(rows: max(1, $0), width: width) }
        monitorValues = LaneRows(memories[0])
        stepValues = LaneRows(memories[1])
        impulseValues = LaneRows(memories[2])
        endings = program.endings
        isMetAnyTime = buffer(program.isAskedAtDecisions.map { !$0 })
        extremes = buffer(program.extremes)
        stepStartRows = buffer(program.stepStartRows)
        stepEndRows = buffer(program.stepEndRows)
        jumps = allocated(max(program.layout.integrated, program.layout.inputs.count), 0)
        search = EndingSearch(program, solver)
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
        isMetAnyTime.deallocate()
        extremes.deallocate()
        stepStartRows.deallocate()
        stepEndRows.deallocate()
    }

    /// Carries every listed slot through its plan, or to the first ending it meets. States, time, extremes and whatever
    /// else changes on the way are updated in the slots' table.
    func advance(_ list: [Int32], _ course: CourseSlots) {
        guard let implicit else {
            list.withUnsafeBufferPointer { carry($0, course) }
            return
        }
        let count = chooseMethods(list, course)
        carry(UnsafeBufferPointer(rebasing: course.mildList[..<count.explicit]), course)
        implicit.carry(UnsafeBufferPointer(rebasing: course.stiffList[..<count.implicit]), course)
    }

    private func carry(_ list: UnsafeBufferPointer<Int32>, _ course: CourseSlots) {
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
        if role != .whole { reconsider(lane, slot, course) }
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
        for ending in 0..<endings where monitorValues.row(ending)[lane] != 0 {
            course.results[Int(lanes[lane].slot)].ending = Int32(ending)
            return
        }
    }

}
