// Adaptations as CSV and JSON, and read back.

import Numerics
import PositionedJSON

extension AdaptationComparison {
    /// `evaluation/adaptation.csv`
    public func csv() -> String {
        var text =
            "population,policy,kind,way,patients,metric,estimate,low,high,minus_carried_over,minus_carried_over_low,"
            + "minus_carried_over_high,minus_anew,minus_anew_low,minus_anew_high,seeds,test_patients\n"
        func numbers(_ estimate: Estimate?) -> [String] {
            guard let estimate else { return ["", "", ""] }
            return [estimate.value, estimate.low, estimate.high].map(CSV.number)
        }
        for row in rows {
            text += CSV.line(
                [row.population, row.policy, row.kind.column, row.way.rawValue, "\(row.patients)", row.metric]
                    + numbers(row.estimate) + numbers(row.minusCarriedOver) + numbers(row.minusAnew)
                    + ["\(row.seeds)", "\(row.testPatients)"])
        }
        return text
    }

    /// `evaluation/adaptation.json`
    public func json() -> JSONValue {
        [
            "format": 1, "metrics": .array(metrics.map { $0.json() }),
            "rows": .array(
                rows.map { row in
                    let begin = [
                        JSONField("population", .string(row.population)), JSONField("policy", .string(row.policy)),
                        JSONField("kind", .string(row.kind.rawValue)), JSONField("way", .string(row.way.rawValue)),
                        JSONField("patients", .integer(row.patients)), JSONField("metric", .string(row.metric)),
                    ]
                    let end = [
                        JSONField("minus_carried_over", row.minusCarriedOver?.json ?? .null),
                        JSONField("minus_anew", row.minusAnew?.json ?? .null),
                        JSONField("seeds", .integer(row.seeds)), JSONField("test_patients", .integer(row.testPatients)),
                    ]
                    return .object(begin + row.estimate.fields + end)
                }),
        ]
    }

    /// - Throws: what is wrong with the file.
    public init(_ node: JSONNode) throws(Diagnostics) {
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the comparison of adaptations", complaints: complaints)
        if let format = reader.integer("format"), format > 1 {
            reader.complain("this was made by a newer version of the program (format \(format))")
        }
        func difference(_ row: ObjectReader, _ key: String) -> Estimate? {
            guard let node = row.optionalChild(key), case .object = node.value else { return nil }
            return Estimate(ObjectReader(node, what: "a difference", complaints: complaints))
        }
        self.init(metrics: reader.objects("metrics", what: "a metric").map { Metric($0) })
        rows = reader.objects("rows", what: "a row").map { row in
            AdaptationRow(
                population: row.string("population") ?? "", policy: row.string("policy") ?? "",
                kind: row.string("kind").flatMap(PolicyKind.init(rawValue:)) ?? .learner,
                way: row.string("way").flatMap(AdaptationWay.init(rawValue:)) ?? .carriedOver,
                patients: row.integer("patients") ?? 0, metric: row.string("metric") ?? "", estimate: Estimate(row),
                minusCarriedOver: difference(row, "minus_carried_over"), minusAnew: difference(row, "minus_anew"),
                seeds: row.integer("seeds") ?? 0, testPatients: row.integer("test_patients") ?? 0)
        }
        try complaints.throwIfAny()
    }
}
