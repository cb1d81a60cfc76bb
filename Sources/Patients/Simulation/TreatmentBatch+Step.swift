// One decision interval of a batch: doses, course, endings, rewards, observations and rules.

import Numerics

extension TreatmentBatch {
    func step(_ actions: UnsafeBufferPointer<Int32>) throws {
        running.removeAll(keepingCapacity: true)
        for slot in 0..<slots where statusBuffer[slot] == .running {
            let action = Int(actions[slot])
            guard action >= 0, action < rules.actions, allowedBuffer[slot * rules.actions + action] else {
                throw SimulationError.forbiddenAction(
                    patient: Int(patientBuffer[slot]), decision: Int(decisionBuffer[slot]),
                    action: task.actions.indices.contains(action) ? task.actions[action].name : "\(action)")
            }
            course.results[slot] = CourseResult()
        }
        if program.sizes.outputCount > 0 {
            evaluate(program.sizes, sizeValues, sizeScratch)
        }
        for slot in 0..<slots where statusBuffer[slot] == .running {
            if order(slot, Int(actions[slot])) { running.append(Int32(slot)) }
        }
        integrator.advance(running, course)
        for slot in 0..<slots where statusBuffer[slot] == .running { settle(slot) }
        note()
        evaluate(program.decision, decisionValues, decisionScratch)
        var failure: SimulationError?
        for slot in 0..<slots where course.results[slot].isDue {
            course.results[slot].isDue = false
            if let error = reward(slot), failure == nil { failure = error }
        }
        if let failure { throw failure }
    }

    /// Evaluates a program for all slots; those that do not run compute without meaning.
    private func evaluate(_ program: Program, _ values: LaneMemory, _ scratch: ProgramScratch) {
        program.evaluate(
            inputs: course.table.base, inputStride: course.table.width, outputs: values.base,
            outputStride: values.width, lanes: slots, scratch: scratch)
    }

    /// Orders an action's doses for a slot's interval; false where a dose has no size.
    private func order(_ slot: Int, _ action: Int) -> Bool {
        let table = course.table
        let decision = Int(decisionBuffer[slot])
        course.results[slot].isDue = true
        for dose in 0..<rules.doses {
            let level = rules.levels[action * rules.doses + dose]
            if program.sizeOutputs[dose] >= 0 {
                let size = sizeValues.row(program.sizeOutputs[dose])[slot]
                course.sizes.row(dose)[slot] = size
                guard level == 0 || (size >= 0 && size.isFinite) else {
                    course.results[slot].failure = .doseSize
                    course.results[slot].item = Int32(dose)
                    return false
                }
            }
            table.row(layout.given.lowerBound + dose)[slot] = level
            table.row(layout.totals.lowerBound + dose)[slot] += level
            if level != 0 { table.row(layout.counts.lowerBound + dose)[slot] += 1 }
        }
        // From here on the last decision is this one.
        for (index, note) in program.notes.enumerated() where note.memory == .before {
            table.row(note.row)[slot] = notedValues.row(index)[slot]
        }
        course.starts[slot] = table.row(layout.time)[slot]
        course.ends[slot] = Double(decision + 1) * rules.interval
        course.firstSteps[slot] = decision * rules.stepsPerDecision
        if slotPlans.isEmpty {
            course.plans[slot] = Unmanaged.passUnretained(plans[action])
        } else {
            let lags = slotLags
            let first = slot * rules.doses
            fill(slotPlans[slot], action) { lags[first + $0] }
            course.plans[slot] = Unmanaged.passUnretained(slotPlans[slot])
        }
        return true
    }

    /// Decisions and endings after an interval, and the chance of the next.
    private func settle(_ slot: Int) {
        let result = course.results[slot]
        if result.failure != .none {
            statusBuffer[slot] = .idle
            return
        }
        decisionBuffer[slot] += 1
        course.table.row(layout.made)[slot] = Double(decisionBuffer[slot])
        if result.ending >= 0 {
            let ending = Int(result.ending)
            endingBuffer[slot] = result.ending
            course.table.row(layout.ended.lowerBound + ending)[slot] = 1
            course.table.row(layout.endedAt.lowerBound + ending)[slot] = course.table.row(layout.time)[slot]
            statusBuffer[slot] = .terminated
        } else if Int(decisionBuffer[slot]) >= rules.horizon {
            statusBuffer[slot] = rules.terminatesAtEnd ? .terminated : .truncated
        }
        if let chance, chance.hasDecisionNumbers {
            chance.drawDecision(
                Int(decisionBuffer[slot]), identity: course.identities[slot], table: course.table, column: slot)
        }
    }

    /// Adds the values at the end of the interval to sums, and keeps them for the next decision.
    private func note() {
        guard !program.notes.isEmpty else { return }
        evaluate(program.noted, notedValues, notedScratch)
        for (index, note) in program.notes.enumerated() where note.memory == .sum {
            let sums = course.table.row(note.row)
            for slot in 0..<slots where course.results[slot].isDue && course.results[slot].failure == .none {
                sums[slot] += notedValues.row(index)[slot]
            }
        }
    }

    /// Reward, observations and mask after an interval; what went wrong, if something did.
    private func reward(_ slot: Int) -> SimulationError? {
        if course.results[slot].failure != .none {
            return factory.failure(course, slot: slot, patient: Int(patientBuffer[slot]))
        }
        var sum = 0.0
        for term in 0..<program.rewardTerms { sum += decisionValues.row(term)[slot] }
        if endingBuffer[slot] >= 0 {
            let ending = Int(endingBuffer[slot])
            sum = (rules.replacesReward[ending] ? 0 : sum) + rules.endingRewards[ending]
        }
        guard sum.isFinite else {
            statusBuffer[slot] = .idle
            let term = (0..<program.rewardTerms).first { !decisionValues.row($0)[slot].isFinite }
            return .notFinite(
                patient: Int(patientBuffer[slot]), time: course.table.row(layout.time)[slot],
                what: term.map { "the reward '\(factory.model.rewardTerms[$0].name)'" } ?? "the reward")
        }
        rewardBuffer[slot] = sum
        return publish(slot, values: decisionValues, column: slot)
    }

    /// Writes observations and the mask of a slot from the decision program's values.
    func publish(_ slot: Int, values: LaneMemory, column: Int) -> SimulationError? {
        let bad = shown.show(
            slot, decision: Int(decisionBuffer[slot]), identity: course.identities[slot], outputs: values,
            column: column)
        if bad >= 0 {
            statusBuffer[slot] = .idle
            return .notFinite(
                patient: Int(patientBuffer[slot]), time: course.table.row(layout.time)[slot],
                what: "the observation '\(task.observations[bad].name)'")
        }
        let allowed = allowedBuffer.baseAddress.unsafelyUnwrapped + slot * rules.actions
        for action in 0..<rules.actions { allowed[action] = true }
        for rule in 0..<program.rules where values.row(program.rewardTerms + rule)[column] != 0 {
            for action in 0..<rules.actions where rules.forbids[rule * rules.actions + action] {
                allowed[action] = false
            }
        }
        return nil
    }
}
