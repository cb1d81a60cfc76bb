// How policies carry over: every policy at home and in other populations, on the counterparts of the same patients.

import Numerics
import PositionedJSON

/// Results of one policy in one population.
public struct PopulationRow: Sendable, Equatable {
    public var population: String
    public var policy: String
    public var kind: PolicyKind
    public var metric: String
    public var estimate: Estimate
    /// This population minus home, paired by patient and seed; nil at home.
    public var difference: Estimate?
    public var seeds: Int
    public var patients: Int
}

/// All policies in all populations.
public struct PopulationComparison: Sendable {
    public static let home = "home"

    /// Names and meanings, home first.
    public var populations: [(name: String, meaning: String)]
    public var metrics: [Metric]
    public var rows: [PopulationRow]

    public init(metrics: [Metric]) {
        populations = [(PopulationComparison.home, "the study's own test patients")]
        self.metrics = metrics
        rows = []
    }

    /// Adds what every policy did in another population; home is added once, from the first.
    ///
    /// - Parameters:
    ///   - here: policies on the test patients at home.
    ///   - there: the same policies, in the same order, on their counterparts.
    public mutating func add(
        _ name: String, meaning: String, outcomes: [(here: EvaluatedPolicy, there: EvaluatedPolicy)],
        table make: ([EvaluatedPolicy]) throws -> EvaluationTable, replications: Int, seed: UInt64, jobs: Int
    ) throws {
        let mark = "\n\(name)"
        let away = outcomes.map { pair -> EvaluatedPolicy in
            var policy = pair.there
            policy.name = pair.here.name + mark
            return policy
        }
        let comparison = try make(outcomes.map(\.here) + away).compare(
            selection: Selection([]), pairs: outcomes.map { ($0.here.name + mark, $0.here.name) },
            replications: replications, seed: seed, jobs: jobs)
        let isFirst = rows.isEmpty
        populations.append((name, meaning))
        for row in comparison.rows {
            let isAway = row.policy.hasSuffix(mark)
            guard isAway || isFirst else { continue }
            let policy = isAway ? String(row.policy.dropLast(mark.count)) : row.policy
            rows.append(
                PopulationRow(
                    population: isAway ? name : PopulationComparison.home, policy: policy, kind: row.kind,
                    metric: row.metric, estimate: row.estimate,
                    difference: isAway
                        ? comparison.difference(row.policy, minus: policy, row.metric) : nil,
                    seeds: row.seeds, patients: row.patients))
        }
    }

    /// `evaluation/populations.csv`
    public func csv() -> String {
        var text =
            "population,policy,kind,metric,estimate,low,high,difference,difference_low,difference_high,seeds,patients\n"
        func numbers(_ estimate: Estimate?) -> [String] {
            guard let estimate else { return ["", "", ""] }
            return [estimate.value, estimate.low, estimate.high].map(CSV.number)
        }
        for row in rows {
            text += CSV.line(
                [row.population, row.policy, row.kind.rawValue, row.metric] + numbers(row.estimate)
                    + numbers(row.difference) + ["\(row.seeds)", "\(row.patients)"])
        }
        return text
    }

    /// `evaluation/populations.json`
    public func json() -> JSONValue {
        [
            "format": 1,
            "populations": .array(
                populations.map { ["name": .string($0.name), "meaning": .string($0.meaning)] }),
            "metrics": .array(metrics.map { $0.json() }),
            "rows": .array(
                rows.map { row in
                    var fields = [
                        JSONField("population", .string(row.population)), JSONField("policy", .string(row.policy)),
                        JSONField("kind", .string(row.kind.rawValue)), JSONField("metric", .string(row.metric)),
                    ]
                    fields += row.estimate.fields
                    fields += [
                        JSONField("difference", row.difference?.json ?? .null), JSONField("seeds", .integer(row.seeds)),
                        JSONField("patients", .integer(row.patients)),
                    ]
                    return .object(fields)
                }),
        ]
    }

    /// - Throws: what is wrong with the file.
    public init(_ node: JSONNode) throws(Diagnostics) {
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the comparison of populations", complaints: complaints)
        _ = reader.integer("format")
        populations = reader.objects("populations", what: "a population").map {
            ($0.string("name") ?? "", $0.string("meaning") ?? "")
        }
        metrics = reader.objects("metrics", what: "a metric").map { Metric($0) }
        rows = reader.objects("rows", what: "a row").map { row in
            PopulationRow(
                population: row.string("population") ?? "", policy: row.string("policy") ?? "",
                kind: row.string("kind").flatMap(PolicyKind.init(rawValue:)) ?? .learner,
                metric: row.string("metric") ?? "", estimate: Estimate(row),
                difference: row.node["difference"].flatMap { node in
                    if case .object = node.value {
                        Estimate(ObjectReader(node, what: "a difference", complaints: complaints))
                    } else {
                        nil
                    }
                },
                seeds: row.integer("seeds") ?? 0, patients: row.integer("patients") ?? 0)
        }
        try complaints.throwIfAny()
    }

    /// A row's estimate.
    public func row(_ policy: String, _ metric: String, in population: String) -> PopulationRow? {
        rows.first { $0.policy == policy && $0.metric == metric && $0.population == population }
    }

    /// Policies in the order of the study.
    public var policies: [(name: String, kind: PolicyKind)] {
        var seen: Set<String> = []
        return rows.filter { seen.insert($0.policy).inserted }.map { ($0.policy, $0.kind) }
    }

    private static let heading =
        "How policies carry over to other populations (in brackets: minus home, paired, with its 95 % interval)"

    /// The return, and the first event, of every policy in every population, with the paired difference to home.
    public func tables() -> [(title: String, table: TextTable)] {
        let shown = metrics.filter { $0.name == "return" } + metrics.filter(\.isEvent).prefix(1)
        return shown.map { metric in
            var table = TextTable(
                [TextTable.Column("policy", isNumber: false)] + populations.map { TextTable.Column($0.name) })
            let values = rows.filter { $0.metric == metric.name }
            let format = MetricFormat(metric, values.map(\.estimate))
            for policy in policies {
                table.add(
                    [policy.name]
                        + populations.map { population in
                            guard let row = row(policy.name, metric.name, in: population.name) else { return "" }
                            guard let difference = row.difference else { return format.text(row.estimate) }
                            return "\(format.value(row.estimate.value)) (\(format.signed(difference)))"
                        })
            }
            return (metric.title + (format.unit.isEmpty ? "" : ", \(format.unit)"), table)
        }
    }

    public func text(width: Int) -> String {
        PopulationComparison.heading + "\n"
            + tables().map { "\n\($0.title)\n" + $0.table.text(width: width) }.joined()
    }

    public func markdown() -> String {
        PopulationComparison.heading + ".\n"
            + tables().map { "\n\(NumberText.printable($0.title)):\n\n" + $0.table.markdown() }.joined()
    }
}
