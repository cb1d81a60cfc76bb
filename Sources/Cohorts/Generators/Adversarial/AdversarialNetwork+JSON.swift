// A fitted adversarial network as JSON, there and back.

import PositionedJSON

extension AdversarialNetwork {
    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": .integer(GeneratorFile.format), "kind": .string(kind),
            "training": .object(summary.map { JSONField($0.name, .number($0.value)) }),
            "columns": encoding.json(),
        ]
        if let target = encoding.target { value["target"] = .string(target) }
        if let tailTrim { value["tail_trim"] = .number(tailTrim) }
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
        let encoding = TableEncoding(reader)
        let nodes = reader.array("members") ?? []
        if nodes.isEmpty, let place = reader.optionalChild("members") { complaints.add(place, "no member is there") }
        guard let encoding, complaints.items.count == before else { return nil }
        members = nodes.compactMap { node in
            let part = ObjectReader(node, what: "the member", complaints: complaints)
            guard let member = GANMember(part, encoding) else { return nil }
            part.finish()
            return member
        }
        if Set(members.map(\.network.inputs)).count > 1 {
            reader.complain("members differ in the width of their noise")
        }
        candidates = reader.optionalInteger("candidates", in: 1...1024) ?? 1
        pairs = reader.optionalChild("pairs").flatMap { _ in PairCalibration(reader, encoding) }
        self.encoding = encoding
        guard !members.isEmpty, complaints.items.count == before else { return nil }
    }
}
