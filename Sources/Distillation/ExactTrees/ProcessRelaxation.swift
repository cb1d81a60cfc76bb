// Upper bounds: what could be reached if every state whose action is not decided yet were free to take its own.

/// A decision process of which some states' actions are decided. One thread's own.
///
/// Let V satisfy V(s) ≥ Q_V(s, a) for every action open to s. By the performance difference lemma any policy π within
/// these choices is worth
///
///     J(π) = E V(s₀) − Σ_s ρ_π(s) · (V(s) − Q_V(s, π(s))) ≤ E V(s₀) − Σ_s ρ(s) · (V(s) − Q_V(s, π(s)))
///
/// where ρ ≤ ρ_π are visits that no policy can avoid: those along transitions that are certain whatever the free states
/// do. The second form charges every region of a tree for having to agree on an action; the charges of regions add up.
final class ProcessRelaxation {
    let process: DecisionProcess
    /// No policy within the choices is worth more.
    private(set) var value = 0.0
    /// states × actions: the charge for an action of a free state, at least 0. Of forbidden actions infinite.
    let losses: UnsafeMutableBufferPointer<Double>
    /// (stages + 1) × states within a horizon, states over endless time.
    private(set) var values: [Double]
    /// stages × states: visits that no policy within the choices can avoid.
    let visits: UnsafeMutableBufferPointer<Double>
    /// Solutions so far.
    private(set) var solutions = 0
    /// Values over endless time that no sweep raises: where every search begins.
    private var ceiling: [Double] = []

    init(_ process: DecisionProcess) {
        self.process = process
        losses = .filled(
            (0..<process.count * process.actions).map { process.rowOf[$0] < 0 ? Double.infinity : 0 })
        let isEndless = if case .endless = process.objective { true } else { false }
        let stages = process.objective.stages
        values = Array(repeating: 0, count: (isEndless ? 1 : stages + 1) * process.count)
        visits = .filled(Array(repeating: 0, count: stages * process.count))
        if isEndless { ceiling = fromAbove() }
    }

    deinit {
        losses.deallocate()
        visits.deallocate()
    }

    /// Solves the process.
    ///
    /// - Parameters:
    ///   - fixed: by state the decided action; −1 for a free state.
    ///   - warm: `values` of a process with at least these choices; begins there instead of at the free optimum.
    ///   - weights: in place of the unavoidable visits, stages × states; `value` does not depend on it.
    func solve(_ fixed: [Int32], warm: [Double]? = nil, weights: UnsafePointer<Double>? = nil) {
        solutions += 1
        switch process.objective {
        case .horizon(let decisions, _):
            if weights == nil { unavoidable(fixed, decisions) }
            backward(fixed, decisions, weights ?? UnsafePointer(visits.baseAddress!))
        case .endless:
            if weights == nil { unavoidableEndless(fixed) }
            sweep(fixed, warm ?? ceiling)
            charge(fixed, weights ?? UnsafePointer(visits.baseAddress!))
        }
    }

    // MARK: Within a horizon

    /// One stage of certain transitions: `later` += discount · `now` · least P.
    @inline(__always)
    private func pass(
        _ fixed: [Int32], _ now: UnsafePointer<Double>, _ later: UnsafeMutablePointer<Double>
    ) {
        let process = process
        for state in 0..<process.count where now[state] > 0 {
            let mass = process.discount * now[state]
            if fixed[state] >= 0 {
                let row = process.row(state, Int(fixed[state]))
                for entry in Int(process.begins[row])..<Int(process.begins[row + 1]) {
                    later[Int(process.targets[entry])] += mass * process.probabilities[entry]
                }
            } else {
                for entry in Int(process.leastBegins[state])..<Int(process.leastBegins[state + 1]) {
                    later[Int(process.leastTargets[entry])] += mass * process.leastProbabilities[entry]
                }
            }
        }
    }

    private func unavoidable(_ fixed: [Int32], _ decisions: Int) {
        let count = process.count
        for place in visits.indices { visits[place] = place < count ? process.start[place] : 0 }
        let base = visits.baseAddress!
        for stage in 1..<max(1, decisions) { pass(fixed, base + (stage - 1) * count, base + stage * count) }
    }

    private func backward(_ fixed: [Int32], _ decisions: Int, _ weights: UnsafePointer<Double>) {
        let (count, actions, process) = (process.count, process.actions, process)
        for place in losses.indices where process.rowOf[place] >= 0 { losses[place] = 0 }
        values.withUnsafeMutableBufferPointer { values in
            let base = values.baseAddress!
            for state in 0..<count { base[decisions * count + state] = 0 }
            for stage in (0..<decisions).reversed() {
                let later = UnsafePointer(base + (stage + 1) * count)
                let now = base + stage * count
                for state in 0..<count {
                    if fixed[state] >= 0 {
                        now[state] = process.worth(process.row(state, Int(fixed[state])), later)
                        continue
                    }
                    let allowed = process.masks[Int(process.mask[state])]
                    let weight = weights[stage * count + state]
                    var best = -Double.infinity
                    if weight == 0 {
                        for action in allowed { best = max(best, process.worth(process.row(state, action), later)) }
                    } else {
                        // First the worths themselves, negative; the best is added afterwards.
                        for action in allowed {
                            let worth = process.worth(process.row(state, action), later)
                            losses[state * actions + action] -= weight * worth
                            best = max(best, worth)
                        }
                        for action in allowed { losses[state * actions + action] += weight * best }
                    }
                    now[state] = best
                }
            }
            value = process.atStart(base)
        }
        // Sums of differences may be a rounding error below 0.
        for place in losses.indices where losses[place] < 0 { losses[place] = 0 }
    }

    // MARK: Over endless time

    /// Values that no sweep raises: the optimum by value iteration, and what is missing from it and more added on, in
    /// proportion to the longest expected course from each state.
    private func fromAbove() -> [Double] {
        let (count, process) = (process.count, process)
        func iterate(_ tolerance: Double, _ step: (Int, UnsafePointer<Double>) -> Double) -> ([Double], Double) {
            var values = Array(repeating: 0.0, count: count)
            var change = Double.infinity
            var sweeps = 0
            while change > tolerance, sweeps < 100_000 {
                change = 0
                values.withUnsafeMutableBufferPointer { values in
                    for state in 0..<count {
                        let new = step(state, UnsafePointer(values.baseAddress!))
                        change = max(change, abs(new - values[state]))
                        values[state] = new
                    }
                }
                sweeps += 1
            }
            return (values, change)
        }
        func best(_ state: Int, _ worth: (Int) -> Double) -> Double {
            process.masks[Int(process.mask[state])].reduce(-Double.infinity) {
                max($0, worth(process.row(state, $1)))
            }
        }
        let (optimum, residual) = iterate(1e-13) { state, values in best(state) { process.worth($0, values) } }
        // With a last change below 1/2, twice these are at least 1 and their own mean over the next states.
        let (lengths, _) = iterate(0.25) { state, values in
            best(state) { 1 + process.worth($0, values) - process.rewards[$0] }
        }
        return zip(optimum, lengths).map { $0 + 2 * max(residual, 1e-14) * ($1 + 1) * 2 }
    }

    /// Sweeps from above: the values are a bound after each.
    private func sweep(_ fixed: [Int32], _ from: [Double]) {
        let process = process
        values = from
        values.withUnsafeMutableBufferPointer { values in
            for _ in 0..<20_000 {
                var change = 0.0
                for state in 0..<process.count {
                    var best = -Double.infinity
                    if fixed[state] >= 0 {
                        best = process.worth(process.row(state, Int(fixed[state])), values.baseAddress!)
                    } else {
                        for action in process.masks[Int(process.mask[state])] {
                            best = max(best, process.worth(process.row(state, action), values.baseAddress!))
                        }
                    }
                    change = max(change, values[state] - best)
                    values[state] = min(values[state], best)
                }
                if change < 1e-12 { break }
            }
            value = process.atStart(values.baseAddress!)
        }
    }

    /// Sums of certain transitions from below: visits are unavoidable after each round.
    private func unavoidableEndless(_ fixed: [Int32]) {
        let count = process.count
        var next = Array(repeating: 0.0, count: count)
        for state in 0..<count { visits[state] = process.start[state] }
        for _ in 0..<2_000 {
            var change = 0.0
            next.withUnsafeMutableBufferPointer { next in
                for state in 0..<count { next[state] = process.start[state] }
                pass(fixed, visits.baseAddress!, next.baseAddress!)
                for state in 0..<count {
                    change = max(change, next[state] - visits[state])
                    visits[state] = next[state]
                }
            }
            if change < 1e-10 { break }
        }
    }

    private func charge(_ fixed: [Int32], _ weights: UnsafePointer<Double>) {
        let (actions, process) = (process.actions, process)
        values.withUnsafeBufferPointer { values in
            for state in 0..<process.count where fixed[state] < 0 {
                for action in process.masks[Int(process.mask[state])] {
                    let worth = process.worth(process.row(state, action), values.baseAddress!)
                    losses[state * actions + action] = weights[state] * max(0, values[state] - worth)
                }
            }
        }
    }
}
