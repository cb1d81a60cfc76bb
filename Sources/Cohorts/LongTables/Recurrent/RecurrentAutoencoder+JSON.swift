// A fitted generator of visits as JSON, there and back.

import Networks
import Numerics
import PositionedJSON

extension RecurrentAutoencoder {
    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": .integer(GeneratorFile.format), "kind": .string(kind),
            "training": .object(summary.map { JSONField($0.name, .number($0.value)) }),
            "table": encoding.json(),
        ]
        if let tailTrim { value["tail_trim"] = .number(tailTrim) }
        if let constants { value["constants"] = constants.json() }
        if let model { value["model"] = model.json() }
        return value
    }

    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        let complaints = reader.complaints
        let before = complaints.items.count
        let training = reader.optionalObject("training", what: "the training")
        summary = (training?.keys ?? []).compactMap { key in training?.number(key).map { (key, $0) } }
        tailTrim = reader.optionalNumber("tail_trim", in: 0...0.25)
        let table = reader.object("table", what: "the table")
        let encoding = table.flatMap { VisitEncoding($0) }
        table?.finish()
        let constantsReader = reader.optionalObject("constants", what: "the generator of constants")
        let modelReader = reader.optionalObject("model", what: "the model of visits")
        guard let encoding, complaints.items.count == before else { return nil }
        var constants: VariationalAutoencoder?
        if let constantsReader {
            _ = constantsReader.integer("format", in: 1...Int.max)
            _ = constantsReader.string("kind")
            constants = VariationalAutoencoder(constantsReader)
            if constants != nil { constantsReader.finish() }
            if let constants, constants.encoding.plans.map(\.states) != encoding.baseline.plans.map(\.states) {
                constantsReader.complain("the generator of constants draws other columns than the table has")
            }
        } else if encoding.baseline.width > 0 {
            reader.complain("\"constants\" is missing: columns that never change within a patient have no generator")
        }
        let model = modelReader.flatMap { VisitModel($0, encoding) }
        if model != nil { modelReader?.finish() }
        if modelReader == nil, !encoding.visits.plans.isEmpty {
            reader.complain("\"model\" is missing: columns that change from visit to visit have no generator")
        }
        guard complaints.items.count == before else { return nil }
        self.encoding = encoding
        self.constants = constants
        self.model = model
    }
}

extension VisitEncoding {
    func json() -> JSONValue {
        func part(_ encoding: TableEncoding) -> JSONValue {
            var value: JSONValue = ["columns": encoding.json()]
            if let target = encoding.target { value["target"] = .string(target) }
            return value
        }
        var clock: JSONValue = [
            "span": .number(clock.span), "gap": .number(clock.gap), "visits": .number(clock.visits),
            "latest": .number(clock.latest),
        ]
        if let horizon = self.clock.horizon { clock["horizon"] = .string(baseline.columns[horizon].name) }
        var value: JSONValue = [
            "patient": .string(patientColumn), "time": .string(timeColumn), "columns": .strings(names),
            "most_visits": .integer(mostVisits), "clock": clock, "baseline": part(baseline), "gaps": part(gaps),
        ]
        if let target { value["target"] = .string(target) }
        if let timeGranularity {
            value["time_decimals"] = .integer(timeGranularity.decimals)
            value["time_multiple"] = .integer(timeGranularity.multiple)
        }
        if !visits.plans.isEmpty {
            value["visits"] = part(visits)
            value["rules"] = rules.json()
        }
        return value
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader) {
        let complaints = reader.complaints
        let before = complaints.items.count
        func part(_ key: String) -> TableEncoding? {
            guard let part = reader.object(key, what: "the encoding") else { return nil }
            let encoding = TableEncoding(part)
            part.finish()
            return encoding
        }
        let patient = reader.string("patient")
        let time = reader.string("time")
        let names = reader.strings("columns")
        let target = reader.optionalString("target")
        let most = reader.integer("most_visits", in: 1...1_000_000)
        let baseline = part("baseline")
        let gaps = part("gaps")
        let hasVisits = reader.optionalChild("visits") != nil
        let visits = hasVisits ? part("visits") : TableEncoding(PatientTable(columns: []), spikeShare: 2)
        var granularity: Granularity?
        if let decimals = reader.optionalInteger("time_decimals", in: 0...6) {
            granularity = Granularity(
                decimals: decimals, multiple: reader.integer("time_multiple", default: 1, in: 1...Int(1) << 53))
        }
        let clockReader = reader.object("clock", what: "the clock")
        let span = clockReader?.number("span", in: .positive)
        let gap = clockReader?.number("gap", in: .positive)
        let visitScale = clockReader?.number("visits", in: .positive)
        let latest = clockReader?.number("latest")
        let horizonName = clockReader?.optionalString("horizon")
        clockReader?.finish()
        guard let patient, let time, let names, let most, let baseline, let gaps, let visits, let span, let gap,
            let visitScale, let latest
        else { return nil }
        var rules = hasVisits ? nil : VisitRules(PatientTable(columns: []), visits, starts: [0])
        if hasVisits {
            let part = reader.object("rules", what: "the rules of visits")
            rules = part.flatMap { VisitRules($0, visits) }
            part?.finish()
        }
        let horizon = horizonName.flatMap { name in baseline.columns.firstIndex { $0.name == name } }
        if horizonName != nil, horizon.map({ $0 == 0 || !baseline.columns[$0].isNumeric }) ?? true {
            reader.complain("the horizon of the clock is no number among the baseline columns")
        }
        if baseline.columns[0].name != time || !baseline.columns[0].isNumeric {
            reader.complain("the first baseline column must be the time of the first visit, \"\(time)\"")
        }
        if gaps.plans.count != 1 || !gaps.columns[0].isNumeric { reader.complain("\"gaps\" must have one number") }
        let known = baseline.columns.dropFirst().map(\.name) + visits.columns.map(\.name)
        if Set(known).count != known.count || Set(known) != Set(names) || names.count != known.count {
            reader.complain("\"columns\" must list the baseline columns and those of the visits, each once")
        }
        guard let rules, complaints.items.count == before else { return nil }
        self.init(
            baseline: baseline, visits: visits, gaps: gaps,
            clock: VisitClock(span: span, gap: gap, visits: visitScale, horizon: horizon, latest: latest), rules: rules,
            names: names, target: target, patientColumn: patient, timeColumn: time, timeGranularity: granularity,
            mostVisits: most)
    }
}

extension VisitModel {
    func json() -> JSONValue {
        [
            "encoder": objective.encoder.json(), "posterior": objective.posterior.json(),
            "decoder": objective.decoder.json(), "events": objective.events.json(), "visits": objective.visits.json(),
            "scales": .floats(objective.scales.elements), "codes": posterior.json(),
            "start": [
                "linear": .floats(objective.start.linear), "linear_first": .floats(objective.start.linearFirst),
                "transitions": .floats(objective.start.transitions), "shares": .floats(objective.start.shares),
            ],
            "calibration": [
                "go_on": .floats([calibration.goOn]), "correlation": .numbers(calibration.correlation),
                "noise": .array(calibration.noise.map { .floats($0) }),
                "visits": calibration.visits.json(), "gaps": calibration.gaps.json(),
            ],
        ]
    }

    init?(_ reader: ObjectReader, _ encoding: VisitEncoding) {
        let complaints = reader.complaints
        let before = complaints.items.count
        let encoder = reader.child("encoder").flatMap { GatedRecurrentUnit($0, complaints: complaints) }
        let said = reader.child("posterior").flatMap { DenseNetwork($0, complaints: complaints) }
        let decoder = reader.child("decoder").flatMap { GatedRecurrentUnit($0, complaints: complaints) }
        let events = reader.child("events").flatMap { DenseNetwork($0, complaints: complaints) }
        let visits = reader.child("visits").flatMap { DenseNetwork($0, complaints: complaints) }
        guard let encoder, let said, let decoder, let events, let visits else { return nil }
        let shape = VisitShape(
            encoding, latent: said.outputCount / 2, encoder: encoder.hidden, decoder: decoder.hidden)
        func check(_ name: String, _ inputs: Int, _ wanted: Int, _ outputs: Int, _ wantedOutputs: Int) {
            guard inputs != wanted || outputs != wantedOutputs else { return }
            reader.complain(
                "\"\(name)\" must have \(wanted) inputs and \(wantedOutputs) outputs, not \(inputs) and \(outputs)")
        }
        check("encoder", encoder.inputs, shape.encoderInputs, encoder.hidden, shape.encoder)
        check("posterior", said.inputs, shape.encoder, said.outputCount, 2 * max(shape.latent, 1))
        check("decoder", decoder.inputs, shape.decoderInputs, decoder.hidden, shape.decoder)
        check("events", events.inputs, shape.eventInputs, events.outputCount, shape.eventOutputs)
        check("visits", visits.inputs, shape.visitInputs, visits.outputCount, shape.visitOutputs)
        guard complaints.items.count == before else { return nil }
        let scales = reader.floats("scales", count: shape.scores + shape.gapScores, in: -20...20)
        let posterior = GaussianMixture(reader, key: "codes", width: shape.latent)
        var start = VisitStart(encoding, shape)
        let startReader = reader.object("start", what: "the start")
        let linear = startReader?.floats("linear", count: start.linear.count)
        let linearFirst = startReader?.floats("linear_first", count: start.linear.count)
        let transitions = startReader?.floats("transitions", count: start.transitions.count)
        let shares = startReader?.floats("shares", count: start.shares.count)
        startReader?.finish()
        let part = reader.object("calibration", what: "the calibration")
        let goOn = part?.floats("go_on", count: 1, in: -10...10)
        let correlation = part?.numbers("correlation")
        let noise = (part?.array("noise") ?? []).map { node -> [Float] in
            guard case .array(let items) = node.value else { return [] }
            return items.compactMap { item in
                if case .number(let value, _) = item.value { return Float(value) }
                return nil
            }
        }
        if noise.count != shape.scores
            || !noise.allSatisfy({ knots in
                !knots.isEmpty && knots.allSatisfy(\.isFinite) && zip(knots, knots.dropFirst()).allSatisfy { $0 <= $1 }
            })
        {
            part?.complain("\"noise\" must hold ascending numbers for each of \(shape.scores) scores")
        }
        func marginals(_ key: String, _ encoding: TableEncoding) -> MarginalCalibration? {
            guard let marginals = part?.object(key, what: "the marginals") else { return nil }
            let calibration = MarginalCalibration(marginals, encoding)
            marginals.finish()
            return calibration
        }
        let visitMarginals = marginals("visits", encoding.visits)
        let gapMarginals = marginals("gaps", encoding.gaps)
        part?.finish()
        guard let scales, let posterior, let goOn, let correlation, let visitMarginals, let gapMarginals, let linear,
            let linearFirst, let transitions, let shares
        else { return nil }
        start.linear = linear
        start.linearFirst = linearFirst
        start.transitions = transitions
        start.shares = shares
        let width = shape.scores + shape.blocks
        guard correlation.count == width * width, correlation.allSatisfy({ abs($0) <= 1 }),
            let calibration = try? VisitCalibration(
                goOn: goOn[0], visits: visitMarginals, gaps: gapMarginals, noise: noise, correlation: correlation)
        else {
            reader.complain("\"correlation\" must hold the correlations of \(width) numbers")
            return nil
        }
        guard complaints.items.count == before else { return nil }
        let objective = VisitObjective(
            encoding, encoder: encoder, posterior: said, decoder: decoder, events: events, visits: visits)
        _ = objective.scales.elements.update(fromContentsOf: scales)
        objective.start = start
        self.init(objective: objective, posterior: posterior, calibration: calibration)
    }
}
