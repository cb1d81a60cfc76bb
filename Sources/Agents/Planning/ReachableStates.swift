// The best course of a patient whose chance is known, where an environment has finitely many states: whoever is in the
// same state after the same number of decisions has the same future.

import Patients

/// Dynamic programming over the states that can be reached from the course in slot 0 of a batch.
struct ReachableStates {
    private(set) var plan: [Int32] = []
    /// Decisions simulated.
    private(set) var expanded = 0

    /// A step from a reached state.
    private struct Step {
        var action: Int32
        /// Among the states after it; −1 where the course has ended.
        var next: Int32
        var reward: Double
    }

    init(_ origin: any BatchEnvironment, discount: Double) throws {
        let task = origin.task
        let choices = task.actions.count
        let width = 256
        let group = max(1, width / choices)
        let branches = try origin.makeSibling(slots: group * choices, seed: nil)
        // By decision and reached state: what may be done.
        var layers: [[[Step]]] = []
        var front = try origin.makeSibling(slots: 1, seed: nil)
        front.copy(slot: 0, of: origin, to: 0, episode: nil)
        var frontCount = 1
        var wanted = Array(repeating: Int32(0), count: branches.slots)
        while frontCount > 0, layers.count < task.horizon {
            var layer: [[Step]] = []
            layer.reserveCapacity(frontCount)
            var known: [Int32: Int32] = [:]
            var next = try origin.makeSibling(slots: min(4096, max(1, frontCount * choices)), seed: nil)
            for first in stride(from: 0, to: frontCount, by: group) {
                let count = min(group, frontCount - first)
                for slot in 0..<branches.slots { branches.stop(slot: slot) }
                for place in 0..<count {
                    for action in 0..<choices where front.allowed[(first + place) * choices + action] {
                        branches.copy(slot: first + place, of: front, to: place * choices + action, episode: nil)
                        wanted[place * choices + action] = Int32(action)
                    }
                }
                let started = (0..<branches.slots).map { branches.status[$0] == .running }
                try wanted.withUnsafeBufferPointer { try branches.step($0) }
                for place in 0..<count {
                    var steps: [Step] = []
                    for action in 0..<choices where started[place * choices + action] {
                        let slot = place * choices + action
                        expanded += 1
                        var target: Int32 = -1
                        if branches.status[slot] == .running, let state = branches.stateInSlot?[slot] {
                            if let found = known[state] {
                                target = found
                            } else {
                                target = Int32(known.count)
                                known[state] = target
                                if Int(target) == next.slots {
                                    next = try ReachableStates.larger(next)
                                }
                                next.copy(slot: slot, of: branches, to: Int(target), episode: nil)
                            }
                        }
                        steps.append(Step(action: Int32(action), next: target, reward: branches.rewards[slot]))
                    }
                    layer.append(steps)
                }
            }
            layers.append(layer)
            front = next
            frontCount = known.count
        }
        var values: [Double] = []
        var best: [[Int]] = []
        for layer in layers.reversed() {
            var here: [Double] = []
            var chosen: [Int] = []
            for steps in layer {
                var top = 0
                func worth(_ step: Step) -> Double {
                    step.reward + (step.next < 0 || values.isEmpty ? 0 : discount * values[Int(step.next)])
                }
                for index in steps.indices where worth(steps[index]) > worth(steps[top]) { top = index }
                here.append(worth(steps[top]))
                chosen.append(top)
            }
            values = here
            best.append(chosen)
        }
        best.reverse()
        var state = 0
        for (layer, chosen) in zip(layers, best) where state >= 0 {
            let step = layer[state][chosen[state]]
            plan.append(step.action)
            state = Int(step.next)
        }
    }

    private static func larger(_ batch: any BatchEnvironment) throws -> any BatchEnvironment {
        let larger = try batch.makeSibling(slots: 2 * batch.slots, seed: nil)
        for slot in 0..<batch.slots { larger.copy(slot: slot, of: batch, to: slot, episode: nil) }
        return larger
    }
}
