// The figures of a fidelity report, made from its JSON: the same for a page of its own and for a study's report.

import Numerics
import PositionedJSON
import Reports

/// Reads what `FidelityReport.json()` writes and draws it. What is missing in the JSON is left out.
struct FidelityFigures {
    let report: JSONNode

    /// - Parameter words: unit and meaning of a column, where the caller knows better than the table's schema.
    func marginals(_ words: (String) -> (unit: String, meaning: String)? = { _ in nil }) -> [MarginalPanel] {
        items(report["marginals"]).compactMap { item in
            guard let column = text(item["column"]), let real = numbers(item["real"]),
                let synthetic = numbers(item["synthetic"])
            else { return nil }
            let known = words(column)
            return MarginalPanel(
                name: column, unit: known?.unit ?? text(item["unit"]) ?? "", meaning: known?.meaning ?? "",
                edges: numbers(item["edges"]) ?? [], categories: items(item["categories"]).compactMap(text),
                source: real, synthetic: synthetic)
        }
    }

    var pairs: Figure? {
        let columns = items(report["columns"]).compactMap { text($0["column"]) }
        let pairs = items(report["pairs"]).compactMap { item -> AssociationPair? in
            guard let first = text(item["first"]), let second = text(item["second"]) else { return nil }
            return AssociationPair(
                first: first, second: second, real: number(item["real_association"]) ?? .nan,
                synthetic: number(item["synthetic_association"]) ?? .nan)
        }
        return columns.count < 2 || pairs.isEmpty ? nil : Figure.associations(pairs, columns: columns)
    }

    var recognition: Figure? {
        guard let record = report["closest_record"]?["distances"], let edges = numbers(record["edges"]),
            let synthetic = numbers(record["synthetic"]), let real = numbers(record["real"])
        else { return nil }
        let curve = zip(
            numbers(report["discriminator"]?["false_positives"]) ?? [],
            numbers(report["discriminator"]?["true_positives"]) ?? [])
        return Figure.recognition(
            curve: Array(curve), area: estimate(report["discriminator"]?["auc"]),
            distances: DistanceHistogram(
                edges: edges, synthetic: synthetic, real: real, heldOut: numbers(record["held_out"]) ?? []))
    }

    /// `death = 1`; nil without a target of two classes.
    var event: String? {
        guard let target = text(report["utility"]?["target"]), let event = text(report["utility"]?["event"]) else {
            return nil
        }
        return "\(target) = \(event)"
    }

    /// Who the risk models were tested on.
    var testPatients: String {
        let count = Int(number(report["utility"]?["test_patients"]) ?? 0)
        if case .bool(true)? = report["utility"]?["held_out"]?.value { return "\(count) held-out patients" }
        return "the \(count) source patients, whom the generator had seen"
    }

    var training: Figure? {
        guard let event else { return nil }
        let models = items(report["utility"]?["models"]).compactMap { item in
            text(item["model"]).map {
                TrainingComparison(
                    name: $0.split(separator: "_").joined(separator: " "), synthetic: estimate(item["tstr_auc"]),
                    real: estimate(item["trtr_auc"]), difference: estimate(item["difference"]))
            }
        }
        return models.isEmpty ? nil : Figure.training(models, event: event, test: testPatients)
    }

    var subgroups: Figure? {
        let groups = items(report["subgroups"]?["groups"])
        guard !groups.isEmpty else { return nil }
        let rows = groups.map { group -> (row: SubgroupPanelRow, severity: Double) in
            let shapes = number(group["column_shapes"]) ?? .nan
            let expected = number(group["expected_by_chance"]) ?? .nan
            let deviation = number(group["deviation_by_chance"]) ?? .nan
            let rates = (estimate(group["real_rate"]), estimate(group["synthetic_rate"]))
            let isOff = (number(group["column_shapes_p"]) ?? 1) < 0.05
            let isMisrated = (number(group["rate_p"]) ?? 1) < 0.05
            let gap = abs(rates.0.value - rates.1.value)
            let lost = number(group["synthetic_rows"]) == 0
            let beyond = max(isOff ? expected - shapes : 0, isMisrated ? gap : 0, lost ? 1 : 0)
            // Below what is beyond chance, by how much of chance it takes.
            let order = beyond > 0 ? 1 + beyond : deviation > 0 ? (expected - shapes) / deviation / 1000 : 0
            return (
                SubgroupPanelRow(
                    name: text(group["name"]) ?? "", patients: Int(number(group["real_rows"]) ?? 0), shapes: shapes,
                    expected: expected, deviation: deviation, realRate: rates.0, syntheticRate: rates.1,
                    isBeyondChance: beyond > 0), order
            )
        }
        let sorted = rows.indices.sorted { (rows[$1].severity, $0) < (rows[$0].severity, $1) }.map { rows[$0].row }
        return Figure.subgroups(sorted, total: rows.count, event: event)
    }

    // MARK: Reading

    func items(_ node: JSONNode?) -> [JSONNode] {
        if case .array(let items)? = node?.value { items } else { [] }
    }

    func text(_ node: JSONNode?) -> String? {
        if case .string(let text)? = node?.value { text } else { nil }
    }

    func number(_ node: JSONNode?) -> Double? {
        if case .number(let value, _)? = node?.value { value } else { nil }
    }

    func numbers(_ node: JSONNode?) -> [Double]? {
        guard case .array(let items)? = node?.value else { return nil }
        return items.map { number($0) ?? .nan }
    }

    func estimate(_ node: JSONNode?) -> Estimate {
        Estimate(
            number(node?["value"]) ?? .nan, low: number(node?["low"]) ?? .nan, high: number(node?["high"]) ?? .nan)
    }
}
