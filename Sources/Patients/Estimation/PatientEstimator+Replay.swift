// The search for the most probable effects: patients treated again in the model as they were treated, with effects on
// trial, many at once.

import Numerics

extension PatientEstimator {
    func estimate(_ due: [Int]) throws {
        let points = PosteriorMode.points(effects: effects.count)
        let group = replay.slots / points
        for first in stride(from: 0, to: due.count, by: group) {
            let members = Array(due[first..<min(due.count, first + group)])
            var searches = members.map { row in
                PosteriorMode(
                    start: mode(row: row), difference: settings.difference, tolerance: settings.tolerance,
                    maximumRounds: settings.maximumRounds)
            }
            var active = Array(members.indices)
            while !active.isEmpty {
                try predict(active.map { (members[$0], searches[$0]) })
                for (place, member) in active.enumerated() {
                    let row = members[member]
                    searches[member].take { body in visit(row, place, body) }
                    guard searches[member].wasAccepted else { continue }
                    for effect in 0..<effects.count {
                        modes[row * effects.count + effect] = searches[member].mode[effect]
                    }
                    model.copy(slot: place * points, of: replay, to: row, episode: nil)
                }
                active = active.filter { !searches[$0].isFound }
            }
        }
    }

    /// Every measurement of a row with what the replay has predicted of it.
    private func visit(_ row: Int, _ place: Int, _ body: (PosteriorMode.Residuals) -> Void) {
        let points = PosteriorMode.points(effects: effects.count)
        let width = replay.slots * measurements.count
        let last = Int(replay.decisionBuffer[place * points])
        for decision in 0...last {
            for index in 0..<measurements.count {
                let value = seen[(row * (horizon + 1) + decision) * measurements.count + index]
                guard !value.isNaN else { continue }
                let base = decision * width + place * points * measurements.count + index
                body(
                    PosteriorMode.Residuals(
                        measured: value, mean: { self.means[base + $0 * self.measurements.count] },
                        variance: { self.variances[base + $0 * self.measurements.count] }))
            }
        }
    }

    /// Treats copies of the patients as they were treated, each with the effects of one point of its search.
    private func predict(_ searches: [(row: Int, search: PosteriorMode)]) throws {
        let points = PosteriorMode.points(effects: effects.count)
        let width = replay.slots * measurements.count
        var longest = 0
        for slot in 0..<replay.slots { replay.stop(slot: slot) }
        for (place, item) in searches.enumerated() {
            longest = max(longest, made[item.row])
            for index in 0..<points {
                item.search.point(index, into: point.baseAddress!)
                let patient = patientOf[item.row]
                effects.numbers(patient: patient, effects: point.baseAddress!, into: numbers)
                try replay.start(
                    slot: place * points + index, patient: patient, episode: 0, numbers: UnsafeBufferPointer(numbers))
            }
        }
        for decision in 0...longest {
            measurements.predict(
                replay, means: means.baseAddress! + decision * width,
                variances: variances.baseAddress! + decision * width)
            guard decision < longest else { break }
            var isAny = false
            for (place, item) in searches.enumerated() {
                let isOver = decision >= made[item.row]
                for slot in (place * points)..<((place + 1) * points) where replay.statusBuffer[slot] == .running {
                    guard !isOver else {
                        replay.stop(slot: slot)
                        continue
                    }
                    replayActions[slot] = given[item.row * horizon + decision]
                    permit(replay, slot, replayActions[slot])
                    isAny = true
                }
            }
            guard isAny else { break }
            try? replay.step(UnsafeBufferPointer(replayActions))
        }
        // Courses that are where their patients are go on from there.
        for (place, item) in searches.enumerated() {
            let base = place * points
            if replay.statusBuffer[base] == .idle, Int(replay.decisionBuffer[base]) == made[item.row] {
                replay.statusBuffer[base] = .running
            }
        }
    }
}
