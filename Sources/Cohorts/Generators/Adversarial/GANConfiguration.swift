// The settings of adversarial networks, and what they are when nobody says.

import Networks
import PositionedJSON

/// How a Wasserstein GAN with gradient penalty is built and trained, conditional or not.
public struct GANConfiguration: Sendable, Equatable {
    /// Numbers of noise that a patient is made from.
    public var latent: Int
    /// Hidden layers of the generator.
    public var hidden: [Int]
    public var activation: Activation
    /// Hidden layers of the critic; nil for two of 128 units up to 800 rows, of 256 above.
    public var criticHidden: [Int]?
    /// Steps of the critic for each of the generator.
    public var criticSteps: Int
    /// Weight λ of the gradient penalty (Gulrajani et al., NeurIPS 2017, algorithm 1).
    public var penalty: Double
    /// Rows that the critic judges together (PacGAN, Lin et al., NeurIPS 2018).
    public var pac: Int
    /// Rows a gradient step; rounded up to whole packs.
    public var batch: Int
    /// Steps of the generator; nil for 600 up to 800 rows, where more show in membership, above for one for every two rows
    /// between 1,500 and 4,000.
    public var steps: Int?
    /// Of Adam (β₁ = 0.5, β₂ = 0.9) at the start, of the generator and of the critic; it falls to zero along half a
    /// cosine. nil for 0.003 up to 800 rows and 0.002 above.
    public var learningRate: Double?
    public var criticLearningRate: Double?
    /// Decoupled decay of the generator's weights, per unit of learning rate.
    public var weightDecay: Double
    /// Of the Gumbel-softmax.
    public var temperature: Double
    /// What the running average of the generator's parameters keeps at each step.
    public var averaging: Double
    /// Standard deviation of noise on the scores that the critic sees, real and generated alike.
    public var criticNoise: Double
    /// Share of the rows held out to decide which step's generator is kept.
    public var heldOut: Double
    /// Looks at the held-out rows.
    public var looks: Int
    /// Networks trained apart, each row being drawn by one of them; nil for 3 up to 800 rows and 1 above.
    public var members: Int?
    /// A number at least this frequent in a numeric column is learned as a state of its own.
    public var spikeShare: Double
    /// Share of each numeric column's distribution cut off at each end; nil for three quarters of a training row.
    public var tailTrim: Double?
    /// Passes of the correction of pairs at most; 0 for none.
    public var pairSweeps: Int
    /// Share of the way from the table's pairs to the generator's own that the correction leaves.
    public var pairShrink: Double
    /// Candidates for each patient, of which the correction of pairs keeps one.
    public var candidates: Int

    public init(
        latent: Int = 16, hidden: [Int] = [128, 128], activation: Activation = .relu, criticHidden: [Int]? = nil,
        criticSteps: Int = 3, penalty: Double = 10, pac: Int = 1, batch: Int = 128, steps: Int? = nil,
        learningRate: Double? = nil, criticLearningRate: Double? = nil, weightDecay: Double = 0,
        temperature: Double = 0.2, averaging: Double = 0.99, criticNoise: Double = 0, heldOut: Double = 0.1,
        looks: Int = 12, members: Int? = nil, spikeShare: Double = 0.15, tailTrim: Double? = nil,
        pairSweeps: Int = 0, pairShrink: Double = 0.25, candidates: Int = 6
    ) {
        self.latent = latent
        self.hidden = hidden
        self.activation = activation
        self.criticHidden = criticHidden
        self.criticSteps = criticSteps
        self.penalty = penalty
        self.pac = pac
        self.batch = batch
        self.steps = steps
        self.learningRate = learningRate
        self.criticLearningRate = criticLearningRate
        self.weightDecay = weightDecay
        self.temperature = temperature
        self.averaging = averaging
        self.criticNoise = criticNoise
        self.heldOut = heldOut
        self.looks = looks
        self.members = members
        self.spikeShare = spikeShare
        self.tailTrim = tailTrim
        self.pairSweeps = pairSweeps
        self.pairShrink = pairShrink
        self.candidates = candidates
    }

    /// Reads the options that are there; the rest keep their defaults. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init()
        latent = reader.integer("latent", default: latent, in: 1...1024)
        hidden = reader.widths("hidden") ?? hidden
        activation =
            reader.choice("activation", of: Activation.allCases.map(\.rawValue), default: activation.rawValue)
            .flatMap(Activation.init(rawValue:)) ?? activation
        criticHidden = reader.widths("critic_hidden") ?? criticHidden
        criticSteps = reader.integer("critic_steps", default: criticSteps, in: 1...100)
        penalty = reader.number("penalty", default: penalty, in: 0...1e6)
        pac = reader.integer("pac", default: pac, in: 1...64)
        batch = reader.integer("batch", default: batch, in: 1...65536)
        steps = reader.optionalInteger("steps", in: 1...10_000_000)
        learningRate = reader.optionalNumber("learning_rate", in: 1e-8...1)
        criticLearningRate = reader.optionalNumber("critic_learning_rate", in: 1e-8...1)
        weightDecay = reader.number("weight_decay", default: weightDecay, in: 0...10)
        temperature = reader.number("temperature", default: temperature, in: 0.01...10)
        averaging = reader.number("averaging", default: averaging, in: 0...0.999_999)
        criticNoise = reader.number("critic_noise", default: criticNoise, in: 0...10)
        heldOut = reader.number("held_out", default: heldOut, in: 0...0.5)
        looks = reader.integer("looks", default: looks, in: 1...10_000)
        members = reader.optionalInteger("members", in: 1...64)
        spikeShare = reader.number("spike_share", default: spikeShare, in: 0.01...2)
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        pairSweeps = reader.integer("pair_sweeps", default: pairSweeps, in: 0...1000)
        pairShrink = reader.number("pair_shrink", default: pairShrink, in: 0...1)
        candidates = reader.integer("candidates", default: candidates, in: 1...1024)
    }

    func members(rows: Int) -> Int { members ?? (rows <= 800 ? 3 : 1) }

    func steps(rows: Int) -> Int { steps ?? (rows <= 800 ? 600 : min(4000, max(1500, rows / 2))) }

    func learningRate(rows: Int) -> Double { learningRate ?? (rows <= 800 ? 3e-3 : 2e-3) }

    func criticLearningRate(rows: Int) -> Double { criticLearningRate ?? (rows <= 800 ? 3e-3 : 2e-3) }

    func criticHidden(rows: Int) -> [Int] {
        criticHidden ?? Array(repeating: rows <= 800 ? 128 : 256, count: 2)
    }
}

extension ObjectReader {
    /// 1 to 8 widths of hidden layers, where the key is there and they are as they should be.
    func widths(_ key: String) -> [Int]? {
        guard let place = optionalChild(key), let numbers = optionalNumbers(key) else { return nil }
        let whole = numbers.compactMap { Int(exactly: $0) }.filter { (1...4096).contains($0) }
        if whole.count == numbers.count, (1...8).contains(whole.count) { return whole }
        complaints.add(place, "\"\(key)\" must list 1 to 8 whole widths between 1 and 4096")
        return nil
    }
}
