// The part of an environment file that is about patients: covariates, parameters, how they vary, who is plausible.

import PositionedJSON

extension EnvironmentReader {
    mutating func readCovariates(_ file: ObjectReader) {
        for (name, node) in members(file, "covariates", what: "covariate", required: false) {
            let reader = ObjectReader(node, what: "covariate '\(name)'", complaints: complaints)
            if node["categories"] != nil {
                readCategories(name, node, reader)
            } else {
                readParameter(name, node, reader, isCovariate: true)
            }
            reader.finish()
        }
    }

    mutating func readParameters(_ file: ObjectReader) {
        for (name, node) in members(file, "parameters", what: "parameter", required: model.kind == .ode) {
            let reader = ObjectReader(node, what: "parameter '\(name)'", complaints: complaints)
            readParameter(name, node, reader, isCovariate: false)
            reader.finish()
        }
        if model.parameters.count > 1000 {
            complaints.add(
                file.node["parameters"] ?? file.node,
                "\(model.parameters.count) parameters and covariates; an environment may have at most 1000")
        }
    }

    private mutating func readParameter(_ name: String, _ node: JSONNode, _ reader: ObjectReader, isCovariate: Bool) {
        let (unit, text) = unit(reader)
        let (constant, expression, expressionText) = patientNumber(reader, "value", unit)
        var parameter = EnvironmentModel.Parameter(
            name: name, value: constant ?? 1, expression: expression, expressionText: expressionText, unit: unit,
            unitText: text, meaning: reader.string("meaning", default: ""), variability: nil, isCovariate: isCovariate)
        parameter.variability = variability(reader, unit)
        _ = reader.optionalString("source")
        add(parameter, node)
    }

    private mutating func readCategories(_ name: String, _ node: JSONNode, _ reader: ObjectReader) {
        let categories = reader.strings("categories") ?? []
        if categories.count < 2 || categories.count > 100 || Set(categories).count < categories.count {
            complaints.add(node["categories"] ?? node, "categories are 2 to 100 different texts")
        }
        var parameter = EnvironmentModel.Parameter(
            name: name, value: 0, unit: .dimensionless, unitText: "", meaning: reader.string("meaning", default: ""),
            isCovariate: true, categories: categories)
        if let place = node["probabilities"], let numbers = reader.optionalNumbers("probabilities") {
            let total = numbers.reduce(0, +)
            if numbers.count != categories.count || numbers.contains(where: { $0 < 0 }) || abs(total - 1) > 1e-3 {
                complaints.add(
                    place, "probabilities are one number for each category, none below 0, that sum to 1",
                    remedy:
                        "these are \(numbers.count) for \(categories.count) categories and sum to \(shortNumber(total))"
                )
            } else {
                parameter.variability = Variability(shape: .categorical)
                // Published shares are rounded; what is drawn from must sum to 1.
                parameter.variability?.probabilities = numbers.map { $0 / total }
            }
        }
        if let value = reader.choice("value", of: categories, default: categories.first ?? "") {
            parameter.value = Double(categories.firstIndex(of: value) ?? 0)
        }
        _ = reader.optionalString("source")
        add(parameter, node)
    }

    private mutating func add(_ parameter: EnvironmentModel.Parameter, _ node: JSONNode) {
        declare(parameter.name, node, as: parameter.isCovariate ? "a covariate" : "a parameter")
        model.parameters.append(parameter)
        patient.declare(parameter)
    }

    /// A number, or an expression over covariates and parameters above, whose nominal value is then given as well.
    mutating func patientNumber(
        _ reader: ObjectReader, _ key: String, _ unit: PhysicalUnit
    ) -> (value: Double?, expression: Formula?, text: String) {
        guard let node = reader.child(key) else { return (nil, nil, "") }
        guard case .string(let text) = node.value else {
            return (reader.number(key, in: -1e300...1e300), nil, "")
        }
        do {
            let formula = try Formula(parsing: text)
            let term = try patient.resolve(formula, unit, what: "\(reader.what): \(key)")
            let values = model.parameters.map(\.value)
            let value = patient.graph.evaluate(term) { values[$0] }
            if !value.isFinite {
                complaints.add(node, "this is \(value) for the nominal patient")
                return (1, nil, text)
            }
            return (value, formula, text)
        } catch {
            complain(node, error)
            return (1, nil, text)
        }
    }

    // MARK: - variability

    func variability(_ reader: ObjectReader, _ unit: PhysicalUnit) -> Variability? {
        guard let object = reader.optionalObject("variability", what: "variability of \(reader.what)") else {
            return nil
        }
        return distribution(object, unit, hasNominal: true)
    }

    /// The numbers of a distribution; expressions are for those that vary among patients.
    func distribution(_ object: ObjectReader, _ unit: PhysicalUnit, hasNominal: Bool) -> Variability? {
        defer { object.finish() }
        let words = ["uniform", "log_uniform", "normal", "log_normal"]
        guard let word = object.choice("distribution", of: words), let shape = Distribution.Shape(rawValue: word)
        else { return nil }
        var result = Variability(shape: shape)
        func number(_ key: String, _ unit: PhysicalUnit, _ bounds: ClosedRange<Double>) -> Variability.Number? {
            self.number(object, key, unit, bounds, mayBeExpression: hasNominal)
        }
        let positive = 1e-300...1e300
        let all = -1e300...1e300
        let isLog = shape == .logUniform || shape == .logNormal
        if shape == .uniform || shape == .logUniform {
            for key in ["low", "high"] where object.node[key] == nil { _ = object.child(key) }
            let low = number("low", unit, isLog ? positive : all)
            let high = number("high", unit, isLog ? positive : all)
            if let low = low?.constant, let high = high?.constant, low > high {
                complaints.add(object.node, "low (\(shortNumber(low))) is above high (\(shortNumber(high)))")
            }
            result.first = low ?? .constant(1)
            result.second = high ?? .constant(1)
        } else {
            let centre = isLog ? "median" : "mean"
            if !hasNominal, object.node[centre] == nil { _ = object.child(centre) }
            result.first = number(centre, unit, isLog ? positive : all) ?? (hasNominal ? .nominal : .constant(1))
            if isLog, object.node["cv"] != nil {
                result.second = number("cv", .dimensionless, 0...100) ?? .constant(0)
                result.isCoefficientOfVariation = true
            } else {
                if object.node["sigma"] == nil { _ = object.child("sigma") }
                result.second = number("sigma", isLog ? .dimensionless : unit, 0...1e300) ?? .constant(0)
            }
            result.low = number("low", unit, all)
            result.high = number("high", unit, all)
            if let low = result.low?.constant, let high = result.high?.constant, low >= high {
                complaints.add(object.node, "low (\(shortNumber(low))) is not below high (\(shortNumber(high)))")
            }
        }
        result.rounding = object.number("round", default: 0, in: 0...1e300)
        return result
    }

    private func number(
        _ object: ObjectReader, _ key: String, _ unit: PhysicalUnit, _ bounds: ClosedRange<Double>,
        mayBeExpression: Bool
    ) -> Variability.Number? {
        guard let node = object.optionalChild(key) else { return nil }
        guard mayBeExpression, case .string(let text) = node.value else {
            return object.optionalNumber(key, in: bounds).map { .constant($0) }
        }
        do {
            let formula = try Formula(parsing: text)
            _ = try patient.resolve(formula, unit, what: "\(object.what): \(key)")
            return .expression(formula, text: text)
        } catch {
            complain(node, error)
            return .constant(1)
        }
    }

    mutating func readCorrelations(_ file: ObjectReader) {
        for node in file.optionalArray("correlations") ?? [] {
            let reader = ObjectReader(node, what: "a correlation", complaints: complaints)
            let names = reader.strings("between") ?? []
            let value = reader.number("value", in: -1...1) ?? 0
            reader.finish()
            let variables = model.variableNames
            guard names.count == 2, names[0] != names[1] else {
                complaints.add(node["between"] ?? node, "a correlation is between two quantities")
                continue
            }
            for name in names {
                let shape = variables.first { $0.name == name }?.variability.shape
                if shape != .normal && shape != .logNormal {
                    complaints.add(
                        node["between"] ?? node,
                        "'\(name)' has no normal or log-normal variability, so nothing can be correlated with it")
                }
            }
            model.correlations.append(.init(first: names[0], second: names[1], value: value))
        }
        if complaints.isEmpty, !model.correlations.isEmpty, CorrelatedNormals(model) == nil {
            complaints.add(
                file.node["correlations"] ?? file.node,
                "these correlations contradict each other: the matrix is not positive definite")
        }
    }

    // MARK: - plausibility

    mutating func readPlausibility(_ file: ObjectReader) {
        guard let plausible = file.optionalObject("plausible", what: "plausible") else { return }
        let untreated = plausible.number("untreated_for", default: 0, in: 0...1e6)
        model.plausibility = .init(
            atStart: conditions(plausible, "at_start"), untreatedFor: untreated, after: conditions(plausible, "after"))
        plausible.finish()
    }

    mutating func conditions(_ reader: ObjectReader, _ key: String) -> [EnvironmentModel.Condition] {
        var list: [EnvironmentModel.Condition] = []
        for node in reader.optionalArray(key) ?? [] {
            let reader = ObjectReader(node, what: "a condition", complaints: complaints)
            let (when, text) = condition(reader, "when", level: .course)
            list.append(.init(when: when, text: text, meaning: reader.string("meaning", default: text)))
            reader.finish()
        }
        return list
    }
}
