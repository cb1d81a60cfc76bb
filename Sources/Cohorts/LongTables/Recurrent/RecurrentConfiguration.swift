// The settings of the recurrent autoencoder, and what they are when nobody says.

import PositionedJSON

/// How a recurrent variational autoencoder of visits is built and trained.
public struct RecurrentConfiguration: Sendable, Equatable {
    /// Width of a patient's code.
    public var latent: Int
    /// What the encoder remembers of a patient, and the decoder.
    public var encoder: Int
    public var decoder: Int
    /// Width of the hidden layer between the decoder's memory and a visit.
    public var hidden: Int
    /// Patients a gradient step.
    public var batch: Int
    /// Gradient steps at most; nil for three for every patient, between 600 and 4,000.
    public var steps: Int?
    /// Of AdamW at the start; it falls to zero along half a cosine (Loshchilov and Hutter, SGDR, ICLR 2017, eq. 5).
    public var learningRate: Double
    /// Decoupled, per unit of learning rate.
    public var weightDecay: Double
    /// Weight of the divergence from the prior once warmed up; 1 is the evidence lower bound itself;
    /// below it more of each patient is kept in the code.
    public var beta: Double
    /// Share of the steps over which that weight grows linearly from 0 (Bowman et al., CoNLL 2016, section 3.1).
    public var warmUp: Double
    /// Share of the visits whose values are kept from the decoder when it tells the next one, so that it also learns
    /// to tell visits from the code (Bowman et al. 2016, section 3.2: word dropout).
    public var inputDropout: Double
    /// How much of the running average of the parameters each step keeps; the average is what is judged and kept
    /// (Polyak and Juditsky, SIAM J. Control Optim. 30 (1992) 838–855, with forgetting).
    public var average: Double
    /// Share of the patients held out to decide when to stop.
    public var heldOut: Double
    /// Steps between two looks at the held-out patients.
    public var evaluateEvery: Int
    /// Looks without improvement before training stops.
    public var patience: Int
    /// Least learned standard deviation of a normal score.
    public var leastSigma: Double
    /// A number at least this frequent in a numeric column is learned as a state of its own.
    public var spikeShare: Double
    /// Share of each numeric column's distribution cut off at each end; nil for three quarters of a training row.
    public var tailTrim: Double?

    public init(
        latent: Int = 8, encoder: Int = 32, decoder: Int = 48, hidden: Int = 64, batch: Int = 16, steps: Int? = nil,
        learningRate: Double = 3e-3, weightDecay: Double = 1e-2, beta: Double = 0.5, warmUp: Double = 0.25,
        inputDropout: Double = 0.1, average: Double = 0.98, heldOut: Double = 0.1, evaluateEvery: Int = 50,
        patience: Int = 10,
        leastSigma: Double = 0.05, spikeShare: Double = 0.15, tailTrim: Double? = nil
    ) {
        self.latent = latent
        self.encoder = encoder
        self.decoder = decoder
        self.hidden = hidden
        self.batch = batch
        self.steps = steps
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.beta = beta
        self.warmUp = warmUp
        self.inputDropout = inputDropout
        self.average = average
        self.heldOut = heldOut
        self.evaluateEvery = evaluateEvery
        self.patience = patience
        self.leastSigma = leastSigma
        self.spikeShare = spikeShare
        self.tailTrim = tailTrim
    }

    /// Reads the options that are there; the rest keep their defaults. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init()
        latent = reader.integer("latent", default: latent, in: 1...256)
        encoder = reader.integer("encoder", default: encoder, in: 1...1024)
        decoder = reader.integer("decoder", default: decoder, in: 1...1024)
        hidden = reader.integer("hidden", default: hidden, in: 1...4096)
        batch = reader.integer("batch", default: batch, in: 1...65536)
        steps = reader.optionalInteger("steps", in: 1...10_000_000)
        learningRate = reader.number("learning_rate", default: learningRate, in: 1e-8...1)
        weightDecay = reader.number("weight_decay", default: weightDecay, in: 0...10)
        beta = reader.number("beta", default: beta, in: 0...100)
        warmUp = reader.number("warm_up", default: warmUp, in: 0...1)
        inputDropout = reader.number("input_dropout", default: inputDropout, in: 0...0.9)
        average = reader.number("average", default: average, in: 0...0.9999)
        heldOut = reader.number("held_out", default: heldOut, in: 0...0.5)
        evaluateEvery = reader.integer("evaluate_every", default: evaluateEvery, in: 1...1_000_000)
        patience = reader.integer("patience", default: patience, in: 1...1_000_000)
        leastSigma = reader.number("least_sigma", default: leastSigma, in: 1e-4...1)
        spikeShare = reader.number("spike_share", default: spikeShare, in: 0.01...2)
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
    }

    func steps(patients: Int) -> Int { steps ?? min(4000, max(600, 3 * patients)) }
}
