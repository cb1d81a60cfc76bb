// What a course remembers, what is seen of it, what ends it, and what follows from a patient's numbers.

import Foundation
import Patients
import Testing

@Suite struct MemoryTests {
    /// x goes through 0, 2, 4, … at decisions.
    static let clock = #"""
        "states": { "x": { "initial": "x0", "unit": "h" } },
        "parameters": { "x0": { "value": 0, "unit": "h" }, "half": { "value": "0.5*x0", "unit": "h" } },
        "rates": { "x": "1" },
        "decisions": { "interval": 2, "count": 8 },
        "observations": [ { "name": "x", "expression": "x" }, { "name": "before", "expression": "before(x)" },
            { "name": "initial", "expression": "initial(2*x)" }, { "name": "sum", "expression": "sum(x)" },
            { "name": "average", "expression": "average(x)" }, { "name": "half", "expression": "half" },
            { "name": "earlier", "delay_of": "x", "by": 3 }, { "name": "change", "change_of": "x" } ],
        "reward": { "terms": { "way": { "expression": "(x - before(x)) / 1[h]" } } }
        """#

    @Test func earlierValuesAndSums() throws {
        let course = try HandTreated(try SmallDisease.read(Self.clock), [0, 0, 0, 0, 0])
        #expect(agree(course.observation(0), [0, 2, 4, 6, 8, 10]))
        #expect(agree(course.observation(1), [0, 0, 2, 4, 6, 8]))
        #expect(agree(course.observation(2), [0, 0, 0, 0, 0, 0]))
        #expect(agree(course.observation(3), [0, 2, 6, 12, 20, 30]))
        #expect(agree(course.observation(4), [0, 2, 3, 4, 5, 6]))
        #expect(agree(course.observation(6), [0, 0, 0, 0, 2, 4]))
        #expect(agree(course.observation(7), [0, 2, 2, 2, 2, 2]))
        #expect(agree(course.rewards, [2, 2, 2, 2, 2]))
    }

    /// A parameter and an initial value that follow from another parameter; given ones win.
    @Test func whatFollowsFromAPatientsNumbers() throws {
        let model = try SmallDisease.read(Self.clock)
        let follows = try HandTreated(model, [0], patient: ["x0": 10])
        #expect(agree(follows.seen[1], [12, 10, 20, 12, 12, 5, 10, 2]))
        let given = try HandTreated(model, [0], patient: ["x0": 10, "half": 1, "x": 3])
        #expect(agree(given.seen[1], [5, 3, 6, 5, 5, 1, 3, 2]))
    }

    @Test func endingsAtDecisionsAndTheirRewards() throws {
        func ending(_ fields: String) throws -> HandTreated {
            let text =
                Self.clock
                + ", \"endings\": [ { \"name\": \"late\", \"when\": \"x > 4.5[h]\", \"reward\": -7, \(fields) } ], "
                + "\"outcomes\": [ { \"name\": \"when\", \"expression\": \"time_of(late)\", \"unit\": \"h\" } ]"
            return try HandTreated(try SmallDisease.read(text), [0, 0, 0, 0])
        }
        let always = try ending("\"checked\": \"always\"")
        #expect(agree(always.outcomes, [4.5], 1e-6) && always.rewards.count == 3)
        #expect(agree([always.rewards[2]], [0.5 - 7], 1e-6))
        let late = try ending("\"checked\": \"at_decisions\", \"replaces_reward\": true")
        #expect(late.outcomes == [6] && late.rewards[2] == -7 && late.ending == "late")
        #expect(late.status == .terminated)
    }

    /// Three measurements in four are missing; what was measured last is shown, and said to be so.
    @Test func missingMeasurements() throws {
        let parts = Self.clock.replacing("\"count\": 8", with: "\"count\": 4000").replacing(
            #"{ "name": "x", "expression": "x" }"#,
            with: #"{ "name": "x", "expression": "x", "missing": 0.75 }, { "name": "is", "measured": "x" }"#)
        let model = try SmallDisease.read(parts)
        let course = try HandTreated(model, Array(repeating: 0, count: 4000), tolerance: 1e-4)
        let measured = course.observation(1)
        #expect(measured[0] == 1)
        var last = 0.0
        for (decision, row) in course.seen.enumerated() {
            if measured[decision] == 1 { last = 2 * Double(decision) }
            #expect(abs(row[0] - last) < 1e-6)
        }
        // Five standard errors of a share of 0.25 among 4000.
        let share = measured.reduce(0, +) / 4001
        #expect(abs(share - 0.25) < 0.034)
        // Another action sees the same measurements; another episode does not.
        let again = try HandTreated(model, Array(repeating: 0, count: 100), tolerance: 1e-4)
        #expect(again.observation(1) == Array(measured.prefix(101)))
        let other = try HandTreated(model, Array(repeating: 0, count: 100), episode: 1, tolerance: 1e-4)
        #expect(other.observation(1) != again.observation(1))
    }

    /// What is not a number is named as in the file.
    @Test func failuresNameTheExpression() throws {
        func message(_ find: String, _ replacement: String) throws -> String {
            do {
                _ = try HandTreated(try SmallDisease.read(Self.clock, [(find, replacement)]), [0, 0, 0])
                return ""
            } catch let error as SimulationError {
                return error.description
            }
        }
        #expect(try message("\"x\": \"1\"", "\"x\": \"1 + x^4/1[h^4]\"").contains("patient 0"))
        #expect(try message("(x - before(x)) / 1[h]", "log(3 - x/1[h])").contains("the reward 'way'"))
        #expect(try message("\"sum(x)\"", "\"log(3 - x/1[h])\"").contains("the observation 'sum'"))
        #expect(try message("\"x\": \"1\"", "\"x\": \"log(-1 - x/1[h])\"").contains("the rate of x"))
    }
}
