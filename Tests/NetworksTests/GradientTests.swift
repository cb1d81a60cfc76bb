// Hand-written derivatives against central finite differences.

import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct GradientTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        var inputs: Int
        var hidden: [Int]
        var outputs: Int
        var batch: Int
        var testDescription: String { "\(inputs)-\(hidden)-\(outputs) × \(batch)" }
    }
    static let shapes = [
        Shape(inputs: 3, hidden: [], outputs: 2, batch: 4), Shape(inputs: 1, hidden: [1], outputs: 1, batch: 1),
        Shape(inputs: 8, hidden: [20, 12], outputs: 4, batch: 1),
        Shape(inputs: 5, hidden: [17], outputs: 3, batch: 7),
        Shape(inputs: 4, hidden: [9, 16, 6], outputs: 1, batch: 13),
    ]

    /// Σ weight · (output + output²/2): a loss with a gradient in every output.
    private func loss(_ network: DenseNetwork, _ input: FloatBuffer, _ weights: [Float], batch: Int) -> Double {
        let output = network.forward(input.start, batch: batch)
        var sum = 0.0
        for index in weights.indices {
            let y = Double(output[index])
            sum += Double(weights[index]) * (y + 0.5 * y * y)
        }
        return sum
    }

    @Test(arguments: shapes, Activation.allCases)
    func allGradientsMatchFiniteDifferences(shape: Shape, activation: Activation) {
        var stream = RandomStream(seed: 5, purpose: "test.gradient")
        let network = DenseNetwork(
            inputs: shape.inputs, hidden: shape.hidden, outputs: shape.outputs, activation: activation,
            stream: &stream)
        let input = FloatBuffer(shape.batch * shape.inputs)
        for index in 0..<input.count { input.start[index] = Float(stream.normal()) }
        let weights = (0..<(shape.batch * shape.outputs)).map { _ in Float(stream.normal()) }
        let output = network.forward(input.start, batch: shape.batch)
        let outputGradient = weights.indices.map { weights[$0] * (1 + output[$0]) }
        let inputGradient = FloatBuffer(input.count)
        network.zeroGradients()
        network.backward(outputGradient: outputGradient, inputGradient: inputGradient.start)
        let gradients = Array(network.gradients)
        let norm = Double(gradients.reduce(0) { $0 + $1 * $1 }).squareRoot()

        // Central differences with a step large enough for Float32. A kink of relu inside the step spoils an entry, so
        // relu is allowed a few.
        func difference(_ place: UnsafeMutablePointer<Float>) -> Double {
            let step: Float = 2e-3
            let kept = place.pointee
            let high = kept + step
            let low = kept - step
            place.pointee = high
            let above = loss(network, input, weights, batch: shape.batch)
            place.pointee = low
            let below = loss(network, input, weights, batch: shape.batch)
            place.pointee = kept
            return (above - below) / Double(high - low)
        }
        var wrong = 0
        for index in 0..<network.parameterCount
        where abs(difference(network.parameters.baseAddress! + index) - Double(gradients[index])) > 2e-3 * (norm + 0.1)
        {
            wrong += 1
        }
        for index in 0..<input.count
        where abs(difference(input.start + index) - Double(inputGradient.start[index])) > 2e-3 * (norm + 0.1) {
            wrong += 1
        }
        let kinks = activation == .relu ? (network.parameterCount + input.count) / 50 : 0
        #expect(wrong <= kinks)
    }

    @Test func gradientsAddUpAndTheFirstLayerNeedsNoInputGradient() {
        var stream = RandomStream(seed: 6, purpose: "test.gradient")
        let network = DenseNetwork(inputs: 3, hidden: [5], outputs: 2, activation: .tanh, stream: &stream)
        let input: [Float] = [0.1, -0.4, 0.7, 1, 0, -1]
        let outputGradient: [Float] = [1, 2, -1, 0.5]
        input.withUnsafeBufferPointer { pointer in
            network.forward(pointer.baseAddress!, batch: 2)
            network.backward(outputGradient: outputGradient)
            let once = Array(network.gradients)
            network.backward(outputGradient: outputGradient)
            for index in once.indices { #expect(abs(network.gradients[index] - 2 * once[index]) < 1e-6) }
        }
    }

    @Test func evaluateEqualsForwardToTheBit() {
        var stream = RandomStream(seed: 7, purpose: "test.evaluate")
        let network = DenseNetwork(inputs: 6, hidden: [70, 33], outputs: 3, activation: .relu, stream: &stream)
        let input = FloatBuffer(9 * 6)
        for index in 0..<input.count { input.start[index] = Float(stream.normal()) }
        let scratch = FloatBuffer(network.scratchCount(batch: 9))
        let forward = network.forward(input.start, batch: 9)
        let evaluated = network.evaluate(input.start, batch: 9, scratch: scratch.start)
        for index in 0..<27 { #expect(forward[index] == evaluated[index]) }
        // A row's result does not depend on its neighbours.
        for row in 0..<9 {
            let alone = network.evaluate(input.start + row * 6, batch: 1, scratch: scratch.start)
            for index in 0..<3 { #expect(alone[index] == forward[row * 3 + index]) }
        }
    }

    @Test(arguments: [false, true])
    func crossEntropyGradientMatchesFiniteDifferences(masked: Bool) {
        var stream = RandomStream(seed: 8, purpose: "test.entropy")
        var logits = (0..<12).map { _ in Float(stream.normal()) }
        let allowed = masked ? [true, false, true, true, true, true, true, false, false, true, true, true] : nil
        let labels: [Int32] = [2, 2, 3]
        let weights: [Float] = [1, 0.5, 2]
        func loss(_ gradient: inout [Float]) -> Float {
            if let allowed {
                return allowed.withUnsafeBufferPointer { flags in
                    MaskedSoftmax.crossEntropy(
                        logits, allowed: flags.baseAddress!, labels: labels, weights: weights, rows: 3, count: 4,
                        gradient: &gradient)
                }
            }
            return MaskedSoftmax.crossEntropy(
                logits, allowed: nil, labels: labels, weights: weights, rows: 3, count: 4, gradient: &gradient)
        }
        var gradient = Array(repeating: Float(9), count: 12)
        var ignored = gradient
        _ = loss(&gradient)
        for index in 0..<12 {
            let kept = logits[index]
            logits[index] = kept + 1e-2
            let above = loss(&ignored)
            logits[index] = kept - 1e-2
            let below = loss(&ignored)
            logits[index] = kept
            #expect(abs((above - below) / 2e-2 - gradient[index]) < 1e-3)
        }
        if masked { #expect(gradient[1] == 0 && gradient[7] == 0 && gradient[8] == 0) }
    }

    @Test func huberIsQuadraticThenLinear() {
        #expect(Loss.huber(0.5).value == 0.125 && Loss.huber(0.5).derivative == 0.5)
        #expect(Loss.huber(-3).value == 2.5 && Loss.huber(-3).derivative == -1)
        #expect(Loss.huber(3, threshold: 2).value == 4 && Loss.huber(3, threshold: 2).derivative == 2)
    }
}

@Suite struct NetworkFileTests {
    @Test(arguments: Activation.allCases)
    func networksReadBackToTheBit(activation: Activation) throws {
        var stream = RandomStream(seed: 12, purpose: "test.json")
        let network = DenseNetwork(inputs: 3, hidden: [7, 5], outputs: 2, activation: activation, stream: &stream)
        for (index, value) in [Float(0.1), 1 / 3, 3 * .leastNonzeroMagnitude, -0.0, 3.4e38, .leastNonzeroMagnitude]
            .enumerated()
        {
            network.parameters[index] = value
        }
        let text = network.json().text()
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "n.json", bytes: Array(text.utf8)))
        let read = try #require(DenseNetwork(node, complaints: complaints))
        #expect(read.parameters.map(\.bitPattern) == network.parameters.map(\.bitPattern))
        #expect(read.widths == network.widths && read.activation == activation)
    }
}
