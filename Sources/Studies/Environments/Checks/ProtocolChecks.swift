// What the fixed protocols do: whether treatment changes anything, and whether endings are ranked as the file says.

import Evaluation
import Patients

enum ProtocolChecks {
    /// A protocol that prescribes something must lead to other courses than the one that prescribes nothing.
    static func differences(_ rows: [(policy: String, table: EpisodeTable)], _ model: EnvironmentModel)
        -> [CheckFinding]
    {
        var findings: [CheckFinding] = []
        let idle = Set(
            model.protocols.filter { $0.orders.isEmpty && $0.choices.isEmpty }.map(\.name))
        let protocols = rows.filter { row in model.protocols.contains { $0.name == row.policy } }
        func same(_ a: EpisodeTable, _ b: EpisodeTable) -> Bool { a.csv() == b.csv() }
        if let nothing = protocols.first(where: { idle.contains($0.policy) }) {
            for row in protocols where !idle.contains(row.policy) && same(row.table, nothing.table) {
                findings.append(
                    CheckFinding(
                        "protocols", .problem, "\(row.policy) does the same as \(nothing.policy) to every patient"))
            }
        }
        for (index, row) in protocols.enumerated() where !idle.contains(row.policy) {
            for other in protocols[..<index] where !idle.contains(other.policy) && same(row.table, other.table) {
                findings.append(
                    CheckFinding("protocols", .note, "\(row.policy) and \(other.policy) do the same to every patient"))
            }
        }
        if model.protocols.isEmpty {
            findings.append(CheckFinding("protocols", .note, "no protocols: nothing to compare a learner with"))
        } else if findings.isEmpty {
            findings.append(
                CheckFinding("protocols", .fine, "\(protocols.count) protocols, each with courses of its own"))
        }
        return findings
    }

    /// Holds the returns of all courses against the file's ranking of endings: the worst course of an ending must
    /// score above the best course of the next. Without that, a learner is rewarded for the wrong thing.
    static func ranking(_ rows: [(policy: String, table: EpisodeTable)], _ ranking: [String]) -> [CheckFinding] {
        func returns(_ ending: String) -> [Double] {
            rows.flatMap { row in
                row.table.endings.indices.filter { row.table.endings[$0] == ending }.map { row.table.returns[$0] }
            }
        }
        return zip(ranking, ranking.dropFirst()).compactMap { better, worse in
            guard let lowest = returns(better).min(), let highest = returns(worse).max() else { return nil }
            let numbers = "\(better) scores at least \(lowest.shown), \(worse) at most \(highest.shown)"
            return lowest > highest
                ? CheckFinding("ranking", .fine, "\(numbers), as the ranking demands")
                : CheckFinding("ranking", .problem, "\(numbers): the ranking of outcomes does not hold")
        }
    }
}
