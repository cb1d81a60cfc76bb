// The fidelity of visits as text and as JSON.

import PositionedJSON

extension VisitFidelity {
    public func text() -> String {
        var lines = [
            "Fidelity of \(syntheticPatients) synthetic patients with visits to \(realPatients) real ones", "",
            "  "
                + AlignedText(
                    headings: ["", "real", "synthetic", ""], words: [0, 3],
                    rows: summaryRows
                ).text().replacing("\n", with: "\n  "),
        ]
        if !within.isEmpty {
            let unit = isPerYear ? "a year" : "a unit of time"
            var table = AlignedText(headings: [
                "column", "shape", "band shift", "band spread", "autocorrelation", "synthetic", "between", "synthetic",
                "change \(unit)", "synthetic",
            ])
            for (place, column) in within.enumerated() {
                let shape = shapes.first { $0.column == column.column }?.score
                table.rows.append(
                    [column.column, told(shape), told(bands[place].shift), told(bands[place].spread)]
                        + told(column.autocorrelation) + told(column.intraclass) + told(column.change, digits: 3))
            }
            lines += [
                "", "  " + table.text().replacing("\n", with: "\n  "), "",
                "  band shift: difference of the means over time, in standard deviations; band spread: |ln| of the",
                "  quotient of standard deviations over time; autocorrelation: of a visit's value with the next one's;",
                "  between: share of the variance that is between patients.",
            ]
        }
        let worst = (shapes + baselineShapes).sorted { $0.score < $1.score }.prefix(5)
        lines += ["", "  Least faithful columns"]
        for shape in worst { lines.append("    \(shape.column)  \(fixed(shape.score, 3))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private var summaryRows: [[String]] {
        var rows = [
            [
                "visits a patient, mean", fixed(visitsPerPatient.real, 2), fixed(visitsPerPatient.synthetic, 2),
                "distributions alike to \(fixed(visitsPerPatient.score, 3))",
            ]
        ]
        if let gaps {
            rows.append([
                "time between visits, mean", shortNumber(gaps.real), shortNumber(gaps.synthetic),
                "distributions alike to \(fixed(gaps.score, 3))" + (timeUnit.map { "; in \($0)" } ?? ""),
            ])
        }
        func row(_ name: String, _ value: Double?, _ note: String) {
            if let value { rows.append([name, "", fixed(value, 3), note]) }
        }
        row("shapes of columns that change", visitShapes, "1 is best")
        row("shapes of columns that do not", constantShapes, "1 is best")
        row("band shift, mean", bandShift, "0 is best")
        row("band spread, mean", bandSpread, "0 is best")
        row("error of autocorrelation, mean", autocorrelationError, "0 is best")
        row("error of the share between", intraclassError, "0 is best")
        row("discriminator AUC", discriminator, "boosted trees on patients' summaries; 0.5 is best")
        row("discriminator |accuracy - 1/2|", discriminatorExcess, "0 is best")
        if let next {
            rows.append([
                "error of the next visit", fixed(next.trainedOnReal, 3), fixed(next.trainedOnSynthetic, 3),
                "trained on real or synthetic, tested on \(next.heldOut ? "held-out" : "the source's own"); unchanged "
                    + fixed(next.unchanged, 3),
            ])
        }
        for event in events {
            rows.append([
                "share with the event of \(event.column)", fixed(event.realEvents, 3), fixed(event.syntheticEvents, 3),
                "survival curves at most \(fixed(event.distance, 3)) apart",
            ])
        }
        rows.append([
            "closest real patient, median", fixed(closest.realToRealMedian, 3), fixed(closest.median, 3),
            "by summaries; real: between real patients",
        ])
        row("exact copies", closest.exactCopies, "share of synthetic patients")
        row("membership inference AUC", closest.membership, "0.5 is best")
        return rows
    }

    private func told(_ value: Double?) -> String { value.map { fixed($0, 3) } ?? "-" }

    private func told(_ pair: WithinPatient.Pair?, digits: Int? = nil) -> [String] {
        guard let pair else { return ["-", "-"] }
        return [pair.real, pair.synthetic].map { digits == nil ? fixed($0, 3) : shortNumber($0) }
    }

    public func json() -> JSONValue {
        func optional(_ value: Double?) -> JSONValue { value.map { $0.isFinite ? .number($0) : .null } ?? .null }
        func match(_ value: Match?) -> JSONValue {
            guard let value else { return .null }
            return [
                "real": optional(value.real), "synthetic": optional(value.synthetic), "score": optional(value.score),
            ]
        }
        func pair(_ value: WithinPatient.Pair?) -> JSONValue {
            value.map { ["real": optional($0.real), "synthetic": optional($0.synthetic)] } ?? .null
        }
        func shape(_ value: ColumnShape) -> JSONValue {
            ["column": .string(value.column), "measure": .string(value.measure), "score": optional(value.score)]
        }
        func moment(_ value: TrajectoryBand.Moment) -> JSONValue {
            [
                "visits": .integer(value.count), "mean": optional(value.mean), "deviation": optional(value.deviation),
                "percentiles": .numbers(value.percentiles),
            ]
        }
        var value: JSONValue = [
            "kind": "visits", "real_patients": .integer(realPatients),
            "synthetic_patients": .integer(syntheticPatients),
            "visits_per_patient": match(visitsPerPatient), "gaps": match(gaps),
            "time_unit": timeUnit.map { .string($0) } ?? .null, "visit_shapes": optional(visitShapes),
            "baseline_shapes": optional(constantShapes), "band_shift": optional(bandShift),
            "band_spread": optional(bandSpread), "autocorrelation_error": optional(autocorrelationError),
            "intraclass_error": optional(intraclassError), "discriminator": optional(discriminator),
            "discriminator_excess": optional(discriminatorExcess),
        ]
        if let next {
            value["next_visit"] = [
                "trained_on_synthetic": optional(next.trainedOnSynthetic),
                "trained_on_real": optional(next.trainedOnReal),
                "unchanged": optional(next.unchanged), "held_out": .bool(next.heldOut),
            ]
        }
        value["events"] = .array(
            events.map {
                [
                    "column": .string($0.column), "distance": optional($0.distance), "real": optional($0.realEvents),
                    "synthetic": optional($0.syntheticEvents),
                ]
            })
        value["closest"] = [
            "median": optional(closest.median), "fifth_percentile": optional(closest.fifthPercentile),
            "real_to_real_median": optional(closest.realToRealMedian), "exact_copies": optional(closest.exactCopies),
            "membership": optional(closest.membership),
        ]
        value["columns"] = .array(
            within.enumerated().map { place, column in
                [
                    "column": .string(column.column), "autocorrelation": pair(column.autocorrelation),
                    "intraclass": pair(column.intraclass),
                    isPerYear ? "change_per_year" : "change_per_unit": pair(column.change),
                    "shift": optional(bands[place].shift), "spread": optional(bands[place].spread),
                    "bins": .array(
                        bands[place].bins.map {
                            ["time": .number($0.time), "real": moment($0.real), "synthetic": moment($0.synthetic)]
                        }),
                ]
            })
        value["shapes"] = .array(shapes.map(shape))
        value["baseline_columns"] = .array(baselineShapes.map(shape))
        return value
    }
}

/// Four significant digits.
private func shortNumber(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "-" }
    let size = abs(value)
    return fixed(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4)
}
