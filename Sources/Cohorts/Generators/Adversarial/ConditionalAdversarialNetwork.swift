// A GAN that draws patients of a kind, all of them and only them, without drawing others first.

import Numerics
import PositionedJSON

/// How a conditional adversarial network is built.
public struct ConditionalGANConfiguration: Sendable, Equatable {
    /// Of the network itself.
    public var network: GANConfiguration
    /// Gradient steps of the distribution of noise given conditions.
    public var priorSteps: Int
    public var priorHidden: Int
    /// Gaussians of its mixture.
    public var priorComponents: Int
    /// Noise drawn for each patient, of which one is chosen by its weight.
    public var proposals: Int

    public init(
        network: GANConfiguration = GANConfiguration(), priorSteps: Int = 1500, priorHidden: Int = 64,
        priorComponents: Int = 4, proposals: Int = 32
    ) {
        self.network = network
        self.priorSteps = priorSteps
        self.priorHidden = priorHidden
        self.priorComponents = priorComponents
        self.proposals = proposals
    }

    /// Reads the options that are there, those of the network among them. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init(network: GANConfiguration(reader: reader))
        priorSteps = reader.integer("prior_steps", default: priorSteps, in: 1...10_000_000)
        priorHidden = reader.integer("prior_hidden", default: priorHidden, in: 1...4096)
        priorComponents = reader.integer("prior_components", default: priorComponents, in: 1...64)
        proposals = reader.integer("proposals", default: proposals, in: 1...1024)
    }
}

/// A Wasserstein GAN with a distribution of its noise for every condition.
///
/// The distribution is learned from the generator's own patients, whose noise is known; rare categories are conditions more
/// often than they occur (training by sampling, Xu et al. 2019, section 4.3). How patients are then drawn:
/// `ConditionalPatients`. They are those of the GAN that fulfil the conditions, whatever the conditions; a generator and a
/// critic that read the conditions, as CTGAN's do for one category, learned intervals far worse.
public struct ConditionalAdversarialNetwork: ConditionalGenerator {
    let base: AdversarialNetwork
    /// One per member.
    let priors: [ConditionalPrior]
    let proposals: Int

    public var kind: String { "cgan" }
    public var columns: [TableColumn] { base.columns }
    public var summary: [(name: String, value: Double)] { base.summary }

    /// Patients of each member that its conditions are learned from.
    static let drawnRows = 8192

    public static func fit(
        _ table: PatientTable, configuration: ConditionalGANConfiguration, seed: UInt64
    ) throws -> ConditionalAdversarialNetwork {
        let base = try AdversarialNetwork.fit(table, configuration: configuration.network, seed: seed)
        let encoding = base.encoding
        let priors = try base.members.enumerated().map { number, member in
            let sampling = member.sampling(encoding)
            let patients = PatientSampler(
                encoding: encoding, members: [sampling], pairs: nil, candidates: 1, tailTrim: base.tailTrim,
                family: "cgan")
            let drawn = patients.sample(rows: 0..<drawnRows, seed: seed)
            let latent = member.network.inputs
            var noise: [Double] = []
            let first = RandomStream(seed: seed, purpose: patients.purpose)
            let code = FloatBuffer(latent)
            for row in 0..<drawnRows {
                var stream = first.withIndex(UInt64(row))
                sampling.codes.codes.draw(&stream, into: code.start)
                noise += code.elements.map(Double.init)
            }
            var stream = RandomStream(seed: seed, purpose: "cgan.weights", index: UInt64(number))
            let prior = ConditionalPrior(
                inputs: EncodedConditions.inputWidth(encoding),
                hidden: [configuration.priorHidden, configuration.priorHidden], latent: latent,
                components: configuration.priorComponents, stream: &stream)
            let conditions = FrequentConditions(drawn, encoding, trim: base.tailTrim)
            try prior.train(
                RowPosteriors(codes: noise, latent: latent), Whitening(sampling.codes.codes),
                steps: configuration.priorSteps, batch: 128, seed: seed &+ UInt64(number),
                pick: conditions.draw)
            return prior
        }
        return ConditionalAdversarialNetwork(base: base, priors: priors, proposals: configuration.proposals)
    }

    private var conditional: ConditionalPatients {
        ConditionalPatients(patients: base.patients, priors: priors, proposals: proposals, purpose: "cgan.kind")
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable { base.sample(rows: rows, seed: seed) }

    public func sample(rows: Range<Int>, where conditions: CohortConditions, seed: UInt64) throws -> PatientTable {
        try conditional.sample(rows: rows, where: conditions, seed: seed)
    }

    public func json() -> JSONValue {
        var value = base.json()
        value["kind"] = .string(kind)
        conditional.write(to: &value)
        return value
    }
}

extension ConditionalAdversarialNetwork {
    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        guard let base = AdversarialNetwork(reader),
            let (priors, proposals) = ConditionalPatients.read(
                reader, base.encoding, latent: base.members[0].network.inputs, members: base.members.count)
        else { return nil }
        self.base = base
        self.priors = priors
        self.proposals = proposals
    }
}
