// Reads `calibration`: published outcomes that patients were fitted to.

import PositionedJSON

extension EnvironmentReader {
    mutating func readCalibrations(_ file: ObjectReader) {
        for node in file.optionalArray("calibration") ?? [] {
            let reader = ObjectReader(node, what: "a calibration", complaints: complaints)
            let name = reader.string("name") ?? ""
            if model.calibrations.contains(where: { $0.name == name }) {
                complaints.add(node["name"] ?? node, "there are two calibrations called '\(name)'")
            }
            let time = reader.number("at", in: 1e-9...1e9) ?? model.decisionInterval
            let (expression, text) = expression(reader, "expression", unit: nil, level: .outcome)
            var result = EnvironmentModel.Calibration(
                name: name, meaning: reader.string("meaning", default: name), source: reader.string("source") ?? "",
                time: time, expression: expression, text: text, unitText: reader.string("unit", default: ""),
                mean: reader.number("mean", in: -1e300...1e300) ?? 0,
                deviation: reader.number("sd", in: 1e-300...1e300) ?? 1)
            result.measurementDeviation = reader.number("measurement_sd", default: 0, in: 0...1e300)
            if result.measurementDeviation >= result.deviation, let place = node["measurement_sd"] {
                complaints.add(
                    place, "the measurement alone varies as much as all that was observed",
                    remedy: "\"sd\" is as published, \"measurement_sd\" the part of it that is error")
                result.measurementDeviation = 0
            }
            if node["among"] != nil { (result.among, result.amongText) = among(reader) }
            readArm(reader, &result)
            model.calibrations.append(result)
            reader.finish()
        }
    }

    private mutating func among(_ reader: ObjectReader) -> (Formula?, String) {
        let (formula, text) = condition(reader, "among", level: .outcome)
        return (formula, text)
    }

    /// The arm of the trial: `inputs` held, or doses to `give`.
    private mutating func readArm(_ reader: ObjectReader, _ result: inout EnvironmentModel.Calibration) {
        let node = reader.node
        if node["give"] != nil {
            for order in reader.array("give") ?? [] {
                if let found = readOrder(order) { result.orders.append(found) }
            }
            let decisions = (result.time / model.decisionInterval).rounded()
            if abs(decisions * model.decisionInterval - result.time) > 1e-9 * result.time {
                complaints.add(
                    node["at"] ?? node, "\"at\" is not a whole number of decision intervals",
                    remedy: "an interval is \(shortNumber(model.decisionInterval)) \(model.timeUnit)")
            }
            let same = model.protocols.first { $0.choices.isEmpty && $0.orders == result.orders }
            if let same, let place = node["give"] {
                complaints.add(
                    place, "this is the protocol '\(same.name)', which studies compare",
                    remedy: "who is a patient must not depend on how a compared protocol does: say how the trial's arm "
                        + "differs, for instance by the inputs it held")
            }
        } else if let held = reader.optionalObject("inputs", what: "\"inputs\" of \(reader.what)") {
            for (index, input) in model.inputs.enumerated() where held.node[input.name] != nil {
                if case .number(let value, let literal)? = held.node[input.name]?.value {
                    _ = held.optionalChild(input.name)
                    result.inputs.append((index, (try? Formula(parsing: "\(value)")) ?? .nothing, literal))
                } else {
                    let (formula, text) = expression(held, input.name, unit: input.unit, level: .decision)
                    result.inputs.append((index, formula, text))
                }
            }
            held.finish()
        }
        if model.step > 0, result.orders.isEmpty {
            let steps = result.time / model.step
            if abs(steps - steps.rounded()) > 1e-9 * steps {
                complaints.add(
                    node["at"] ?? node, "\"at\" is not a whole number of steps",
                    remedy: "a step is \(shortNumber(model.step)) \(model.timeUnit)")
            }
        }
    }
}
