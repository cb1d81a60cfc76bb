// Logged episodes: the same as a rollout's, with exact probabilities, and the same after a trip through a file.

import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct EpisodeLogTests {
    /// Three actions, some of them forbidden; a tenth of all decisions terminates, the horizon truncates the rest.
    static let factory: FiniteModelFactory = {
        let permitted = (0..<6).map { state in (0..<3).map { (state + $0) % 3 != 0 || state == 4 } }
        return FiniteModelFactory(
            .random(states: 6, actions: 3, horizon: 12, seed: 3), patients: 90, oneHot: false, permitted: permitted)
    }()

    static func log(epsilon: Double = 0.3, slots: Int = 16, patients: Int = 90) throws -> EpisodeLog {
        try EpisodeRecorder.record(
            factory, policy: ConstantPolicy(action: 1), epsilon: epsilon, patients: Array(0..<patients), seed: 5,
            slots: slots)
    }

    @Test func theEpisodesAreThoseOfARolloutWhateverTheSlots() throws {
        let log = try Self.log()
        #expect(try Self.log(slots: 1) == log)
        #expect(try Self.log(slots: 90) == log)
        let table = try Rollout.run(
            Self.factory, policy: ExploringPolicy(ConstantPolicy(action: 1), epsilon: 0.3, seed: 5), seed: 5)
        #expect(log.episodes == 90 && log.decisions == table.lengths.reduce(0, +))
        for episode in 0..<90 {
            #expect(log.decisions(of: episode).count == table.lengths[episode])
            #expect(log.terminated[episode] == (table.endings[episode] == "end"))
            #expect(abs(log.discountedReturn(of: episode, discount: 0.9) - table.discountedReturns[episode]) < 1e-12)
        }
        #expect(log.terminated.contains(true) && log.terminated.contains(false))
    }

    /// How often an action is taken is what is written beside it.
    @Test func probabilitiesAreThoseOfTheActionsTaken() throws {
        let log = try EpisodeRecorder.record(Self.factory, episodes: 3000, epsilon: 0.3, seed: 2) { _ in
            ConstantPolicy(action: 1)
        }
        #expect(log.episodes == 3000)
        var taken = Array(repeating: 0.0, count: 18)
        var stated = Array(repeating: 0.0, count: 18)
        var seen = Array(repeating: 0.0, count: 6)
        for episode in 0..<log.episodes {
            for row in log.decisions(of: episode) {
                let state = Int(log.observations[row])
                let cell = state * 3 + Int(log.actions[row])
                #expect(log.allowed[row * 3 + Int(log.actions[row])])
                taken[cell] += 1
                seen[state] += 1
                stated[cell] = log.probabilities[row]
            }
        }
        for cell in taken.indices where taken[cell] > 0 {
            let visits = seen[cell / 3]
            let error = (stated[cell] * (1 - stated[cell]) / visits).squareRoot()
            #expect(abs(taken[cell] / visits - stated[cell]) < 4 * error + 1e-12)
        }
        // Every action of state 4 is allowed: 0.7 + 0.1 for the policy's own.
        #expect(abs(stated[13] - 0.8) < 1e-12 && abs(stated[12] - 0.1) < 1e-12)
    }

    /// A round's patients meet other chance than those of the round before.
    @Test func roundsOfTheSamePatientsDiffer() throws {
        let log = try EpisodeRecorder.record(Self.factory, episodes: 200, epsilon: 1, seed: 2) {
            RandomPolicy(seed: $0)
        }
        let lengths = (0..<180).map { log.decisions(of: $0).count }
        #expect(lengths[0..<90] != lengths[90..<180])
        #expect(log.patients[90] == 0 && log.patients[199] == 19)
        let randomOnly = log.probabilities.filter { $0 < 1 }
        #expect(randomOnly.allSatisfy { abs($0 - 0.5) < 1e-12 || abs($0 - 1.0 / 3) < 1e-12 })
    }

    @Test func aProtocolDrawnFromATableStatesItsProbabilities() throws {
        try SmallTable.withFolder { folder in
            let model = try SmallTable.read(folder)
            let factory = try model.makeFactory(cohort: CohortTable(names: [], rows: Array(repeating: [], count: 4000)))
            let log = try EpisodeRecorder.record(
                factory, policy: try #require(model.protocolPolicy("doctor", seed: 3)),
                patients: Array(0..<4000), seed: 1)
            // The doctor waits with 1/4 and treats with 3/4 in state 0; in state 1 only treatment is allowed.
            var waits = 0.0
            var decisions = 0.0
            for episode in 0..<log.episodes {
                for row in log.decisions(of: episode) {
                    let severity = log.observations[row * 2]
                    let expected = severity == 1 ? 1 : log.actions[row] == 0 ? 0.25 : 0.75
                    #expect(abs(log.probabilities[row] - expected) < 1e-12)
                    if severity == 0 {
                        decisions += 1
                        waits += log.actions[row] == 0 ? 1 : 0
                    }
                }
            }
            #expect(abs(waits / decisions - 0.25) < 4 * (0.25 * 0.75 / decisions).squareRoot())
        }
    }

    // MARK: Files

    static func read(_ text: String) throws -> EpisodeLog {
        try EpisodeLog.read(
            SourceText(name: "log.csv", text: text), observations: ["state"], actions: ["a0", "a1", "a2"])
    }

    @Test func aLogReadsBackExactly() throws {
        let log = try Self.log(patients: 30)
        #expect(log.terminated.contains(false))
        #expect(try Self.read(log.csv()) == log)
        var missing = EpisodeLog(observationNames: ["state"], actionNames: ["a0", "a1", "a2"])
        missing = try Self.read("episode,state,action,probability,reward,status\n7,,a2,1,2,terminated\n")
        #expect(missing.observations[0].isNaN && missing.patients == [7] && missing.allowed.allSatisfy { $0 })
    }

    static func mistakes(_ lines: [String]) -> [String] {
        do {
            _ = try read(
                (["episode,decision,state,allowed.a0,action,probability,reward,status"] + lines)
                    .joined(separator: "\n"))
            return []
        } catch let error as Diagnostics {
            return error.items.map { "\($0.location.line):\($0.location.column): \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func everyMistakeIsFoundAtItsPlace() {
        #expect(Self.mistakes(["0,0,1,1,a0,0.5,1,truncated", "0,1,2,1,,,,last"]).isEmpty)
        #expect(
            Self.mistakes(["0,0,x,1,a9,0,1,running", "0,2,1,0,a0,0.5,1,terminated"]) == [
                "2:5: \"state\" holds \"x\", which is not a number", "2:9: there is no action \"a9\"",
                "2:12: \"probability\" must be above 0 and at most 1, not 0",
                "3:3: decision 2 of episode 0 where 1 is due", "3:9: the action \"a0\" is not allowed here",
            ])
        #expect(Self.mistakes(["0,0,1,1,a0,1,1,running"]) == ["2:1: episode 0 has no end"])
        #expect(
            Self.mistakes(["0,0,1,1,a0,1,1,truncated"]) == [
                "2:1: episode 0 was truncated, but what was seen last is missing"
            ])
        #expect(
            Self.mistakes(["0,0,1,1,a0,1,1,terminated", "1,0,1,1,a0,1,1,terminated", "0,0,1,1,a0,1,1,terminated"])
                == ["4:1: the lines of episode 0 stand apart"])
        #expect(
            Self.mistakes(["0,0,1,1,a0,1,1,terminated", "0,1,1,1,a0,1,1,over"]) == [
                "3:16: \"status\" cannot be \"over\""
            ])
        #expect(Self.mistakes(["0,0,1,1,a0,1"]) == ["2:1: 6 cells where the header has 8 columns"])
        #expect(Self.mistakes([]) == ["1:1: the log has no episodes"])
    }

    @Test func aMissingColumnIsNamedWithWhatMayBeMeant() {
        do {
            _ = try Self.read("episode,stat,action,probability,reward,status\n")
            Issue.record("a column is missing")
        } catch let error as Diagnostics {
            #expect(error.items.count == 1 && error.items[0].message == "there is no column \"state\"")
            #expect(error.items[0].remedy == "is \"stat\" a misspelling of it?")
        } catch { Issue.record("\(error)") }
    }
}
