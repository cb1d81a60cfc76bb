// What a set of states must lose at least by sharing one leaf, kept up to date as states come and go.

/// A leaf ranks the actions, and each of its states takes the first that it is allowed. States that allow the same take
/// the same: a mask group m loses at least min over a ∈ m of Σ L(s, a). Where a is the leaf's first choice, all groups
/// that allow a take it. The leaf loses at least
///
///     min over a of [ Σ over groups with a of Σ L(s, a) + Σ over groups without a of their own minimum ]
///
/// which is exact where all states allow the same actions. One thread's own.
final class RegionLoss {
    private let process: DecisionProcess
    private let losses: UnsafePointer<Double>
    private let actions: Int
    /// groups × actions
    private var sums: [Double]
    /// By group: its minimum, and its states here.
    private var least: [Double]
    private var members: [Int32]
    private var touched: [Int32] = []
    /// By action: Σ over groups with it of (sum − minimum), and the states that allow it.
    private var excess: [Double]
    private var allowing: [Int32]
    private var total = 0.0

    /// - Parameter losses: states × actions; read when states are added.
    init(_ process: DecisionProcess, _ losses: UnsafePointer<Double>) {
        self.process = process
        self.losses = losses
        actions = process.actions
        sums = Array(repeating: 0, count: process.masks.count * process.actions)
        least = Array(repeating: 0, count: process.masks.count)
        members = Array(repeating: 0, count: process.masks.count)
        excess = Array(repeating: 0, count: process.actions)
        allowing = Array(repeating: 0, count: process.actions)
    }

    func clear() {
        for group in touched {
            for action in 0..<actions { sums[Int(group) * actions + action] = 0 }
            least[Int(group)] = 0
            members[Int(group)] = 0
        }
        touched.removeAll(keepingCapacity: true)
        for action in 0..<actions {
            excess[action] = 0
            allowing[action] = 0
        }
        total = 0
    }

    func add(_ state: Int) { change(state, 1) }
    func remove(_ state: Int) { change(state, -1) }

    private func change(_ state: Int, _ sign: Double) {
        let group = Int(process.mask[state])
        let step: Int32 = sign > 0 ? 1 : -1
        if members[group] == 0 { touched.append(Int32(group)) }
        members[group] += step
        let base = group * actions
        let old = least[group]
        var new = Double.infinity
        for action in process.masks[group] {
            excess[action] -= sums[base + action] - old
            allowing[action] += step
            let sum = members[group] == 0 ? 0 : sums[base + action] + sign * losses[state * actions + action]
            sums[base + action] = sum
            new = min(new, sum)
        }
        least[group] = new
        total += new - old
        for action in process.masks[group] { excess[action] += sums[base + action] - new }
    }

    /// The bound for the states added.
    var bound: Double {
        var best = Double.infinity
        for action in 0..<actions where allowing[action] > 0 { best = min(best, excess[action]) }
        return best.isFinite ? total + best : 0
    }
}
