// Chance in a course: numbers redrawn for every step, decision or episode, and what happens to a patient unasked. Every
// draw is a function of seed, name, patient, episode and its number alone, so that all policies meet the same chance.

import Numerics

/// The random numbers and events of an environment. One batch's own.
final class CourseChance {
    private struct Draw {
        let numbers: KeyedNumbers
        let distribution: Distribution
        let row: Int
    }
    private struct Event {
        let numbers: KeyedNumbers
        let row: Int
        let amount: Distribution
        let time: Distribution
        let every: Double?
        let probability: Double
    }
    private let stepDraws: UnsafeMutableBufferPointer<Draw>
    private let decisionDraws: UnsafeMutableBufferPointer<Draw>
    private let episodeDraws: UnsafeMutableBufferPointer<Draw>
    private let events: UnsafeMutableBufferPointer<Event>
    let hasDecisionNumbers: Bool
    /// event × slots: how many occurrences have been dealt with, and when and how much the next one is.
    private let occurrence: UnsafeMutableBufferPointer<UInt64>
    private let nextTime: UnsafeMutableBufferPointer<Double>
    private let nextAmount: UnsafeMutableBufferPointer<Double>
    private let slots: Int
    /// Steps and events closer together than this happen at the same time.
    private let near: Double

    init(_ model: EnvironmentModel, layout: InputLayout, slots: Int, seed: UInt64) {
        self.slots = slots
        near = 1e-9 * model.step
        var draws: [EnvironmentModel.RandomNumber.Redrawn: [Draw]] = [:]
        for (index, random) in model.randoms.enumerated() {
            draws[random.redrawn, default: []].append(
                Draw(
                    numbers: KeyedNumbers(seed: seed, purpose: "course.\(model.name).\(random.name)"),
                    distribution: random.distribution, row: layout.randoms.lowerBound + index))
        }
        stepDraws = buffer(draws[.step] ?? [])
        decisionDraws = buffer(draws[.decision] ?? [])
        episodeDraws = buffer(draws[.episode] ?? [])
        hasDecisionNumbers = !decisionDraws.isEmpty
        events = buffer(
            model.events.map { event in
                Event(
                    numbers: KeyedNumbers(seed: seed, purpose: "course.\(model.name).event.\(event.name)"),
                    row: layout.stateRows[event.state], amount: event.amount, time: event.time, every: event.every,
                    probability: event.probability)
            })
        occurrence = .allocate(capacity: max(1, slots * events.count))
        occurrence.initialize(repeating: 0)
        nextTime = .allocate(capacity: max(1, slots * events.count))
        nextTime.initialize(repeating: .infinity)
        nextAmount = .allocate(capacity: max(1, slots * events.count))
        nextAmount.initialize(repeating: 0)
    }

    deinit {
        for draws in [stepDraws, decisionDraws, episodeDraws] {
            draws.deinitialize()
            draws.deallocate()
        }
        events.deinitialize()
        events.deallocate()
        occurrence.deallocate()
        nextTime.deallocate()
        nextAmount.deallocate()
    }

    /// Which stream of every name is a patient's.
    static func identity(patient: Int, episode: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: patient)) << 32 | UInt64(UInt32(truncatingIfNeeded: episode))
    }

    /// Numbers of the episode, of its first decision and of its first step.
    func begin(slot: Int, identity: UInt64, table: LaneRows) {
        draw(episodeDraws, identity, number: 0, table, slot)
        draw(decisionDraws, identity, number: 0, table, slot)
        draw(stepDraws, identity, number: 0, table, slot)
        for index in events.indices {
            occurrence[index * slots + slot] = 0
            prepare(index, slot, identity)
        }
    }

    /// Takes over what is still to come of a course in another batch.
    func copy(slot: Int, of source: CourseChance, to target: Int) {
        for index in events.indices {
            let from = index * source.slots + slot
            let to = index * slots + target
            occurrence[to] = source.occurrence[from]
            nextTime[to] = source.nextTime[from]
            nextAmount[to] = source.nextAmount[from]
        }
    }

    /// Draws anew what has been drawn of a future that has not been lived: the numbers of the decision at hand, and the
    /// next occurrence of every event, given that it has not happened by now.
    func redraw(slot: Int, decision: Int, time: Double, identity: UInt64, table: LaneRows) {
        draw(decisionDraws, identity, number: decision, table, slot)
        for index in events.indices {
            let place = index * slots + slot
            guard nextTime[place] < .infinity else { continue }
            let kept = (nextTime[place], nextAmount[place])
            var attempt: UInt64 = 0
            repeat {
                prepare(index, slot, identity, attempt: attempt)
                attempt += 1
            } while nextTime[place] <= time + near && attempt < CourseChance.redraws
            if nextTime[place] <= time + near { (nextTime[place], nextAmount[place]) = kept }
        }
    }

    /// Attempts after which an event keeps its time, being due at any moment.
    private static let redraws: UInt64 = 100

    func drawDecision(_ decision: Int, identity: UInt64, table: LaneRows, column: Int) {
        draw(decisionDraws, identity, number: decision, table, column)
    }

    func drawStep(_ step: Int, identity: UInt64, table: LaneRows, column: Int) {
        draw(stepDraws, identity, number: step, table, column)
    }

    private func draw(
        _ list: UnsafeMutableBufferPointer<Draw>, _ identity: UInt64, number: Int, _ table: LaneRows, _ column: Int
    ) {
        for index in list.indices {
            let bits = list[index].numbers.bits(index: identity, position: UInt64(number)).first
            table.row(list[index].row)[column] = list[index].distribution.value(bits: bits)
        }
    }

    /// Adds what is due at a step that begins at `time` to the held states of a lane.
    func addEvents(at time: Double, slot: Int, identity: UInt64, table: LaneRows, column: Int) {
        for index in events.indices {
            let place = index * slots + slot
            while nextTime[place] <= time + near {
                table.row(events[index].row)[column] += nextAmount[place]
                occurrence[place] += 1
                prepare(index, slot, identity)
            }
        }
    }

    /// Draws the next occurrence of an event.
    private func prepare(_ index: Int, _ slot: Int, _ identity: UInt64, attempt: UInt64 = 0) {
        let place = index * slots + slot
        let number = occurrence[place]
        guard number == 0 || events[index].every != nil else {
            nextTime[place] = .infinity
            return
        }
        let position = 2 * number + attempt << 40
        let (first, second) = events[index].numbers.bits(index: identity, position: position)
        let third = events[index].numbers.bits(index: identity, position: position + 1).first
        let happens = Double(first >> 11) * 0x1p-53 < events[index].probability
        nextTime[place] = Double(number) * (events[index].every ?? 0) + events[index].time.value(bits: second)
        nextAmount[place] = happens ? events[index].amount.value(bits: third) : 0
    }
}

extension EnvironmentModel {
    /// Whether anything in a course is left to chance.
    var hasChance: Bool { !randoms.isEmpty || !events.isEmpty }
}
