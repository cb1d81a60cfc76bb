// Acceptance of patients by published outcomes: on a disease whose outcome is known on paper.

import Foundation
import Numerics
import Patients
import PositionedJSON
import Testing

@Suite struct CalibrationTests {
    /// dS/dt = gain · dose: after 10 h with a dose of 1 the change of S is 10 · gain.
    static let parts = """
        "covariates": { "old": { "categories": ["no", "yes"], "probabilities": [0.5, 0.5], "value": "no" } },
        "parameters": {
          "gain": { "value": 1, "unit": "1/h", "variability": { "distribution": "uniform", "low": 0, "high": 2 } }
        },
        "states": { "S": { "initial": 1, "unit": "1", "signed": true, "meaning": "s" } },
        "inputs": { "dose": { "unit": "1", "meaning": "d" } },
        "rates": { "S": "gain * dose" },
        "decisions": { "interval": 1, "count": 2 },
        "doses": { "drug": { "input": "dose", "rate": 1 } },
        "actions": [{ "name": "none", "doses": [] }, { "name": "drug", "doses": ["drug"] }],
        "protocols": { "always": { "give": [{ "dose": "drug" }] } },
        "observations": [{ "name": "S", "expression": "S", "range": [0, 2] }],
        "calibration": [
          { "name": "young", "inputs": { "dose": 1 }, "at": 10, "among": "1 - old", "expression": "S - initial(S)",
            "mean": 8, "sd": 5, "measurement_sd": 4, "source": "paper" },
          { "name": "old", "inputs": { "dose": "1" }, "at": 10, "among": "old", "expression": "S - initial(S)",
            "mean": 12, "sd": 3.5, "source": "paper" }
        ]
        """

    static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let known = values.filter { !$0.isNaN }
        let mean = Statistics.mean(known)
        let squares: [Double] = known.map { ($0 - mean) * ($0 - mean) }
        return (mean, Statistics.mean(squares).squareRoot())
    }

    @Test func simulatesTheTrial() throws {
        let model = try SmallDisease.read(Self.parts)
        let cohort = CohortTable(names: ["gain", "old"], rows: [[0.5, 0], [2, 1], [-1, 0]])
        let outcomes = try model.calibrationOutcomes(cohort, seed: 1)
        #expect(abs(outcomes[0][0] - 5) < 1e-6)
        #expect(outcomes[0][1].isNaN && outcomes[1][0].isNaN)
        #expect(abs(outcomes[1][1] - 20) < 1e-6)
        #expect(abs(outcomes[0][2] + 10) < 1e-6)
    }

    @Test func acceptedPatientsFollowThePublishedOutcome() throws {
        let model = try SmallDisease.read(Self.parts)
        #expect(model.calibrations[0].trueDeviation == 3)
        let known = CohortTable(names: ["old"], rows: (0..<1200).map { [Double($0 % 2)] })
        let (acceptance, before) = try model.fitAcceptance(known, seed: 3)
        // Plausible draws are uniform over 20: sd 5.77.
        #expect(abs(Self.moments(before[0]).deviation - 5.77) < 0.25)
        let patients = try model.acceptedPatients(known, acceptance: acceptance, seed: 3)
        #expect(patients.isPlausible.allSatisfy { $0 })
        #expect(patients.tally.settled < 12)
        let (young, old) = (Self.moments(patients.outcomes[0]), Self.moments(patients.outcomes[1]))
        // Fitted from a dozen draws of each patient, the spread comes out a little too narrow.
        #expect(abs(young.mean - 8) < 0.5 && abs(young.deviation - 3) < 0.6, "\(young)")
        #expect(abs(old.mean - 12) < 0.6 && abs(old.deviation - 3.5) < 0.7, "\(old)")
        // Who is old stays so: no patient is lost to another.
        #expect(patients.table.column("old") == known.column("old"))
        // Of a uniform density over 20 a normal one of sd s can accept at best s √(2π) / 20 of the draws: 38 and 44 %.
        #expect(patients.tally.share > 0.2 && patients.tally.share < 0.6)
        let again = try model.acceptedPatients(known, acceptance: acceptance, seed: 3, jobs: 2)
        #expect(again.table == patients.table)
        let few = CohortTable(names: ["old"], rows: Array(known.rows[100..<110]))
        let part = try model.acceptedPatients(few, acceptance: acceptance, first: 100, seed: 3)
        #expect(part.table.rows == Array(patients.table.rows[100..<110]))
    }

    /// Every mistake at its place, among them an arm that is a protocol of the file.
    @Test func refusesWhatIsNoCalibration() throws {
        func messages(_ changes: [(String, String)]) -> [String] {
            do {
                _ = try SmallDisease.read(Self.parts, changes)
                return []
            } catch let diagnostics as Diagnostics {
                return diagnostics.items.map(\.message)
            } catch {
                return ["\(error)"]
            }
        }
        #expect(messages([]).isEmpty)
        let compared = messages([("\"inputs\": { \"dose\": 1 }", "\"give\": [{ \"dose\": \"drug\" }]")])
        #expect(compared == ["this is the protocol 'always', which studies compare"])
        #expect(messages([("\"measurement_sd\": 4", "\"measurement_sd\": 6")]).count == 1)
        #expect(messages([("\"inputs\": { \"dose\": 1 }", "\"inputs\": { \"drug\": 1 }")]).count == 1)
        #expect(messages([("\"mean\": 12, ", ""), ("\"name\": \"old\"", "\"name\": \"young\"")]).count == 2)
    }
}
