// The optimiser against its own formula in double precision, and the habits it must have.

import Networks
import Numerics
import Testing

@Suite struct AdamTests {
    @Test func stepsFollowTheFormula() {
        let count = 11
        let parameters = FloatBuffer(count)
        let gradients = FloatBuffer(count)
        let adam = Adam(count: count, learningRate: 0.01, weightDecay: 0.1)
        var stream = RandomStream(seed: 9, purpose: "test.adam")
        for index in 0..<count { parameters.start[index] = Float(stream.normal()) }
        var expected = parameters.elements.map(Double.init)
        var first = Array(repeating: 0.0, count: count)
        var second = first
        for step in 1...20 {
            for index in 0..<count {
                let gradient = stream.normal()
                gradients.start[index] = Float(gradient)
                first[index] = 0.9 * first[index] + 0.1 * gradient
                second[index] = 0.999 * second[index] + 0.001 * gradient * gradient
                var power1 = 1.0
                var power2 = 1.0
                for _ in 0..<step {
                    power1 *= 0.9
                    power2 *= 0.999
                }
                let mean = first[index] / (1 - power1)
                let root = (second[index] / (1 - power2)).squareRoot()
                expected[index] = expected[index] * (1 - 0.01 * 0.1) - 0.01 * mean / (root + 1e-8)
            }
            adam.step(parameters: parameters.elements, gradients: gradients.elements)
        }
        for index in 0..<count { #expect(abs(Double(parameters.start[index]) - expected[index]) < 1e-5) }
    }

    @Test func vanishingGradientsLeaveNoDenormals() {
        let parameters = FloatBuffer(3)
        let gradients = FloatBuffer(3)
        let adam = Adam(count: 3, beta1: 0.5, beta2: 0.5)
        for (index, value) in [Float(1e-10), 1e-20, -1e-38].enumerated() { gradients.start[index] = value }
        adam.step(parameters: parameters.elements, gradients: gradients.elements)
        gradients.zero()
        for _ in 0..<400 { adam.step(parameters: parameters.elements, gradients: gradients.elements) }
        let settled = Array(parameters.elements)
        adam.step(parameters: parameters.elements, gradients: gradients.elements)
        #expect(Array(parameters.elements) == settled)  // moments have become exactly zero
    }

    @Test func clippingKeepsTheDirection() {
        let gradients = FloatBuffer(2)
        gradients.start[0] = 3
        gradients.start[1] = 4
        #expect(clipGradientNorm(gradients.elements, maximum: 10) == 5)
        #expect(gradients.start[0] == 3)
        #expect(clipGradientNorm(gradients.elements, maximum: 1) == 5)
        #expect(abs(gradients.start[0] - 0.6) < 1e-5 && abs(gradients.start[1] - 0.8) < 1e-5)
    }

    @Test func aNetworkLearnsAFunction() {
        var stream = RandomStream(seed: 10, purpose: "test.fit")
        let network = DenseNetwork(inputs: 1, hidden: [32, 32], outputs: 1, activation: .tanh, stream: &stream)
        let adam = Adam(count: network.parameterCount, learningRate: 3e-3)
        let batch = 64
        let input = FloatBuffer(batch)
        let gradient = FloatBuffer(batch)
        var loss: Float = 0
        for _ in 0..<1500 {
            for row in 0..<batch { input.start[row] = Float(stream.uniform(-1, 1)) }
            let output = network.forward(input.start, batch: batch)
            loss = 0
            for row in 0..<batch {
                let x = input.start[row]
                let error = output[row] - x * x * x
                loss += error * error / Float(batch)
                gradient.start[row] = error / Float(batch)
            }
            network.zeroGradients()
            network.backward(outputGradient: gradient.start)
            adam.step(parameters: network.parameters, gradients: network.gradients)
        }
        #expect(loss < 1e-3)
    }

    @Test func orthogonalWeightsAreOrthonormal() {
        var stream = RandomStream(seed: 11, purpose: "test.orthogonal")
        let network = DenseNetwork(
            inputs: 6, hidden: [4], outputs: 9, activation: .tanh, stream: &stream,
            initialisation: .orthogonal(hiddenGain: 1, outputGain: 2))
        let p = network.parameters
        for i in 0..<4 {
            for j in 0..<4 {
                var columns: Float = 0
                for k in 0..<6 { columns += p[k * 4 + i] * p[k * 4 + j] }
                #expect(abs(columns - (i == j ? 1 : 0)) < 1e-5)
                var rows: Float = 0
                for k in 0..<9 { rows += p[28 + i * 9 + k] * p[28 + j * 9 + k] }
                #expect(abs(rows - (i == j ? 4 : 0)) < 1e-5)
            }
        }
        for k in 24..<28 { #expect(p[k] == 0) }
    }
}
