// What logged decisions say every action is worth: doubly robust scores, for trees learnt without treating anybody.

import Numerics
import Patients
import Trees

/// Doubly robust scores of the decisions of a log, under a policy π that goes on from each.
///
///     Γₜ(a) = Q̂(sₜ, a) + 1{a = aₜ}/b(aₜ|sₜ)·δₜ        δₜ = rₜ + γ·V′ₜ₊₁ − Q̂(sₜ, aₜ)
///     V′ₜ   = V̂(sₜ) + 1{π(sₜ) = aₜ}/b(aₜ|sₜ)·δₜ        V̂(s) = Q̂(s, π(s))
///
/// (Jiang and Li, ICML 2016, eq. 10, whose V′ is the estimate of what is left of the episode; as scores of a policy to be
/// learnt: Athey and Wager, Econometrica 2021, and for sequences Nie, Brunskill and Wager, JASA 2021.) Unbiased for any Q̂
/// that has not seen these episodes, since the logged probabilities b are known. The teacher is π, and Q̂ its action values;
/// a teacher of another kind leaves Q̂ = 0, and only the weights are left.
struct LoggedScores {
    let log: EpisodeLog
    let teacher: any ScoredPolicy
    let discount: Double
    /// Logged decisions after which V̂ stands in for V′. The weights of a long way multiply.
    let corrected: Int
    let jobs: Int

    /// The states of all decisions with a choice, in the log's order. The same result whatever `jobs`.
    func label(_ task: TaskDescription) throws -> LabelledStates {
        let choices = log.actionCount
        let scores = try Parallel.map(log.episodes, jobs: jobs) { try score(episode: $0) }
        var states = LabelledStates(task)
        log.observations.withUnsafeBufferPointer { observations in
            for episode in 0..<log.episodes {
                for (place, row) in log.decisions(of: episode).enumerated() {
                    let own = scores[episode][(place * choices)..<((place + 1) * choices)]
                    guard own.count(where: { !$0.isNaN }) > 1, let top = own.filter({ !$0.isNaN }).max() else {
                        continue
                    }
                    states.append(
                        observations.baseAddress! + row * log.observationCount,
                        advantages: ArraySlice(own.map { $0 - top }), weight: 1)
                }
            }
        }
        return states
    }

    /// decisions × actions; NaN where an action is forbidden.
    private func score(episode: Int) throws -> [Double] {
        let rows = log.decisions(of: episode)
        let (choices, isOver) = (log.actionCount, log.terminated[episode])
        let trace = log.trace(of: episode)
        var values = try TeacherLabels.scores(of: trace, teacher: teacher, actionCount: choices)
        // By row, the last one included: what the teacher does.
        let chosen = try (0..<trace.decisions).map { row in
            try TeacherLabels.best(of: values[(row * choices)..<((row + 1) * choices)], trace, row)
        }
        if teacher.scoreKind != .actionValues { values = values.map { $0.isNaN ? $0 : 0 } }
        let steps = rows.enumerated().map { place, row in
            let next = place + 1 == rows.count && isOver ? 0 : values[(place + 1) * choices + chosen[place + 1]]
            return log.rewards[row] + discount * next - values[place * choices + Int(log.actions[row])]
        }
        let ratios = rows.enumerated().map { place, row in
            Int(log.actions[row]) == chosen[place] ? 1 / log.probabilities[row] : 0
        }
        for (place, row) in rows.enumerated() {
            // δₜ = Σₖ γᵏ·ρₜ₊₁ ⋯ ρₜ₊ₖ·(rₜ₊ₖ + γ·V̂ − Q̂)ₜ₊ₖ: the recursion for V′ written out.
            var (sum, weight, ahead) = (steps[place], 1.0, place + 1)
            while ahead < rows.count, ahead - place < corrected {
                weight *= discount * ratios[ahead]
                if weight == 0 { break }
                sum += weight * steps[ahead]
                ahead += 1
            }
            values[place * choices + Int(log.actions[row])] += sum / log.probabilities[row]
        }
        return values
    }
}

extension EpisodeLog {
    /// An episode's rows as a course, what it showed last included.
    fileprivate func trace(of episode: Int) -> PatientTrace {
        let rows = begins[episode]..<begins[episode + 1]
        var trace = PatientTrace(patient: Int(patients[episode]))
        trace.observations = Array(
            observations[(rows.lowerBound * observationCount)..<(rows.upperBound * observationCount)])
        trace.allowed = Array(allowed[(rows.lowerBound * actionCount)..<(rows.upperBound * actionCount)])
        trace.actions = Array(actions[rows])
        return trace
    }
}
