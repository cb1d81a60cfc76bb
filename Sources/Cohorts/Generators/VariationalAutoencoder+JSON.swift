// A fitted autoencoder as JSON, there and back.

import Networks
import Numerics
import PositionedJSON

extension VariationalAutoencoder {
    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": .integer(GeneratorFile.format), "kind": .string(kind),
            "training": .object(summary.map { JSONField($0.name, .number($0.value)) }),
            "columns": encoding.json(),
        ]
        if let target = encoding.target { value["target"] = .string(target) }
        if let tailTrim { value["tail_trim"] = .number(tailTrim) }
        if let privacy { value["privacy"] = privacy.json() }
        if let pairs {
            value["candidates"] = .integer(candidates)
            value["pairs"] = pairs.json()
        }
        value["members"] = .array(members.map { $0.json() })
        return value
    }

    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        let complaints = reader.complaints
        let before = complaints.items.count
        let training = reader.optionalObject("training", what: "the training")
        summary = (training?.keys ?? []).compactMap { key in training?.number(key).map { (key, $0) } }
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        privacy = PrivacyStatement(reader)
        let encoding = TableEncoding(reader)
        let nodes = reader.array("members") ?? []
        if nodes.isEmpty, let place = reader.optionalChild("members") {
            complaints.add(place, "no member is there")
        }
        guard let encoding, complaints.items.count == before else { return nil }
        var members: [VAEMember] = []
        for node in nodes {
            let part = ObjectReader(node, what: "the member", complaints: complaints)
            if let member = VAEMember(part, encoding) {
                part.finish()
                members.append(member)
            }
        }
        if Set(members.map(\.objective.latent)).count > 1 {
            reader.complain("members differ in their latent width")
        }
        let candidates = reader.optionalInteger("candidates", in: 1...1024)
        let pairs = reader.optionalChild("pairs").flatMap { _ in PairCalibration(reader, encoding) }
        guard !members.isEmpty, complaints.items.count == before else { return nil }
        self.pairs = pairs
        self.candidates = candidates ?? 1
        self.encoding = encoding
        self.members = members
    }
}

extension VAEMember {
    func json() -> JSONValue {
        var value: JSONValue = [
            "encoder": objective.encoder.json(), "decoder": objective.decoder.json(),
            "log_sigma": .floats(objective.logSigma.elements), "posterior": posterior.json(),
            "block_offsets": .floats(calibration.offsets),
            "score_quantiles": .array(calibration.knots.map { .floats($0) }),
        ]
        if let top = objective.top { value["top"] = top.json() }
        return value
    }

    init?(_ reader: ObjectReader, _ encoding: TableEncoding) {
        let complaints = reader.complaints
        let before = complaints.items.count
        let encoder = reader.child("encoder").flatMap { DenseNetwork($0, complaints: complaints) }
        let decoder = reader.child("decoder").flatMap { DenseNetwork($0, complaints: complaints) }
        let top = reader.optionalChild("top").flatMap { DenseNetwork($0, complaints: complaints) }
        guard let encoder, let decoder, complaints.items.count == before else { return nil }
        let latent = decoder.inputs + (top?.inputs ?? 0)
        if let top, top.outputCount != 2 * decoder.inputs {
            reader.complain(
                "the upper level must have \(2 * decoder.inputs) outputs for the decoder's inputs, not \(top.outputCount)"
            )
        }
        if encoding.width == 0 || decoder.outputCount != encoding.width {
            reader.complain(
                "the decoder has \(decoder.outputCount) outputs where the columns need \(encoding.width)")
        }
        if encoder.inputs != encoding.width || encoder.outputCount != 2 * latent {
            reader.complain(
                "the encoder must have \(encoding.width) inputs and \(2 * latent) outputs, not \(encoder.inputs) and "
                    + "\(encoder.outputCount)")
        }
        guard complaints.items.count == before else { return nil }
        let logSigma = reader.floats("log_sigma", count: encoding.scores, in: -20...20)
        let posterior = GaussianMixture(reader, key: "posterior", width: latent)
        let calibration = MarginalCalibration(reader, encoding)
        guard let logSigma, let posterior, let calibration, complaints.items.count == before else {
            return nil
        }
        let objective = VAEObjective(encoding: encoding, encoder: encoder, decoder: decoder, top: top)
        _ = objective.logSigma.elements.update(fromContentsOf: logSigma)
        self.init(objective: objective, posterior: posterior, calibration: calibration)
    }
}

extension MarginalCalibration {
    /// The same keys as within a member of an autoencoder.
    func json() -> JSONValue {
        ["block_offsets": .floats(offsets), "score_quantiles": .array(knots.map { .floats($0) })]
    }

    init?(_ reader: ObjectReader, _ encoding: TableEncoding) {
        let complaints = reader.complaints
        let offsets = reader.floats("block_offsets", count: encoding.choices)
        guard let offsets, let nodes = reader.array("score_quantiles") else { return nil }
        var knots: [[Float]] = []
        for node in nodes {
            guard case .array(let items) = node.value else {
                complaints.add(node, "the quantiles of a score must be an array, not \(node.kindName)")
                continue
            }
            let values = items.compactMap { item -> Float? in
                if case .number(let value, _) = item.value { return Float(value) }
                return nil
            }
            if values.isEmpty || values.count != items.count || !values.allSatisfy(\.isFinite)
                || !zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
            {
                complaints.add(node, "the quantiles of a score must be ascending numbers")
            }
            knots.append(values)
        }
        guard knots.count == encoding.scores else {
            if knots.count == nodes.count {
                reader.complain("\(encoding.scores) scores need as many quantiles, not \(knots.count)")
            }
            return nil
        }
        self.init(offsets: offsets, knots: knots)
    }
}
