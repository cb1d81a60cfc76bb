// What a colleague asks of the folder before looking at a single course: a page for people, sources, limits.

import Foundation
import Patients

enum FolderChecks {
    static func readme(_ folder: String, _ model: EnvironmentModel) -> [CheckFinding] {
        var missing: [String] = []
        let text = (try? String(contentsOfFile: "\(folder)/README.md", encoding: .utf8))?.lowercased()
        if let text {
            if !text.contains("source") { missing.append("README.md names no source") }
            let limits = ["limit", "leaves out", "left out", "not be concluded", "not modelled"]
            if !limits.contains(where: text.contains) {
                missing.append("README.md does not say what must not be concluded (its limits)")
            }
        } else {
            missing.append("there is no README.md: what it models, its source, its limits")
        }
        if model.source.isEmpty { missing.append("environment.json names no \"source\"") }
        if model.limits.isEmpty { missing.append("environment.json states no \"limits\"") }
        guard missing.isEmpty else { return missing.map { CheckFinding("description", .problem, $0) } }
        return [CheckFinding("description", .fine, "README.md, source and \(model.limits.count) limits are there")]
    }
}
