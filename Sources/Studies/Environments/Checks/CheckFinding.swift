// What a check of an environment found: what was looked at, with the figure, and what to make of it.

import Evaluation
import PositionedJSON

/// One line of `lab env check`.
public struct CheckFinding: Sendable, Equatable {
    public enum Verdict: String, Sendable, CaseIterable {
        /// As it should be.
        case fine
        /// Nothing wrong, but worth knowing.
        case note
        /// To be mended; the check fails.
        case problem
    }
    /// Such as `positivity`.
    public var check: String
    public var text: String
    public var verdict: Verdict

    public init(_ check: String, _ verdict: Verdict, _ text: String) {
        self.check = check
        self.verdict = verdict
        self.text = NumberText.printable(text)
    }

    /// A list of a few names, and how many more there are.
    static func list(_ names: [String], limit: Int = 6) -> String {
        guard names.count > limit else { return names.joined(separator: ", ") }
        return names.prefix(limit).joined(separator: ", ") + " and \(names.count - limit) more"
    }
}

extension Double {
    /// For findings.
    var shown: String { NumberText.significant(self, 3) }
}
