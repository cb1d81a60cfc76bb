// What the gate found: each check with its figure, its limit and what to do.

import PositionedJSON

/// One check of a cohort's privacy.
public struct PrivacyCheck: Sendable, Equatable {
    /// Such as `membership_auc`.
    public var name: String
    public var figure: Double
    /// Beyond it, the check fails.
    public var limit: Double
    public var passed: Bool
    /// Figure and limit in words.
    public var words: String
    public var remedy: String
}

/// Whether a generator's patients may leave the house.
public struct PrivacyVerdict: Sendable, Equatable {
    public var checks: [PrivacyCheck]
    /// Why there are none, or not all.
    public var note: String?

    public var passed: Bool { checks.allSatisfy(\.passed) }
    public var failures: [PrivacyCheck] { checks.filter { !$0.passed } }
}

extension PrivacyVerdict {
    public func json() -> JSONValue {
        var value: JSONValue = [
            "passed": .bool(passed),
            "checks": .array(
                checks.map {
                    [
                        "check": .string($0.name), "figure": .number($0.figure), "limit": .number($0.limit),
                        "passed": .bool($0.passed), "words": .string($0.words), "remedy": .string($0.remedy),
                    ]
                }),
        ]
        if let note { value["note"] = .string(note) }
        return value
    }

    /// Reads the key `gate` of a generator's file; nil without one.
    init?(_ reader: ObjectReader) {
        guard let part = reader.optionalObject("gate", what: "the privacy checks") else { return nil }
        _ = part.boolean("passed")
        checks = (part.array("checks") ?? []).compactMap { node in
            let item = ObjectReader(node, what: "the check", complaints: reader.complaints)
            let name = item.string("check")
            let figure = item.number("figure")
            let limit = item.number("limit")
            let passed = item.boolean("passed")
            let words = item.string("words")
            let remedy = item.string("remedy")
            item.finish()
            guard let name, let figure, let limit, let passed, let words, let remedy else { return nil }
            return PrivacyCheck(
                name: name, figure: figure, limit: limit, passed: passed, words: words, remedy: remedy)
        }
        note = part.optionalString("note")
        part.finish()
    }

    /// One sentence.
    public var sentence: String {
        if !passed {
            return "These patients fail \(failures.count) of \(checks.count) privacy checks: "
                + failures.map(\.words).joined(separator: "; ")
        }
        let all = checks.isEmpty ? "Privacy checks were not made" : "All \(checks.count) privacy checks are passed"
        return all + (note.map { ": \($0)" } ?? "")
    }

    /// A line a check.
    public func text() -> String {
        var lines = ["Privacy checks: " + (checks.isEmpty ? "not made" : passed ? "passed" : "FAILED")]
        for check in checks {
            lines.append("  \(check.passed ? "passed" : "FAILED")  \(check.words)")
            if !check.passed { lines.append("          remedy: \(check.remedy)") }
        }
        if let note { lines.append("  \(note)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A cohort that must not be written.
public struct PrivacyRefusal: Error, Sendable, CustomStringConvertible {
    public var verdict: PrivacyVerdict
    public var out: String

    public var description: String {
        "\(out) is not written, since these patients fail the privacy checks\n" + verdict.text()
            + "  --force writes them all the same, and \(out).privacy.json says so"
    }
}
