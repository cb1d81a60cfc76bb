// The feature report in words.

extension FeatureReport {
    public func text() -> String {
        var parts: [String] = []
        var head = "\(rows) rows"
        if usedRows < rows { head += ", of which \(usedRows) drawn at random are used" }
        parts.append(head)
        if let target {
            var table = AlignedText(
                headings: ["column", "role", "nats", "of entropy", "by chance", "p", "rows"], words: [0, 1])
            for feature in features {
                table.rows.append([
                    feature.name, feature.role?.rawValue ?? "", fixed(feature.information, 4),
                    feature.share.map(percent) ?? "", fixed(feature.chance, 4), fixed(feature.pValue, 3),
                    "\(feature.rows)",
                ])
            }
            parts.append(
                "What each column tells of \"\(target)\" (mutual information; p from \(permutations) shufflings)\n"
                    + table.text(indent: "  "))
            let gaps = features.filter { ($0.absence?.pValue ?? 1) <= 0.05 }
            if !gaps.isEmpty {
                parts.append(
                    "That a value is missing tells of \"\(target)\" too: "
                        + gaps.map { feature in
                            let absence = feature.absence ?? (0, 1)
                            return
                                "\(feature.name) (\(fixed(absence.information, 4)) nats, p \(fixed(absence.pValue, 3)))"
                        }.joined(separator: ", "))
            }
            if features.contains(where: { $0.role == .outcome }) {
                parts.append(
                    "Columns of the role \"outcome\" are known only after the fact: a risk model must not see them.")
            }
            parts.append(
                "Numeric columns: \(MutualInformation.Estimator.ross.rawValue) against categories, "
                    + "\(MutualInformation.Estimator.kraskov.rawValue) against numbers; categories against categories from "
                    + "their table. One column at a time: columns that tell only together are not seen.")
        } else {
            parts.append("No target: name one with --target or in the schema to see what each column tells of it.")
        }
        if !silent.isEmpty { parts.append("Nothing to measure in: " + silent.joined(separator: ", ")) }
        if let components { parts.append(components.text()) }
        return parts.joined(separator: "\n\n")
    }
}

extension PrincipalComponents {
    func text() -> String {
        let shown = min(needed(for: 0.95), 8)
        var table = AlignedText(headings: ["component", "variance", "in all", "largest weights"], words: [0, 3])
        var sum = 0.0
        for index in 0..<shown {
            sum += explained[index]
            let weights = loadings[index].enumerated().sorted {
                (abs($1.element), $0.offset) < (abs($0.element), $1.offset)
            }
            let names = weights.prefix(4).map {
                "\($0.element < 0 ? "−" : "+")\(fixed(abs($0.element), 2)) \(columns[$0.offset])"
            }
            table.rows.append([
                "\(index + 1)", percent(explained[index]), percent(sum), names.joined(separator: "  "),
            ])
        }
        var text =
            "Principal components of the \(columns.count) numeric columns, in standard deviations: "
            + "\(needed(for: 0.9)) hold 90 % of the variance, \(needed(for: 0.95)) hold 95 %\n"
            + table.text(indent: "  ")
        if missing > 0 { text += "\n  \(percent(missing)) of these cells are missing and count as their column's mean" }
        return text
    }
}
