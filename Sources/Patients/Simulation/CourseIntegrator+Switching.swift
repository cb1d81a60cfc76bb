// Which of two methods carries a course through an interval, where the environment asks for `switching`: the explicit one
// while changes are fast and must be followed closely, the implicit one where only stability held the steps short.

import Numerics

/// A course begins with the explicit method. When an interval that went on with the last one's inputs has taken it many
/// steps, the last ones at the edge of stability, the implicit method carries the next intervals, until one begins with
/// other inputs or an impulse (then there is something to follow closely again) or has taken many steps all the same. Cf.
/// Petzold, SIAM J. Sci. Stat. Comput. 4 (1983) 136–148, and Hairer and Wanner, "Solving Ordinary Differential Equations
/// II", section IV.2. It depends on the course alone: results do not depend on who shares a block.
///
/// That the inputs stay for two intervals keeps courses under random treatment, whose changes must be followed closely
/// most of the time, with the explicit method (measured on hiv: 8 % faster).
extension CourseIntegrator {
    /// The part an integrator plays: the only one, or one of two.
    enum Role { case whole, explicit, implicit }

    /// Share of the limit of stability from which steps count as held short by it.
    static let edge = 0.6
    /// Share of the last step with which an interval begins that has other inputs than the last one. Counted on hiv: 2 %
    /// fewer attempts than with the whole step.
    static let switchingRestart = 0.1
    /// Steps of an interval from which they count as many. An implicit one costs about as much as two explicit ones, and
    /// a smooth interval takes about three of them.
    static let manySteps: Int32 = 10

    /// Divides the listed slots between the two methods at the beginning of an interval.
    func chooseMethods(_ list: [Int32], _ course: CourseSlots) -> (explicit: Int, implicit: Int) {
        var count = (explicit: 0, implicit: 0)
        for slot in list {
            let column = Int(slot)
            if course.mildSteps[column] > 0, beginsAnew(column, course) { leaveImplicit(column, course) }
            if course.mildSteps[column] > 0 {
                course.stiffList[count.implicit] = slot
                count.implicit += 1
            } else {
                course.mildList[count.explicit] = slot
                count.explicit += 1
            }
        }
        return count
    }

    /// After an interval: does the other method carry the next one?
    func reconsider(_ lane: Int, _ slot: Int, _ course: CourseSlots) {
        let isLong = lanes[lane].attempts > CourseIntegrator.manySteps
        if role == .implicit {
            if isLong { leaveImplicit(slot, course) }
        } else if isLong, !lanes[lane].beginsAnew, error.base[lane] <= 1, let explicit {
            let reach = step.base[lane] * explicit.fastestRate(lane: lane)
            if reach > CourseIntegrator.edge * explicit.pair.stabilityLimit {
                course.mildSteps[slot] = step.base[lane]
            }
        }
    }

    private func leaveImplicit(_ slot: Int, _ course: CourseSlots) {
        course.steps[slot] = course.mildSteps[slot]
        course.mildSteps[slot] = 0
    }

    /// Whether an interval begins with other inputs than the last one ended with, or with an impulse.
    private func beginsAnew(_ slot: Int, _ course: CourseSlots) -> Bool {
        let plan = course.plans[slot].unsafelyUnwrapped.takeUnretainedValue()
        let phase = plan.phases[0]
        guard phase.impulses.isEmpty else { return true }
        let count = layout.inputs.count
        for input in 0..<count { jumps[input] = 0 }
        for index in phase.infusions {
            let portion = plan.portions[Int(index)]
            jumps[Int(portion.input)] += size(portion, slot, course)
        }
        for input in 0..<count where course.table.row(layout.inputs.lowerBound + input)[slot] != jumps[input] {
            return true
        }
        return false
    }
}
