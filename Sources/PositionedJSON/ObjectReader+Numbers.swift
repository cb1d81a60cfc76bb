// Numbers of an object, within bounds.

extension ClosedRange<Double> {
    /// Everything above zero.
    public static var positive: ClosedRange<Double> { Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude }
    /// Zero and everything above.
    public static var notNegative: ClosedRange<Double> { 0...Double.greatestFiniteMagnitude }
    /// Every finite number.
    public static var finite: ClosedRange<Double> { -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude }
}

extension ObjectReader {
    public func number(_ key: String, in bounds: ClosedRange<Double> = .finite) -> Double? {
        child(key).flatMap { number($0, key, bounds) }
    }

    public func number(
        _ key: String, default fallback: Double, in bounds: ClosedRange<Double> = .finite
    ) -> Double {
        optionalNumber(key, in: bounds) ?? fallback
    }

    public func optionalNumber(_ key: String, in bounds: ClosedRange<Double> = .finite) -> Double? {
        optionalChild(key).flatMap { number($0, key, bounds) }
    }

    private func number(_ node: JSONNode, _ key: String, _ bounds: ClosedRange<Double>) -> Double? {
        guard case .number(let value, let literal) = node.value else {
            wrong(node, key, "a number")
            return nil
        }
        guard bounds.contains(value) else {
            complaints.add(node, "\"\(key)\" in \(what) must be \(ObjectReader.words(bounds)), not \(literal)")
            return nil
        }
        return value
    }

    /// A whole number; `3`, `3.0` and `3e0` are the same.
    public func integer(_ key: String, in bounds: ClosedRange<Int> = Int.min...Int.max) -> Int? {
        child(key).flatMap { integer($0, key, bounds) }
    }

    public func integer(
        _ key: String, default fallback: Int, in bounds: ClosedRange<Int> = Int.min...Int.max
    ) -> Int {
        optionalInteger(key, in: bounds) ?? fallback
    }

    public func optionalInteger(_ key: String, in bounds: ClosedRange<Int> = Int.min...Int.max) -> Int? {
        optionalChild(key).flatMap { integer($0, key, bounds) }
    }

    private func integer(_ node: JSONNode, _ key: String, _ bounds: ClosedRange<Int>) -> Int? {
        guard case .number(_, let literal) = node.value else {
            wrong(node, key, "a whole number")
            return nil
        }
        guard let value = node.integer else {
            complaints.add(node, "\"\(key)\" in \(what) must be a whole number, not \(literal)")
            return nil
        }
        guard bounds.contains(value) else {
            complaints.add(node, "\"\(key)\" in \(what) must be \(ObjectReader.words(bounds)), not \(literal)")
            return nil
        }
        return value
    }

    /// An array of numbers; nil when any item is something else.
    public func numbers(_ key: String) -> [Double]? { array(key).flatMap { numbers($0, key) } }

    public func optionalNumbers(_ key: String) -> [Double]? { optionalArray(key).flatMap { numbers($0, key) } }

    private func numbers(_ items: [JSONNode], _ key: String) -> [Double]? {
        var values: [Double] = []
        values.reserveCapacity(items.count)
        for item in items {
            if case .number(let value, _) = item.value {
                values.append(value)
            } else {
                complaints.add(item, "every item of \"\(key)\" in \(what) must be a number, not \(item.kindName)")
            }
        }
        return values.count == items.count ? values : nil
    }

    private static func words(_ bounds: ClosedRange<Double>) -> String {
        let top = bounds.upperBound == .greatestFiniteMagnitude
        switch (bounds.lowerBound, top) {
        case (.leastNonzeroMagnitude, true): return "above 0"
        case (-.greatestFiniteMagnitude, true): return "finite"
        case (.leastNonzeroMagnitude, false): return "above 0 and at most \(JSONText.number(bounds.upperBound))"
        case (-.greatestFiniteMagnitude, false): return "at most \(JSONText.number(bounds.upperBound))"
        case (let low, true): return "at least \(JSONText.number(low))"
        case (let low, false): return "from \(JSONText.number(low)) to \(JSONText.number(bounds.upperBound))"
        }
    }

    private static func words(_ bounds: ClosedRange<Int>) -> String {
        switch (bounds.lowerBound == .min, bounds.upperBound == .max) {
        case (false, true): "at least \(bounds.lowerBound)"
        case (true, false): "at most \(bounds.upperBound)"
        default: "from \(bounds.lowerBound) to \(bounds.upperBound)"
        }
    }
}

extension JSONNode {
    /// The value as a whole number, if it is one and can be held exactly.
    public var integer: Int? {
        guard case .number(let value, let literal) = self.value else { return nil }
        if let exact = Int(literal) { return exact }
        return abs(value) <= 0x1p53 ? Int(exactly: value) : nil
    }
}
