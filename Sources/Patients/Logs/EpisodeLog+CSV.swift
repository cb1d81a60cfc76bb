// Logged episodes as a file: one line per decision, and one for what an episode showed last.

/// The columns of a log file.
///
/// `episode`, `patient`, `decision` (from 0), the observations by name (a missing value is empty), `allowed.ACTION` (1 or
/// 0; left out for an action that is always allowed), `action` (its name), `probability` (with which the logged policy
/// chose it), `reward`, and `status` after the decision: `running`, `terminated` (the course is over) or `truncated` (the
/// watch is over, the course goes on). An episode's last line has the status `last`, what was seen last and which actions
/// were allowed then, and neither action nor probability nor reward.
public enum EpisodeLogColumns {
    static let own = ["episode", "patient", "decision", "action", "probability", "reward", "status"]

    /// An observation's column: its name, or `observation.NAME` where the log has a column of that name itself.
    static func observation(_ name: String) -> String { own.contains(name) ? "observation.\(name)" : name }
    static func allowed(_ action: String) -> String { "allowed.\(action)" }
}

extension EpisodeLog {
    /// The whole log; numbers in the shortest form that reads back exactly.
    public func csv() -> String {
        let restricted = (0..<actionCount).filter { action in
            (0..<rows).contains { !allowed[$0 * actionCount + action] }
        }
        let names =
            ["episode", "patient", "decision"] + observationNames.map(EpisodeLogColumns.observation)
            + restricted.map { EpisodeLogColumns.allowed(actionNames[$0]) }
            + ["action", "probability", "reward", "status"]
        var text = names.joined(separator: ",") + "\n"
        for episode in 0..<episodes {
            let last = lastRow(of: episode)
            for row in begins[episode]...last {
                text += "\(episode),\(patients[episode]),\(row - begins[episode])"
                for value in observations[(row * observationCount)..<((row + 1) * observationCount)] {
                    text += value.isNaN ? "," : ",\(value)"
                }
                for action in restricted { text += allowed[row * actionCount + action] ? ",1" : ",0" }
                if row == last {
                    text += ",,,,last\n"
                } else {
                    let end = terminated[episode] ? "terminated" : "truncated"
                    text += ",\(actionNames[Int(actions[row])]),\(probabilities[row]),\(rewards[row]),"
                    text += row + 1 == last ? "\(end)\n" : "running\n"
                }
            }
        }
        return text
    }
}
