// Settings that several learners read in the same way.

import Networks
import PositionedJSON

/// `net_arch`: widths of the hidden layers.
func readWidths(_ reader: ObjectReader, default widths: [Int]) -> [Int] {
    guard let nodes = reader.optionalArray("net_arch") else { return widths }
    return nodes.compactMap { node in
        if let width = node.integer, (1...4096).contains(width) { return width }
        reader.complaints.add(node, "a layer's width must be a whole number from 1 to 4096")
        return nil
    }
}

/// `activation`: `tanh` or `relu`.
func readActivation(_ reader: ObjectReader, default activation: Activation) -> Activation {
    let names = Activation.allCases.map(\.rawValue)
    let name = reader.choice("activation", of: names, default: activation.rawValue)
    return name.flatMap(Activation.init(rawValue:)) ?? activation
}

/// A learner's discount: what the study says, else Stable-Baselines3's 0.99 or the environment's where that is smaller.
func resolvedDiscount(_ stated: Double?, task discount: Double) -> Double {
    stated ?? min(discount, 0.99)
}

/// A learner's settings as an object; what is not stated is left out.
func settings(_ algorithm: String, _ fields: [JSONField]) -> JSONValue {
    .object([JSONField("algorithm", .string(algorithm))] + fields.filter { $0.value != .null })
}

/// A budget times a factor, at least 1.
func shrunk(_ budget: Int, by factor: Double) -> Int {
    max(1, Int((Double(budget) * factor).rounded()))
}

extension ExplorationSchedule {
    init(reader: ObjectReader, default schedule: ExplorationSchedule) {
        let shapes = Shape.allCases.map(\.rawValue)
        let shape = reader.choice("exploration_schedule", of: shapes, default: schedule.shape.rawValue)
        self.init(
            initial: reader.number("exploration_initial_eps", default: schedule.initial, in: 0...1),
            final: reader.number("exploration_final_eps", default: schedule.final, in: 0...1),
            fraction: reader.number("exploration_fraction", default: schedule.fraction, in: 0...1),
            shape: shape.flatMap(Shape.init(rawValue:)) ?? schedule.shape)
        if self.shape == .exponential, min(initial, final) <= 0 {
            reader.complaints.add(
                reader.node["exploration_schedule"] ?? reader.node,
                "an exponential schedule needs exploration_initial_eps and exploration_final_eps above 0")
        }
    }

    func fields() -> [JSONField] {
        [
            JSONField("exploration_initial_eps", .number(initial)), JSONField("exploration_final_eps", .number(final)),
            JSONField("exploration_fraction", .number(fraction)),
            JSONField("exploration_schedule", .string(shape.rawValue)),
        ]
    }
}

extension ValidationSettings {
    /// `evaluate_every` (decisions) and `evaluation_patients` (all when absent).
    init(reader: ObjectReader, default settings: ValidationSettings = ValidationSettings()) {
        self = settings
        evaluateEvery = reader.integer("evaluate_every", default: evaluateEvery, in: 1...1_000_000_000)
        patients = reader.optionalInteger("evaluation_patients", in: 1...1_000_000_000)
    }

    func fields() -> [JSONField] {
        [
            JSONField("evaluate_every", .integer(evaluateEvery)),
            JSONField("evaluation_patients", patients.map { .integer($0) } ?? .null),
        ]
    }

    func shrunk(by factor: Double) -> ValidationSettings {
        ValidationSettings(evaluateEvery: Agents.shrunk(evaluateEvery, by: factor), patients: patients)
    }
}
