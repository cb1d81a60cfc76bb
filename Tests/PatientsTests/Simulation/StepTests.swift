// States that change at steps, numbers redrawn, and events.

import Foundation
import Patients
import TestSupport
import Testing

@Suite struct StepTests {
    /// Daily map with a drug that is given before the tumour changes: the order matters at every step.
    static let map = #"""
        "kind": "map", "step": 2,
        "parameters": { "g": { "value": 1.1, "unit": "1" } },
        "states": { "V": { "initial": 10, "unit": "mL" }, "C": { "initial": 0, "unit": "mg/L" } },
        "inputs": { "u": { "unit": "mg/(L h)" }, "r": { "unit": "1/h" } },
        "at_step_start": { "C": "0.5*C + u*2[h]" },
        "at_step_end": { "V": "V*(g - 0.1[L/mg]*C - r*1[h])" },
        "decisions": { "interval": 6, "count": 5 },
        "doses": { "drug": { "input": "u", "amount": 4 }, "ray": { "input": "r", "rate": 0.2, "at": 2, "duration": 2 } },
        "actions": [ { "name": "none", "doses": [] }, { "name": "drug", "doses": ["drug"] }, { "name": "both", "doses": ["drug", { "dose": "ray", "level": 2 }] } ],
        "endings": [ { "name": "small", "when": "V < 4[mL]", "reward": 1 } ],
        "observations": [ { "name": "V", "expression": "V" }, { "name": "C", "expression": "C" }, { "name": "time", "expression": "time" } ],
        "outcomes": [ { "name": "most", "expression": "highest(C)" }, { "name": "least", "expression": "lowest(V)" },
            { "name": "small", "expression": "time_of(small)", "unit": "h" } ]
        """#

    @Test func mapsStepExactly() throws {
        let course = try HandTreated(try SmallDisease.read(Self.map), [1, 2, 0, 2, 2])
        var v = 10.0
        var c = 0.0
        var (most, least) = (0.0, 10.0)
        var wanted = [[v, c, 0]]
        var endTime = Double.nan
        outer: for (decision, action) in [1, 2, 0, 2, 2].enumerated() {
            for step in 0..<3 {
                // The impulse of 4 (mg/L/h)·h is a level of 2 in the step it falls in; the rays are those of the second step.
                c = 0.5 * c + (action > 0 && step == 0 ? 2 : 0) * 2
                v *= 1.1 - 0.1 * c - (action == 2 && step == 1 ? 0.4 : 0)
                most = max(most, c)
                least = min(least, v)
                if v < 4 {
                    endTime = Double(6 * decision + 2 * step + 2)
                    wanted.append([v, c, endTime])
                    break outer
                }
            }
            wanted.append([v, c, Double(6 * decision + 6)])
        }
        #expect(course.seen.count == wanted.count)
        for (found, right) in zip(course.seen, wanted) { #expect(agree(found, right, 1e-14), "\(found) \(right)") }
        #expect(!endTime.isNaN)
        #expect(agree(course.outcomes, [most, least, endTime], 1e-14))
    }

    /// A simulation prints what a step's beginning has changed, but not at the last time.
    @Test func whatASimulationPrintsAtSteps() throws {
        let model = try SmallDisease.read(Self.map)
        let schedule = [
            CourseSimulator.Row(time: 0, rates: ["u": 2]), CourseSimulator.Row(time: 2, rates: [:], impulses: ["u": 4]),
            CourseSimulator.Row(time: 4, rates: ["r": 0.1]),
        ]
        let found = try CourseSimulator.simulate(model, schedule: schedule, times: [0, 2, 4, 6])
        #expect(agree(found[0], [10, 4], 1e-14))
        #expect(agree(found[1], [7, 6], 1e-14))
        #expect(agree(found[2], [3.5, 3], 1e-14))
        #expect(agree(found[3], [3.5 * 0.7, 3], 1e-14))
    }

    /// Rates see held states; what is held sees the rates' result at the step's end.
    @Test func ratesAndStepsTogether() throws {
        let model = try SmallDisease.read(
            #"""
            "step": 1,
            "states": { "A": { "initial": 0, "unit": "mg" }, "R": { "initial": 1, "unit": "mg/h" }, "top": { "initial": 0, "unit": "mg" } },
            "rates": { "A": "R - 0.5[1/h]*A" },
            "at_step_start": { "R": "if(A > 1[mg], 0[mg/h], 1[mg/h])" },
            "at_step_end": { "top": "max(top, A)" },
            "decisions": { "interval": 4, "count": 3 },
            "observations": [ { "name": "A", "expression": "A" }, { "name": "R", "expression": "R" }, { "name": "top", "expression": "top" } ]
            """#)
        for method in [EnvironmentModel.Method.stiff, .mild, .switching, .linear] {
            var variant = model
            variant.method = method
            let course = try HandTreated(variant, [0, 0, 0])
            var (a, r, top) = (0.0, 1.0, 0.0)
            var wanted = [[a, r, top]]
            for step in 0..<12 {
                r = a > 1 ? 0 : 1
                a = 2 * r + (a - 2 * r) * exp(-0.5)
                top = max(top, a)
                if step % 4 == 3 { wanted.append([a, r, top]) }
            }
            for (found, right) in zip(course.seen, wanted) {
                #expect(agree(found, right, 1e-8), "\(method): \(found) \(right)")
            }
        }
    }

    static let chancy = #"""
        "kind": "map", "step": 1,
        "states": { "x": { "initial": 0, "unit": "1" }, "eaten": { "initial": 0, "unit": "g" }, "seenNoise": { "initial": 0, "unit": "1" } },
        "random": {
            "step": { "distribution": "normal", "mean": 2, "sigma": 1, "unit": "1", "redrawn": "step" },
            "noise": { "distribution": "uniform", "low": 0, "high": 1, "unit": "1", "redrawn": "decision" },
            "trait": { "distribution": "log_normal", "median": 3, "sigma": 0.5, "unit": "1", "redrawn": "episode" }
        },
        "at_step_end": { "x": "x + step", "eaten": "eaten", "seenNoise": "noise" },
        "events": { "meal": { "state": "eaten", "amount": 50, "time": { "distribution": "uniform", "low": 1, "high": 3 }, "every": 8, "probability": 0.75 } },
        "decisions": { "interval": 4, "count": 500 },
        "inputs": { "u": { "unit": "1/h" } },
        "doses": { "d": { "input": "u", "rate": 1 } },
        "actions": [ { "name": "none", "doses": [] }, { "name": "d", "doses": ["d"] } ],
        "observations": [ { "name": "x", "expression": "x" }, { "name": "noise", "expression": "noise" },
            { "name": "trait", "expression": "trait" }, { "name": "eaten", "expression": "eaten" }, { "name": "seenNoise", "expression": "seenNoise" } ]
        """#

    @Test func numbersAreRedrawnWhenTheyShouldBe() throws {
        let model = try SmallDisease.read(Self.chancy)
        let course = try HandTreated(model, Array(repeating: 0, count: 500))
        // 2000 steps of mean 2 and variance 1: five standard errors.
        let mean = course.seen[500][0] / 2000
        #expect(abs(mean - 2) < 0.112)
        #expect(Set(course.observation(1)).count == 501)
        #expect(Set(course.observation(2)).count == 1)
        // The number that is seen at a decision stays until the next.
        #expect(Array(course.observation(4).dropFirst()) == Array(course.observation(1).dropLast()))
        // 250 cycles of eight hours; meals are eaten by the third hour of each, three in four.
        let meals = course.seen[500][3] / 50
        #expect(meals == meals.rounded())
        #expect(abs(meals / 250 - 0.75) < 0.137)
        let eaten = course.observation(3)
        for decision in 0..<500 {
            let portion = eaten[decision + 1] - eaten[decision]
            #expect(portion == 0 || (decision % 2 == 0 && portion == 50))
        }
        // The same chance under another policy, another in another episode or with another seed.
        let treated = try HandTreated(model, Array(repeating: 1, count: 500))
        #expect(treated.seen == course.seen)
        let other = try HandTreated(model, [0, 0], episode: 1)
        let seeded = try HandTreated(model, [0, 0], seed: 2)
        #expect(other.seen[0][1] != course.seen[0][1] && other.seen[0][2] != course.seen[0][2])
        #expect(seeded.seen[0][1] != course.seen[0][1])
    }

    @Test func simulationsKnowNoChance() throws {
        let found = try CourseSimulator.simulate(
            try SmallDisease.read(Self.chancy), schedule: [], times: [0, 4])[1]
        #expect(agree(found, [8, 0, 0.5]))
    }
}
