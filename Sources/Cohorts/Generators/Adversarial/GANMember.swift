// One trained generator: read by any number of threads once training is over.

import Networks
import Numerics
import PositionedJSON

struct GANMember: @unchecked Sendable {
    /// From noise to a mean per score and a logit per choice.
    let network: DenseNetwork
    let logSigma: FloatBuffer
    let calibration: MarginalCalibration

    /// Measures the marginals of its patients.
    init(network: DenseNetwork, logSigma: FloatBuffer, encoding: TableEncoding, seed: UInt64) {
        self.init(
            network: network, logSigma: logSigma,
            calibration: MarginalCalibration(
                GANMember.codes(encoding, network, logSigma), seed: seed, purpose: "gan.calibration"))
    }

    private init(network: DenseNetwork, logSigma: FloatBuffer, calibration: MarginalCalibration) {
        self.network = network
        self.logSigma = logSigma
        self.calibration = calibration
    }

    func sampling(_ encoding: TableEncoding) -> PatientSampler.Member {
        PatientSampler.Member(codes: GANMember.codes(encoding, network, logSigma), calibration: calibration)
    }

    /// Noise is standard normal.
    private static func codes(
        _ encoding: TableEncoding, _ network: DenseNetwork, _ logSigma: FloatBuffer
    ) -> CodeSampler {
        let width = network.inputs
        let identity = (0..<width * width).map { $0 % (width + 1) == 0 ? 1.0 : 0 }
        return CodeSampler(
            encoding: encoding,
            codes: GaussianMixture([
                .init(weight: 1, mean: Array(repeating: 0, count: width), factor: identity)
            ]), decoder: CodeDecoder(network: network), logSigma: logSigma)
    }
}

extension GANMember {
    func json() -> JSONValue {
        [
            "generator": network.json(), "log_sigma": .floats(logSigma.elements),
            "block_offsets": .floats(calibration.offsets),
            "score_quantiles": .array(calibration.knots.map { .floats($0) }),
        ]
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader, _ encoding: TableEncoding) {
        let complaints = reader.complaints
        let before = complaints.items.count
        let network = reader.child("generator").flatMap { DenseNetwork($0, complaints: complaints) }
        guard let network else { return nil }
        if encoding.width == 0 || network.outputCount != encoding.width {
            reader.complain(
                "the generator has \(network.outputCount) outputs where the columns need \(encoding.width)")
        }
        let sigma = reader.floats("log_sigma", count: encoding.scores, in: -20...20)
        let calibration = MarginalCalibration(reader, encoding)
        guard let sigma, let calibration, complaints.items.count == before else { return nil }
        let logSigma = FloatBuffer(sigma.count)
        _ = logSigma.elements.update(fromContentsOf: sigma)
        self.init(network: network, logSigma: logSigma, calibration: calibration)
    }
}
