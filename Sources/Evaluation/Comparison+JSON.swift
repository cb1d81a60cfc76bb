// `evaluation/summary.json`: everything of a comparison, so that tables, plots and pages can be made from the file.

import Numerics
import PositionedJSON

extension Comparison {
    public func json() -> JSONValue {
        .object([
            JSONField("format", 1),
            JSONField("kind", "comparison"),
            JSONField("patients", .integer(patients)),
            JSONField("level", .number(level)),
            JSONField("replications", .integer(replications)),
            JSONField("selected_on_validation", selection.json()),
            JSONField("ranking", .strings(rankingSentences())),
            JSONField("metrics", .array(metrics.map { $0.json() })),
            JSONField(
                "comparison",
                .array(
                    rows.map { row in
                        .object(
                            [
                                JSONField("policy", .string(row.policy)), JSONField("kind", .string(row.kind.rawValue)),
                                JSONField("metric", .string(row.metric)),
                            ] + row.estimate.fields + [
                                JSONField("seeds", .integer(row.seeds)), JSONField("patients", .integer(row.patients)),
                            ])
                    })),
            JSONField(
                "differences",
                .array(
                    differences.map { row in
                        .object(
                            [
                                JSONField("policy", .string(row.policy)), JSONField("baseline", .string(row.baseline)),
                                JSONField("metric", .string(row.metric)),
                            ] + row.estimate.fields + [
                                JSONField("seeds", .integer(row.seeds)),
                                JSONField("baseline_seeds", .integer(row.baselineSeeds)),
                                JSONField("patients", .integer(row.patients)),
                            ])
                    })),
            JSONField(
                "subgroups",
                .array(
                    subgroups.map { row in
                        .object(
                            [
                                JSONField("subgroup", .string(row.subgroup)), JSONField("level", .string(row.level)),
                                JSONField("policy", .string(row.policy)),
                            ] + (row.baseline.map { [JSONField("baseline", .string($0))] } ?? [])
                                + [JSONField("metric", .string(row.metric))] + row.estimate.fields
                                + [JSONField("patients", .integer(row.patients))])
                    })),
            JSONField(
                "return_statistics",
                .array(
                    returnStatistics.map { row in
                        .object(
                            [
                                JSONField("policy", .string(row.policy)), JSONField("kind", .string(row.kind.rawValue)),
                                JSONField("statistic", .string(row.statistic)),
                            ] + row.estimate.fields)
                    })),
        ])
    }

    /// Reads what `json()` wrote; nil if anything is wrong, and then the complaints say what.
    public init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the comparison", complaints: complaints)
        _ = reader.integer("format", in: 1...1)
        _ = reader.choice("kind", of: ["comparison"])
        patients = reader.integer("patients", in: 0...Int.max) ?? 0
        level = reader.number("level", in: 0...1) ?? 0.95
        replications = reader.integer("replications", in: 0...Int.max) ?? 0
        selection =
            reader.object("selected_on_validation", what: "the selection").map { Selection($0) } ?? Selection()
        _ = reader.strings("ranking")
        metrics = reader.objects("metrics", what: "a metric").map { Metric($0) }
        rows = reader.objects("comparison", what: "a row of the comparison").map { part in
            defer { part.finish() }
            return ComparisonRow(
                policy: part.string("policy") ?? "", kind: part.policyKind(), metric: part.string("metric") ?? "",
                estimate: Estimate(part), seeds: part.integer("seeds", in: 1...Int.max) ?? 1,
                patients: part.integer("patients", in: 0...Int.max) ?? 0)
        }
        differences = reader.objects("differences", what: "a difference").map { part in
            defer { part.finish() }
            return DifferenceRow(
                policy: part.string("policy") ?? "", baseline: part.string("baseline") ?? "",
                metric: part.string("metric") ?? "", estimate: Estimate(part),
                seeds: part.integer("seeds", in: 1...Int.max) ?? 1,
                baselineSeeds: part.integer("baseline_seeds", in: 1...Int.max) ?? 1,
                patients: part.integer("patients", in: 0...Int.max) ?? 0)
        }
        subgroups = reader.objects("subgroups", what: "a subgroup's row").map { part in
            defer { part.finish() }
            return SubgroupRow(
                subgroup: part.string("subgroup") ?? "", level: part.string("level") ?? "",
                policy: part.string("policy") ?? "",
                baseline: part.optionalString("baseline"), metric: part.string("metric") ?? "",
                estimate: Estimate(part),
                patients: part.integer("patients", in: 0...Int.max) ?? 0)
        }
        returnStatistics = reader.objects("return_statistics", what: "a statistic of returns").map { part in
            defer { part.finish() }
            return ReturnStatistic(
                policy: part.string("policy") ?? "", kind: part.policyKind(),
                statistic: part.string("statistic") ?? "", estimate: Estimate(part))
        }
        reader.finish()
        guard complaints.items.count == before else { return nil }
    }
}

extension ObjectReader {
    func policyKind() -> PolicyKind {
        choice("kind", of: PolicyKind.allCases.map(\.rawValue)).flatMap(PolicyKind.init) ?? .fixed
    }
}
