// Fitted Q evaluation with a table: exact regression where finitely many different observations are seen.

import Patients

/// Fitted Q evaluation (Le, Voloshin and Yue, "Batch policy learning under constraints", ICML 2019, algorithm 3):
///
///     Qₖ(s, a) = mean over logged (s, a, r, s′) of r + γ·Σ π(a′|s′)·Qₖ₋₁(s′, a′),   Q₀ = 0
///
/// Qₖ is the value of the next k decisions, so a row at decision t is valued by Qₕ₋ₜ, where h is the horizon: the same
/// quantity that the weighted estimators estimate. Termination ends the sum; after truncation it goes on with what was
/// seen last. An action that nobody tried in a state is given the mean value of those that π may take there and somebody
/// tried, or else of those that were tried; a state that was never left, the mean value of all others.
public struct TabularFittedEvaluation: FittedEvaluation {
    public var name: String { "tabular" }
    public var isCheap: Bool { true }

    private let discount: Double
    private let horizon: Int
    private let episodes: Int
    /// How many different observations there are.
    public let states: Int
    /// The share of the evaluated policy's choices, over all logged decisions, that were tried in the same state.
    public let support: Double

    // By decision, all first ones, then all second ones, ….
    private let owners: [Int32]
    private let rows: [Int]
    private let cells: [Int32]
    private let rewards: [Double]
    /// The next row's point; −1 after termination.
    private let nextPoints: [Int32]
    /// By decision number: where its decisions begin.
    private let starts: [Int]
    /// By row: the pair of state and probabilities that it is.
    private let points: [Int32]
    private let rowCount: Int

    /// A cell is an action that was tried in a state; by state: its first cell.
    private let cellsOfState: [Int]
    /// By point: its state, and the cells of its actions of positive probability.
    private let stateOfPoint: [Int32]
    private let begins: [Int]
    private let choices: [Int32]
    private let shares: [Double]

    /// - Parameter target: rows × actions.
    public init(_ log: EpisodeLog, target: [Double], discount: Double, horizon: Int) {
        self.discount = discount
        self.horizon = horizon
        episodes = log.episodes
        rowCount = log.rows
        var known: [[UInt64]: Int32] = [:]
        var knownPoints: [[UInt64]: Int32] = [:]
        var stateOfRow: [Int32] = []
        var points: [Int32] = []
        var stateOfPoint: [Int32] = []
        var rowOfPoint: [Int] = []
        for row in 0..<log.rows {
            let sight = log.observations[(row * log.observationCount)..<((row + 1) * log.observationCount)]
            let key = sight.map { $0 == 0 ? 0 : $0.isNaN ? UInt64.max : $0.bitPattern }
            let state = known[key] ?? Int32(known.count)
            known[key] = state
            stateOfRow.append(state)
            let wanted = target[(row * log.actionCount)..<((row + 1) * log.actionCount)]
            let pointKey = [UInt64(state)] + wanted.map(\.bitPattern)
            if let point = knownPoints[pointKey] {
                points.append(point)
            } else {
                points.append(Int32(knownPoints.count))
                knownPoints[pointKey] = points[row]
                stateOfPoint.append(state)
                rowOfPoint.append(row)
            }
        }
        states = known.count
        // What was tried, numbered state by state.
        var tried = Array(repeating: Int32(-1), count: known.count * log.actionCount)
        for row in 0..<log.rows where log.actions[row] >= 0 {
            tried[Int(stateOfRow[row]) * log.actionCount + Int(log.actions[row])] = 0
        }
        var cellsOfState = [0]
        var cellCount = 0
        for state in 0..<known.count {
            for place in (state * log.actionCount)..<((state + 1) * log.actionCount) where tried[place] >= 0 {
                tried[place] = Int32(cellCount)
                cellCount += 1
            }
            cellsOfState.append(cellCount)
        }
        self.cellsOfState = cellsOfState
        var supported = 0.0
        var begins = [0]
        var choices: [Int32] = []
        var shares: [Double] = []
        var supportOfPoint: [Double] = []
        for (point, row) in rowOfPoint.enumerated() {
            var sum = 0.0
            for action in 0..<log.actionCount {
                let cell = tried[Int(stateOfPoint[point]) * log.actionCount + action]
                let share = target[row * log.actionCount + action]
                guard cell >= 0, share > 0 else { continue }
                choices.append(cell)
                shares.append(share)
                sum += share
            }
            begins.append(choices.count)
            supportOfPoint.append(sum)
        }
        for row in 0..<log.rows where log.actions[row] >= 0 { supported += supportOfPoint[Int(points[row])] }
        support = supported / Double(max(1, log.decisions))
        var owners: [Int32] = []
        var rows: [Int] = []
        var starts: [Int] = []
        let longest = (0..<log.episodes).map { log.decisions(of: $0).count }.max() ?? 0
        for decision in 0..<min(longest, horizon) {
            starts.append(rows.count)
            for episode in 0..<log.episodes where log.begins[episode] + decision < log.lastRow(of: episode) {
                owners.append(Int32(episode))
                rows.append(log.begins[episode] + decision)
            }
        }
        starts.append(rows.count)
        self.owners = owners
        self.rows = rows
        self.starts = starts
        cells = rows.map { tried[Int(stateOfRow[$0]) * log.actionCount + Int(log.actions[$0])] }
        rewards = rows.map { log.rewards[$0] }
        nextPoints = zip(rows, owners).map { row, owner in
            row + 1 == log.lastRow(of: Int(owner)) && log.terminated[Int(owner)] ? -1 : points[row + 1]
        }
        self.points = points
        self.stateOfPoint = stateOfPoint
        self.begins = begins
        self.choices = choices
        self.shares = shares
    }

    public func fit(_ multiplicities: [Double]) -> FittedValues {
        var counts = Array(repeating: 0.0, count: cellsOfState[states])
        for (place, cell) in cells.enumerated() { counts[Int(cell)] += multiplicities[Int(owners[place])] }
        var values = Array(repeating: 0.0, count: counts.count)
        var sums = values
        var worth = Array(repeating: 0.0, count: stateOfPoint.count)
        var result = FittedValues(zeros: rowCount)
        var isSettled = false
        for left in 1...max(1, horizon) {
            if !isSettled {
                let change = sweep(multiplicities, counts, worth, &sums, &values)
                value(values, counts, &worth)
                isSettled = change <= 1e-10 * (1 + (values.map(abs).max() ?? 0))
            }
            let decision = horizon - left
            guard decision + 1 < starts.count else { continue }
            for place in starts[decision]..<starts[decision + 1] {
                let row = rows[place]
                result.actions[row] =
                    counts[Int(cells[place])] > 0 ? values[Int(cells[place])] : worth[Int(points[row])]
                result.states[row] = worth[Int(points[row])]
            }
        }
        return result
    }

    /// One more decision: values := mean of reward + discount · worth of the next point. Returns the largest change.
    private func sweep(
        _ multiplicities: [Double], _ counts: [Double], _ worth: [Double], _ sums: inout [Double],
        _ values: inout [Double]
    ) -> Double {
        for cell in sums.indices { sums[cell] = 0 }
        for place in cells.indices {
            let next = nextPoints[place]
            let goal = rewards[place] + (next < 0 ? 0 : discount * worth[Int(next)])
            sums[Int(cells[place])] += multiplicities[Int(owners[place])] * goal
        }
        var change = 0.0
        for cell in sums.indices where counts[cell] > 0 {
            let value = sums[cell] / counts[cell]
            change = max(change, abs(value - values[cell]))
            values[cell] = value
        }
        return change
    }

    /// What every point is worth: Σ π·Q̂ over what was tried.
    private func value(_ values: [Double], _ counts: [Double], _ worth: inout [Double]) {
        var total = 0.0
        var totalCount = 0.0
        for cell in values.indices {
            total += counts[cell] * values[cell]
            totalCount += counts[cell]
        }
        let mean = totalCount > 0 ? total / totalCount : 0
        for point in worth.indices {
            var sum = 0.0
            var share = 0.0
            for choice in begins[point]..<begins[point + 1] where counts[Int(choices[choice])] > 0 {
                sum += shares[choice] * values[Int(choices[choice])]
                share += shares[choice]
            }
            if share > 0 {
                worth[point] = sum / share
                continue
            }
            var visits = 0.0
            let state = Int(stateOfPoint[point])
            for cell in cellsOfState[state]..<cellsOfState[state + 1] {
                sum += counts[cell] * values[cell]
                visits += counts[cell]
            }
            worth[point] = visits > 0 ? sum / visits : mean
        }
    }
}
