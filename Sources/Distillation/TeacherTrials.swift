// What every action is worth in a state where a patient was, by trying it and letting the teacher go on.

import Numerics
import Patients
import Trees

/// Repeats recorded courses up to a decision, takes one action there and hands the patient over to another policy.
struct TrialPolicy: Policy {
    let successor: any Policy
    /// By patient: the decision of the trial (−1 for none), the action, and what was done before.
    let decisions: [Int32]
    let choices: [Int32]
    let recorded: [[Int32]]

    var hasMemory: Bool { true }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        actAtBeginnings(batch, actions: actions)
    }

    func makeSession(slots: Int) -> any PolicySession { Session(self, successor.makeSession(slots: slots)) }

    private final class Session: PolicySession {
        private let trial: TrialPolicy
        private let successor: any PolicySession

        init(_ trial: TrialPolicy, _ successor: any PolicySession) {
            self.trial = trial
            self.successor = successor
        }

        /// The successor is asked at every decision, since it may remember the course.
        func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
            successor.act(batch, actions: actions)
            for row in 0..<batch.count {
                let patient = Int(batch.patients[row])
                let decision = batch.decisions[row]
                if decision < trial.decisions[patient] {
                    actions[row] = trial.recorded[patient][Int(decision)]
                } else if decision == trial.decisions[patient] {
                    actions[row] = trial.choices[patient]
                }
            }
        }
    }
}

/// Trials under a teacher: rollouts with cost to go (Ross and Bagnell 2014, algorithm AggreVaTe).
struct TeacherTrials {
    let factory: any EnvironmentFactory
    let teacher: any Policy
    let seed: UInt64
    let jobs: Int

    /// Tries every allowed action in randomly chosen states of every course; the advantages are differences of return
    /// of one and the same patient with the same chance events. The same result whatever `jobs`.
    ///
    /// - Parameters:
    ///   - states: states a course, fewer where it has fewer with a choice.
    ///   - episode: the one that was recorded.
    func label(_ traces: [PatientTrace], states: Int, episode: Int) throws -> LabelledStates {
        let choices = factory.task.actions.count
        var visits: [Visit] = []
        for (place, trace) in traces.enumerated() {
            let open = (0..<trace.decisions).filter { trace.allowedActions(at: $0, choices).count > 1 }
            var stream = RandomStream(
                seed: seed, purpose: "regret.trials", index: UInt64(episode) << 32 | UInt64(trace.patient))
            let order = stream.permutation(open.count)
            for (turn, index) in order.prefix(states).enumerated() {
                visits.append(Visit(place: place, turn: turn, decision: open[index], choices: choices))
            }
        }
        // A patient is in one trial at a time: trials are told apart by the patient.
        for turn in 0..<states {
            for action in 0..<choices {
                try run(
                    visits.indices.filter {
                        visits[$0].turn == turn
                            && traces[visits[$0].place].allowed[visits[$0].decision * choices + action]
                    }, action: action, of: &visits, traces, episode)
            }
        }
        var labelled = LabelledStates(factory.task)
        for visit in visits {
            let best = visit.returns.filter { !$0.isNaN }.max() ?? 0
            let observation = traces[visit.place].observation(at: visit.decision)
            observation.withUnsafeBufferPointer {
                labelled.append($0.baseAddress!, advantages: visit.returns.map { $0 - best }[...], weight: 1)
            }
        }
        return labelled
    }

    private struct Visit {
        let place, turn, decision: Int
        /// Per action; NaN where it is forbidden.
        var returns: [Double]

        init(place: Int, turn: Int, decision: Int, choices: Int) {
            self.place = place
            self.turn = turn
            self.decision = decision
            returns = Array(repeating: .nan, count: choices)
        }
    }

    private func run(
        _ chosen: [Int], action: Int, of visits: inout [Visit], _ traces: [PatientTrace], _ episode: Int
    ) throws {
        guard !chosen.isEmpty else { return }
        var when = Array(repeating: Int32(-1), count: factory.patients)
        var what = when
        var recorded: [[Int32]] = Array(repeating: [], count: factory.patients)
        for index in chosen {
            let trace = traces[visits[index].place]
            when[trace.patient] = Int32(visits[index].decision)
            what[trace.patient] = Int32(action)
            recorded[trace.patient] = trace.actions
        }
        let table = try Rollout.run(
            factory, policy: TrialPolicy(successor: teacher, decisions: when, choices: what, recorded: recorded),
            patients: chosen.map { traces[visits[$0].place].patient }, episode: episode, seed: seed, jobs: jobs)
        for (index, value) in zip(chosen, table.returns) { visits[index].returns[action] = value }
    }
}

extension PatientTrace {
    func allowedActions(at decision: Int, _ choices: Int) -> [Int] {
        (0..<choices).filter { allowed[decision * choices + $0] }
    }
}
