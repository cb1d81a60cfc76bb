// A tabular environment laid out for planning with trees: the states that can be reached and are no endings, and what
// every allowed action does in them.

import Numerics
import Patients

/// What is maximised over the start distribution.
public enum ExactObjective: Sendable, Equatable {
    /// Rewards of the first `decisions` decisions, each discounted: what evaluations report, at a discount of 1 and
    /// the environment's horizon.
    case horizon(decisions: Int, discount: Double)
    /// Rewards over endless time, discounted.
    case endless(discount: Double)

    public var discount: Double {
        switch self {
        case .horizon(_, let discount), .endless(let discount): discount
        }
    }

    /// Stages that values differ between: one per decision, or one for all.
    var stages: Int {
        switch self {
        case .horizon(let decisions, _): decisions
        case .endless: 1
        }
    }
}

/// The compact form of a model. States are numbered anew.
final class DecisionProcess: @unchecked Sendable {  // filled once, then only read
    let model: TabularModel
    let objective: ExactObjective
    let discount: Double
    /// The model's number of each state.
    let states: [Int]
    let count: Int
    let actions: Int
    let start: UnsafeMutableBufferPointer<Double>
    /// count × actions: the row of an action; −1 where it is forbidden.
    let rowOf: UnsafeMutableBufferPointer<Int32>
    /// rows + 1: where each row's entries begin. Endings are left out.
    let begins: UnsafeMutableBufferPointer<Int32>
    let targets: UnsafeMutableBufferPointer<Int32>
    let probabilities: UnsafeMutableBufferPointer<Double>
    /// By row: the reward expected of the step.
    let rewards: UnsafeMutableBufferPointer<Double>
    /// By state: the number of its set of allowed actions, and the sets.
    let mask: [Int32]
    let masks: [[Int]]
    /// By state: states of one cell look alike and allow the same, so that no tree can treat them differently.
    let cell: [Int32]
    let cells: Int
    /// A row per state of what is certain: the least probability of each next state over all allowed actions.
    let leastBegins: [Int32]
    let leastTargets: [Int32]
    let leastProbabilities: [Double]

    init(_ model: TabularModel, _ objective: ExactObjective) {
        self.model = model
        self.objective = objective
        discount = objective.discount
        let reached = DecisionProcess.reachable(model)
        let states = reached.indices.filter { reached[$0] && !model.isEnding($0) }
        self.states = states
        count = states.count
        let actions = model.actions
        self.actions = actions
        var number = Array(repeating: Int32(-1), count: model.states)
        for (index, state) in states.enumerated() { number[state] = Int32(index) }
        let dense = model.table.start
        start = .filled(states.map { dense[$0] })

        var rowOf = Array(repeating: Int32(-1), count: states.count * model.actions)
        var begins: [Int32] = [0]
        var targets: [Int32] = []
        var probabilities: [Double] = []
        var rewards: [Double] = []
        func appendRow(_ next: [(state: Int, probability: Double)]) -> Int32 {
            var reward = 0.0
            for (state, probability) in next {
                reward += probability * model.rewardOfState[state]
                guard number[state] >= 0 else { continue }
                targets.append(number[state])
                probabilities.append(probability)
            }
            begins.append(Int32(targets.count))
            rewards.append(reward)
            return Int32(rewards.count - 1)
        }
        var masks: [[Int]: Int32] = [:]
        var looks: [[UInt64]: Int32] = [:]
        var mask: [Int32] = []
        var cell: [Int32] = []
        for (index, state) in states.enumerated() {
            let admissible = model.admissible(state)
            for action in admissible {
                rowOf[index * actions + action] = appendRow(model.table.next(state: state, action: action))
            }
            let allowed = model.allowed(state)
            if admissible.count < allowed.count {
                // An inadmissible action does what the mean of the admissible ones does.
                var mean: [Int: Double] = [:]
                for action in admissible {
                    for (next, probability) in model.table.next(state: state, action: action) {
                        mean[next, default: 0] += probability / Double(admissible.count)
                    }
                }
                let row = appendRow(mean.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
                for action in allowed where rowOf[index * actions + action] < 0 {
                    rowOf[index * actions + action] = row
                }
            }
            let own = masks[allowed] ?? Int32(masks.count)
            masks[allowed] = own
            mask.append(own)
            let key = model.observation(state).map { ($0 + 0).bitPattern } + [UInt64(own)]
            let look = looks[key] ?? Int32(looks.count)
            looks[key] = look
            cell.append(look)
        }
        self.mask = mask
        self.masks = masks.sorted { $0.value < $1.value }.map(\.key)
        self.cell = cell
        cells = looks.count
        self.rowOf = .filled(rowOf)
        self.begins = .filled(begins)
        self.targets = .filled(targets)
        self.probabilities = .filled(probabilities)
        self.rewards = .filled(rewards)

        var leastBegins: [Int32] = [0]
        var leastTargets: [Int32] = []
        var leastProbabilities: [Double] = []
        for index in states.indices {
            let rows = Set((0..<actions).map { rowOf[index * actions + $0] }.filter { $0 >= 0 }).sorted()
            var least: [Int32: Double] = [:]
            for (place, row) in rows.enumerated() {
                let range = Int(begins[Int(row)])..<Int(begins[Int(row) + 1])
                var own: [Int32: Double] = [:]
                for entry in range { own[targets[entry], default: 0] += probabilities[entry] }
                least = place == 0 ? own : least.filter { own[$0.key] != nil }
                for (target, probability) in own { least[target] = least[target].map { min($0, probability) } }
            }
            for (target, probability) in least.sorted(by: { $0.key < $1.key }) {
                leastTargets.append(target)
                leastProbabilities.append(probability)
            }
            leastBegins.append(Int32(leastTargets.count))
        }
        self.leastBegins = leastBegins
        self.leastTargets = leastTargets
        self.leastProbabilities = leastProbabilities
    }

    deinit {
        start.deallocate()
        rowOf.deallocate()
        begins.deallocate()
        targets.deallocate()
        probabilities.deallocate()
        rewards.deallocate()
    }

    /// What a row is worth if the next states are worth `values`.
    @inline(__always)
    func worth(_ row: Int, _ values: UnsafePointer<Double>) -> Double {
        var sum = 0.0
        for entry in Int(begins[row])..<Int(begins[row + 1]) {
            sum += probabilities[entry] * values[Int(targets[entry])]
        }
        return rewards[row] + discount * sum
    }

    @inline(__always)
    func row(_ state: Int, _ action: Int) -> Int { Int(rowOf[state * actions + action]) }

    func allowed(_ state: Int) -> [Int] { masks[Int(mask[state])] }

    /// The mean of a number by state over the start distribution.
    func atStart(_ values: UnsafePointer<Double>) -> Double {
        var sum = 0.0
        for state in 0..<count { sum += start[state] * values[state] }
        return sum
    }

    /// Whether some policy may go on for ever: a set of states in each of which an action keeps within the set.
    var mayNeverEnd: Bool {
        var staying = Array(repeating: true, count: count)
        var changed = true
        while changed {
            changed = false
            for state in 0..<count where staying[state] {
                let stays = allowed(state).contains { action in
                    let row = row(state, action)
                    var mass = 0.0
                    for entry in Int(begins[row])..<Int(begins[row + 1]) {
                        guard staying[Int(targets[entry])] else { return false }
                        mass += probabilities[entry]
                    }
                    return mass > 1 - 1e-12
                }
                if !stays {
                    staying[state] = false
                    changed = true
                }
            }
        }
        return staying.contains(true)
    }

    /// Which states, endings included, some policy reaches.
    private static func reachable(_ model: TabularModel) -> [Bool] {
        var seen = model.table.start.map { $0 > 0 }
        var front = seen.indices.filter { seen[$0] }
        while let state = front.popLast() {
            if model.isEnding(state) { continue }
            for action in model.admissible(state) {
                for (next, _) in model.table.next(state: state, action: action) where !seen[next] {
                    seen[next] = true
                    front.append(next)
                }
            }
        }
        return seen
    }
}

extension UnsafeMutableBufferPointer {
    /// Memory with the elements of an array; the owner deallocates it.
    static func filled(_ elements: [Element]) -> UnsafeMutableBufferPointer {
        let buffer = UnsafeMutableBufferPointer.allocate(capacity: Swift.max(1, elements.count))
        _ = buffer.initialize(from: elements)
        return buffer
    }
}
