// Adaptations for people: a table for each policy and population, and what they show in a sentence each.

import Numerics

extension AdaptationComparison {
    private static let heading =
        "How policies adapt to other populations with a few of their patients (differences are paired)"

    /// The return, by policy and population, carried over and by the number of patients.
    public func tables() -> [(title: String, table: TextTable)] {
        trials.map { population, policy in
            let own = rows.filter { $0.population == population && $0.policy == policy && $0.metric == "return" }
            let format = MetricFormat(.return, own.map(\.estimate))
            let differences = MetricFormat(
                .return, own.flatMap { [$0.minusCarriedOver, $0.minusAnew].compactMap { $0 } })
            var table = TextTable(
                [
                    TextTable.Column("patients learned from", isNumber: false),
                    TextTable.Column("adapted", unit: format.unit), TextTable.Column("anew", unit: format.unit),
                    TextTable.Column("adapted − carried over", unit: differences.unit),
                    TextTable.Column("adapted − anew", unit: differences.unit),
                ])
            if let carried = row(policy, .carriedOver, "return", in: population) {
                table.add(["none: carried over", format.text(carried.estimate), "", "", ""])
            }
            for count in patients(policy, in: population) {
                guard let adapted = row(policy, .adapted, patients: count, "return", in: population),
                    let anew = row(policy, .anew, patients: count, "return", in: population)
                else { continue }
                table.add(
                    [NumberText.count(count), format.text(adapted.estimate), format.text(anew.estimate)]
                        + [adapted.minusCarriedOver, adapted.minusAnew].map { $0.map(differences.signed) ?? "" })
            }
            return ("\(policy) in \(population), mean return", table)
        }
    }

    /// For every policy and population whether adapting pays, against leaving it and against training anew.
    public func sentences() -> [String] {
        trials.map { population, policy in
            let counts = patients(policy, in: population)
            func list(_ which: (AdaptationRow) -> Bool) -> [Int] {
                counts.filter { row(policy, .adapted, patients: $0, "return", in: population).map(which) ?? false }
            }
            func words(_ numbers: [Int]) -> String {
                let texts = numbers.map { NumberText.count($0) }
                guard let last = texts.last, texts.count > 1 else { return texts.first ?? "" }
                return texts.dropLast().joined(separator: ", ") + " and " + last
            }
            func clause(_ difference: (AdaptationRow) -> Estimate?) -> String {
                let above = list { difference($0)?.isAboveZero ?? false }
                let below = list { difference($0)?.isBelowZero ?? false }
                let rest = counts.filter { !above.contains($0) && !below.contains($0) }
                return [("above", above), ("below", below), ("not to be told from it", rest)]
                    .filter { !$0.1.isEmpty }
                    .map { "\($0.0) with \($0.1 == counts ? "any number of patients tried" : words($0.1))" }
                    .joined(separator: ", ")
            }
            return
                "\(policy) adapted to \(population), against the policy carried over: \(clause(\.minusCarriedOver)); against "
                + "training anew on the same patients with the same budget: \(clause(\.minusAnew))."
        }
    }

    public func text(width: Int) -> String {
        AdaptationComparison.heading + "\n"
            + tables().map { "\n\($0.title)\n" + $0.table.text(width: width) }.joined() + "\n"
            + sentences().map { "- \(NumberText.printable($0))\n" }.joined()
    }

    public func markdown() -> String {
        AdaptationComparison.heading + ".\n"
            + tables().map { "\n\(NumberText.printable($0.title)):\n\n" + $0.table.markdown() }.joined() + "\n"
            + sentences().map { "- \(NumberText.printable($0))\n" }.joined()
    }
}
