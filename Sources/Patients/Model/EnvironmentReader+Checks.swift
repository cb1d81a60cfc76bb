// What an environment file claims of itself so that it can be checked: steady states, conserved quantities.

import PositionedJSON

extension EnvironmentReader {
    mutating func readSteadyStates(_ file: ObjectReader) {
        for node in file.optionalArray("steady_states") ?? [] {
            let reader = ObjectReader(node, what: "a steady state", complaints: complaints)
            let name = reader.string("name") ?? ""
            model.steadyStates.append(
                .init(
                    name: name, meaning: reader.string("meaning", default: name),
                    states: values(reader, "states", among: model.states.map(\.name)),
                    inputs: values(reader, "inputs", among: model.inputs.map(\.name)),
                    parameters: values(reader, "parameters", among: model.parameters.map(\.name)),
                    isStable: reader.optionalBoolean("stable"),
                    tolerance: reader.number("tolerance", default: 1e-6, in: 1e-15...1)))
            reader.finish()
        }
    }

    private func values(_ reader: ObjectReader, _ key: String, among names: [String]) -> [String: Double] {
        guard let object = reader.optionalObject(key, what: "\"\(key)\" of \(reader.what)") else { return [:] }
        var values: [String: Double] = [:]
        for name in names { values[name] = object.optionalNumber(name, in: -1e300...1e300) }
        object.finish()
        return values
    }

    mutating func readConserved(_ file: ObjectReader) {
        for node in file.optionalArray("conserved") ?? [] {
            let reader = ObjectReader(node, what: "a conserved quantity", complaints: complaints)
            let (formula, text) = expression(reader, "expression", unit: nil, level: .course)
            model.conserved.append(
                .init(expression: formula, text: text, meaning: reader.string("meaning", default: text)))
            reader.finish()
        }
    }
}
