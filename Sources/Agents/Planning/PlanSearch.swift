// Tries plans from where a patient is and says what each first action is worth.

import Patients

/// Plans of a few decisions for one patient after the other, in memory made once.
///
/// First every action throughout the plan, and the plan of the last decision carried on; then, from the last decision
/// of the plan to the first, every action in its place (coordinate search), for so many rounds. A plan is judged by the
/// mean of what it is worth over the scenarios.
final class PlanSearch {
    /// How a plan is judged, if not by its rewards: how far an observation ends from a value.
    struct Goal {
        var observation: Int
        var value: Double
    }
    private let branches: PlanBranches
    private let configuration: PlanningConfiguration
    private let actions: Int
    private let scenarios: Int
    private let width: Int
    /// (actions + 1) × width: the plans on trial.
    private var plans: [Int32]
    private var values: [Double]
    private var best: [Int32] = []

    /// - Parameter batch: a sibling of those whose courses are planned for, of `PlanSearch.slots(…)` slots.
    init(_ batch: any BatchEnvironment, _ configuration: PlanningConfiguration) {
        self.configuration = configuration
        scenarios = configuration.knows == .patient ? configuration.scenarios : 1
        actions = batch.task.actions.count
        width = configuration.horizon
        branches = PlanBranches(batch, discount: configuration.gamma ?? batch.task.discount)
        plans = Array(repeating: 0, count: (actions + 1) * width)
        values = Array(repeating: 0, count: actions + 1)
    }

    /// Slots that are needed.
    static func slots(_ configuration: PlanningConfiguration, actions: Int) -> Int {
        (actions + 1) * (configuration.knows == .patient ? configuration.scenarios : 1)
    }

    /// Writes what each allowed first action is worth, −∞ for the others, and leaves in `plan` the best plan.
    ///
    /// - Parameters:
    ///   - plan: the best plan of the patient's last decision, or nothing.
    ///   - scores: one for every action.
    func search(
        slot: Int, of source: any BatchEnvironment, allowed: UnsafePointer<Bool>, goal: Goal?, plan: inout [Int32],
        scores: UnsafeMutablePointer<Double>
    ) {
        let decision = Int(source.decisions[slot])
        let reach = max(1, min(width, source.task.horizon - decision))
        // Every action throughout, and the last plan one decision on.
        for action in 0..<actions {
            for place in 0..<reach { plans[action * width + place] = Int32(action) }
        }
        let isCarriedOn = plan.count > 1 && allowed[Int(plan[1])]
        for place in 0..<reach {
            plans[actions * width + place] = isCarriedOn ? plan[min(place + 1, plan.count - 1)] : 0
        }
        judge(isCarriedOn ? actions + 1 : actions, slot, source, decision, reach, goal)
        var top = -1
        for index in 0..<(isCarriedOn ? actions + 1 : actions) where allowed[Int(plans[index * width])] {
            if top < 0 || values[index] > values[top] { top = index }
        }
        best = (0..<reach).map { plans[max(0, top) * width + $0] }
        for action in 0..<actions { scores[action] = allowed[action] ? values[action] : -.infinity }
        for _ in 0..<configuration.sweeps where reach > 1 {
            let before = best
            for place in stride(from: reach - 1, through: 0, by: -1) {
                for action in 0..<actions {
                    for other in 0..<reach { plans[action * width + other] = best[other] }
                    plans[action * width + place] = Int32(action)
                }
                judge(actions, slot, source, decision, reach, goal)
                var choice = Int(best[place])
                for action in 0..<actions where values[action] > values[choice] {
                    if place > 0 || allowed[action] { choice = action }
                }
                best[place] = Int32(choice)
            }
            // The last place varied was the first decision.
            for action in 0..<actions where allowed[action] { scores[action] = max(scores[action], values[action]) }
            if best == before { break }
        }
        plan = best
    }

    /// What the first `count` plans are worth.
    private func judge(
        _ count: Int, _ slot: Int, _ source: any BatchEnvironment, _ decision: Int, _ reach: Int, _ goal: Goal?
    ) {
        let isOpen = configuration.knows == .patient
        for index in 0..<count {
            for scenario in 0..<scenarios {
                branches.fill(
                    index * scenarios + scenario, slot: slot, of: source, episode: isOpen ? scenario : nil)
            }
        }
        branches.run(count * scenarios, until: decision + reach) { slot, now in
            self.plans[slot / self.scenarios * self.width + now - decision]
        }
        let observations = branches.batch.task.observations.count
        for index in 0..<count {
            var sum = 0.0
            for scenario in 0..<scenarios {
                let place = index * scenarios + scenario
                if let goal {
                    let reached = branches.batch.observations[place * observations + goal.observation]
                    sum += branches.gains[place].isFinite ? -abs(reached - goal.value) : -.infinity
                } else {
                    sum += branches.gains[place]
                }
            }
            values[index] = sum / Double(scenarios)
        }
    }
}
