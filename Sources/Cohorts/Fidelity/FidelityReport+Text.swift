// The fidelity report as JSON and in words.

import Foundation
import PositionedJSON

extension FidelityReport {
    /// Every figure.
    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": 1, "real_rows": .integer(realRows), "synthetic_rows": .integer(syntheticRows),
            "quality": .number(quality), "column_shapes": .number(columnShapes),
            "pair_trends": .optional(pairTrends), "all_pair_trends": .optional(allPairTrends),
            "discriminator_auc": .optional(discriminator),
        ]
        value["discriminator"] = discrimination?.json()
        value["utility"] = utility?.json()
        value["prevalence"] = .array(prevalence.map { $0.json() })
        value["subgroups"] = subgroups.json()
        var record: JSONValue = [
            "median": .number(closest.median), "fifth_percentile": .number(closest.fifthPercentile),
            "real_to_real_median": .number(closest.realToRealMedian), "exact_copies": .number(closest.exactCopies),
        ]
        if let membership = closest.membership { record["membership_auc"] = .number(membership) }
        var distances: JSONValue = [
            "edges": .numbers(closest.distances.edges), "synthetic": .numbers(closest.distances.synthetic),
            "real": .numbers(closest.distances.real),
        ]
        distances["held_out"] = closest.distances.heldOut.map { .numbers($0) }
        record["distances"] = distances
        value["closest_record"] = record
        value["attribute_disclosure"] = .array(disclosure.map { $0.json() })
        if let privacy { value["privacy"] = privacy.json() }
        if let privacyChecks { value["privacy_checks"] = privacyChecks.json() }
        if let rates {
            value["rates_of"] = [
                "event": .string(rates.event), "source_patients": .integer(rates.sourcePatients),
                "synthetic_patients": .integer(rates.syntheticPatients),
            ]
            value["rates"] = .array(
                rates.rates.map {
                    ["name": .string($0.name), "source": .number($0.source), "synthetic": .number($0.synthetic)]
                })
        }
        value["columns"] = .array(
            shapes.map {
                ["column": .string($0.column), "measure": .string($0.measure), "score": .number($0.score)]
            })
        value["categories"] = .array(
            coverage.map {
                [
                    "column": .string($0.column), "lost": .strings($0.lost), "invented": .strings($0.invented),
                    "largest_shift": .number($0.largestShift),
                ]
            })
        value["pairs"] = .array(
            pairs.map {
                [
                    "first": .string($0.first), "second": .string($0.second), "measure": .string($0.measure),
                    "score": .optional($0.score), "real_association": .optional($0.realAssociation),
                    "synthetic_association": .optional($0.syntheticAssociation), "counts": .bool($0.counts),
                ]
            })
        value["marginals"] = .array(marginals.map { $0.json() })
        value["uses"] = .array(uses.map { $0.json() })
        value["verdict"] = .string(verdict)
        return value
    }

    /// The report for people, at most 100 columns wide.
    public func text() -> String {
        var lines = ["Fidelity: \(syntheticRows) synthetic against \(realRows) real rows", ""]
        func line(_ name: String, _ value: Double?, _ note: String) {
            let number = value.map { fixed($0, 3) } ?? "–"
            lines.append("  " + padded(name, 34) + padded(number, 8) + note)
        }
        line("quality", quality, "mean of the next two; 1 is best")
        line("column shapes", columnShapes, "1 − KS or 1 − TVD, mean over \(shapes.count) columns")
        let counted = pairs.count { $0.counts }
        line("pair trends", pairTrends, "\(counted) associated of \(pairs.count) pairs")
        line("pair trends, all pairs", allPairTrends, "")
        line(
            "discriminator AUC", discriminator,
            interval(discrimination?.area) + "boosted trees, real or synthetic; 0.5 is best")
        line("closest real row, median", closest.median, "between real rows \(fixed(closest.realToRealMedian, 3))")
        line("exact copies", closest.exactCopies, "share of synthetic rows")
        if let membership = closest.membership {
            line("membership inference AUC", membership, "0.5 is best")
        }
        lines += AttributeDisclosure.lines(disclosure)
        if let privacyChecks { lines += ["", privacyChecks.text()] }
        if let privacy { lines += ["", privacy.text()] }
        lines += utilityLines + prevalenceLines + subgroupLines
        if let rates {
            lines += [
                "", "  " + padded("\(rates.event) under", 34) + padded("source", 10) + "synthetic  ± 95 % of chance",
            ]
            for rate in rates.rates {
                lines.append(
                    "  " + padded(rate.name, 34) + padded(fixed(rate.source, 3), 10)
                        + padded(fixed(rate.synthetic, 3), 11) + "± " + fixed(1.96 * rates.standardError(rate), 3))
            }
            lines.append("  (\(rates.sourcePatients) source and \(rates.syntheticPatients) synthetic patients)")
        }
        let lost = coverage.filter { !$0.lost.isEmpty || !$0.invented.isEmpty }
        for column in lost {
            lines.append("")
            if !column.lost.isEmpty { lines.append("  \(column.column) lost: \(column.lost.joined(separator: ", "))") }
            if !column.invented.isEmpty {
                lines.append("  \(column.column) invented: \(column.invented.joined(separator: ", "))")
            }
        }
        lines += ["", "  Least faithful columns"]
        for shape in shapes.sorted(by: { $0.score < $1.score }).prefix(5) {
            lines.append("    " + padded(shape.column, 32) + fixed(shape.score, 3))
        }
        let worst = pairs.filter { $0.counts && $0.score != nil }.sorted { ($0.score ?? 1) < ($1.score ?? 1) }
        if !worst.isEmpty {
            lines += ["", "  Least faithful pairs"]
            for pair in worst.prefix(5) {
                lines.append("    " + padded("\(pair.first), \(pair.second)", 32) + fixed(pair.score ?? .nan, 3))
            }
        }
        return (lines + [""] + wrapped(verdict)).joined(separator: "\n") + "\n"
    }
}

/// A number with this many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}
