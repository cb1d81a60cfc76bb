// One generator and its critic on their way.

import Foundation
import Networks
import Numerics

/// Algorithm 1 of Gulrajani et al. (NeurIPS 2017), with a running average of the generator's parameters (Yazıcı et al.,
/// "The unusual effectiveness of averaging in GAN training", ICLR 2019).
final class GANRun {
    private let training: GANTraining
    private let steps: Int
    private let heldOut: [Int]
    private let generator: RelaxedGenerator
    private let critic: Critic
    private let averaged: DenseNetwork
    private let averagedSigma: FloatBuffer
    private let generatorAdam, sigmaAdam, criticAdam: Adam
    private let noise: GeneratorNoise
    private let batch: Int
    /// Floats of a row.
    private let width: Int
    /// Real rows, then generated ones, then rows between them.
    private let rows, rowGradient: FloatBuffer
    private let outputGradient: FloatBuffer
    private var random, order: RandomStream
    private var epoch: [Int]
    private var next: Int
    private var step = 0

    init(_ training: GANTraining, number: Int, shuffled: [Int], heldOut count: Int, steps: Int) {
        self.training = training
        self.steps = steps
        let configuration = training.configuration
        let encoding = training.encoding
        // With many members held-out shares overlap; each begins where the one before ended.
        let places = (number * count..<(number + 1) * count).map { $0 % shuffled.count }
        let taken = Set(places)
        heldOut = places.map { shuffled[$0] }
        epoch = shuffled.indices.filter { !taken.contains($0) }.map { shuffled[$0] }
        next = epoch.count
        let pac = configuration.pac
        batch = max(1, min(configuration.batch, epoch.count) / pac) * pac
        let seed = training.seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15
        var weights = RandomStream(seed: seed, purpose: "gan.weights")
        generator = RelaxedGenerator(
            encoding: encoding,
            network: DenseNetwork(
                inputs: configuration.latent, hidden: configuration.hidden, outputs: encoding.width,
                activation: configuration.activation, stream: &weights),
            temperature: configuration.temperature)
        width = encoding.width
        critic = Critic(
            inputs: pac * width, hidden: configuration.criticHidden(rows: shuffled.count), stream: &weights)
        averaged = DenseNetwork(copying: generator.network)
        averagedSigma = FloatBuffer(encoding.scores)
        averagedSigma.start.update(from: generator.logSigma.start, count: encoding.scores)
        func adam(_ count: Int, decay: Double = 0) -> Adam {
            Adam(count: count, learningRate: 0, beta1: 0.5, beta2: 0.9, weightDecay: Float(decay))
        }
        generatorAdam = adam(generator.network.parameterCount, decay: configuration.weightDecay)
        sigmaAdam = adam(encoding.scores)
        criticAdam = adam(critic.parameters.count)
        noise = GeneratorNoise(
            latent: configuration.latent, scores: encoding.scores, choices: encoding.choices, rows: batch)
        rows = FloatBuffer(3 * batch * width)
        rowGradient = FloatBuffer(batch * width)
        outputGradient = FloatBuffer(2 * batch)
        random = RandomStream(seed: seed, purpose: "gan.noise")
        order = RandomStream(seed: seed, purpose: "gan.batches")
    }

    private var packs: Int { batch / training.configuration.pac }
    private var real: UnsafeMutablePointer<Float> { rows.start }
    private var made: UnsafeMutablePointer<Float> { rows.start + batch * width }
    private var between: UnsafeMutablePointer<Float> { rows.start + 2 * batch * width }

    func advance(to end: Int) throws {
        let configuration = training.configuration
        let rowCount = training.encoded.count
        while step < end {
            step += 1
            let share = 0.5 * (1 + cos(Double.pi * Double(step - 1) / Double(steps)))
            criticAdam.learningRate = Float(configuration.criticLearningRate(rows: rowCount) * share)
            generatorAdam.learningRate = Float(configuration.learningRate(rows: rowCount) * share)
            sigmaAdam.learningRate = generatorAdam.learningRate
            for _ in 0..<configuration.criticSteps { try judge() }
            improve()
            average()
        }
    }

    /// Draws real rows and generated ones.
    private func gather() {
        noise.draw(&random)
        for place in 0..<batch {
            let row = following()
            training.encoded.inputs.withUnsafeBufferPointer { inputs in
                for k in 0..<width { real[place * width + k] = inputs[row * width + k] }
            }
        }
        generator.forward(noise, into: made)
        blur()
    }

    /// The next row of the epoch.
    private func following() -> Int {
        if next == epoch.count {
            order.shuffle(&epoch)
            next = 0
        }
        next += 1
        return epoch[next - 1]
    }

    /// Noise on the scores that the critic sees.
    private func blur() {
        let deviation = Float(training.configuration.criticNoise)
        guard deviation > 0 else { return }
        for place in 0..<(2 * batch) {
            for k in 0..<training.encoding.scores {
                rows.start[place * width + k] += deviation * Float(random.normal())
            }
        }
    }

    /// One step of the critic.
    private func judge() throws {
        gather()
        critic.zeroGradients()
        let judged = critic.forward(UnsafePointer(rows.start), batch: 2 * packs)
        var gap: Float = 0
        for pack in 0..<(2 * packs) {
            let sign: Float = pack < packs ? -1 : 1
            gap += sign * judged[pack]
            outputGradient.start[pack] = sign / Float(packs)
        }
        guard gap.isFinite else {
            throw CohortError("the critic's loss is not finite at step \(step); lower its learning rate")
        }
        critic.backward(outputGradient: UnsafePointer(outputGradient.start))
        let pack = training.configuration.pac * width
        for number in 0..<packs {
            let mix = Float(random.uniform())
            let start = number * pack
            for k in start..<(start + pack) { between[k] = made[k] + mix * (real[k] - made[k]) }
        }
        _ = critic.penalty(
            UnsafePointer(between), batch: packs, weight: Float(training.configuration.penalty))
        criticAdam.step(parameters: critic.parameters, gradients: critic.gradients)
    }

    /// One step of the generator.
    private func improve() {
        gather()
        critic.forward(UnsafePointer(made), batch: packs)
        for pack in 0..<packs { outputGradient.start[pack] = -1 / Float(packs) }
        critic.backward(
            outputGradient: UnsafePointer(outputGradient.start), parameters: false, inputGradient: rowGradient.start)
        generator.zeroGradients()
        generator.backward(
            rows: UnsafePointer(made), rowGradient: UnsafePointer(rowGradient.start))
        generatorAdam.step(parameters: generator.network.parameters, gradients: generator.network.gradients)
        sigmaAdam.step(parameters: generator.logSigma.elements, gradients: generator.logSigmaGradient.elements)
        let range = RelaxedGenerator.logSigmaRange
        for k in 0..<generator.scores {
            generator.logSigma.start[k] = min(max(generator.logSigma.start[k], range.lowerBound), range.upperBound)
        }
    }

    private func average() {
        // The first steps are forgotten soon.
        let keep = min(training.configuration.averaging, Double(step) / Double(step + 10))
        averaged.softUpdate(from: generator.network, rate: Float(1 - keep))
        for k in 0..<generator.scores {
            averagedSigma.start[k] += Float(1 - keep) * (generator.logSigma.start[k] - averagedSigma.start[k])
        }
    }

    /// The averaged generator as it is now, its marginals brought to the table's.
    func member() -> GANMember {
        let sigma = FloatBuffer(averagedSigma.count)
        sigma.start.update(from: averagedSigma.start, count: sigma.count)
        return GANMember(
            network: DenseNetwork(copying: averaged), logSigma: sigma, encoding: training.encoding, seed: training.seed)
    }

    /// The energy distance of a member's patients from the held-out rows.
    func distance(_ member: GANMember) -> Double {
        let encoding = training.encoding
        let sampler = PatientSampler(
            encoding: encoding, members: [member.sampling(encoding)], pairs: nil, candidates: 1,
            tailTrim: training.configuration.tailTrim, family: "gan.look")
        let drawn = sampler.sample(rows: 0..<GANTraining.drawnRows, seed: training.seed)
        return EnergyDistance.between(
            EnergyDistance.Points(training.encoded, encoding, only: heldOut),
            EnergyDistance.Points(encoding.encode(drawn, seed: training.seed), encoding))
    }
}
