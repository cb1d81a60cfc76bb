// One training step of a small network, in floating-point operations per second, against OpenBLAS on large matrices.

import Networks
import Numerics
import PositionedJSON

/// Forward, backward, clipping and Adam on a batch. Counted are the multiplications and additions of the matrix products
/// alone: 2·batch·weights each for the way forward, for the weights' gradients and, without the first layer, for the
/// way back. Activations, biases, clipping and Adam take time and count as nothing.
struct TrainingStep {
    var inputs: Int
    var outputs: Int
    var batch: Int
    var activation: Activation

    static let shapes = [
        TrainingStep(inputs: 8, outputs: 4, batch: 64, activation: .tanh),
        TrainingStep(inputs: 8, outputs: 4, batch: 64, activation: .relu),
        TrainingStep(inputs: 4, outputs: 2, batch: 64, activation: .tanh),
        TrainingStep(inputs: 4, outputs: 2, batch: 32, activation: .relu),
    ]

    struct Result {
        var shape: TrainingStep
        var microseconds: Double
        var rate: Double
        var large: Double

        func json() -> JSONValue {
            [
                "network": .string("\(shape.inputs)-64-64-\(shape.outputs), \(shape.activation.rawValue)"),
                "batch": .integer(shape.batch), "microseconds": .number(microseconds), "gflops": .number(rate),
                "openblas_gflops": .number(large), "share": .number(rate / large),
            ]
        }
    }

    /// Large products before and after the steps; the higher rate counts.
    func measure() -> Result {
        var stream = RandomStream(seed: 1, purpose: "benchmark.step")
        let network = DenseNetwork(
            inputs: inputs, hidden: [64, 64], outputs: outputs, activation: activation, stream: &stream)
        network.reserve(batch: batch)
        let adam = Adam(count: network.parameterCount, learningRate: 1e-5)
        let input = FloatBuffer(batch * inputs)
        let gradient = FloatBuffer(batch * outputs)
        for index in 0..<input.count { input.start[index] = Float(stream.normal()) }
        for index in 0..<gradient.count { gradient.start[index] = Float(stream.normal()) / Float(batch) }
        var large = TrainingStep.largeProducts(stream: &stream)
        let seconds = TrainingStep.least(of: 40) {
            for _ in 0..<500 {
                network.forward(input.start, batch: batch)
                network.zeroGradients()
                network.backward(outputGradient: gradient.start)
                clipGradientNorm(network.gradients, maximum: 0.5)
                adam.step(parameters: network.parameters, gradients: network.gradients)
            }
        }
        large = max(large, TrainingStep.largeProducts(stream: &stream))
        let weights = inputs * 64 + 64 * 64 + 64 * outputs
        let operations = Double(2 * batch * (3 * weights - inputs * 64)) * 500
        return Result(
            shape: self, microseconds: seconds / 500 * 1e6, rate: operations / seconds / 1e9, large: large)
    }

    /// GFLOP/s of OpenBLAS's product of square matrices, the best of 1,024 and 2,048.
    private static func largeProducts(stream: inout RandomStream) -> Double {
        [1024, 2048].map { order in
            let a = FloatBuffer(order * order)
            let b = FloatBuffer(order * order)
            let c = FloatBuffer(order * order)
            for index in 0..<a.count {
                a.start[index] = Float(stream.uniform())
                b.start[index] = Float(stream.uniform())
            }
            let seconds = least(of: 4) {
                OpenBLAS.multiply(rows: order, columns: order, depth: order, a: a.start, b: b.start, c: c.start)
            }
            return 2 * Double(order * order * order) / seconds / 1e9
        }.max()!
    }

    private static func least(of count: Int, _ body: () -> Void) -> Double {
        (0..<count).map { _ in
            let begin = threadSeconds()
            body()
            return threadSeconds() - begin
        }.min()!
    }
}
