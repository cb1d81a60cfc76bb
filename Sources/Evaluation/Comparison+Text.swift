// The comparison in words and as tables for the terminal.

import Numerics

extension Comparison {
    /// Policies of a kind in order of mean return, or the reason why they are not ordered.
    public enum Ranking: Sendable, Equatable {
        case ordered([String])
        case refused(String)
    }

    /// Ranks the policies of a kind. What is trained is not ranked on fewer than three seeds: the spread between
    /// trainings of one algorithm is then unknown (Agarwal et al. 2021, arXiv 2108.13264; Henderson et al. 2018,
    /// arXiv 1709.06560).
    public func ranking(_ kind: PolicyKind) -> Ranking {
        let members = policies.filter { $0.kind == kind }
        let thin = members.filter { $0.seeds < Comparison.seedsToRank }
        if kind.isTrained, members.count > 1, !thin.isEmpty {
            let names = thin.map { "\($0.name) (\($0.seeds == 1 ? "1 seed" : "\($0.seeds) seeds"))" }
            return .refused(
                "The \(kind.plural) are not ranked: \(names.joined(separator: ", ")) "
                    + "\(thin.count == 1 ? "has" : "have") fewer than \(Comparison.seedsToRank) training seeds.")
        }
        func key(_ name: String) -> Double {
            estimate(name, "return").map { $0.isDefined ? $0.value : -.infinity } ?? 0
        }
        let order = members.indices.sorted {
            let (a, b) = (key(members[$0].name), key(members[$1].name))
            return a == b ? $0 < $1 : a > b
        }
        return .ordered(order.map { members[$0].name })
    }

    /// Policies of a kind in the order of their ranking; in order of appearance where that is refused.
    public func ordered(_ kind: PolicyKind) -> [(name: String, seeds: Int)] {
        let members = policies.filter { $0.kind == kind }
        let names =
            switch ranking(kind) {
            case .ordered(let names): names
            case .refused: members.map(\.name)
            }
        return names.map { name in (name, members.first { $0.name == name }?.seeds ?? 0) }
    }

    /// What may be said, and what may not, in whole sentences.
    public func rankingSentences() -> [String] {
        var sentences: [String] = []
        for kind in PolicyKind.allCases {
            if case .refused(let reason) = ranking(kind) { sentences.append(reason) }
        }
        func relate(_ policy: String?, _ what: String, _ baseline: String?, _ other: String) {
            guard let policy, let baseline, let estimate = difference(policy, minus: baseline, "return"),
                estimate.hasInterval
            else { return }
            let format = MetricFormat(.return, [estimate])
            let verdict =
                estimate.isAboveZero
                ? "is above"
                : estimate.isBelowZero ? "is below" : "cannot be told apart in return from"
            let tail = estimate.isAboveZero || estimate.isBelowZero ? " in return" : ""
            // A power of ten that was taken out of the number belongs to it.
            let unit = format.trailing
            let parts = [format.signed(estimate) + unit] + outcomeDifferences(policy, baseline)
            // The interval of a difference knows the spread between trainings only as well as its seeds show it.
            let seeds = [policy, baseline].compactMap { name in
                policies.first { $0.name == name && $0.kind.isTrained }?.seeds
            }.min()
            var caution = ""
            if let seeds, seeds < Comparison.seedsToRank {
                caution = " That is \(seeds == 1 ? "one training" : "\(seeds) trainings"): another may do otherwise."
            }
            sentences.append(
                "\(what) \(policy) \(verdict) \(other) \(baseline)\(tail): "
                    + "\(parts.joined(separator: "; ")) (paired differences).\(caution)")
        }
        relate(selection.learner, "The best learner", selection.fixed, "the best protocol")
        relate(selection.tree, "The best \(treeWords)", selection.fixed, "the best protocol")
        relate(selection.learner, "The best learner", selection.tree, "the best \(treeWords)")
        return sentences
    }

    /// What the chosen tree is.
    public var treeWords: String {
        policies.first { $0.name == selection.tree }?.kind == .plannedTree
            ? "tree (planned with the environment's table, not learned)" : "tree"
    }

    /// Differences in the outcomes that are better one way and defined for every patient: `cured +12 [+9, +14] points`.
    private func outcomeDifferences(_ policy: String, _ baseline: String) -> [String] {
        zip(metrics, formats()).dropFirst().compactMap { metric, format in
            let row = differences.first {
                $0.policy == policy && $0.baseline == baseline && $0.metric == metric.name
            }
            guard metric.higherIsBetter != nil, let row, row.patients == patients else { return nil }
            guard row.estimate.value != 0 || row.estimate.hasInterval && row.estimate.low != row.estimate.high else {
                return nil
            }
            let unit = format.unit == "%" ? " points" : format.trailing
            return "\(metric.title) \(format.signed(row.estimate))\(unit)"
        }
    }

    /// The formats of all metrics, shared by every table of this comparison.
    public func formats() -> [MetricFormat] {
        metrics.map { metric in
            MetricFormat(metric, rows.filter { $0.metric == metric.name }.map(\.estimate))
        }
    }

    /// `1,000 test patients`
    var testPatients: String { "\(NumberText.count(patients)) test \(patients == 1 ? "patient" : "patients")" }

    /// The table printed at the end of a run: policies by kind, metrics with intervals, paired differences, sentences.
    public func text(width: Int = 120) -> String {
        let formats = formats()
        var table = TextTable(
            [TextTable.Column("", isNumber: false), TextTable.Column("seeds")]
                + zip(metrics, formats).map { TextTable.Column($0.title, unit: $1.unit) })
        for kind in PolicyKind.allCases {
            let members = ordered(kind)
            guard !members.isEmpty else { continue }
            table.add(group: kind.plural)
            for (name, seeds) in members {
                table.add(
                    [(selection.contains(name) ? "* " : "  ") + name, kind.isTrained ? "\(seeds)" : ""]
                        + zip(metrics, formats).map { metric, format in
                            estimate(name, metric.name).map(format.text) ?? "–"
                        })
            }
        }
        let percent = NumberText.trimmed(NumberText.fixed(100 * level, 1))
        var text = "\(testPatients), mean [\(percent) % interval: "
        text += "seeds and patients resampled, crossed]\n\n" + table.text(width: width)
        if policies.contains(where: { selection.contains($0.name) }) {
            text += "* best of its kind on validation patients\n"
        }
        let partial = metrics.filter { metric in
            rows.contains { $0.metric == metric.name && $0.patients < patients }
        }
        if !partial.isEmpty {
            text += NumberText.printable(
                partial.map(\.title).joined(separator: ", ")
                    + ": over the patients for whom it is defined, differences over those for whom it is under both")
            text += "\n"
        }
        text += differencesText(formats, width: width)
        for sentence in rankingSentences() { text += "\n" + NumberText.printable(sentence) }
        return text + (rankingSentences().isEmpty ? "" : "\n")
    }

    private func differencesText(_ formats: [MetricFormat], width: Int) -> String {
        let shown = pairs.filter { selection.contains($0.policy) || selection.contains($0.baseline) }
        guard !shown.isEmpty else { return "" }
        var table = TextTable(
            [TextTable.Column("", isNumber: false)]
                + zip(metrics, formats).map { TextTable.Column($0.title, unit: $1.unit == "%" ? "points" : $1.unit) })
        for pair in shown {
            table.add(
                ["\(pair.policy) − \(pair.baseline)"]
                    + metrics.indices.map { index in
                        difference(pair.policy, minus: pair.baseline, metrics[index].name).map(formats[index].signed)
                            ?? "–"
                    })
        }
        return "\nPaired differences on the same patients\n\n" + table.text(width: width)
    }
}
