// What a deterministic policy of a decision process is worth exactly, and what every change of it would bring.

/// One state's action instead of the present one.
struct PolicyChange {
    var state: Int32
    var action: Int32
}

/// A policy under exact valuation. One thread's own.
protocol PolicyValuation: AnyObject {
    var process: DecisionProcess { get }
    /// By state.
    var policy: [Int32] { get }
    /// Over the start distribution.
    var value: Double { get }
    /// stages × states: expected (discounted) visits.
    var visits: UnsafeMutableBufferPointer<Double> { get }
    /// states × actions: by how much the value changes, to first order, where the state takes the action: expected
    /// visits times advantage (Kakade and Langford, "Approximately optimal approximate reinforcement learning", ICML
    /// 2002, lemma 6.1, with the visits of the present policy in place of those of the new one). 0 for the present
    /// action and where forbidden. Exact for a change in a single state up to the factor by which its visits change.
    var gains: UnsafeMutableBufferPointer<Double> { get }
    /// Takes another policy.
    func set(_ policy: [Int32])
    /// The exact value of the policy with changes.
    func value(changing changes: [PolicyChange]) -> Double
    /// Makes changes.
    func apply(_ changes: [PolicyChange])
}

extension DecisionProcess {
    /// The valuation that fits the objective.
    func valuation(_ policy: [Int32]) -> any PolicyValuation {
        switch objective {
        case .horizon(let decisions, _): HorizonValuation(self, decisions: decisions, policy)
        case .endless: EndlessValuation(self, policy)
        }
    }

    /// By state: its visits over all stages.
    func totalVisits(_ valuation: any PolicyValuation) -> [Double] {
        var sums = Array(repeating: 0.0, count: count)
        for stage in 0..<objective.stages {
            for state in 0..<count { sums[state] += valuation.visits[stage * count + state] }
        }
        return sums
    }
}

/// Values within a number of decisions: forwards for visits and values, backwards for gains.
final class HorizonValuation: PolicyValuation {
    let process: DecisionProcess
    private let decisions: Int
    private(set) var policy: [Int32] = []
    private(set) var value = 0.0
    let visits: UnsafeMutableBufferPointer<Double>
    let gains: UnsafeMutableBufferPointer<Double>
    private let front: UnsafeMutableBufferPointer<Double>
    private let next: UnsafeMutableBufferPointer<Double>

    init(_ process: DecisionProcess, decisions: Int, _ policy: [Int32]) {
        self.process = process
        self.decisions = decisions
        visits = .filled(Array(repeating: 0, count: decisions * process.count))
        gains = .filled(Array(repeating: 0, count: process.count * process.actions))
        front = .filled(Array(repeating: 0, count: process.count))
        next = .filled(Array(repeating: 0, count: process.count))
        set(policy)
    }

    deinit {
        visits.deallocate()
        gains.deallocate()
        front.deallocate()
        next.deallocate()
    }

    func set(_ policy: [Int32]) {
        self.policy = policy
        value = forward(policy, keeping: true)
        backward()
    }

    func apply(_ changes: [PolicyChange]) { set(changed(changes)) }

    func value(changing changes: [PolicyChange]) -> Double { forward(changed(changes), keeping: false) }

    private func changed(_ changes: [PolicyChange]) -> [Int32] {
        var policy = policy
        for change in changes { policy[Int(change.state)] = change.action }
        return policy
    }

    /// Follows the patients from the start and adds up what they meet.
    private func forward(_ policy: [Int32], keeping: Bool) -> Double {
        let count = process.count
        let process = process
        var now = front
        var later = next
        now.baseAddress!.update(from: process.start.baseAddress!, count: count)
        var sum = 0.0
        for stage in 0..<decisions {
            if keeping { (visits.baseAddress! + stage * count).update(from: now.baseAddress!, count: count) }
            for state in 0..<count { later[state] = 0 }
            for state in 0..<count where now[state] > 0 {
                let row = process.row(state, Int(policy[state]))
                let mass = now[state]
                sum += mass * process.rewards[row]
                for entry in Int(process.begins[row])..<Int(process.begins[row + 1]) {
                    later[Int(process.targets[entry])] += process.discount * mass * process.probabilities[entry]
                }
            }
            swap(&now, &later)
        }
        return sum
    }

    /// Gains from values to go, the visits of each stage being known.
    private func backward() {
        let (count, actions, process) = (process.count, process.actions, process)
        var later = front
        var now = next
        for state in 0..<count { later[state] = 0 }
        for cell in gains.indices { gains[cell] = 0 }
        for stage in (0..<decisions).reversed() {
            for state in 0..<count {
                now[state] = process.worth(process.row(state, Int(policy[state])), later.baseAddress!)
            }
            for state in 0..<count where visits[stage * count + state] > 0 {
                let mass = visits[stage * count + state]
                for action in process.masks[Int(process.mask[state])] where action != Int(policy[state]) {
                    let worth = process.worth(process.row(state, action), later.baseAddress!)
                    gains[state * actions + action] += mass * (worth - now[state])
                }
            }
            swap(&now, &later)
        }
    }
}
