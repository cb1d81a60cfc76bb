// The part of an environment file that is about patients: covariates, parameters and how they vary.

import PositionedJSON

extension EnvironmentReader {
    func variability(_ reader: ObjectReader) -> Variability? {
        guard let object = reader.optionalObject("variability", what: "variability") else { return nil }
        defer { object.finish() }
        guard let shape = object.choice("distribution", of: ["log_uniform", "uniform", "log_normal", "normal"]) else {
            return nil
        }
        var result = Variability(shape: Distribution.Shape(rawValue: shape) ?? .constant)
        switch result.shape {
        case .logUniform, .uniform:
            result.first = .constant(object.number("low") ?? 1)
            result.second = .constant(object.number("high") ?? 1)
        default:
            result.first = .constant(object.number(result.shape == .normal ? "mean" : "median") ?? 1)
            result.second = .constant(object.number("sigma") ?? 1)
        }
        return result
    }
}
