// Losses with their derivatives, and the masked softmax: a forbidden action has probability zero and no gradient.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// A loss and its derivative with respect to the prediction.
public enum Loss {
    /// Huber's loss (Huber 1964) of an error prediction − target, quadratic within ±threshold; with threshold 1 it is
    /// PyTorch's `smooth_l1_loss`.
    @inlinable
    public static func huber(_ error: Float, threshold: Float = 1) -> (value: Float, derivative: Float) {
        let size = abs(error)
        if size <= threshold { return (0.5 * error * error, error) }
        return (threshold * (size - 0.5 * threshold), error < 0 ? -threshold : threshold)
    }

    /// (error)², half of it.
    @inlinable
    public static func halfSquare(_ error: Float) -> (value: Float, derivative: Float) {
        (0.5 * error * error, error)
    }
}

/// Softmax over the allowed entries of a row of logits.
public enum MaskedSoftmax {
    /// Log probabilities of one row; −∞ where not allowed.
    ///
    /// - Parameters:
    ///   - logits: `count` numbers.
    ///   - allowed: `count` flags, at least one true; nil allows all.
    ///   - result: `count` numbers.
    @inlinable
    public static func logProbabilities(
        _ logits: UnsafePointer<Float>, allowed: UnsafePointer<Bool>?, count: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        var highest = -Float.infinity
        for index in 0..<count where allowed?[index] ?? true { highest = max(highest, logits[index]) }
        var sum: Float = 0
        for index in 0..<count where allowed?[index] ?? true { sum += exp(logits[index] - highest) }
        let normaliser = highest + log(sum)
        for index in 0..<count {
            result[index] = allowed?[index] ?? true ? logits[index] - normaliser : -.infinity
        }
    }

    /// The entropy −Σ p log p of a row of log probabilities, in nats.
    @inlinable
    public static func entropy(_ logProbabilities: UnsafePointer<Float>, count: Int) -> Float {
        var sum: Float = 0
        for index in 0..<count where logProbabilities[index] > -.infinity {
            sum -= exp(logProbabilities[index]) * logProbabilities[index]
        }
        return sum
    }

    /// Mean weighted cross-entropy −Σ w log p(label) / Σ w of a batch and its gradient with respect to the logits.
    ///
    /// - Parameters:
    ///   - logits: rows × count.
    ///   - allowed: rows × count, or nil; every label must be allowed.
    ///   - labels: one per row.
    ///   - weights: one per row, or nil for 1.
    ///   - gradient: receives rows × count.
    public static func crossEntropy(
        _ logits: UnsafePointer<Float>, allowed: UnsafePointer<Bool>?, labels: UnsafePointer<Int32>,
        weights: UnsafePointer<Float>?, rows: Int, count: Int, gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        var total: Float = 0
        for row in 0..<rows { total += weights?[row] ?? 1 }
        guard total > 0 else {
            gradient.update(repeating: 0, count: rows * count)
            return 0
        }
        var loss: Float = 0
        for row in 0..<rows {
            let place = gradient + row * count
            logProbabilities(
                logits + row * count, allowed: allowed.map { $0 + row * count }, count: count, into: place)
            let label = Int(labels[row])
            let weight = (weights?[row] ?? 1) / total
            loss -= weight * place[label]
            for index in 0..<count {
                let probability = place[index] == -.infinity ? 0 : exp(place[index])
                place[index] = weight * (probability - (index == label ? 1 : 0))
            }
        }
        return loss
    }
}
