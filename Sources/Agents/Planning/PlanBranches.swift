// Courses tried out from where a patient is: each slot follows a plan of its own, and what it was worth is added up.

import Numerics
import Patients

/// A stretch of decisions given one action: what a plan is changed by.
struct PlanChange {
    var first: Int
    var length: Int
    var action: Int32

    func covers(_ decision: Int) -> Bool { decision >= first && decision < first + length }
}

/// Many copies of courses of one patient or several, carried on until they end or have made so many decisions. One
/// thread's own; allocates nothing once made.
final class PlanBranches {
    let batch: any BatchEnvironment
    /// Decisions of an episode.
    let horizon: Int
    let discount: Double
    /// By slot: the (discounted) sum of rewards; −∞ where the course could not be integrated.
    let gains: UnsafeMutableBufferPointer<Double>
    /// slots × horizon: the actions taken, from the decision at which the slot was filled.
    let taken: UnsafeMutableBufferPointer<Int32>
    /// Decisions simulated so far, over all slots.
    private(set) var simulated = 0
    private let weights: UnsafeMutableBufferPointer<Double>
    private let isStepped: UnsafeMutableBufferPointer<Bool>
    private let chosen: UnsafeMutableBufferPointer<Int32>
    private let actionCount: Int

    init(_ batch: any BatchEnvironment, discount: Double) {
        self.batch = batch
        self.discount = discount
        horizon = batch.task.horizon
        actionCount = batch.task.actions.count
        func memory<Element>(_ count: Int, _ value: Element) -> UnsafeMutableBufferPointer<Element> {
            let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, count))
            buffer.initialize(repeating: value)
            return buffer
        }
        gains = memory(batch.slots, 0)
        weights = memory(batch.slots, 1)
        isStepped = memory(batch.slots, false)
        chosen = memory(batch.slots, 0)
        taken = memory(batch.slots * batch.task.horizon, 0)
    }

    deinit {
        gains.deallocate()
        weights.deallocate()
        isStepped.deallocate()
        chosen.deallocate()
        taken.deallocate()
    }

    var slots: Int { batch.slots }

    /// Puts a course into a slot. `gain` is what it was worth so far.
    func fill(
        _ target: Int, slot: Int, of source: any BatchEnvironment, gain: Double = 0, weight: Double = 1,
        episode: Int? = nil
    ) {
        batch.copy(slot: slot, of: source, to: target, episode: episode)
        gains[target] = gain
        weights[target] = weight
    }

    /// Carries slot 0 on by one decision; every other slot must be idle. Returns whether that could be done.
    func advance(_ action: Int32) -> Bool {
        chosen[0] = action
        taken[Int(batch.decisions[0])] = action
        simulated += 1
        try? batch.step(UnsafeBufferPointer(chosen))
        gains[0] += weights[0] * batch.rewards[0]
        weights[0] *= discount
        return batch.status[0] != .idle
    }

    /// Carries the first `count` slots on, each until its course ends or decision `end` is due; every other slot must be
    /// idle.
    ///
    /// - Parameter wanted: the action a slot is to take at a decision; where it is forbidden, the first allowed is taken.
    func run(_ count: Int, until end: Int, _ wanted: (_ slot: Int, _ decision: Int) -> Int32) {
        while true {
            var running = 0
            for slot in 0..<count where batch.status[slot] == .running {
                let decision = Int(batch.decisions[slot])
                guard decision < end else {
                    batch.stop(slot: slot)
                    continue
                }
                running += 1
                let allowed = batch.allowed.baseAddress.unsafelyUnwrapped + slot * actionCount
                var action = wanted(slot, decision)
                if !allowed[Int(action)] {
                    action = 0
                    while Int(action) < actionCount - 1, !allowed[Int(action)] { action += 1 }
                }
                chosen[slot] = action
                taken[slot * horizon + decision] = action
                isStepped[slot] = true
            }
            guard running > 0 else { return }
            simulated += running
            // A course that cannot be integrated leaves its slot idle; the others have had their step.
            try? batch.step(UnsafeBufferPointer(chosen))
            for slot in 0..<count where isStepped[slot] {
                isStepped[slot] = false
                guard batch.status[slot] != .idle else {
                    gains[slot] = -.infinity
                    continue
                }
                gains[slot] += weights[slot] * batch.rewards[slot]
                weights[slot] *= discount
            }
        }
    }
}
