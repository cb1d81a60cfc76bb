// Draws patients visit by visit: when the next one is, whether there is one, and what it says.

import Foundation
import Networks
import Numerics

/// What was drawn of one patient.
struct DrawnVisits: Sendable {
    var times: [Double] = []
    /// Visits × columns that vary.
    var values: [Double] = []
}

/// Draws patients from a trained decoder; used by one thread, on networks that any number of threads may read.
struct VisitSampler {
    let encoding: VisitEncoding
    let objective: VisitObjective
    let posterior: GaussianMixture
    let calibration: VisitCalibration
    let tailTrim: Double?

    /// Patients decoded at a time; results do not depend on it.
    static let chunk = 256
    /// Scores that are told to the decoder lie within ±.
    static let widestScore: Float = 3.5

    /// One patient on the way.
    private struct Course {
        var stream: RandomStream
        var time = 0.0
        var origin = 0.0
        var until: Double?
        /// States and values of the last visit, by plan.
        var states: [Int]
        var values: [Double]
    }

    /// Draws the visits of patients whose constants are known; patient i depends on the seed, its number and its
    /// constants alone.
    ///
    /// - Parameters:
    ///   - numbers: of the patients, one for each row of `constants`.
    ///   - constants: of the columns of `encoding.baseline`.
    ///   - log: sees what the networks said, for calibration.
    func draw(
        _ numbers: [Int], constants: PatientTable, seed: UInt64, purpose: String, log: VisitLog? = nil
    ) throws -> [DrawnVisits] {
        let shape = objective.shape
        let count = numbers.count
        let plans = encoding.visits.plans.count
        let clock = encoding.clock
        let baseline = try encoding.baseline.encode(constants)
        let first = RandomStream(seed: seed, purpose: purpose)
        let codes = FloatBuffer(count * shape.latent)
        var drawn = [DrawnVisits](repeating: DrawnVisits(), count: count)
        var courses: [Course] = []
        for (slot, number) in numbers.enumerated() {
            var course = Course(
                stream: first.withIndex(UInt64(number)), states: Array(repeating: 0, count: plans),
                values: Array(repeating: .nan, count: plans))
            posterior.draw(&course.stream, into: codes.start + slot * shape.latent)
            course.origin = constants.columns[0].values[slot]
            course.time = course.origin
            course.until = clock.horizon.map { constants.columns[$0].values[slot] }
            courses.append(course)
        }
        let memory = FloatBuffer(count * shape.decoder)
        let carried = FloatBuffer(count * shape.visit)
        let gaps = FloatBuffer(count * shape.gap)
        let active = FloatBuffer(count * shape.decoder)
        let decoderInput = FloatBuffer(count * shape.decoderInputs)
        let eventInput = FloatBuffer(count * shape.eventInputs)
        let visitInput = FloatBuffer(count * shape.visitInputs)
        let output = FloatBuffer(count * shape.visitOutputs)
        let scratch = FloatBuffer(
            max(
                objective.decoder.scratchCount(batch: count), objective.events.scratchCount(batch: count),
                objective.visits.scratchCount(batch: count)))
        var normals = [Double](repeating: 0, count: 2 * calibration.width)
        var going = Array(0..<count)
        for k in 0..<encoding.mostVisits where !going.isEmpty {
            // Everything seen so far goes into the memory.
            for (place, slot) in going.enumerated() {
                (active.start + place * shape.decoder).update(
                    from: memory.start + slot * shape.decoder, count: shape.decoder)
                let input = decoderInput.start + place * shape.decoderInputs
                input.update(from: codes.start + slot * shape.latent, count: shape.latent)
                VisitSampler.copy(baseline.inputs, slot, shape.baseline, to: input + shape.latent)
                (input + shape.latent + shape.baseline).update(
                    from: carried.start + slot * shape.visit, count: shape.visit)
                let time = input + shape.latent + shape.baseline + shape.visit
                let course = courses[slot]
                let remaining = course.until.map { $0 - course.time }
                if k == 0 {
                    clock.writeStart(remaining: remaining, into: time)
                } else {
                    clock.write(elapsed: course.time - course.origin, number: k - 1, remaining: remaining, into: time)
                }
                if k > 0 {
                    let event = eventInput.start + place * shape.eventInputs + shape.decoder
                    event.update(from: codes.start + slot * shape.latent, count: shape.latent)
                    VisitSampler.copy(baseline.inputs, slot, shape.baseline, to: event + shape.latent)
                    (event + shape.latent + shape.baseline).update(from: time, count: shape.time)
                }
            }
            objective.decoder.advance(
                UnsafePointer(decoderInput.start), state: active.start, batch: going.count, scratch: scratch.start)
            for (place, slot) in going.enumerated() {
                let state = active.start + place * shape.decoder
                (memory.start + slot * shape.decoder).update(from: state, count: shape.decoder)
                (eventInput.start + place * shape.eventInputs).update(from: state, count: shape.decoder)
            }
            if k > 0 {
                let output = objective.events.evaluate(
                    UnsafePointer(eventInput.start), batch: going.count, scratch: scratch.start)
                var left: [Int] = []
                for (place, slot) in going.enumerated()
                where next(
                    &courses[slot], output + place * shape.eventOutputs, gaps.start + slot * shape.gap, log)
                {
                    left.append(slot)
                }
                going = left
                guard !going.isEmpty else { break }
            }
            for (place, slot) in going.enumerated() {
                let course = courses[slot]
                let input = visitInput.start + place * shape.visitInputs
                input.update(from: memory.start + slot * shape.decoder, count: shape.decoder)
                var target = input + shape.decoder
                target.update(from: codes.start + slot * shape.latent, count: shape.latent)
                target += shape.latent
                VisitSampler.copy(baseline.inputs, slot, shape.baseline, to: target)
                target += shape.baseline
                target.update(from: carried.start + slot * shape.visit, count: shape.visit)
                target += shape.visit
                target.update(from: gaps.start + slot * shape.gap, count: shape.gap)
                clock.write(
                    elapsed: course.time - course.origin, number: k, remaining: course.until.map { $0 - course.time },
                    into: target + shape.gap)
            }
            let said = objective.visits.evaluate(
                UnsafePointer(visitInput.start), batch: going.count, scratch: scratch.start)
            output.start.update(from: said, count: going.count * shape.visitOutputs)
            var left: [Int] = []
            for (place, slot) in going.enumerated() {
                let own = output.start + place * shape.visitOutputs
                objective.start.add(
                    visitInput.start + place * shape.visitInputs + shape.decoder + shape.latent, isKnown: k > 0, to: own
                )
                let ends = visit(
                    &courses[slot], isFirst: k == 0, own,
                    carried.start + slot * shape.visit, &normals, log)
                drawn[slot].times.append(courses[slot].time)
                drawn[slot].values += courses[slot].values
                if !ends { left.append(slot) }
            }
            going = left
        }
        return drawn
    }

    private static func copy(_ rows: [Float], _ row: Int, _ width: Int, to target: UnsafeMutablePointer<Float>) {
        guard width > 0 else { return }
        rows.withUnsafeBufferPointer { target.update(from: $0.baseAddress! + row * width, count: width) }
    }

    /// Whether there is another visit; then when, and what the networks are told of the gap.
    private func next(
        _ course: inout Course, _ output: UnsafePointer<Float>, _ gap: UnsafeMutablePointer<Float>, _ log: VisitLog?
    ) -> Bool {
        let plan = encoding.gaps.plans[0]
        let stays = course.stream.uniform()
        let choice = plan.block == nil ? 0 : course.stream.uniform()
        let noise = plan.slot == nil ? 0 : course.stream.normal()
        let odds = 1 / (1 + exp(-Double(output[0] + calibration.goOn)))
        guard encoding.rules.isEndTold || stays < odds, plan.states != [.missing] else { return false }
        for k in 0..<objective.shape.gap { gap[k] = 0 }
        let logits = output + 1 + objective.shape.gapScores
        let state =
            plan.block.map { block in
                calibration.gaps.choose(logits + block, block: block, width: plan.states.count, uniform: choice)
            } ?? 0
        if let block = plan.block { gap[objective.shape.gapScores + block + state] = 1 }
        var probability = 0.5
        if plan.states[state] == .score, let slot = plan.slot {
            let raw = output[1 + slot] + expf(objective.gapLogSigma(slot)) * Float(noise)
            probability = calibration.gaps.probability(raw, slot: slot)
            gap[slot] = min(max(raw, -VisitSampler.widestScore), VisitSampler.widestScore)
            log?.gapScores.append(raw)
        }
        if plan.block != nil { log?.gapStates[state] += 1 }
        let length = encoding.gaps.value(plan, state: state, probability: probability, trim: tailTrim)
        var time = course.time + length
        if let granularity = encoding.timeGranularity { time = granularity.rounded(time) }
        if time <= course.time { time = course.time + (encoding.timeGranularity?.step ?? course.time.ulp) }
        guard time <= encoding.clock.latest, time <= course.until ?? .infinity else { return false }
        course.time = time
        return true
    }

    /// Draws a visit's values; true where they end the patient's visits.
    private func visit(
        _ course: inout Course, isFirst: Bool, _ output: UnsafePointer<Float>,
        _ carried: UnsafeMutablePointer<Float>, _ normals: inout [Double], _ log: VisitLog?
    ) -> Bool {
        let shape = objective.shape
        let width = calibration.width
        for k in 0..<width { normals[k] = course.stream.normal() }
        for k in 0..<width {
            var sum = 0.0
            for other in 0...k { sum += calibration.factor[k * width + other] * normals[other] }
            normals[width + k] = sum
        }
        var ends = false
        var block = 0
        for (number, plan) in encoding.visits.plans.enumerated() {
            var state = 0
            if let offset = plan.block {
                state = calibration.visits.choose(
                    output + shape.scores + offset, block: offset, width: plan.states.count,
                    uniform: normalCDF(normals[width + shape.scores + block]))
                log?.count(block: offset, state: state)
                block += 1
            }
            let before = course.states[number]
            if !isFirst, encoding.rules.absorbing[number][before] { continue }
            var probability = 0.5
            var raw: Float = 0
            if let slot = plan.slot, plan.states[state] == .score {
                let difference = calibration.difference(normalCDF(normals[width + slot]), slot: slot)
                raw = output[slot] + objective.sigma(slot, output) * difference
                probability = calibration.visits.probability(raw, slot: slot)
                log?.scores[slot].append(raw)
            }
            let value = encoding.visits.value(plan, state: state, probability: probability, trim: tailTrim)
            let direction = Double(encoding.rules.direction[number])
            if !isFirst, direction != 0, (value - course.values[number]) * direction < 0 { continue }
            if let offset = plan.block {
                for other in 0..<plan.states.count { carried[shape.scores + offset + other] = other == state ? 1 : 0 }
            }
            if let slot = plan.slot, plan.states[state] == .score {
                carried[slot] = min(max(raw, -VisitSampler.widestScore), VisitSampler.widestScore)
            }
            course.states[number] = state
            course.values[number] = value
            if encoding.rules.terminal[number][state] { ends = true }
        }
        return ends
    }

}

/// What networks said while patients were drawn.
final class VisitLog {
    /// Raw scores, by slot.
    var scores: [[Float]]
    var gapScores: [Float] = []
    /// How often each choice was drawn.
    private(set) var states: [Int]
    var gapStates: [Int]

    init(_ encoding: VisitEncoding) {
        scores = Array(repeating: [], count: encoding.visits.scores)
        states = Array(repeating: 0, count: encoding.visits.choices)
        gapStates = Array(repeating: 0, count: encoding.gaps.choices)
    }

    func count(block: Int, state: Int) { states[block + state] += 1 }
}
