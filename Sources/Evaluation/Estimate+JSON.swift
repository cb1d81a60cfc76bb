// Estimates as JSON: `{"estimate": 1.5, "low": 1.2, "high": 1.9}`; what is not defined is null.

import Numerics
import PositionedJSON

extension Estimate {
    /// The three fields, to stand alone or to join an object.
    var fields: [JSONField] {
        [
            JSONField("estimate", .number(value)), JSONField("low", .number(low)), JSONField("high", .number(high)),
        ]
    }

    public var json: JSONValue { .object(fields) }

    /// Reads the three fields from an object; null reads as NaN.
    init(_ reader: ObjectReader) {
        self.init(
            reader.nullableNumber("estimate") ?? .nan, low: reader.nullableNumber("low") ?? .nan,
            high: reader.nullableNumber("high") ?? .nan)
    }
}

extension ObjectReader {
    /// A required number that may be null.
    func nullableNumber(_ key: String) -> Double? {
        guard let node = child(key) else { return nil }
        if case .null = node.value { return nil }
        return optionalNumber(key)
    }

    /// A number that may be absent or null.
    func absentOrNullNumber(_ key: String) -> Double? {
        guard let node = optionalChild(key) else { return nil }
        if case .null = node.value { return nil }
        return optionalNumber(key)
    }

    /// A string that may be absent or null.
    func absentOrNullString(_ key: String) -> String? {
        guard let node = optionalChild(key) else { return nil }
        if case .null = node.value { return nil }
        return optionalString(key)
    }

    /// Every item of an array as an object.
    func objects(_ key: String, what: String) -> [ObjectReader] {
        (array(key) ?? []).map { ObjectReader($0, what: what, complaints: complaints) }
    }
}
