// A small environment for tests: a drug that is infused and leaves, and a marker that it holds down.

import Foundation
import Patients
import PositionedJSON
import Studies

enum SmallEnvironment {
    static let text = """
        {
          "format": 1, "name": "small", "title": "A drug and a marker", "time_unit": "d",
          "source": "made for a test", "limits": ["nothing is to be concluded"],
          "parameters": {
            "k": { "value": 0.5, "unit": "1/d", "meaning": "elimination of the drug",
                   "variability": { "distribution": "log_uniform", "low": 0.4, "high": 0.6 } },
            "made": { "value": 2, "unit": "U/(L d)", "meaning": "production of the marker" },
            "lost": { "value": 0.1, "unit": "1/d", "meaning": "loss of the marker" },
            "half": { "value": 1, "unit": "mg/L", "meaning": "drug at half the effect" }
          },
          "states": {
            "C": { "initial": 0, "unit": "mg/L", "meaning": "drug" },
            "M": { "initial": 20, "unit": "U/L", "meaning": "marker",
                   "variability": { "distribution": "uniform", "low": 15, "high": 25 } }
          },
          "inputs": { "v": { "unit": "mg/(L d)", "meaning": "infusion" } },
          "rates": { "C": "v - k*C", "M": "made*(1 - C/(half + C)) - lost*M" },
          "decisions": { "interval": 1, "count": 10 },
          "doses": { "drug": { "input": "v", "rate": 2, "duration": 0.5, "meaning": "half a day" } },
          "actions": [
            { "name": "none", "doses": [], "meaning": "nothing" },
            { "name": "drug", "doses": ["drug"], "meaning": "an infusion" }
          ],
          "forbid": [{ "dose": "drug", "when": "count(drug) >= 8", "reason": "eight at most" }],
          "endings": [{ "name": "high", "when": "M > 24.9[U/L]", "reward": -1, "meaning": "too much" }],
          "reward": { "discount": 1, "terms": {
            "marker": { "expression": "-0.01 * M / 1[U/L]", "meaning": "marker" },
            "dose": { "expression": "-0.01 * given(drug)", "meaning": "burden" } } },
          "observations": [
            { "name": "marker", "expression": "M", "unit": "U/L", "range": [0, 30], "meaning": "marker" },
            { "name": "drug", "expression": "C", "unit": "mg/L", "range": [0, 5], "meaning": "drug" }
          ],
          "outcomes": [{ "name": "doses", "expression": "count(drug)", "kind": "quantity", "better": "lower",
                         "unit": "", "meaning": "infusions" }],
          "protocols": {
            "none": { "meaning": "nothing", "give": [] },
            "always": { "meaning": "whenever allowed", "action": "drug" }
          }
        }
        """

    /// The text with some parts exchanged, as a model.
    static func model(_ changes: [(String, String)] = []) throws -> EnvironmentModel {
        let source = SourceText(name: "environment.json", text: edited(changes))
        return try EnvironmentReader.read(source, folder: ".")
    }

    static func edited(_ changes: [(String, String)]) -> String {
        changes.reduce(text) { text, change in
            precondition(text.contains(change.0), "nothing to exchange: \(change.0)")
            return text.replacingOccurrences(of: change.0, with: change.1)
        }
    }

    static var effort: EnvironmentCheck.Effort {
        var effort = EnvironmentCheck.Effort()
        (effort.patients, effort.randomPatients, effort.jobs) = (32, 64, 2)
        effort.speedSeconds = 0.01
        return effort
    }

    static func check(_ changes: [(String, String)] = []) throws -> EnvironmentCheck {
        try EnvironmentCheck.run(model(changes), effort: effort)
    }
}

extension EnvironmentCheck {
    /// Whether a finding of this check and verdict says all of these words.
    func finds(_ check: String, _ verdict: CheckFinding.Verdict, _ words: String...) -> Bool {
        findings.contains { finding in
            finding.check == check && finding.verdict == verdict && words.allSatisfy(finding.text.contains)
        }
    }
}
