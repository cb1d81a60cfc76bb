// Utility, prevalence and subgroups of the fidelity report as lines for people.

import Foundation
import Numerics

extension FidelityReport {
    var utilityLines: [String] {
        guard let utility else { return [] }
        let rows =
            utility.heldOut
            ? "\(utility.testPatients) held-out patients, \(utility.testEvents) with it"
            : "\(utility.testPatients) patients of the source, \(utility.testEvents) with it"
        var table = AlignedText(headings: ["", "synthetic", "", "real", "", "difference", ""], words: [0])
        for model in utility.models {
            let cells = [model.synthetic, model.real].flatMap { [fixed($0.value, 3), bracket($0)] }
            table.rows.append(
                [model.name.split(separator: "_").joined(separator: " ")] + cells
                    + [signed(model.difference.value), bracket(model.difference, signed: true)])
        }
        var lines = [
            "",
            "  AUC for \(utility.target) = \(utility.event), trained on synthetic or real rows, tested on real ones:",
            "  \(rows), 95 % intervals over these",
        ]
        lines += table.text(indent: "    ").split(separator: "\n").map(String.init)
        if !utility.heldOut {
            lines += [
                "    (without --held-out, models of real rows are cross-validated, and those of synthetic rows",
                "    are tested on the rows that the generator learned from, which flatters them)",
            ]
        }
        return lines
    }

    var prevalenceLines: [String] {
        guard !prevalence.isEmpty else { return [] }
        var table = AlignedText(headings: ["", "synthetic", "", "real", "", "difference", ""], words: [0])
        for item in prevalence {
            let cells = [item.synthetic, item.real].flatMap { [fixed($0.value, 3), bracket($0)] }
            table.rows.append(
                ["\(item.column) = \(item.event)"] + cells
                    + [signed(item.difference.value), bracket(item.difference, signed: true)])
        }
        return ["", "  Prevalence"] + table.text(indent: "    ").split(separator: "\n").map(String.init)
    }

    var subgroupLines: [String] {
        guard let words = worstSubgroup else { return [] }
        let beyond = subgroups.groups.count { $0.severity > 0 }
        return [
            "",
            "  Subgroups: \(subgroups.groups.count) of at least \(Subgroup.leastRows) real rows, "
                + "\(beyond) less faithful than chance explains",
        ] + wrapped("worst: " + words, indent: "    ")
    }

    /// The worst subgroup in words; nil where no subgroup is large enough.
    public var worstSubgroup: String? { subgroups.words(event: eventWords) }

    /// `cens = 1`
    var eventWords: String? { utility.map { "\($0.target) = \($0.event)" } }

    /// `[0.412, 0.455] `, nothing without an interval.
    func interval(_ estimate: Estimate?) -> String { estimate.map { $0.hasInterval ? bracket($0) + " " : "" } ?? "" }
}

/// `[0.412, 0.455]`
func bracket(_ estimate: Estimate, signed isSigned: Bool = false) -> String {
    guard estimate.hasInterval else { return "" }
    return isSigned
        ? "[\(signed(estimate.low)), \(signed(estimate.high))]"
        : "[\(fixed(estimate.low, 3)), \(fixed(estimate.high, 3))]"
}

/// `+0.012`, `-0.004`, `0.000`
func signed(_ value: Double) -> String {
    let text = fixed(value, 3)
    if !text.contains(where: { $0 >= "1" && $0 <= "9" }) { return fixed(0, 3) }
    return value > 0 ? "+" + text : text
}

/// Lines of at most 100 columns.
func wrapped(_ text: String, indent: String = "", width: Int = 100) -> [String] {
    var lines: [String] = []
    var line = indent
    for word in text.split(separator: " ") {
        if line.count > indent.count, line.count + 1 + word.count > width {
            lines.append(line)
            line = indent
        }
        line += (line.count > indent.count ? " " : "") + word
    }
    return line.count > indent.count ? lines + [line] : lines
}
