// A course put into another slot as it stands: how several treatments are tried from where a patient is.

import Numerics

extension TreatmentBatch {
    func stop(slot: Int) { statusBuffer[slot] = .idle }

    func makeSibling(slots: Int, seed: UInt64?) throws -> any BatchEnvironment {
        TreatmentBatch(
            factory, slots: slots, seed: seed ?? self.seed, hasChance: chance != nil || !factory.model.hasChance)
    }

    /// Everything that decides the future: the column of the table (states, parameters, inputs, random numbers, what is
    /// remembered), what was noted at the last decision, the integrator's method and next step, the streams and events
    /// of chance, what has been shown, the mask. Doses end with their interval, so that none runs on between decisions.
    func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?) {
        guard let source = source as? TreatmentBatch, source.factory.kinship === factory.kinship else {
            preconditionFailure("courses are copied between batches of one factory")
        }
        for row in 0..<layout.rowCount { course.table.row(row)[target] = source.course.table.row(row)[slot] }
        for row in 0..<program.notes.count { notedValues.row(row)[target] = source.notedValues.row(row)[slot] }
        course.steps[target] = source.course.steps[slot]
        course.mildSteps[target] = source.course.mildSteps[slot]
        course.identities[target] = source.course.identities[slot]
        shown.copy(slot: slot, of: source.shown, to: target)
        let choices = rules.actions
        for action in 0..<choices {
            allowedBuffer[target * choices + action] = source.allowedBuffer[slot * choices + action]
        }
        rewardBuffer[target] = source.rewardBuffer[slot]
        statusBuffer[target] = source.statusBuffer[slot]
        decisionBuffer[target] = source.decisionBuffer[slot]
        patientBuffer[target] = source.patientBuffer[slot]
        endingBuffer[target] = source.endingBuffer[slot]
        if !slotPlans.isEmpty {
            for dose in 0..<rules.doses {
                slotLags[target * rules.doses + dose] = source.slotLags[slot * rules.doses + dose]
            }
        }
        if let chance, let other = source.chance { chance.copy(slot: slot, of: other, to: target) }
        guard let episode else { return }
        let identity = CourseChance.identity(patient: Int(patientBuffer[target]), episode: episode)
        course.identities[target] = identity
        chance?.redraw(
            slot: target, decision: Int(decisionBuffer[target]), time: course.table.row(layout.time)[target],
            identity: identity, table: course.table)
    }
}
