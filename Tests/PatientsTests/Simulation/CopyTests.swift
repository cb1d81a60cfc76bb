// A course that is copied goes on to the same bytes as if it had never been, whatever else is tried beside it.

import AllocationCounter
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct CopyTests {
    static let environments = EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).names

    /// Every environment that ships, and a variant with lags and shorter decisions.
    @Test(arguments: environments + ["tacrolimus@daily"])
    func aCopyGoesOnAsTheOriginal(name: String) throws {
        let model = try ShippedEnvironment.load(name)
        let cohort =
            model.variableNames.isEmpty && model.tabular == nil
            ? model.nominalPopulation(count: 5) : try model.samplePopulation(count: 5, seed: 21)
        try Self.check(try model.makeFactory(cohort: cohort), decisions: 14, points: [0, 1, 4, 9])
    }

    /// A model that uses all that the language has (lags, infusions, steps, events, sums, extremes, missing values).
    @Test(arguments: [EnvironmentModel.Method.mild, .stiff, .switching])
    func aCopyGoesOnInAnything(_ method: EnvironmentModel.Method) throws {
        let model = try EverythingModel.make(method)
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 24, seed: 4))
        try Self.check(factory, decisions: 12, points: Array(0..<12))
    }

    /// Chance from now on that is another episode's: the past stays, the future differs and is the same for every copy
    /// that is given that episode.
    @Test func anotherEpisodeChangesTheFutureOnly() throws {
        let model = try EverythingModel.make()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 8, seed: 4))
        let batch = try factory.makeBatch(slots: 8, seed: 2)
        for slot in 0..<8 { try batch.start(slot: slot, patient: slot, episode: 0) }
        let plan = Actions(factory, seed: 3)
        for _ in 0..<3 { try plan.step(batch) }
        let here = try batch.makeSibling(slots: 24, seed: nil)
        for slot in 0..<8 {
            here.copy(slot: slot, of: batch, to: slot, episode: nil)
            here.copy(slot: slot, of: batch, to: 8 + slot, episode: 5)
            here.copy(slot: slot, of: batch, to: 16 + slot, episode: 5)
            #expect(Actions.seen(here, slot) == Actions.seen(here, 8 + slot))
        }
        // No dose, so that patients differ by chance alone.
        let nothing = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 24)
        nothing.initialize(repeating: 0)
        defer { nothing.deallocate() }
        let running = (0..<8).filter { here.status[$0] == .running }
        try here.step(UnsafeBufferPointer(nothing))
        var differ = 0
        for slot in 0..<8 {
            #expect(Actions.seen(here, 8 + slot) == Actions.seen(here, 16 + slot))
            if Actions.seen(here, slot) != Actions.seen(here, 8 + slot) { differ += 1 }
        }
        #expect(running.count >= 3 && differ == running.count)
    }

    @Test func copiesAllocateNothing() throws {
        let table = try ShippedEnvironment.load("icu-sepsis")
        let everything = try EverythingModel.make()
        for model in [everything, table] {
            let factory = try model.makeFactory(cohort: model.samplePopulation(count: 4, seed: 4))
            let batch = try factory.makeBatch(slots: 4, seed: 2)
            for slot in 0..<4 { try batch.start(slot: slot, patient: slot, episode: 0) }
            let other = try batch.makeSibling(slots: 16, seed: nil)
            other.copy(slot: 0, of: batch, to: 0, episode: 1)
            let before = allocationsOfThisThread()
            for target in 0..<16 { other.copy(slot: target % 4, of: batch, to: target, episode: target) }
            #expect(allocationsOfThisThread() == before, "\(model.name)")
        }
    }

    /// Follows a batch under random treatment; at some decisions its courses are copied into a batch of another shape,
    /// treated otherwise there, copied again, and must then do as the originals did.
    private static func check(_ factory: any EnvironmentFactory, decisions: Int, points: [Int]) throws {
        let count = factory.patients
        let batch = try factory.makeBatch(slots: count, seed: 7)
        let tried = try batch.makeSibling(slots: 2 * count + 3, seed: nil)
        let plan = Actions(factory, seed: 3)
        let otherwise = Actions(factory, seed: 4)
        let last = 3
        for slot in 0..<count { try batch.start(slot: slot, patient: slot, episode: 1) }
        var records: [[[UInt64]]] = []
        var kept: [(decision: Int, batch: any BatchEnvironment)] = []
        for decision in 0..<decisions {
            if points.contains(decision) {
                let copy = try batch.makeSibling(slots: count, seed: nil)
                for slot in 0..<count { copy.copy(slot: slot, of: batch, to: slot, episode: nil) }
                kept.append((decision, copy))
            }
            records.append((0..<count).map { Actions.seen(batch, $0) })
            guard batch.status.contains(.running) else { break }
            try plan.step(batch)
        }
        records.append((0..<count).map { Actions.seen(batch, $0) })
        #expect(!kept.isEmpty)
        for (decision, origin) in kept {
            // Place of a patient in the other batch: backwards, with a gap.
            func place(_ slot: Int) -> Int { 2 * count + 1 - 2 * slot }
            for target in 0..<tried.slots { tried.stop(slot: target) }
            for slot in 0..<count { tried.copy(slot: slot, of: origin, to: place(slot), episode: nil) }
            for _ in 0..<2 where tried.status.contains(.running) { try otherwise.step(tried) }
            for slot in 0..<count { tried.copy(slot: slot, of: origin, to: place(slot), episode: nil) }
            for step in decision..<min(records.count, decision + last + 1) {
                let differing = (0..<count).filter { slot in
                    // What was shown last stands where a course has ended.
                    Actions.seen(tried, place(slot)) != records[step][slot]
                }
                #expect(differing.isEmpty, "decision \(step), copied at \(decision)")
                guard step + 1 < records.count, tried.status.contains(.running) else { break }
                try plan.step(tried)
            }
        }
    }
}

/// Random treatment that depends on patient and decision alone, and all that is seen of a slot.
private final class Actions {
    private let policy: RandomPolicy
    private var buffer: [Int32] = []

    init(_ factory: any EnvironmentFactory, seed: UInt64) { policy = RandomPolicy(seed: seed) }

    func step(_ batch: any BatchEnvironment) throws {
        buffer = Array(repeating: 0, count: batch.slots)
        buffer.withUnsafeMutableBufferPointer { policy.act(DecisionBatch(batch), actions: $0) }
        try buffer.withUnsafeBufferPointer { try batch.step($0) }
    }

    static func seen(_ batch: any BatchEnvironment, _ slot: Int) -> [UInt64] {
        let width = batch.task.observations.count
        let choices = batch.task.actions.count
        var bits = batch.observations[slot * width..<(slot + 1) * width].map(\.bitPattern)
        bits += batch.allowed[slot * choices..<(slot + 1) * choices].map { $0 ? 1 : 0 }
        bits += [
            batch.rewards[slot].bitPattern, UInt64(batch.status[slot].rawValue), UInt64(batch.decisions[slot]),
            UInt64(batch.patientInSlot[slot]),
        ]
        let outcomes = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, batch.task.outcomes.count))
        outcomes.initialize(repeating: 0)
        defer { outcomes.deallocate() }
        batch.readOutcomes(slot: slot, into: outcomes)
        bits += outcomes.map { $0.isNaN ? 1 : $0.bitPattern }
        return bits + batch.ending(slot: slot).utf8.map(UInt64.init)
    }
}
