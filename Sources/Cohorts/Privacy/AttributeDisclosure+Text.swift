// Attribute disclosure as JSON and in words.

import PositionedJSON

extension AttributeDisclosure {
    func json() -> JSONValue {
        var value: JSONValue = [
            "column": .string(column), "learned": .number(learned), "learned_ci95": interval(learned, learnedError),
        ]
        if let heldOut, let heldOutError {
            value["held_out"] = .number(heldOut)
            value["held_out_ci95"] = interval(heldOut, heldOutError)
        }
        value["best_guess"] = .number(guess)
        return value
    }

    private func interval(_ value: Double, _ error: Double) -> JSONValue {
        .numbers([max(0, value - 1.96 * error), min(1, value + 1.96 * error)])
    }

    /// Most worth knowing first, five at most.
    static func lines(_ all: [AttributeDisclosure]) -> [String] {
        guard !all.isEmpty else { return [] }
        let ordered = all.sorted { ($0.excess ?? $0.learned - $0.guess) > ($1.excess ?? $1.learned - $1.guess) }
        let hasOthers = all.contains { $0.heldOut != nil }
        var lines = ["", "  Guessed right by who knows all else of a patient and these synthetic ones"]
        for one in ordered.prefix(5) {
            var line = "    \(one.column): \(share(one.learned, one.learnedError)) of learned patients"
            if let heldOut = one.heldOut, let error = one.heldOutError {
                line += ", \(share(heldOut, error)) of others"
            }
            lines.append(line + "; \(fixed(one.guess, 3)) without the table")
        }
        if !hasOthers {
            lines.append("    (whether that betrays patients or teaches medicine needs held-out rows to tell)")
        }
        return lines
    }

    private static func share(_ value: Double, _ error: Double) -> String {
        "\(fixed(value, 3)) ± \(fixed(1.96 * error, 3))"
    }
}
