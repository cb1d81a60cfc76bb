// Random first parameters of a dense network.

import Numerics

extension DenseNetwork {
    /// Draws all parameters anew.
    public func initialise(_ initialisation: Initialisation, stream: inout RandomStream) {
        let start = parameterMemory.start
        for (index, layer) in layers.enumerated() {
            switch initialisation {
            case .uniform:
                let bound = 1 / Double(layer.inputs).squareRoot()
                for offset in 0..<((layer.inputs + 1) * layer.outputs) {
                    start[layer.weights + offset] = Float(stream.uniform(-bound, bound))
                }
            case .orthogonal(let hiddenGain, let outputGain):
                let gain = index == layers.count - 1 ? outputGain : hiddenGain
                let matrix = orthogonalMatrix(rows: layer.inputs, columns: layer.outputs, stream: &stream)
                for (offset, value) in matrix.enumerated() { start[layer.weights + offset] = gain * Float(value) }
                (start + layer.biases).update(repeating: 0, count: layer.outputs)
            }
        }
    }
}

/// A matrix whose shorter side is orthonormal, uniformly distributed: Gram–Schmidt (twice, for accuracy) on a matrix of
/// normal numbers. Row-major, rows × columns.
func orthogonalMatrix(rows: Int, columns: Int, stream: inout RandomStream) -> [Double] {
    let count = min(rows, columns)
    let length = max(rows, columns)
    var vectors: [[Double]] = []
    while vectors.count < count {
        var vector = (0..<length).map { _ in stream.normal() }
        for _ in 0..<2 {
            for other in vectors {
                var product = 0.0
                for index in 0..<length { product += vector[index] * other[index] }
                for index in 0..<length { vector[index] -= product * other[index] }
            }
        }
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 1e-9 else { continue }
        vectors.append(vector.map { $0 / norm })
    }
    var matrix = Array(repeating: 0.0, count: rows * columns)
    for (number, vector) in vectors.enumerated() {
        for (index, value) in vector.enumerated() {
            if rows >= columns {
                matrix[index * columns + number] = value
            } else {
                matrix[number * columns + index] = value
            }
        }
    }
    return matrix
}
