// What is promised of every integrator: lanes that know nothing of each other, owners who may change anything between two
// attempts, rejected steps that leave no trace, and no allocation.

import AllocationCounter
import Foundation
import Testing

import Numerics

@Suite struct LaneStepperTests {
    /// Eleven different courses, in fresh lanes of a stepper.
    private static let starts = (0..<11).map { [1 + Double($0), 0.1 * Double($0 * $0)] }

    /// A lane's course is the same to the bit alone or among neighbours, first or last.
    @Test(arguments: StepperKind.allCases) func lanesDoNotTouchEachOther(kind: StepperKind) {
        let together = kind.make(ClosureSystem.coupled(), width: 16, tolerance: 1e-7)
        for (lane, start) in Self.starts.enumerated() { together.begin(lane, at: start, step: 0.01 * Double(lane + 1)) }
        for _ in 0..<30 { together.attempt(lanes: 11) }
        for (lane, start) in Self.starts.enumerated() {
            for place in [0, 6, 13] {
                let alone = kind.make(ClosureSystem.coupled(), width: 16, tolerance: 1e-7)
                alone.begin(place, at: start, step: 0.01 * Double(lane + 1))
                for _ in 0..<30 { alone.attempt(lanes: place + 1) }
                #expect(alone.bits(place) == together.bits(lane), "course \(lane) in lane \(place)")
            }
        }
    }

    /// A course goes on the same whether its stepper saw its beginning or not: whatever is kept of a lane is not trusted
    /// when its states, inputs or time have changed, or when another patient has taken its place.
    @Test(arguments: StepperKind.allCases) func nothingOfALaneIsKeptThatMatters(kind: StepperKind) {
        let system = ClosureSystem.coupled()
        let veteran = kind.make(system, width: 16, tolerance: 1e-7)
        for (lane, start) in Self.starts.enumerated() { veteran.begin(lane, at: start, step: 0.02) }
        for round in 0..<40 {
            // Other patients, moved patients, changed states, times and steps, in some lanes at some times.
            for lane in 0..<11 where (lane + round) % 5 == 0 {
                switch (lane * 7 + round) % 4 {
                case 0: veteran.begin(lane, at: Self.starts[(lane + round) % 11], time: Double(round), step: 0.03)
                case 1: veteran.states.row(0)[lane] *= 1.5
                case 2: veteran.time.base[lane] += 0.25
                default:
                    let other = (lane + 3) % 11
                    veteran.begin(
                        lane, at: veteran.course(other), time: veteran.time.base[other], step: veteran.step.base[other])
                }
            }
            let fresh = kind.make(system, width: 16, tolerance: 1e-7)
            for lane in 0..<11 {
                fresh.begin(
                    lane, at: veteran.course(lane), time: veteran.time.base[lane], step: veteran.step.base[lane])
            }
            fresh.attempt(lanes: 11)
            veteran.attempt(lanes: 11)
            for lane in 0..<11 {
                #expect(fresh.bits(lane) == veteran.bits(lane), "lane \(lane), round \(round)")
                for row in 0..<2 {
                    #expect(fresh.startStates.row(row)[lane] == veteran.startStates.row(row)[lane])
                    #expect(fresh.startValues.row(row)[lane] == veteran.startValues.row(row)[lane])
                }
            }
        }
    }

    /// A dose that begins between two steps counts from there on, in its lane only.
    @Test(arguments: [DoseChange.dose, .parameter]) func inputsMayChangeAtAnyTime(change: DoseChange) {
        let row = change == .dose ? ChemoSystem.doseRow : ChemoSystem.firstParameter
        func course(fresh: Bool) -> [[UInt64]] {
            var solver = Self.chemo(lanes: 16)
            for round in 0..<12 {
                if round % 4 == 2 { for lane in [1, 9, 10] { solver.inputs.row(row)[lane] = 0.25 * Double(round) } }
                if fresh {
                    let next = Self.chemo(lanes: 16)
                    for memory in 0..<ChemoSystem.rows {
                        for lane in 0..<16 { next.inputs.row(memory)[lane] = solver.inputs.row(memory)[lane] }
                    }
                    for lane in 0..<16 {
                        next.begin(
                            lane, at: solver.course(lane), time: solver.time.base[lane], step: solver.step.base[lane])
                    }
                    solver = next
                }
                solver.attempt(lanes: 16)
            }
            return (0..<16).map { solver.bits($0) }
        }
        let kept = course(fresh: false)
        #expect(kept == course(fresh: true))
        #expect(kept[1] != kept[0] && kept[9] != kept[8] && kept[2] == kept[0] && kept[8] == kept[0])
    }

    enum DoseChange { case dose, parameter }

    private static func chemo(lanes: Int) -> any LaneStepper {
        let solver = StepperKind.dormandPrince54.make(ChemoSystem(), width: lanes, tolerance: 1e-6)
        for lane in 0..<lanes { ChemoSystem.begin(solver, lane) }
        return solver
    }

    @Test(arguments: StepperKind.allCases) func aRejectedStepLeavesNoTrace(kind: StepperKind) {
        let solver = kind.make(ClosureSystem.coupled(), width: 8, tolerance: 1e-10)
        solver.begin(0, at: [1, 1], time: 0.5, step: 3)
        solver.begin(1, at: [1, 1], time: 0.5, step: 1e-3)
        solver.attempt(lanes: 2)
        #expect(solver.error.base[0] > 1 && solver.error.base[1] <= 1)
        #expect(solver.course(0) == [1, 1] && solver.time.base[0] == 0.5)
        #expect(solver.attempted.base[0] == 3 && solver.step.base[0] < 3)
        #expect(solver.course(1) != [1, 1] && solver.time.base[1] == 0.501)
        // The next attempt is what it would have been without the rejected one.
        let direct = kind.make(ClosureSystem.coupled(), width: 8, tolerance: 1e-10)
        direct.begin(0, at: [1, 1], time: 0.5, step: solver.step.base[0])
        direct.attempt(lanes: 1)
        solver.attempt(lanes: 1)
        #expect(solver.bits(0) == direct.bits(0))
    }

    @Test(arguments: StepperKind.allCases, [Double.nan, .infinity, 1e300])
    func aLostLaneDisturbsNobody(kind: StepperKind, value: Double) {
        func run(_ spoiled: Bool) -> any LaneStepper {
            let solver = kind.make(ClosureSystem.coupled(), width: 16, tolerance: 1e-7)
            for (lane, start) in Self.starts.enumerated() { solver.begin(lane, at: start, step: 0.01) }
            for round in 0..<20 {
                if spoiled, round == 5 { solver.states.row(1)[3] = value }
                solver.attempt(lanes: 11)
            }
            return solver
        }
        let whole = run(false)
        let spoiled = run(true)
        for lane in 0..<11 where lane != 3 { #expect(spoiled.bits(lane) == whole.bits(lane)) }
        #expect(!(spoiled.error.base[3] <= 1))
        #expect(spoiled.states.row(1)[3].bitPattern == value.bitPattern, "a lost course stays where it was lost")
        #expect(spoiled.step.base[3] < 1e-10, "and its step shrinks until the owner gives up")
    }

    @Test func attemptsAllocateNothing() {
        let solver = Self.chemo(lanes: 32)
        let stiff = StepperKind.rodas4.make(ChemoSystem(), width: 32, tolerance: 1e-6)
        for lane in 0..<32 { ChemoSystem.begin(stiff, lane) }
        for stepper in [solver, stiff] {
            stepper.attempt(lanes: 32)
            let before = allocationsOfThisThread()
            for round in 0..<100 {
                stepper.inputs.row(ChemoSystem.doseRow)[round % 32] = 0.5
                stepper.attempt(lanes: 1 + round % 32)
            }
            #expect(allocationsOfThisThread() - before <= 0, "\(type(of: stepper))")
        }
    }
}
