// Patients side by side and one after another, so that a recurrent network steps through all their visits without gaps.

import Numerics

/// Widths of everything that the networks read and say.
package struct VisitShape: Sendable, Equatable {
    var baseline: Int
    /// Scores and choices of a visit.
    var visit: Int
    /// Scores of a visit alone.
    var scores: Int
    var blocks: Int
    var gap: Int
    var gapScores: Int
    var gapBlocks: Int
    var time: Int
    var latent: Int
    var encoder: Int
    var decoder: Int

    init(_ encoding: VisitEncoding, latent: Int, encoder: Int, decoder: Int) {
        baseline = encoding.baseline.width
        visit = encoding.visits.width
        scores = encoding.visits.scores
        blocks = encoding.visits.blocks.count
        gap = encoding.gaps.width
        gapScores = encoding.gaps.scores
        gapBlocks = encoding.gaps.blocks.count
        time = encoding.clock.width
        self.latent = latent
        self.encoder = encoder
        self.decoder = decoder
    }

    /// Of a visit, for the encoder: constants, values, time since the last, time.
    var encoderInputs: Int { baseline + visit + gap + time }
    /// Before a visit, for the decoder: code, constants, values of the last, time of the last.
    var decoderInputs: Int { latent + baseline + visit + time }
    /// For what comes next: memory, code, constants, time of the last.
    var eventInputs: Int { decoder + latent + baseline + time }
    /// For the visit's values: memory, code, constants, values of the last, gap, time.
    var visitInputs: Int { decoder + latent + baseline + visit + gap + time }
    /// Whether there is another visit, then the gap to it.
    var eventOutputs: Int { 1 + gap }
    /// Means of scores and logits, then how the scores' spreads differ from their usual ones; a network has at least one
    /// output.
    var visitOutputs: Int { max(1, visit + scores) }
}

/// A batch of patients in rows `step · lanes + lane`: a patient of T visits takes T + 1 rows of one lane, row k of which
/// stands before visit k and, from the second on, after visit k − 1.
package final class VisitBatch {
    let shape: VisitShape
    package private(set) var steps = 0
    package private(set) var lanes = 0
    package private(set) var patients = 0
    var rows: Int { steps * lanes }

    private(set) var encoderInput = FloatBuffer(0)
    /// The code's part is for whoever has the codes.
    private(set) var decoderInput = FloatBuffer(0)
    private(set) var eventInput = FloatBuffer(0)
    private(set) var visitInput = FloatBuffer(0)
    /// Whether a patient begins with the row.
    private(set) var starts = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 0)
    /// The patient among those of the batch, −1 for a row that stands for nothing.
    private(set) var patient: [Int] = []
    /// The row of the visit in the encoded table, −1 after the last.
    private(set) var visit: [Int] = []
    /// The row of its gap, −1 at the first visit and after the last.
    private(set) var gap: [Int] = []
    /// Whether it stands before a patient's first visit.
    private(set) var isFirst: [Bool] = []
    /// Whether the decoder knows the values of the visit before.
    private(set) var isKnown: [Bool] = []
    /// Of each patient, the row of the last visit.
    private(set) var last: [Int] = []

    package init(shape: VisitShape) { self.shape = shape }

    deinit { starts.deallocate() }

    /// Lays out the visits of some patients.
    ///
    /// - Parameter dropout: what keeps the last visit's values from the decoder, and how often; nil for never.
    package func fill(
        _ numbers: some Collection<Int>, from data: EncodedVisits, clock: VisitClock,
        dropout: (share: Double, stream: RandomStream)? = nil
    ) {
        let chosen = Array(numbers)
        patients = chosen.count
        let places = layOut(chosen.map { data.starts[$0 + 1] - data.starts[$0] + 1 })
        reserve()
        starts.update(repeating: false)
        patient = Array(repeating: -1, count: rows)
        visit = patient
        gap = patient
        isFirst = Array(repeating: false, count: rows)
        isKnown = isFirst
        last = Array(repeating: 0, count: patients)
        var stream = dropout?.stream ?? RandomStream(seed: 0, purpose: "")
        for (slot, number) in chosen.enumerated() {
            place(slot, number, at: places[slot], data, clock) {
                dropout.map { stream.uniform() < $0.share } ?? false
            }
        }
    }

    /// Longest first, each into the first lane with room.
    private func layOut(_ lengths: [Int]) -> [(lane: Int, step: Int)] {
        let total = lengths.reduce(0, +)
        let longest = lengths.max() ?? 1
        // As many lanes as a tile of the matrix product has rows, or a few of them.
        steps = max(longest, (total + 23) / 24)
        var used: [Int] = []
        var places = [(lane: Int, step: Int)](repeating: (0, 0), count: lengths.count)
        for slot in lengths.indices.sorted(by: { (lengths[$0], $1) > (lengths[$1], $0) }) {
            let lane = used.firstIndex { $0 + lengths[slot] <= steps } ?? used.count
            if lane == used.count { used.append(0) }
            places[slot] = (lane, used[lane])
            used[lane] += lengths[slot]
        }
        lanes = used.count
        steps = used.max() ?? 0
        return places
    }

    private func reserve() {
        if starts.count < rows {
            starts.deallocate()
            starts = .allocate(capacity: rows)
            starts.initialize(repeating: false)
        }
        func room(_ buffer: inout FloatBuffer, _ width: Int) {
            if buffer.count < rows * width { buffer = FloatBuffer(rows * width) } else { buffer.zero() }
        }
        room(&encoderInput, shape.encoderInputs)
        room(&decoderInput, shape.decoderInputs)
        room(&eventInput, shape.eventInputs)
        room(&visitInput, shape.visitInputs)
    }

    private func place(
        _ slot: Int, _ number: Int, at place: (lane: Int, step: Int), _ data: EncodedVisits, _ clock: VisitClock,
        isDropped: () -> Bool
    ) {
        let first = data.starts[number]
        let count = data.starts[number + 1] - first
        let until = data.horizons?[number]
        let origin = data.times[first]
        let shape = self.shape
        // The values of the last visit, scores that are not there as they were seen last.
        var carried = [Float](repeating: 0, count: shape.visit)
        for k in 0...count {
            let row = (place.step + k) * lanes + place.lane
            starts[row] = k == 0
            patient[row] = slot
            isFirst[row] = k == 0
            let encoder = encoderInput.start + row * shape.encoderInputs
            let decoder = decoderInput.start + row * shape.decoderInputs + shape.latent
            let event = eventInput.start + row * shape.eventInputs + shape.decoder + shape.latent
            let values = visitInput.start + row * shape.visitInputs + shape.decoder + shape.latent
            copy(data.baseline.inputs, number, shape.baseline, to: encoder, decoder, event, values)
            let beforeTime = decoder + shape.baseline + shape.visit
            if k == 0 {
                clock.writeStart(remaining: until.map { $0 - origin }, into: beforeTime)
            } else {
                let time = data.times[first + k - 1]
                clock.write(elapsed: time - origin, number: k - 1, remaining: until.map { $0 - time }, into: beforeTime)
                if isDropped() {
                    // Without values, as before a first visit.
                    beforeTime[0] = 1
                } else {
                    isKnown[row] = true
                    (decoder + shape.baseline).update(from: carried, count: shape.visit)
                    (values + shape.baseline).update(from: carried, count: shape.visit)
                }
            }
            (event + shape.baseline).update(from: beforeTime, count: shape.time)
            guard k < count else { continue }
            let seen = first + k
            visit[row] = seen
            if k == count - 1 { last[slot] = row }
            copy(data.visits.inputs, seen, shape.visit, to: encoder + shape.baseline)
            let encoderGap = encoder + shape.baseline + shape.visit
            let valuesGap = values + shape.baseline + shape.visit
            if k > 0 {
                gap[row] = seen - number - 1
                copy(data.gaps.inputs, gap[row], shape.gap, to: encoderGap, valuesGap)
            }
            let time = data.times[seen]
            let remaining = until.map { $0 - time }
            clock.write(elapsed: time - origin, number: k, remaining: remaining, into: encoderGap + shape.gap)
            clock.write(elapsed: time - origin, number: k, remaining: remaining, into: valuesGap + shape.gap)
            VisitBatch.carry(&carried, data.visits, seen, shape)
        }
    }

    /// Takes over a visit's values; scores that are not there stay as they were.
    private static func carry(_ carried: inout [Float], _ rows: TableEncoding.Rows, _ row: Int, _ shape: VisitShape) {
        for k in 0..<shape.visit where k >= shape.scores || rows.mask[row * shape.scores + k] == 1 {
            carried[k] = rows.inputs[row * shape.visit + k]
        }
    }

    private func copy(_ rows: [Float], _ row: Int, _ width: Int, to targets: UnsafeMutablePointer<Float>...) {
        guard width > 0 else { return }
        rows.withUnsafeBufferPointer { rows in
            for target in targets { target.update(from: rows.baseAddress! + row * width, count: width) }
        }
    }
}
