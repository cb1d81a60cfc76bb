// Fitted Q evaluation with a network: for observations that do not repeat.

import Networks
import Numerics
import Patients

/// Fitted Q evaluation (Le, Voloshin and Yue, ICML 2019, algorithm 3), its regressions cut short: a network follows
///
///     r + γ·Σ π(a′|s′)·Q⁻(s′, a′)
///
/// by gradient steps on the squared error, Q⁻ being a copy of itself that is renewed now and then. The share of the watch
/// that is over is one more input, and after the last decision that counts nothing is added, so that Q(s, a) is the value
/// of what is left of the watch: the quantity that the weighted estimators estimate.
public struct NetworkFittedEvaluation: FittedEvaluation {
    public var name: String { "network" }
    public var isCheap: Bool { false }

    public var updates = 5_000
    public var batchSize = 256
    public var learningRate = 1e-3
    public var targetUpdateInterval = 250
    public var netArch = [64, 64]

    private let log: EpisodeLog
    /// rows × actions
    private let target: [Double]
    private let discount: Double
    private let horizon: Int
    private let seed: UInt64

    /// - Parameter target: rows × actions: the probabilities under the policy to be evaluated.
    public init(_ log: EpisodeLog, target: [Double], discount: Double, horizon: Int, seed: UInt64) {
        self.log = log
        self.target = target
        self.discount = discount
        self.horizon = horizon
        self.seed = seed
    }

    public func fit(_ multiplicities: [Double]) throws -> FittedValues {
        let rows = LoggedRows(log, horizon: horizon)
        let choices = drawable(multiplicities)
        guard !choices.isEmpty else { throw TrainingError.noLog }
        var initial = RandomStream(seed: seed, purpose: "fqe.initial")
        let online = DenseNetwork(
            inputs: rows.width, hidden: netArch, outputs: log.actionCount, activation: .relu, stream: &initial)
        let slow = DenseNetwork(copying: online)
        let adam = Adam(count: online.parameterCount, learningRate: Float(learningRate))
        online.reserve(batch: batchSize)
        let inputs = FloatBuffer(batchSize * rows.width)
        let nextInputs = FloatBuffer(batchSize * rows.width)
        let gradient = FloatBuffer(batchSize * log.actionCount)
        let scratch = FloatBuffer(online.scratchCount(batch: batchSize))
        var drawn = Array(repeating: 0, count: batchSize)
        var sampling = RandomStream(seed: seed, purpose: "fqe.sampling")
        for update in 1...updates {
            for place in 0..<batchSize {
                drawn[place] = choices[sampling.below(choices.count)]
                rows.copy(drawn[place], to: inputs.start + place * rows.width)
                rows.copy(drawn[place] + 1, to: nextInputs.start + place * rows.width)
            }
            let nextValues = slow.evaluate(nextInputs.start, batch: batchSize, scratch: scratch.start)
            let values = online.forward(inputs.start, batch: batchSize)
            gradient.zero()
            for (place, row) in drawn.enumerated() {
                let next = rows.isLast[row] ? 0 : expectation(nextValues + place * log.actionCount, at: row + 1)
                let cell = place * log.actionCount + Int(log.actions[row])
                let goal = Float(log.rewards[row] / rows.scale + discount * next)
                gradient.start[cell] = Loss.halfSquare(values[cell] - goal).derivative / Float(batchSize)
            }
            online.zeroGradients()
            online.backward(outputGradient: gradient.start)
            clipGradientNorm(online.gradients, maximum: 10)
            adam.step(parameters: online.parameters, gradients: online.gradients)
            if update % targetUpdateInterval == 0 { slow.copy(from: online) }
        }
        return try values(online, rows)
    }

    /// The rows of the decisions that count, each as often as its episode.
    private func drawable(_ multiplicities: [Double]) -> [Int] {
        (0..<log.episodes).flatMap { episode in
            repeatElement(log.decisions(of: episode).prefix(horizon), count: Int(multiplicities[episode])).joined()
        }
    }

    private func expectation(_ values: UnsafePointer<Float>, at row: Int) -> Double {
        var sum = 0.0
        for action in 0..<log.actionCount {
            let share = target[row * log.actionCount + action]
            if share > 0 { sum += share * Double(values[action]) }
        }
        return sum
    }

    /// Every row, valued by the network as it is.
    private func values(_ network: DenseNetwork, _ rows: LoggedRows) throws -> FittedValues {
        let scratch = FloatBuffer(network.scratchCount(batch: batchSize))
        var result = FittedValues(zeros: log.rows)
        for first in stride(from: 0, to: log.rows, by: batchSize) {
            let count = min(batchSize, log.rows - first)
            let outputs = network.evaluate(rows.inputs.start + first * rows.width, batch: count, scratch: scratch.start)
            for place in 0..<count where log.actions[first + place] >= 0 {
                let row = first + place
                let own = outputs + place * log.actionCount
                result.actions[row] = rows.scale * Double(own[Int(log.actions[row])])
                result.states[row] = rows.scale * expectation(own, at: row)
                guard result.states[row].isFinite else {
                    throw TrainingError.notFinite(what: "a fitted value", decisions: updates)
                }
            }
        }
        return result
    }
}

/// A log's rows as inputs of the network.
private struct LoggedRows {
    let width: Int
    /// rows × width
    let inputs: FloatBuffer
    /// By row: whether nothing is added behind its decision.
    var isLast: [Bool]
    /// Rewards and values are divided by the largest reward's size, so that the network's numbers are of order 1.
    let scale: Double

    init(_ log: EpisodeLog, horizon: Int) {
        let normalisation = Normalisation(log)
        width = log.observationCount + 1
        inputs = FloatBuffer(log.rows * (log.observationCount + 1))
        isLast = Array(repeating: false, count: log.rows)
        let largest = log.rewards.reduce(0) { max($0, abs($1)) }
        scale = largest > 0 ? largest : 1
        log.observations.withUnsafeBufferPointer { all in
            for episode in 0..<log.episodes {
                let first = log.begins[episode]
                for row in first..<log.begins[episode + 1] {
                    let own = inputs.start + row * width
                    normalisation.apply(all.baseAddress! + row * log.observationCount, into: own)
                    own[width - 1] = Float(min(1, Double(row - first) / Double(horizon)))
                }
                let last = log.lastRow(of: episode)
                for row in log.decisions(of: episode) {
                    isLast[row] = (row + 1 == last && log.terminated[episode]) || row - first + 1 >= horizon
                }
            }
        }
    }

    func copy(_ row: Int, to target: UnsafeMutablePointer<Float>) {
        target.update(from: inputs.start + row * width, count: width)
    }
}
