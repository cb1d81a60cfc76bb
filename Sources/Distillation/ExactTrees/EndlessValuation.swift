// Values over endless time by linear algebra: changing the action of k states costs a system of order k, not of n.

import Numerics

/// With P the transitions of the policy, M = (I − γP)⁻¹, d the start distribution: visits ρ = dM, values v = Mr. Let k
/// states S take other actions, Δ the change of their rows and A their advantages. By the formula of Sherman, Morrison
/// and Woodbury (Hager, "Updating the inverse of a matrix", SIAM Review 31 (1989) 221–239) the value changes by
///
///     ρ_S · (I − γ Δ M_S)⁻¹ · A
///
/// where M_S are the columns of S.
final class EndlessValuation: PolicyValuation {
    let process: DecisionProcess
    private(set) var policy: [Int32] = []
    private(set) var value = 0.0
    let visits: UnsafeMutableBufferPointer<Double>
    let gains: UnsafeMutableBufferPointer<Double>
    /// By state, values of the policy; states × actions, advantages.
    private var values: [Double]
    private var advantages: [Double]
    /// M, row-major.
    private var resolvent: [Double] = []
    /// Low-rank updates since M was last inverted.
    private var updates = 0

    /// Updates after which M is inverted anew, lest rounding adds up.
    private static let mostUpdates = 40

    init(_ process: DecisionProcess, _ policy: [Int32]) {
        self.process = process
        visits = .filled(Array(repeating: 0, count: process.count))
        gains = .filled(Array(repeating: 0, count: process.count * process.actions))
        values = Array(repeating: 0, count: process.count)
        advantages = Array(repeating: 0, count: process.count * process.actions)
        set(policy)
    }

    deinit {
        visits.deallocate()
        gains.deallocate()
    }

    func set(_ policy: [Int32]) {
        self.policy = policy
        let count = process.count
        var matrix = Array(repeating: 0.0, count: count * count)
        for state in 0..<count {
            matrix[state * count + state] += 1
            let row = process.row(state, Int(policy[state]))
            for entry in Int(process.begins[row])..<Int(process.begins[row + 1]) {
                matrix[state * count + Int(process.targets[entry])] -= process.discount * process.probabilities[entry]
            }
        }
        // Where every policy ends, or with a discount below 1, I − γP is an M-matrix and has an inverse.
        guard let inverse = inverse(matrix, count) else { preconditionFailure("a policy that never ends") }
        resolvent = inverse
        updates = 0
        derive()
    }

    /// Values, visits, advantages and gains from M.
    private func derive() {
        let (count, actions, process, policy) = (process.count, process.actions, process, policy)
        let rewards = (0..<count).map { process.rewards[process.row($0, Int(policy[$0]))] }
        for state in 0..<count { visits[state] = 0 }
        resolvent.withUnsafeBufferPointer { resolvent in
            for state in 0..<count {
                let line = resolvent.baseAddress! + state * count
                var sum = 0.0
                let mass = process.start[state]
                for other in 0..<count {
                    sum += line[other] * rewards[other]
                    visits[other] += mass * line[other]
                }
                values[state] = sum
            }
        }
        value = values.withUnsafeBufferPointer { process.atStart($0.baseAddress!) }
        values.withUnsafeBufferPointer { values in
            advantages.withUnsafeMutableBufferPointer { advantages in
                for state in 0..<count {
                    for action in process.masks[Int(process.mask[state])] {
                        let place = state * actions + action
                        let advantage =
                            action == Int(policy[state])
                            ? 0 : process.worth(process.row(state, action), values.baseAddress!) - values[state]
                        advantages[place] = advantage
                        gains[place] = visits[state] * advantage
                    }
                }
            }
        }
    }

    /// Δ·M, k × n, γ included; of the columns only those asked for.
    private func changedRows(_ changes: [PolicyChange], _ columns: [Int32]?) -> [Double] {
        let count = process.count
        let width = columns?.count ?? count
        var result = Array(repeating: 0.0, count: changes.count * width)
        resolvent.withUnsafeBufferPointer { resolvent in
            result.withUnsafeMutableBufferPointer { result in
                for (place, change) in changes.enumerated() {
                    let into = result.baseAddress! + place * width
                    let state = Int(change.state)
                    for (action, sign) in [(Int(change.action), 1.0), (Int(policy[state]), -1.0)] {
                        let row = process.row(state, action)
                        for entry in Int(process.begins[row])..<Int(process.begins[row + 1]) {
                            let weight = sign * process.discount * process.probabilities[entry]
                            let line = resolvent.baseAddress! + Int(process.targets[entry]) * count
                            if let columns {
                                for (index, column) in columns.enumerated() {
                                    into[index] += weight * line[Int(column)]
                                }
                            } else {
                                for column in 0..<count { into[column] += weight * line[column] }
                            }
                        }
                    }
                }
            }
        }
        return result
    }

    func value(changing changes: [PolicyChange]) -> Double {
        let changes = changes.filter { $0.action != policy[Int($0.state)] }
        guard !changes.isEmpty else { return value }
        let order = changes.count
        var system = changedRows(changes, changes.map(\.state)).map { -$0 }
        for index in 0..<order { system[index * order + index] += 1 }
        let right = changes.map { advantages[Int($0.state) * process.actions + Int($0.action)] }
        guard let solution = solveLinear(system, order, right) else { return -.infinity }
        return value + zip(changes, solution).reduce(0) { $0 + visits[Int($1.0.state)] * $1.1 }
    }

    func apply(_ changes: [PolicyChange]) {
        let changes = changes.filter { $0.action != policy[Int($0.state)] }
        guard !changes.isEmpty else { return }
        let (count, order) = (process.count, changes.count)
        var next = policy
        for change in changes { next[Int(change.state)] = change.action }
        updates += 1
        // The update costs 2n²k operations, the inverse 2n³.
        guard updates <= EndlessValuation.mostUpdates, 3 * order < count else { return set(next) }
        let rows = changedRows(changes, nil)
        var system = Array(repeating: 0.0, count: order * order)
        var columns = Array(repeating: 0.0, count: count * order)
        for (index, change) in changes.enumerated() {
            for place in 0..<order { system[place * order + index] = -rows[place * count + Int(change.state)] }
            for state in 0..<count { columns[state * order + index] = resolvent[state * count + Int(change.state)] }
        }
        for index in 0..<order { system[index * order + index] += 1 }
        guard let solved = solveLinear(system, order, rows, columns: count) else { return set(next) }
        addProduct(columns, solved, to: &resolvent, m: count, n: count, k: order)
        policy = next
        derive()
    }
}
