// The evidence lower bound of a recurrent variational autoencoder of visits, and its gradient by hand.

import Foundation
import Networks
import Numerics

/// Encoder, decoder and the loss between them.
///
/// A patient's code z is Gaussian given all visits (a gated recurrent unit reads them to the last); given z and what
/// never changes, visits follow one another: p(x₀|z) Πₖ p(sₖ|…) p(gₖ|…) p(xₖ|…) with sₖ whether there is a visit k, gₖ the
/// time to it and xₖ its values, all given z and every visit before, which a second unit remembers (Bowman et al.,
/// "Generating sentences from a continuous space", CoNLL 2016; Chung et al., NIPS 2015, without a code per visit).
/// The bound is eq. 3 of Kingma and Welling, ICLR 2014. What a
/// linear autoregression and a Markov chain foresee is added to what the network says of a visit (`VisitStart`). A normal
/// score has a learned σ, which the network widens or narrows at most e-fold: some patients are steadier than others.
/// Used by one thread at a time.
package final class VisitObjective {
    package let shape: VisitShape
    let blocks: [(offset: Int, width: Int)]
    let gapBlocks: [(offset: Int, width: Int)]
    package let encoder: GatedRecurrentUnit
    package let posterior: DenseNetwork
    package let decoder: GatedRecurrentUnit
    package let events: DenseNetwork
    package let visits: DenseNetwork
    /// What the decoder starts from.
    package var start: VisitStart
    /// ln σ of every score of a visit, then of the gap.
    package let scales: FloatBuffer
    package let scaleGradients: FloatBuffer

    private var rowCapacity = 0
    private var patientCapacity = 0
    private var initial = FloatBuffer(0)
    private var lastStates = FloatBuffer(0)
    private var codes = FloatBuffer(0)
    private var codeGradient = FloatBuffer(0)
    private var posteriorGradient = FloatBuffer(0)
    private var lastGradient = FloatBuffer(0)
    private var encoderGradient = FloatBuffer(0)
    private var decoderGradient = FloatBuffer(0)
    private var decoderInputGradient = FloatBuffer(0)
    private var eventGradient = FloatBuffer(0)
    private var eventInputGradient = FloatBuffer(0)
    private var visitOutput = FloatBuffer(0)
    private var visitGradient = FloatBuffer(0)
    private var visitInputGradient = FloatBuffer(0)

    package convenience init(
        _ encoding: VisitEncoding, configuration: RecurrentConfiguration, stream: inout RandomStream
    ) {
        let shape = VisitShape(
            encoding, latent: configuration.latent, encoder: configuration.encoder, decoder: configuration.decoder)
        func dense(_ inputs: Int, _ outputs: Int) -> DenseNetwork {
            DenseNetwork(
                inputs: inputs, hidden: [configuration.hidden], outputs: outputs, activation: .relu, stream: &stream)
        }
        let encoder = GatedRecurrentUnit(inputs: shape.encoderInputs, hidden: shape.encoder, stream: &stream)
        let posterior = dense(shape.encoder, 2 * shape.latent)
        let decoder = GatedRecurrentUnit(inputs: shape.decoderInputs, hidden: shape.decoder, stream: &stream)
        let events = dense(shape.eventInputs, shape.eventOutputs)
        let visits = dense(shape.visitInputs, shape.visitOutputs)
        self.init(
            encoding, encoder: encoder, posterior: posterior, decoder: decoder, events: events, visits: visits)
        // The network begins with little to say beside its start.
        let output = visits.parameters
        let weights = (shape.visitInputs + 1) * configuration.hidden
        for index in weights..<output.count { output[index] *= 0.1 }
    }

    /// Takes networks as they are; their widths must be those of the encoding.
    init(
        _ encoding: VisitEncoding, encoder: GatedRecurrentUnit, posterior: DenseNetwork, decoder: GatedRecurrentUnit,
        events: DenseNetwork, visits: DenseNetwork
    ) {
        shape = VisitShape(
            encoding, latent: posterior.outputCount / 2, encoder: encoder.hidden, decoder: decoder.hidden)
        blocks = encoding.visits.blocks.map { ($0.block ?? 0, $0.states.count) }
        gapBlocks = encoding.gaps.blocks.map { ($0.block ?? 0, $0.states.count) }
        self.encoder = encoder
        self.posterior = posterior
        self.decoder = decoder
        self.events = events
        self.visits = visits
        start = VisitStart(encoding, shape)
        scales = FloatBuffer(shape.scores + shape.gapScores)
        scaleGradients = FloatBuffer(scales.count)
    }

    /// Everything that is learned, and its gradient.
    package var parameters: [(values: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>)]
    {
        [
            (encoder.parameters, encoder.gradients), (posterior.parameters, posterior.gradients),
            (decoder.parameters, decoder.gradients), (events.parameters, events.gradients),
            (visits.parameters, visits.gradients), (scales.elements, scaleGradients.elements),
        ]
    }

    /// - Parameter output: what `decode` says of a visit.
    func sigma(_ slot: Int, _ output: UnsafePointer<Float>) -> Float {
        expf(scales.start[slot] + tanhf(output[shape.visit + slot]))
    }
    func gapLogSigma(_ slot: Int) -> Float { scales.start[shape.scores + slot] }

    package func zeroGradients() {
        for part in parameters { part.gradients.update(repeating: 0) }
    }

    private func reserve(rows: Int, patients: Int, lanes: Int) {
        if initial.count < lanes * max(shape.encoder, shape.decoder) {
            initial = FloatBuffer(lanes * max(shape.encoder, shape.decoder))
        }
        if patients > patientCapacity {
            patientCapacity = patients
            lastStates = FloatBuffer(patients * shape.encoder)
            lastGradient = FloatBuffer(patients * shape.encoder)
            codes = FloatBuffer(patients * shape.latent)
            codeGradient = FloatBuffer(patients * shape.latent)
            posteriorGradient = FloatBuffer(patients * 2 * shape.latent)
        }
        guard rows > rowCapacity else { return }
        rowCapacity = rows
        encoderGradient = FloatBuffer(rows * shape.encoder)
        decoderGradient = FloatBuffer(rows * shape.decoder)
        decoderInputGradient = FloatBuffer(rows * shape.decoderInputs)
        eventGradient = FloatBuffer(rows * shape.eventOutputs)
        eventInputGradient = FloatBuffer(rows * shape.eventInputs)
        visitOutput = FloatBuffer(rows * shape.visitOutputs)
        visitGradient = FloatBuffer(rows * shape.visitOutputs)
        visitInputGradient = FloatBuffer(rows * shape.visitInputs)
    }

    /// Means over the batch, in nats a patient.
    package struct Loss {
        /// −E ln p(visits|z)
        package var reconstruction: Double
        /// KL(q(z|visits) ‖ p(z))
        package var divergence: Double
    }

    /// Means and ln σ² of the codes, patients × 2·latent, valid until the next call.
    func encode(_ batch: VisitBatch) -> UnsafePointer<Float> {
        reserve(rows: batch.rows, patients: batch.patients, lanes: batch.lanes)
        let states = encoder.forward(
            UnsafePointer(batch.encoderInput.start), steps: batch.steps, batch: batch.lanes,
            initial: UnsafePointer(initial.start), starts: UnsafePointer(batch.starts.baseAddress!))
        for (slot, row) in batch.last.enumerated() {
            (lastStates.start + slot * shape.encoder).update(from: states + row * shape.encoder, count: shape.encoder)
        }
        return posterior.forward(UnsafePointer(lastStates.start), batch: batch.patients)
    }

    /// What the decoder says of every row, given codes: the next event's and the visit's outputs, valid until the next
    /// call.
    func decode(
        _ batch: VisitBatch, codes: UnsafePointer<Float>
    ) -> (events: UnsafePointer<Float>, visits: UnsafePointer<Float>) {
        let latent = shape.latent
        for row in 0..<batch.rows where batch.patient[row] >= 0 {
            let code = codes + batch.patient[row] * latent
            (batch.decoderInput.start + row * shape.decoderInputs).update(from: code, count: latent)
            (batch.eventInput.start + row * shape.eventInputs + shape.decoder).update(from: code, count: latent)
            (batch.visitInput.start + row * shape.visitInputs + shape.decoder).update(from: code, count: latent)
        }
        let memory = decoder.forward(
            UnsafePointer(batch.decoderInput.start), steps: batch.steps, batch: batch.lanes,
            initial: UnsafePointer(initial.start), starts: UnsafePointer(batch.starts.baseAddress!))
        for row in 0..<batch.rows {
            let state = memory + row * shape.decoder
            (batch.eventInput.start + row * shape.eventInputs).update(from: state, count: shape.decoder)
            (batch.visitInput.start + row * shape.visitInputs).update(from: state, count: shape.decoder)
        }
        let next = events.forward(UnsafePointer(batch.eventInput.start), batch: batch.rows)
        let said = visits.forward(UnsafePointer(batch.visitInput.start), batch: batch.rows)
        visitOutput.start.update(from: said, count: batch.rows * shape.visitOutputs)
        for row in 0..<batch.rows where batch.visit[row] >= 0 {
            start.add(
                batch.visitInput.start + row * shape.visitInputs + shape.decoder + latent, isKnown: batch.isKnown[row],
                to: visitOutput.start + row * shape.visitOutputs)
        }
        return (next, UnsafePointer(visitOutput.start))
    }

    /// The loss of a batch; with `gradient`, that of reconstruction + beta · divergence is added to the gradients.
    ///
    /// - Parameter noise: standard normal numbers, patients × latent.
    package func evaluate(
        _ batch: VisitBatch, _ data: EncodedVisits, noise: UnsafePointer<Float>, beta: Float, gradient: Bool
    ) -> Loss {
        let latent = shape.latent
        let perPatient = 1 / Float(max(batch.patients, 1))
        let said = encode(batch)
        var divergence = 0.0
        let z = codes.start
        for slot in 0..<batch.patients {
            let mean = said + slot * 2 * latent
            for k in 0..<latent {
                let l = VisitObjective.clamped(mean[latent + k])
                let deviation = expf(0.5 * l)
                z[slot * latent + k] = mean[k] + deviation * noise[slot * latent + k]
                divergence += Double(0.5 * (mean[k] * mean[k] + deviation * deviation - 1 - l))
            }
        }
        let output = decode(batch, codes: UnsafePointer(z))
        if gradient {
            eventGradient.zero()
            visitGradient.zero()
        }
        var reconstruction = 0.0
        for row in 0..<batch.rows where batch.patient[row] >= 0 {
            if !batch.isFirst[row] {
                reconstruction += eventLoss(
                    row, batch, data, output.events + row * shape.eventOutputs, gradient ? perPatient : nil)
            }
            if batch.visit[row] >= 0 {
                reconstruction += visitLoss(
                    row, batch, data, output.visits + row * shape.visitOutputs, gradient ? perPatient : nil)
            }
        }
        if gradient { backward(batch, said: said, noise: noise, beta: beta * perPatient) }
        let count = Double(max(batch.patients, 1))
        return Loss(reconstruction: reconstruction / count, divergence: divergence / count)
    }

    // MARK: - Likelihoods

    /// −ln p of whether there is another visit, and of the time to it.
    private func eventLoss(
        _ row: Int, _ batch: VisitBatch, _ data: EncodedVisits, _ y: UnsafePointer<Float>, _ weight: Float?
    ) -> Double {
        let target = eventGradient.start + row * shape.eventOutputs
        let goesOn: Float = batch.visit[row] >= 0 ? 1 : 0
        // Bernoulli with the logit y₀: ln(1 + e^y) − s·y.
        var sum = max(y[0], 0) + log1pf(expf(-abs(y[0]))) - goesOn * y[0]
        if let weight { target[0] = weight * (1 / (1 + expf(-y[0])) - goesOn) }
        guard goesOn == 1 else { return Double(sum) }
        let gap = batch.gap[row]
        data.gaps.inputs.withUnsafeBufferPointer { inputs in
            for k in 0..<shape.gapScores where data.gaps.mask[gap * shape.gapScores + k] == 1 {
                sum += score(
                    inputs[gap * shape.gap + k], y[1 + k], scale: shape.scores + k, &target[1 + k], weight)
            }
        }
        for (number, block) in gapBlocks.enumerated() {
            let offset = 1 + shape.gapScores + block.offset
            sum += VisitObjective.choice(
                Int(data.gaps.states[gap * gapBlocks.count + number]), y + offset, block.width, target + offset, weight)
        }
        return Double(sum)
    }

    /// −ln p of a visit's values.
    private func visitLoss(
        _ row: Int, _ batch: VisitBatch, _ data: EncodedVisits, _ y: UnsafePointer<Float>, _ weight: Float?
    ) -> Double {
        let target = visitGradient.start + row * shape.visitOutputs
        let visit = batch.visit[row]
        var sum: Float = 0
        data.visits.inputs.withUnsafeBufferPointer { inputs in
            for k in 0..<shape.scores where data.visits.mask[visit * shape.scores + k] == 1 {
                let width = tanhf(y[shape.visit + k])
                let slope = scaleGradients.start[k]
                sum += score(
                    inputs[visit * shape.visit + k], y[k], scale: k, &target[k], weight, width: width)
                if weight != nil {
                    target[shape.visit + k] = (scaleGradients.start[k] - slope) * (1 - width * width)
                }
            }
        }
        for (number, block) in blocks.enumerated() {
            let offset = shape.scores + block.offset
            sum += VisitObjective.choice(
                Int(data.visits.states[visit * blocks.count + number]), y + offset, block.width, target + offset, weight
            )
        }
        return Double(sum)
    }

    @inline(__always)
    private func score(
        _ x: Float, _ mean: Float, scale: Int, _ target: inout Float, _ weight: Float?, width: Float = 0
    ) -> Float {
        let halfLogTau: Float = 0.918_938_533  // ½ ln 2π
        let logS = scales.start[scale] + width
        let inverse = expf(-logS)
        let error = (mean - x) * inverse
        if let weight {
            target = weight * error * inverse
            scaleGradients.start[scale] += weight * (1 - error * error)
        }
        return 0.5 * error * error + logS + halfLogTau
    }

    @inline(__always)
    private static func choice(
        _ state: Int, _ logits: UnsafePointer<Float>, _ width: Int, _ target: UnsafeMutablePointer<Float>,
        _ weight: Float?
    ) -> Float {
        var top = logits[0]
        for k in 1..<width { top = max(top, logits[k]) }
        var mass: Float = 0
        for k in 0..<width { mass += expf(logits[k] - top) }
        if let weight {
            for k in 0..<width { target[k] = expf(logits[k] - top) * weight / mass }
            target[state] -= weight
        }
        return logf(mass) + top - logits[state]
    }

    // MARK: - Gradient

    private func backward(_ batch: VisitBatch, said: UnsafePointer<Float>, noise: UnsafePointer<Float>, beta: Float) {
        let latent = shape.latent
        events.backward(
            outputGradient: UnsafePointer(eventGradient.start), inputGradient: eventInputGradient.start)
        visits.backward(
            outputGradient: UnsafePointer(visitGradient.start), inputGradient: visitInputGradient.start)
        for row in 0..<batch.rows {
            let event = eventInputGradient.start + row * shape.eventInputs
            let visit = visitInputGradient.start + row * shape.visitInputs
            let target = decoderGradient.start + row * shape.decoder
            for k in 0..<shape.decoder { target[k] = event[k] + visit[k] }
        }
        decoder.backward(
            outputGradient: UnsafePointer(decoderGradient.start), inputGradient: decoderInputGradient.start)
        codeGradient.zero()
        for row in 0..<batch.rows where batch.patient[row] >= 0 {
            let target = codeGradient.start + batch.patient[row] * latent
            let input = decoderInputGradient.start + row * shape.decoderInputs
            let event = eventInputGradient.start + row * shape.eventInputs + shape.decoder
            let visit = visitInputGradient.start + row * shape.visitInputs + shape.decoder
            for k in 0..<latent { target[k] += input[k] + event[k] + visit[k] }
        }
        for slot in 0..<batch.patients {
            let mean = said + slot * 2 * latent
            let target = posteriorGradient.start + slot * 2 * latent
            for k in 0..<latent {
                let raw = mean[latent + k]
                let deviation = expf(0.5 * VisitObjective.clamped(raw))
                let fromDecoder = codeGradient.start[slot * latent + k]
                target[k] = fromDecoder + beta * mean[k]
                target[latent + k] =
                    VAEObjective.logVarianceRange.contains(raw)
                    ? 0.5 * fromDecoder * deviation * noise[slot * latent + k]
                        + 0.5 * beta * (deviation * deviation - 1) : 0
            }
        }
        posterior.backward(
            outputGradient: UnsafePointer(posteriorGradient.start), inputGradient: lastGradient.start)
        encoderGradient.zero()
        for (slot, row) in batch.last.enumerated() {
            (encoderGradient.start + row * shape.encoder).update(
                from: lastGradient.start + slot * shape.encoder, count: shape.encoder)
        }
        encoder.backward(outputGradient: UnsafePointer(encoderGradient.start))
    }

    @inline(__always)
    static func clamped(_ value: Float) -> Float {
        min(max(value, VAEObjective.logVarianceRange.lowerBound), VAEObjective.logVarianceRange.upperBound)
    }
}
