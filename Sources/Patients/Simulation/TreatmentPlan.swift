// What happens within a decision interval: a sequence of phases over which the inputs are constant, with what is given
// at once and which steps begin and end in between.

/// A stretch of time over which the inputs are constant.
struct Phase: Sendable {
    /// Counted from the beginning of the interval.
    var end: Double
    /// What runs during the phase, and what is given at once at its beginning: ranges of the plan's portions.
    var infusions: Range<Int32>
    var impulses: Range<Int32>
    /// A step begins at the phase's beginning.
    var beginsStep: Bool
    /// A step ends at the phase's end.
    var endsStep: Bool
}

/// A dose within a phase: `level` times the dose's size, to an input.
struct Portion: Sendable {
    /// Whose size is multiplied, or −1 for 1.
    var dose: Int32
    var input: Int32
    var level: Double
}

/// One administration of a dose.
struct Administration: Sendable {
    var dose: Int
    var input: Int
    var level: Double
    /// From the beginning of the interval, lag excluded.
    var begin: Double
    /// Of an infusion; nil for an impulse.
    var duration: Double?
}

/// The phases of an interval, in memory that is allocated once and may be filled again.
final class TreatmentPlan {
    let phases: UnsafeMutableBufferPointer<Phase>
    let portions: UnsafeMutableBufferPointer<Portion>
    private(set) var count = 0
    private var portionCount = 0
    private let bounds: UnsafeMutableBufferPointer<Double>
    private let spans: UnsafeMutableBufferPointer<Span>

    /// An administration with its lag, as it lies in the interval.
    private struct Span {
        var begin, end: Double
        var isImpulse: Bool
        var portion: Portion
    }

    /// - Parameters:
    ///   - administrations: the most that an interval can hold.
    ///   - steps: steps in an interval.
    init(administrations: Int, steps: Int) {
        let phaseCapacity = 2 * administrations + steps + 2
        phases = .allocate(capacity: phaseCapacity)
        portions = .allocate(capacity: max(1, administrations * phaseCapacity))
        bounds = .allocate(capacity: max(1, 2 * administrations))
        spans = .allocate(capacity: max(1, administrations))
    }

    deinit {
        phases.deallocate()
        portions.deallocate()
        bounds.deallocate()
        spans.deallocate()
    }

    /// Lays out an interval.
    ///
    /// - Parameters:
    ///   - length: of the interval.
    ///   - step: of a step, the first of which begins with the interval; 0 for none.
    ///   - lags: by dose.
    ///   - isStepInput: by input, whether an impulse is the input's level during the step it falls in.
    func fill(
        length: Double, step: Double, _ administrations: [Administration], lags: (Int) -> Double,
        isStepInput: (Int) -> Bool
    ) {
        // What lies closer together than this happens at the same time.
        let near = 1e-9 * length
        var spanCount = 0
        var boundCount = 0
        for given in administrations {
            var begin = given.begin + lags(given.dose)
            var portion = Portion(dose: Int32(given.dose), input: Int32(given.input), level: given.level)
            var end = given.duration.map { min(begin + $0, length) } ?? begin
            var isImpulse = given.duration == nil
            if isImpulse, step > 0, isStepInput(given.input) {
                begin = ((begin + near) / step).rounded(.down) * step
                end = begin + step
                portion.level /= step
                isImpulse = false
            }
            spans[spanCount] = Span(begin: begin, end: end, isImpulse: isImpulse, portion: portion)
            spanCount += 1
            insert(begin, &boundCount)
            insert(end, &boundCount)
        }
        count = 0
        portionCount = 0
        var begin = 0.0
        var nextBound = 0
        var nextStep = 1
        var beginsStep = step > 0
        while begin < length {
            while nextBound < boundCount, bounds[nextBound] <= begin + near { nextBound += 1 }
            var end = length
            if nextBound < boundCount, bounds[nextBound] < end - near { end = bounds[nextBound] }
            var endsStep = false
            if step > 0 {
                let stepEnd = Double(nextStep) * step
                if stepEnd <= end + near {
                    endsStep = true
                    end = stepEnd < length - near ? stepEnd : length
                    nextStep += 1
                }
            }
            let infusions = take(spanCount) { $0.begin <= begin + near && $0.end > begin + near && !$0.isImpulse }
            let impulses = take(spanCount) { abs($0.begin - begin) <= near && $0.isImpulse }
            phases[count] = Phase(
                end: end, infusions: infusions, impulses: impulses, beginsStep: beginsStep, endsStep: endsStep)
            count += 1
            beginsStep = endsStep
            begin = end
        }
    }

    /// A single phase, which may be empty: how a course is carried on by hand.
    func fill(phaseOf length: Double, beginsStep: Bool, endsStep: Bool, levels: [Double], impulses: [Double]) {
        portionCount = 0
        func take(_ values: [Double]) -> Range<Int32> {
            let first = Int32(portionCount)
            for (input, level) in values.enumerated() where level != 0 {
                portions[portionCount] = Portion(dose: -1, input: Int32(input), level: level)
                portionCount += 1
            }
            return first..<Int32(portionCount)
        }
        phases[0] = Phase(
            end: length, infusions: take(levels), impulses: take(impulses), beginsStep: beginsStep,
            endsStep: endsStep)
        count = 1
    }

    private func take(_ spanCount: Int, _ isWanted: (Span) -> Bool) -> Range<Int32> {
        let first = Int32(portionCount)
        for index in 0..<spanCount where isWanted(spans[index]) {
            portions[portionCount] = spans[index].portion
            portionCount += 1
        }
        return first..<Int32(portionCount)
    }

    /// Keeps the bounds in order.
    private func insert(_ bound: Double, _ count: inout Int) {
        var place = count
        while place > 0, bounds[place - 1] > bound {
            bounds[place] = bounds[place - 1]
            place -= 1
        }
        bounds[place] = bound
        count += 1
    }
}

extension EnvironmentModel {
    /// What an action gives, in the order of its doses.
    func administrations(of action: Action) -> [Administration] {
        action.doses.enumerated().flatMap { index, number -> [Administration] in
            let dose = doses[number]
            let level = action.levels.indices.contains(index) ? action.levels[index] : 1
            return (0..<dose.times).map { repetition in
                Administration(
                    dose: number, input: dose.input, level: level, begin: dose.at + Double(repetition) * dose.every,
                    duration: dose.isImpulse ? nil : dose.duration)
            }
        }
    }
}
