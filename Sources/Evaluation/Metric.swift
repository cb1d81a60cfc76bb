// What policies are compared by: the return and the outcomes a clinician would report.

import Patients
import PositionedJSON

/// A number of an episode that is averaged over patients.
public struct Metric: Sendable, Equatable {
    /// As in files: `return` or the outcome's name.
    public var name: String
    public var unit: String
    public var meaning: String
    /// An event is 0 or 1 and shown as a percentage.
    public var isEvent: Bool
    public var higherIsBetter: Bool?

    public init(name: String, unit: String = "", meaning: String = "", isEvent: Bool, higherIsBetter: Bool?) {
        self.name = name
        self.unit = unit
        self.meaning = meaning
        self.isEvent = isEvent
        self.higherIsBetter = higherIsBetter
    }

    /// The sum of rewards of an episode.
    public static let `return` = Metric(
        name: "return", meaning: "sum of rewards of an episode", isEvent: false, higherIsBetter: true)

    public init(_ outcome: OutcomeDescription) {
        self.init(
            name: outcome.name, unit: outcome.unit, meaning: outcome.meaning, isEvent: outcome.kind == .event,
            higherIsBetter: outcome.higherIsBetter)
    }

    /// The name in words: `time_to_cure` is `time to cure`.
    public var title: String { Words.title(name, meaning: meaning) }

    func json() -> JSONValue {
        .object([
            JSONField("name", .string(name)), JSONField("unit", .string(unit)), JSONField("meaning", .string(meaning)),
            JSONField("kind", isEvent ? "event" : "quantity"),
            JSONField("higher_is_better", higherIsBetter.map { .bool($0) } ?? .null),
        ])
    }

    init(_ reader: ObjectReader) {
        var better: Bool?
        if let node = reader.optionalChild("higher_is_better"), case .bool(let value) = node.value { better = value }
        self.init(
            name: reader.string("name") ?? "", unit: reader.string("unit") ?? "",
            meaning: reader.string("meaning") ?? "",
            isEvent: reader.choice("kind", of: ["event", "quantity"]) == "event", higherIsBetter: better)
        reader.finish()
    }
}
