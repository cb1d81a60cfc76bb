// Limits of a method: cells such as `<50` or `>1000`, and the numbers that stand for them.

/// The limits beyond which a method only says "less than" or "more than".
///
/// A cell `<50` becomes the greatest number below 50, `>1000` the least above 1000: order is kept, measured values at the
/// limit stay apart, and measures that need numbers see the limit. Generators learn such cells as a state of their own.
public struct Censoring: Sendable, Equatable {
    /// Limits of detection, ascending.
    public var below: [Double]
    /// Upper limits of the method, ascending.
    public var above: [Double]

    public init(below: [Double] = [], above: [Double] = []) {
        self.below = below
        self.above = above
    }

    /// The numbers that stand for censored cells.
    public var values: [Double] { below.map(\.nextDown) + above.map(\.nextUp) }

    /// What a column holds for a cell `<LIMIT` or `>LIMIT`; nil where the text is nothing of the kind.
    func value(of text: String) -> Result<Double, Disagreement>? {
        guard let sign = text.first, sign == "<" || sign == ">" else { return nil }
        let rest = String(text.dropFirst()).drop { $0 == " " || $0 == "=" }
        guard let limit = Double(rest) else { return nil }
        let limits = sign == "<" ? below : above
        guard limits.contains(limit) else { return .failure(Disagreement(sign: sign, limits: limits)) }
        return .success(sign == "<" ? limit.nextDown : limit.nextUp)
    }

    /// A cell beyond a limit that the schema does not name.
    struct Disagreement: Error {
        var sign: Character
        var limits: [Double]
    }

    /// The cell that a number stands for, if it stands for one.
    public func text(of value: Double) -> String? {
        if let limit = below.first(where: { $0.nextDown == value }) { return "<\(compact(limit))" }
        if let limit = above.first(where: { $0.nextUp == value }) { return ">\(compact(limit))" }
        return nil
    }
}
