// What a single other decision would have been worth: the advantage of every action in visited states, by trying it on
// the same patient.

import Numerics
import Patients
import Trees

/// A tree that is disobeyed once per patient.
struct DeviationPolicy: Policy {
    let tree: DecisionTree
    /// By patient: the decision at which another action is taken (−1 for never), and which.
    let decisions: [Int32]
    let choices: [Int32]

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        TreePolicy(tree).act(batch, actions: actions)
        for row in 0..<batch.count {
            let patient = Int(batch.patients[row])
            if decisions[patient] == batch.decisions[row] { actions[row] = choices[patient] }
        }
    }
}

/// A visited state and what each action would have gained there.
struct Deviation: Sendable, Equatable {
    var observation: [Double]
    /// Per action: the return after taking it here and following the tree from then on, minus the return of the course
    /// as it was. 0 for the tree's own action and for forbidden ones, which change nothing.
    var gains: [Double]

    /// Tries every allowed alternative in one randomly chosen state of every course, `rounds` times: rollouts as in
    /// Lagoudakis and Parr, "Reinforcement learning as classification", 2003. Patients meet the same chance events in
    /// both courses, so the difference is the patient's own, without noise. The same result whatever `jobs`.
    ///
    /// - Parameter draw: numbers the draw of states.
    static func sample(
        _ courses: inout PatientCourses, rounds: Int, draw: Int, jobs: Int
    ) throws -> [Deviation] {
        let choices = courses.tree.actions.count
        var deviations: [Deviation] = []
        for round in 0..<rounds {
            // The state of each course, and the actions to try there.
            var states: [(deviation: Deviation, place: Int, decision: Int, alternatives: [Int])] = []
            for (place, trace) in courses.traces.enumerated() {
                let open = (0..<trace.decisions).filter { trace.alternatives(at: $0, choices).count > 0 }
                guard !open.isEmpty else { continue }
                var stream = RandomStream(
                    seed: courses.seed, purpose: "refinement.deviations",
                    index: UInt64(draw) << 40 | UInt64(round) << 32 | UInt64(place))
                let decision = open[stream.below(open.count)]
                states.append(
                    (
                        Deviation(
                            observation: trace.observation(at: decision),
                            gains: Array(repeating: 0, count: choices)),
                        place, decision, trace.alternatives(at: decision, choices)
                    ))
            }
            for turn in 0..<max(0, choices - 1) {
                let chosen = states.indices.filter { states[$0].alternatives.count > turn }
                guard !chosen.isEmpty else { break }
                var when = Array(repeating: Int32(-1), count: courses.factory.patients)
                var what = when
                for index in chosen {
                    let patient = courses.traces[states[index].place].patient
                    when[patient] = Int32(states[index].decision)
                    what[patient] = Int32(states[index].alternatives[turn])
                }
                let table = try Rollout.run(
                    courses.factory,
                    policy: DeviationPolicy(tree: courses.tree, decisions: when, choices: what),
                    patients: chosen.map { courses.traces[states[$0].place].patient },
                    episode: courses.episode, seed: courses.seed, jobs: jobs)
                courses.count(episodes: chosen.count)
                let worth = courses.objective == .total ? table.returns : table.discountedReturns
                for (index, value) in zip(chosen, worth) {
                    let action = states[index].alternatives[turn]
                    states[index].deviation.gains[action] =
                        value - courses.objective.value(of: courses.traces[states[index].place])
                }
            }
            deviations += states.map(\.deviation)
        }
        return deviations
    }
}

extension PatientTrace {
    /// What was seen at a decision.
    func observation(at decision: Int) -> [Double] {
        let width = observations.count / actions.count
        return Array(observations[decision * width..<(decision + 1) * width])
    }

    /// Allowed actions other than the one taken.
    func alternatives(at decision: Int, _ choices: Int) -> [Int] {
        (0..<choices).filter { allowed[decision * choices + $0] && $0 != Int(actions[decision]) }
    }
}
