// The settings of the variational autoencoder, and what they are when nobody says.

import Networks
import PositionedJSON

/// How a variational autoencoder is built and trained.
public struct VAEConfiguration: Sendable, Equatable {
    /// Width of the latent space; nil for 4 to 8 up to 800 rows (a quarter of the columns), 8 up to 1,400, 12 above,
    /// never more than the encoded columns.
    public var latent: Int?
    /// Widths of two levels of the latent space, the lower first, instead of one (a ladder; Sønderby et al., NeurIPS 2016).
    public var latents: [Int]?
    /// Hidden layers of the encoder; the decoder's are the same, reversed.
    public var hidden: [Int]
    public var activation: Activation
    /// Rows a gradient step.
    public var batch: Int
    /// Gradient steps at most; nil for three for every two rows and at least 50 for every numeric column, between 400
    /// and 2,500.
    public var steps: Int?
    /// Of AdamW at the start; it falls to zero along half a cosine (Loshchilov and Hutter, SGDR, ICLR 2017, eq. 5).
    public var learningRate: Double
    /// Decoupled, per unit of learning rate.
    public var weightDecay: Double
    /// Weight of the divergence from the prior once warmed up (Higgins et al., β-VAE, ICLR 2017); 1 is the evidence
    /// lower bound itself. nil for 1 up to 800 rows and 0.7 above, where more may be kept of each patient before
    /// membership shows.
    public var beta: Double?
    /// Share of the steps over which that weight grows linearly from 0 (Bowman et al., CoNLL 2016, section 3.1).
    public var warmUp: Double
    /// Share of the rows held out to decide when to stop.
    public var heldOut: Double
    /// Steps between two looks at the held-out rows.
    public var evaluateEvery: Int
    /// Looks without improvement before training stops.
    public var patience: Int
    /// Least learned standard deviation of a normal score.
    public var leastSigma: Double
    /// A number at least this frequent in a numeric column is learned as a state of its own.
    public var spikeShare: Double
    /// Share of each numeric column's distribution cut off at each end; nil for three quarters of a
    /// training row, so that the extreme values of real patients are not given away.
    public var tailTrim: Double?
    /// Autoencoders trained apart, each row being drawn by one of them; nil for 3 up to 800 rows,
    /// whose held-out rows say more together about when to stop, and 1 above.
    public var members: Int?
    /// Weight of the likelihood of the target, where it is a category: how much more than other columns it counts. nil
    /// for 10 up to 800 rows, where a risk model needs the link most and has least to learn it from, and 1 above.
    public var targetWeight: Double?
    /// Passes of the correction of pairs at most; 0 for none, nil for 0.
    public var pairSweeps: Int?
    /// Share of the way from the table's pairs to the generator's own that the correction leaves.
    public var pairShrink: Double
    /// Candidates for each patient, of which the correction of pairs keeps one.
    public var candidates: Int
    /// Differential privacy, where asked for.
    public var privacy: PrivacyConfiguration?

    public init(
        latent: Int? = nil, latents: [Int]? = nil, hidden: [Int] = [128, 128], activation: Activation = .relu,
        batch: Int = 128,
        steps: Int? = nil, learningRate: Double = 2e-3, weightDecay: Double = 1e-2, beta: Double? = nil,
        warmUp: Double = 0.25, heldOut: Double = 0.1, evaluateEvery: Int = 50, patience: Int = 10,
        leastSigma: Double = 0.05, spikeShare: Double = 0.15, tailTrim: Double? = nil,
        members: Int? = nil,
        targetWeight: Double? = nil, pairSweeps: Int? = nil, pairShrink: Double = 0.25, candidates: Int = 6,
        privacy: PrivacyConfiguration? = nil
    ) {
        self.latent = latent
        self.latents = latents
        self.hidden = hidden
        self.activation = activation
        self.batch = batch
        self.steps = steps
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.beta = beta
        self.warmUp = warmUp
        self.heldOut = heldOut
        self.evaluateEvery = evaluateEvery
        self.patience = patience
        self.leastSigma = leastSigma
        self.spikeShare = spikeShare
        self.tailTrim = tailTrim
        self.members = members
        self.targetWeight = targetWeight
        self.pairSweeps = pairSweeps
        self.pairShrink = pairShrink
        self.candidates = candidates
        self.privacy = privacy
    }

    /// Reads the options that are there; the rest keep their defaults. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init()
        latent = reader.optionalInteger("latent", in: 1...256)
        readLevels(reader)
        if let place = reader.optionalChild("hidden"), let widths = reader.optionalNumbers("hidden") {
            let whole = widths.compactMap { Int(exactly: $0) }.filter { (1...4096).contains($0) }
            if whole.count == widths.count, (1...8).contains(whole.count) {
                hidden = whole
            } else {
                reader.complaints.add(place, "\"hidden\" must list 1 to 8 whole widths between 1 and 4096")
            }
        }
        activation =
            reader.choice(
                "activation", of: Activation.allCases.map(\.rawValue), default: activation.rawValue
            )
            .flatMap(Activation.init(rawValue:)) ?? activation
        batch = reader.integer("batch", default: batch, in: 1...65536)
        steps = reader.optionalInteger("steps", in: 1...10_000_000)
        learningRate = reader.number("learning_rate", default: learningRate, in: 1e-8...1)
        weightDecay = reader.number("weight_decay", default: weightDecay, in: 0...10)
        beta = reader.optionalNumber("beta", in: 0...100)
        warmUp = reader.number("warm_up", default: warmUp, in: 0...1)
        heldOut = reader.number("held_out", default: heldOut, in: 0...0.5)
        evaluateEvery = reader.integer("evaluate_every", default: evaluateEvery, in: 1...1_000_000)
        patience = reader.integer("patience", default: patience, in: 1...1_000_000)
        leastSigma = reader.number("least_sigma", default: leastSigma, in: 1e-4...1)
        spikeShare = reader.number("spike_share", default: spikeShare, in: 0.01...2)
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        members = reader.optionalInteger("members", in: 1...64)
        targetWeight = reader.optionalNumber("target_weight", in: 0...1000)
        pairSweeps = reader.optionalInteger("pair_sweeps", in: 0...1000)
        pairShrink = reader.number("pair_shrink", default: pairShrink, in: 0...1)
        candidates = reader.integer("candidates", default: candidates, in: 1...1024)
        privacy = PrivacyConfiguration(reader)
    }

    private mutating func readLevels(_ reader: ObjectReader) {
        guard let place = reader.optionalChild("latents"), let numbers = reader.optionalNumbers("latents") else {
            return
        }
        let whole = numbers.compactMap { Int(exactly: $0) }.filter { (1...256).contains($0) }
        if whole.count != 2 || numbers.count != 2 {
            reader.complaints.add(
                place, "\"latents\" must list two whole widths between 1 and 256, the lower level first")
        } else if latent != nil {
            reader.complaints.add(place, "\"latent\" and \"latents\" exclude each other")
        } else {
            latents = whole
        }
    }

    /// - Parameter width: number of scores and blocks.
    func latent(rows: Int, width: Int) -> Int {
        min(latent ?? (rows <= 800 ? max(4, min(8, width / 4)) : rows <= 1400 ? 8 : 12), max(width, 1))
    }

    func pairSweeps(rows: Int) -> Int { pairSweeps ?? 0 }

    func members(rows: Int) -> Int { members ?? (rows <= 800 ? 3 : 1) }

    func targetWeight(rows: Int) -> Double { targetWeight ?? (rows <= 800 ? 10 : 1) }

    func beta(rows: Int) -> Double { beta ?? (rows <= 800 ? 1 : 0.7) }

    func steps(rows: Int, scores: Int) -> Int {
        steps ?? min(2500, max(400, rows * 3 / 2, 50 * scores))
    }
}
