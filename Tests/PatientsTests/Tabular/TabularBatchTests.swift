// Patients of tabular environments treated in step: the same whatever the slots, the same chance under every policy,
// nothing allocated by a step.

import AllocationCounter
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct TabularBatchTests {
    static func model(_ name: String) throws -> EnvironmentModel {
        let folder = RepositoryFiles.path("Environments/\(name)")
        return try EnvironmentReader.read(try SourceText(contentsOf: folder + "/environment.json"), folder: folder)
    }

    @Test(arguments: ["icu-sepsis", "sepsis-oberst"])
    func slotsAndThreadsChangeNothing(name: String) throws {
        let model = try Self.model(name)
        let factory = try model.makeFactory(cohort: try model.samplePopulation(count: 300, seed: 3))
        let whole = try Rollout.run(factory, policy: RandomPolicy(seed: 5), seed: 9, slots: 128)
        #expect(try Rollout.run(factory, policy: RandomPolicy(seed: 5), seed: 9, slots: 1) == whole)
        #expect(try Rollout.run(factory, policy: RandomPolicy(seed: 5), seed: 9, slots: 7, jobs: 3) == whole)
        #expect(try Rollout.run(factory, policy: RandomPolicy(seed: 5), seed: 10) != whole)
        #expect(try Rollout.run(factory, policy: RandomPolicy(seed: 5), episode: 1, seed: 9) != whole)
    }

    /// Where two policies do the same, a patient's course is the same, whatever the policies' names and numbers.
    @Test func chanceIsThePatients() throws {
        let model = try Self.model("sepsis-oberst")
        let factory = try model.makeFactory(cohort: model.nominalPopulation(count: 200))
        let protocol0 = try #require(model.protocolPolicy("never_treat"))
        let constant = try #require(model.constantPolicy(action: "none"))
        #expect(
            try Rollout.run(factory, policy: protocol0, seed: 2) == Rollout.run(factory, policy: constant, seed: 2))
    }

    /// Draws follow the rows: shares of next states over many patients against the table.
    @Test(arguments: ["icu-sepsis", "sepsis-oberst"])
    func drawsFollowTheTable(name: String) throws {
        let model = try Self.model(name)
        let tabular = try #require(model.tabular)
        let start = try #require(tabular.table.start.indices.max { tabular.table.start[$0] < tabular.table.start[$1] })
        let count = 40_000
        let row = [Double(start)] + tabular.columns.map { $0[start] }
        let factory = try model.makeFactory(
            cohort: CohortTable(names: tabular.cohortNames, rows: Array(repeating: row, count: count)))
        for action in [tabular.admissible(start)[0], tabular.actions - 1] {
            let batch = try factory.makeBatch(slots: count, seed: UInt64(action))
            for slot in 0..<count { try batch.start(slot: slot, patient: slot, episode: 0) }
            try Array(repeating: Int32(action), count: count).withUnsafeBufferPointer { try batch.step($0) }
            var shares = Array(repeating: 0.0, count: tabular.states)
            let states = try #require(batch.stateInSlot)
            for slot in 0..<count { shares[Int(states[slot])] += 1 / Double(count) }
            var expected = Array(repeating: 0.0, count: tabular.states)
            let own = tabular.table.isAdmissible(state: start, action: action)
            let sources = own ? [action] : tabular.admissible(start)
            for source in sources {
                for (next, probability) in tabular.table.next(state: start, action: source) {
                    expected[next] += probability / Double(sources.count)
                }
            }
            for state in 0..<tabular.states {
                let error = (expected[state] * (1 - expected[state]) / Double(count)).squareRoot()
                #expect(abs(shares[state] - expected[state]) <= 5 * error + 1e-12)
            }
        }
    }

    /// Every next state is the one that inversion finds, entry by entry, with the number named after patient, episode and
    /// decision. An action that is not admissible is one of those that are, by the number's leading part.
    @Test func stepsAreInversions() throws {
        let model = try Self.model("icu-sepsis")
        let tabular = try #require(model.tabular)
        let factory = try model.makeFactory(cohort: try model.samplePopulation(count: 203, seed: 8))
        let batch = try factory.makeBatch(slots: 203, seed: 6)
        for slot in 0..<203 { try batch.start(slot: slot, patient: slot, episode: 2) }
        let chance = RandomStream(seed: 6, purpose: "tabular.chance")
        let states = try #require(batch.stateInSlot)
        var compared = [true: 0, false: 0]
        for decision in 0..<12 {
            let actions = (0..<203).map { Int32(($0 * 7 + decision * 3) % tabular.actions) }
            let expected = (0..<203).map { slot -> Int in
                let state = Int(states[slot])
                guard batch.status[slot] == .running else { return state }
                var action = Int(actions[slot])
                var number = chance.uniform(index: UInt64(slot) << 32 | 2, position: UInt64(decision))
                let own = tabular.table.isAdmissible(state: state, action: action)
                compared[own, default: 0] += 1
                if !own {
                    let choices = tabular.admissible(state)
                    let scaled = number * Double(choices.count)
                    action = choices[Int(scaled)]
                    number = scaled - scaled.rounded(.down)
                }
                let next = tabular.table.next(state: state, action: action)
                var sum = 0.0
                for (target, probability) in next {
                    sum += probability
                    if number < sum { return target }
                }
                return next[next.count - 1].state
            }
            try actions.withUnsafeBufferPointer { try batch.step($0) }
            #expect(states.map(Int.init) == expected)
            for slot in 0..<203 {
                #expect(
                    batch.observations[slot * batch.task.observations.count]
                        == tabular.observations[
                            expected[slot] * batch.task.observations.count])
            }
        }
        #expect(compared[true, default: 0] > 100 && compared[false, default: 0] > 100)
    }

    @Test func stepsAllocateNothing() throws {
        let model = try Self.model("icu-sepsis")
        let factory = try model.makeFactory(cohort: model.nominalPopulation(count: 500))
        let batch = try factory.makeBatch(slots: 64, seed: 1)
        let policy = RandomPolicy(seed: 1)
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 64)
        actions.initialize(repeating: 0)
        defer { actions.deallocate() }
        var episode = 0
        func steps(_ count: Int) throws {
            for _ in 0..<count {
                for slot in 0..<64 where batch.status[slot] != .running {
                    try batch.start(slot: slot, patient: (slot * 7 + episode) % 500, episode: episode)
                    episode += 1
                }
                policy.act(DecisionBatch(batch), actions: actions)
                try batch.step(UnsafeBufferPointer(actions))
            }
        }
        try steps(20)
        let before = allocationsOfThisThread()
        try steps(200)
        #expect(allocationsOfThisThread() - before == 0)
    }

    @Test func forbiddenActionsAreAnError() throws {
        try SmallTable.withFolder { folder in
            let model = try SmallTable.read(folder)
            let cohort = CohortTable(names: ["start"], rows: [[1]])
            let batch = try model.makeFactory(cohort: cohort).makeBatch(slots: 1, seed: 1)
            try batch.start(slot: 0, patient: 0, episode: 0)
            #expect(Array(batch.allowed) == [false, true])
            #expect(throws: SimulationError.self) {
                try [Int32(0)].withUnsafeBufferPointer { try batch.step($0) }
            }
        }
    }

    @Test func cohortsThatDoNotFit() throws {
        try SmallTable.withFolder { folder in
            let model = try SmallTable.read(folder)
            for (names, row) in [
                (["start"], [2.0]), (["start"], [0.5]), (["start"], [-1]), (["severity"], [0]),
                (["start", "age"], [0, 1]),
                (["start", "secret"], [0, 0]),
            ] {
                #expect(throws: SimulationError.self, "\(names) \(row)") {
                    try model.makeFactory(cohort: CohortTable(names: names, rows: [row]))
                }
            }
            _ = try model.makeFactory(cohort: CohortTable(names: ["start", "secret"], rows: [[0, 1]]))
        }
    }

    @Test func outcomesAndRewards() throws {
        try SmallTable.withFolder { folder in
            let model = try SmallTable.read(folder)
            let factory = try model.makeFactory(cohort: model.nominalPopulation(count: 400))
            let table = try Rollout.run(factory, policy: try #require(model.protocolPolicy("doctor")), seed: 4)
            #expect(Set(table.endings) == ["died", "cured", "horizon"])
            for index in 0..<table.count {
                let cured = table.endings[index] == "cured"
                #expect(table.outcome("cured")?[index] == (cured ? 1 : 0))
                #expect(table.outcome("days")?[index].isNaN == !cured)
                if cured { #expect(table.outcome("days")?[index] == Double(table.lengths[index])) }
                #expect([0, 1].contains(table.outcome("at_first")?[index]))
            }
        }
    }
}
