// What happens between stretches of constant inputs: doses begin and end, impulses move states, steps begin and end.

import Numerics

extension CourseIntegrator {
    /// Share of the last step with which a course goes on after a jump; chosen by counting attempts.
    static let restartFactor = 0.25

    /// Begins the phases that lanes have come to. Order: inputs; random numbers, events and new values of a step that
    /// begins; impulses.
    func enterPhases(_ active: Int, _ course: CourseSlots) {
        var startsSteps: UInt64 = 0
        var jumpsStates: UInt64 = 0
        for lane in 0..<active where lanes[lane].stage == .entering {
            let slot = Int(lanes[lane].slot)
            let phase = lanes[lane].current
            let isLast = lanes[lane].phase + 1 == lanes[lane].phaseCount
            lanes[lane].phaseEnd = isLast ? course.ends[slot] : course.starts[slot] + phase.end
            let isChanged = setInputs(lane, slot, phase, course)
            if lanes[lane].phase == 0 { lanes[lane].beginsAnew = isChanged || !phase.impulses.isEmpty }
            if isChanged, lanes[lane].phase == 0, role == .explicit {
                step.base[lane] *= CourseIntegrator.switchingRestart
            } else if !phase.impulses.isEmpty || (isChanged && lanes[lane].phase > 0), !isExact {
                step.base[lane] *= CourseIntegrator.restartFactor
            }
            if phase.beginsStep {
                beginStep(lane, slot, course)
                startsSteps |= 1 << UInt64(lane / 8)
            }
            if !phase.impulses.isEmpty { jumpsStates |= 1 << UInt64(lane / 8) }
        }
        if startsSteps != 0, !stepStartRows.isEmpty { startSteps(startsSteps, active, course) }
        if jumpsStates != 0 { giveImpulses(jumpsStates, active, course) }
        for lane in 0..<active where lanes[lane].stage == .entering { lanes[lane].stage = .going }
    }

    func size(_ portion: Portion, _ slot: Int, _ course: CourseSlots) -> Double {
        portion.dose < 0 ? portion.level : portion.level * course.sizes.row(Int(portion.dose))[slot]
    }

    /// Returns whether an input has changed.
    private func setInputs(_ lane: Int, _ slot: Int, _ phase: Phase, _ course: CourseSlots) -> Bool {
        let count = layout.inputs.count
        for input in 0..<count { jumps[input] = 0 }
        let portions = lanes[lane].portions.unsafelyUnwrapped
        for index in phase.infusions {
            jumps[Int(portions[Int(index)].input)] += size(portions[Int(index)], slot, course)
        }
        var isChanged = false
        for input in 0..<count {
            let place = inputs.row(layout.inputs.lowerBound + input) + lane
            if place.pointee != jumps[input] { isChanged = true }
            place.pointee = jumps[input]
        }
        return isChanged
    }

    /// Keeps the inputs of the step that begins, draws its numbers and adds the events that are due.
    private func beginStep(_ lane: Int, _ slot: Int, _ course: CourseSlots) {
        for input in 0..<layout.stepInputs.count {
            inputs.row(layout.stepInputs.lowerBound + input)[lane] = inputs.row(layout.inputs.lowerBound + input)[lane]
        }
        if let chance {
            let identity = course.identities[slot]
            chance.drawStep(lanes[lane].nextStep, identity: identity, table: inputs, column: lane)
            chance.addEvents(at: time.base[lane], slot: slot, identity: identity, table: inputs, column: lane)
        }
        lanes[lane].nextStep += 1
    }

    /// New values at the beginning of a step.
    private func startSteps(_ groups: UInt64, _ active: Int, _ course: CourseSlots) {
        showStates(active)
        evaluate(program.stepStart, stepStartScratch, stepValues, groups, active)
        for lane in 0..<active where lanes[lane].stage == .entering && lanes[lane].current.beginsStep {
            assign(stepStartRows, lane, course)
        }
    }

    /// New values at the end of a step, and the endings and extremes that follow from them.
    func endSteps(_ active: Int, _ course: CourseSlots) {
        var groups: UInt64 = 0
        for lane in 0..<active where lanes[lane].stage == .arrived && lanes[lane].current.endsStep {
            groups |= 1 << UInt64(lane / 8)
        }
        showStates(active)
        if !stepEndRows.isEmpty {
            evaluate(program.stepEnd, stepEndScratch, stepValues, groups, active)
            for lane in 0..<active where lanes[lane].stage == .arrived && lanes[lane].current.endsStep {
                assign(stepEndRows, lane, course)
            }
        }
        guard watches else { return }
        monitor(groups, active)
        for lane in 0..<active where lanes[lane].stage == .arrived && lanes[lane].current.endsStep {
            let slot = Int(lanes[lane].slot)
            keepExtremes(slot, monitorValues, lane, course)
            guard holdsEnding(monitorValues, lane) else { continue }
            for ending in 0..<endings where monitorValues.row(ending)[lane] != 0 && isMetAnyTime[ending] {
                course.results[slot].ending = Int32(ending)
                break
            }
            lanes[lane].stage = .done
        }
    }

    private func assign(
        _ rows: UnsafeMutableBufferPointer<Int>, _ lane: Int, _ course: CourseSlots
    ) {
        for index in rows.indices {
            let row = rows[index]
            let value = stepValues.row(index)[lane]
            guard value.isFinite else {
                fail(lane, .stepValue, course, item: row)
                return
            }
            inputs.row(row)[lane] = value
        }
    }

    /// Moves states by what the inputs' rates would have added: the rates are linear in them.
    private func giveImpulses(_ groups: UInt64, _ active: Int, _ course: CourseSlots) {
        showStates(active)
        evaluate(program.impulses, impulseScratch, impulseValues, groups, active)
        for lane in 0..<active where lanes[lane].stage == .entering {
            let phase = lanes[lane].current
            guard !phase.impulses.isEmpty else { continue }
            let portions = lanes[lane].portions.unsafelyUnwrapped
            for state in 0..<layout.integrated { jumps[state] = 0 }
            for index in phase.impulses {
                let portion = portions[Int(index)]
                let amount = size(portion, Int(lanes[lane].slot), course)
                for (output, entry) in program.impulseEntries.enumerated() where entry.input == Int(portion.input) {
                    jumps[entry.state] += impulseValues.row(output)[lane] * amount
                }
            }
            for state in 0..<layout.integrated where jumps[state] != 0 {
                let change = program.isLog[state] ? laneScalar(LaneMath.log, 1 + jumps[state]) : jumps[state]
                states.row(state)[lane] += change
            }
        }
        guard watches, !program.extremes.isEmpty else { return }
        showStates(active)
        monitor(groups, active)
        for lane in 0..<active where lanes[lane].stage == .entering && !lanes[lane].current.impulses.isEmpty {
            keepExtremes(Int(lanes[lane].slot), monitorValues, lane, course)
        }
    }
}
