// What doses do: impulses, infusions, repetitions, lags, levels and sizes that depend on the patient.

import Foundation
import Patients
import Testing

@Suite struct DoseTests {
    static let kinetics = #"""
        "parameters": { "k": { "value": 0.3, "unit": "1/h" }, "lag": { "value": 1.5, "unit": "h" } },
        "states": { "A": { "initial": 0, "unit": "mg" } },
        "inputs": { "u": { "unit": "mg/h", "lag": "lag" } },
        "rates": { "A": "u - k*A" },
        "decisions": { "interval": 24, "count": 4 },
        "doses": { "pill": { "input": "u", "amount": 5, "at": 1, "every": 8, "times": 3 } },
        "actions": [ { "name": "none", "doses": [] }, { "name": "{level}", "dose": "pill", "levels": [1, 2.5] } ],
        "observations": [ { "name": "A", "expression": "A" }, { "name": "given", "expression": "given(pill)" },
            { "name": "count", "expression": "count(pill)" }, { "name": "total", "expression": "total(pill)" } ],
        "outcomes": [ { "name": "most", "expression": "highest(A)" } ]
        """#

    /// The amount at t of a drug that is eliminated at rate k after doses of the given amounts at the given times.
    static func amount(_ doses: [(time: Double, amount: Double)], at t: Double, k: Double = 0.3) -> Double {
        doses.reduce(0) { $1.time < t ? $0 + $1.amount * exp(-k * (t - $1.time)) : $0 }
    }

    @Test(arguments: ["stiff", "mild"])
    func impulsesAreSuperposed(method: String) throws {
        let model = try SmallDisease.read(
            Self.kinetics + ", \"integration\": { \"method\": \"\(method)\", \"tolerance\": 1e-10 }")
        let course = try HandTreated(model, [2, 0, 1])
        var doses: [(time: Double, amount: Double)] = []
        for time in [2.5, 10.5, 18.5] { doses += [(time, 12.5), (48 + time, 5)] }
        let wanted = [0, 24, 48, 72].map { Self.amount(doses, at: $0) }
        #expect(agree(course.observation(0), wanted, 1e-7), "\(course.observation(0)) \(wanted)")
        #expect(course.observation(1) == [0, 2.5, 0, 1])
        #expect(course.observation(2) == [0, 1, 1, 2])
        #expect(course.observation(3) == [0, 2.5, 2.5, 3.5])
        // The highest amount is that just after the third dose of the first day.
        let most = Self.amount(doses, at: 18.5) + 12.5
        #expect(abs(course.outcomes[0] / most - 1) < 1e-7)
    }

    /// A lag that differs among patients moves administrations of each of them.
    @Test func lagsDifferAmongPatients() throws {
        let model = try SmallDisease.read(Self.kinetics)
        for lag in [0.0, 0.25, 6.9] {
            let course = try HandTreated(model, [1], patient: ["lag": lag])
            let doses = [1.0, 9, 17].map { (time: $0 + lag, amount: 5.0) }
            #expect(agree(course.observation(0), [0, Self.amount(doses, at: 24)], 1e-7), "lag \(lag)")
        }
        #expect(throws: SimulationError.self) { try HandTreated(model, [1], patient: ["lag": 7]) }
    }

    /// A state in its logarithm jumps by the logarithm; a bioavailability in the rate scales the jump.
    @Test func impulsesOfLogarithmsAndShares() throws {
        let model = try SmallDisease.read(
            Self.kinetics,
            [
                ("\"initial\": 0, \"unit\": \"mg\"", "\"initial\": 2, \"unit\": \"mg\", \"log\": true"),
                ("u - k*A", "0.7*u - k*A"),
            ])
        let course = try HandTreated(model, [1])
        let doses = [2.5, 10.5, 18.5].map { (time: $0, amount: 3.5) }
        let wanted = [2, 2 * exp(-0.3 * 24) + Self.amount(doses, at: 24)]
        #expect(agree(course.observation(0), wanted, 1e-7))
    }

    /// Sizes are worked out at the decision, from what the patient is then, and hold for the interval.
    @Test func sizesByExpression() throws {
        let parts = Self.kinetics.replacing(
            #"{ "input": "u", "amount": 5, "at": 1, "every": 8, "times": 3 }"#,
            with: #"{ "input": "u", "rate": "0.1[1/h]*(50[mg] - A) + 1[mg/h]*count(pill)", "duration": 10 }"#
        ).replacing(#", "lag": "lag" } }"#, with: " } }")
        let model = try SmallDisease.read(parts)
        let course = try HandTreated(model, [1, 2, 1])
        var amount = 0.0
        var wanted = [0.0]
        for (decision, level) in [1, 2.5, 1].enumerated() {
            let rate = level * (0.1 * (50 - amount) + Double(decision))
            let after = rate / 0.3 + (amount - rate / 0.3) * exp(-3)
            amount = after * exp(-0.3 * 14)
            wanted.append(amount)
        }
        #expect(agree(course.observation(0), wanted, 1e-7))
        let negative = try SmallDisease.read(parts, [("50[mg] - A", "A - 50[mg]")])
        #expect(throws: SimulationError.self) { try HandTreated(negative, [1]) }
    }

    /// The same doses as a schedule: they are listed when they are given and act a lag later. What is printed at the
    /// time of an impulse is before it.
    @Test func simulatedImpulses() throws {
        let model = try SmallDisease.read(Self.kinetics)
        let schedule = [0.0, 12, 24].map { CourseSimulator.Row(time: $0, rates: ["u": 0.5], impulses: ["u": 5]) }
        let found = try CourseSimulator.simulate(
            model, schedule: schedule, times: [0, 6, 12, 24, 30], tolerance: 1e-11)
        let wanted = [0.0, 6, 12, 24, 30].map { time in
            Self.amount([1.5, 13.5, 25.5].map { ($0, 5) }, at: time) + 0.5 / 0.3 * max(0, 1 - exp(-0.3 * (time - 1.5)))
        }
        #expect(agree(found.map { $0[0] }, wanted, 1e-8), "\(found) \(wanted)")
    }
}
