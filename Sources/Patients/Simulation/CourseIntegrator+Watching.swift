// What is looked at while courses go on: endings and running extremes.

import Numerics

extension CourseIntegrator {
    /// Endings and extremes at the states that the accepted attempts have reached.
    func watch(_ active: Int, _ course: CourseSlots) {
        showStates(active)
        monitor(.max, active)
        for lane in 0..<active where error.base[lane] <= 1 && lanes[lane].stage != .done {
            if holdsEnding(monitorValues, lane) {
                course.results[Int(lanes[lane].slot)].ending = search.locate(lane)
                keepExtremes(Int(lanes[lane].slot), search.values, 0, course)
                lanes[lane].stage = .done
            } else {
                keepExtremes(Int(lanes[lane].slot), monitorValues, lane, course)
            }
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
        _ program: Program, _ scratch: ProgramScratch, _ outputs: LaneRows, _ groups: UInt64, _ active: Int
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
    func holdsEnding(_ values: LaneRows, _ column: Int) -> Bool {
        for ending in 0..<endings where values.row(ending)[column] != 0 && isMetAnyTime[ending] { return true }
        return false
    }

    /// Extremes are those at the ends of accepted steps, of phases, after jumps and at an ending; between steps a course
    /// may have gone a little further (immuno's lowest lymphocytes: less than 0.5 % at its tolerance).
    func keepExtremes(_ slot: Int, _ values: LaneRows, _ column: Int, _ course: CourseSlots) {
        for index in extremes.indices {
            let value = values.row(endings + index)[column]
            let kept = course.table.row(extremes[index].row) + slot
            if extremes[index].isLowest ? value < kept.pointee : value > kept.pointee { kept.pointee = value }
        }
    }
}
