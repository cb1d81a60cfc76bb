// The mode of a posterior by Fisher's scoring, from what is predicted around it: one patient's, no simulation in here.

import Numerics

/// Minimises −2 log posterior of independent standard normal effects z, given measurements y with normal errors:
/// Σ (y − f(z))² / v(z) + ln v(z) + zᵀz (Sheiner and Beal 1980). The caller predicts f and v at `point(_:)` 0, 1, …; a
/// step is tried at the next round and halved by damping (Levenberg and Marquardt) where it was none.
struct PosteriorMode {
    /// The best effects so far.
    private(set) var mode: [Double]
    /// −2 log posterior there, without constants.
    private(set) var value = Double.infinity
    private(set) var isFound = false
    /// Whether the last round's centre is the best so far.
    private(set) var wasAccepted = false
    private var trial: [Double]
    private var gradient: [Double]
    private var information: [Double]
    private var damping = 1e-3
    private let difference: Double
    private let tolerance: Double
    private var rounds = 0
    private let maximumRounds: Int

    /// Effects are kept within so many standard deviations.
    static let limit = 5.0
    /// Squared standardised residual up to which the error's own slope counts.
    private static let near = 9.0
    /// No effect moves farther in one round.
    private static let longestStep = 1.0

    init(start: [Double], difference: Double, tolerance: Double, maximumRounds: Int) {
        mode = start
        trial = start
        gradient = start.map { _ in 0 }
        information = Array(repeating: 0, count: start.count * start.count)
        self.difference = difference
        self.tolerance = tolerance
        self.maximumRounds = maximumRounds
    }

    /// Points of a round: the centre, then each effect down and up.
    static func points(effects: Int) -> Int { 2 * effects + 1 }

    /// Where the next round predicts.
    func point(_ index: Int, into effects: UnsafeMutablePointer<Double>) {
        for effect in trial.indices { effects[effect] = trial[effect] }
        guard index > 0 else { return }
        effects[(index - 1) / 2] += index % 2 == 1 ? -difference : difference
    }

    /// A measurement with what was predicted of it at all points of the round.
    struct Residuals {
        var measured: Double
        /// By point.
        var mean: (Int) -> Double
        var variance: (Int) -> Double
    }

    /// Takes a round's predictions and decides where the next one is made. `visit` calls its argument with every
    /// measurement.
    mutating func take(_ visit: ((Residuals) -> Void) -> Void) {
        let count = trial.count
        var cost = trial.reduce(0) { $0 + $1 * $1 }
        var slope = trial.map { 2 * $0 }
        var fisher = Array(repeating: 0.0, count: count * count)
        for effect in 0..<count { fisher[effect * count + effect] = 2 }
        var means = Array(repeating: 0.0, count: count)
        var variances = means
        visit { item in
            var variance = item.variance(0)
            let residual = item.measured - item.mean(0)
            guard variance.isFinite, residual.isFinite else {
                cost = .infinity
                return
            }
            if variance < 1e-18 {
                // A prediction beyond the range of a meter carries no error; a hundredth of its size keeps it from being
                // right at no cost.
                let size = 0.01 * (abs(item.measured) + abs(item.mean(0)))
                variance = size * size + 1e-12
            }
            cost += residual * residual / variance + laneScalar(LaneMath.log, variance)
            for effect in 0..<count {
                means[effect] = (item.mean(2 * effect + 2) - item.mean(2 * effect + 1)) / (2 * difference)
                variances[effect] = (item.variance(2 * effect + 2) - item.variance(2 * effect + 1)) / (2 * difference)
            }
            // Far from a measurement a larger error would explain it too; the way there is the wrong one.
            let isNear = residual * residual < PosteriorMode.near * variance
            let weight = isNear ? 1 - residual * residual / variance : 0
            for row in 0..<count {
                slope[row] += (weight * variances[row] - 2 * residual * means[row]) / variance
                for column in 0...row {
                    fisher[row * count + column] +=
                        2 * means[row] * means[column] / variance
                        + (isNear ? variances[row] * variances[column] / (variance * variance) : 0)
                }
            }
        }
        rounds += 1
        wasAccepted = cost < value || rounds == 1
        if wasAccepted {
            mode = trial
            value = cost
            gradient = slope
            information = fisher
            damping = max(1e-9, 0.2 * damping)
        } else {
            damping = max(1e-3, 8 * damping)
        }
        guard cost.isFinite || value.isFinite, rounds < maximumRounds, damping < 1e9 else {
            isFound = true
            return
        }
        var step = scoringStep()
        let longest = step.reduce(0) { max($0, abs($1)) }
        if longest > PosteriorMode.longestStep { step = step.map { $0 * PosteriorMode.longestStep / longest } }
        // What the step promises.
        var promise = 0.0
        for row in 0..<count {
            promise -= gradient[row] * step[row]
            for column in 0..<count {
                promise -= 0.5 * step[row] * step[column] * information[max(row, column) * count + min(row, column)]
            }
        }
        guard promise > tolerance else {
            isFound = true
            return
        }
        trial = zip(mode, step).map { min(PosteriorMode.limit, max(-PosteriorMode.limit, $0 + $1)) }
    }

    /// (I + λ diag I)⁻¹ · −gradient, by Cholesky's factor.
    private func scoringStep() -> [Double] {
        let count = mode.count
        var factor = information
        for row in 0..<count {
            for column in 0...row {
                var sum = information[row * count + column]
                if row == column { sum *= 1 + damping }
                for k in 0..<column { sum -= factor[row * count + k] * factor[column * count + k] }
                factor[row * count + column] =
                    row == column ? max(sum, 1e-12).squareRoot() : sum / factor[column * count + column]
            }
        }
        var solution = gradient.map { -$0 }
        for row in 0..<count {
            for k in 0..<row { solution[row] -= factor[row * count + k] * solution[k] }
            solution[row] /= factor[row * count + row]
        }
        for row in stride(from: count - 1, through: 0, by: -1) {
            for k in (row + 1)..<max(row + 1, count) { solution[row] -= factor[k * count + row] * solution[k] }
            solution[row] /= factor[row * count + row]
        }
        return solution
    }
}
