// How far generated rows are from real ones as a whole, to choose among generators.

import Numerics

/// The energy distance of two samples (Székely and Rizzo, J. Stat. Plan. Inference 143 (2013) 1249–1272, eq. 2.1):
/// 2 E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖, which is 0 only where both are distributed alike.
enum EnergyDistance {
    /// Rows as points: normal scores, and choices over √2, so that another category is 1 away.
    struct Points {
        let count: Int
        let width: Int
        let memory: FloatBuffer

        init(_ rows: TableEncoding.Rows, _ encoding: TableEncoding, only chosen: [Int]? = nil) {
            let chosen = chosen ?? Array(0..<rows.count)
            width = encoding.width
            count = chosen.count
            memory = FloatBuffer(count * width)
            for (place, row) in chosen.enumerated() {
                for k in 0..<width {
                    let scale: Float = k < encoding.scores ? 1 : 0.707_106_8
                    memory.start[place * width + k] = scale * rows.inputs[row * width + k]
                }
            }
        }
    }

    static func between(_ first: Points, _ second: Points) -> Double {
        2 * mean(first, second) - mean(first, first) - mean(second, second)
    }

    /// The mean distance between points of one sample and of another.
    private static func mean(_ first: Points, _ second: Points) -> Double {
        guard first.count > 0, second.count > 0 else { return 0 }
        let width = first.width
        var total = 0.0
        for a in 0..<first.count {
            let x = first.memory.start + a * width
            for b in 0..<second.count {
                let y = second.memory.start + b * width
                var square: Float = 0
                for k in 0..<width {
                    let difference = x[k] - y[k]
                    square += difference * difference
                }
                total += Double(square.squareRoot())
            }
        }
        return total / Double(first.count * second.count)
    }
}
