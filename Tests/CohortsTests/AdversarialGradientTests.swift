// Derivatives of adversarial training: the penalty's of second order, and the generator's under conditions.

import Cohorts
import Foundation
import Networks
import Numerics
import Testing

@Suite struct AdversarialGradientTests {
    /// D in Float64 and as it is written down: layers of weights (inputs × outputs) and biases, leaky below 0.
    static func critic(_ parameters: [Double], _ widths: [Int], _ x: [Double]) -> Double {
        var values = x
        var offset = 0
        for (layer, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
            var next = (0..<outputs).map { parameters[offset + inputs * outputs + $0] }
            for (i, value) in values.enumerated() {
                for j in 0..<outputs { next[j] += value * parameters[offset + i * outputs + j] }
            }
            offset += (inputs + 1) * outputs
            values = layer + 2 < widths.count ? next.map { $0 < 0 ? 0.2 * $0 : $0 } : next
        }
        return values[0]
    }

    /// Differences twice over, in Float64: of D by x, which are exact where D is linear, and of the penalty by each weight.
    @Test func penaltyHasItsExactGradient() {
        var stream = RandomStream(seed: 3, purpose: "test.critic")
        let critic = Critic(inputs: 5, hidden: [8, 6], stream: &stream)
        let rows = 6
        let x = FloatBuffer(rows * 5)
        for index in 0..<x.count { x.start[index] = Float(stream.normal()) }
        critic.zeroGradients()
        let value = critic.penalty(UnsafePointer(x.start), batch: rows, weight: 3)
        func penalty(_ parameters: [Double]) -> Double {
            var total = 0.0
            for row in 0..<rows {
                let place = (0..<5).map { Double(x.start[row * 5 + $0]) }
                var square = 0.0
                for k in 0..<5 {
                    var (up, down) = (place, place)
                    up[k] += 1e-6
                    down[k] -= 1e-6
                    let slope =
                        (Self.critic(parameters, critic.widths, up) - Self.critic(parameters, critic.widths, down))
                        / 2e-6
                    square += slope * slope
                }
                total += (square.squareRoot() - 1) * (square.squareRoot() - 1)
            }
            return 3 * total / Double(rows)
        }
        let parameters = critic.parameters.map(Double.init)
        #expect(abs(value - penalty(parameters)) < 1e-5)
        let largest = critic.gradients.map { abs($0) }.max() ?? 0
        #expect(largest > 0.05)
        for index in parameters.indices {
            var (up, down) = (parameters, parameters)
            up[index] += 1e-4
            down[index] -= 1e-4
            let numeric = (penalty(up) - penalty(down)) / 2e-4
            #expect(abs(numeric - Double(critic.gradients[index])) < 2e-4 * Double(largest), "parameter \(index)")
        }
    }

    @Test func criticsGradientIsThatOfItsValues() {
        var stream = RandomStream(seed: 4, purpose: "test.critic")
        let critic = Critic(inputs: 4, hidden: [7], stream: &stream)
        let x = FloatBuffer(3 * 4)
        for index in 0..<x.count { x.start[index] = Float(stream.normal()) }
        let weights = FloatBuffer(3)
        for (index, value) in [0.5, -1, 2].enumerated() { weights.start[index] = Float(value) }
        let inputGradient = FloatBuffer(3 * 4)
        critic.zeroGradients()
        critic.forward(UnsafePointer(x.start), batch: 3)
        critic.backward(outputGradient: UnsafePointer(weights.start), inputGradient: inputGradient.start)
        func loss(_ parameters: [Double], _ x: [Double]) -> Double {
            (0..<3).reduce(0) {
                $0 + Double(weights.start[$1])
                    * Self.critic(parameters, critic.widths, Array(x[$1 * 4..<($1 + 1) * 4]))
            }
        }
        let parameters = critic.parameters.map(Double.init)
        let inputs = x.elements.map(Double.init)
        for index in parameters.indices {
            var (up, down) = (parameters, parameters)
            up[index] += 1e-5
            down[index] -= 1e-5
            #expect(
                abs((loss(up, inputs) - loss(down, inputs)) / 2e-5 - Double(critic.gradients[index])) < 1e-5)
        }
        for index in inputs.indices {
            var (up, down) = (inputs, inputs)
            up[index] += 1e-5
            down[index] -= 1e-5
            #expect(
                abs((loss(parameters, up) - loss(parameters, down)) / 2e-5 - Double(inputGradient.start[index]))
                    < 1e-5)
        }
    }

    /// With a spike and a gap, so that scores count only in some states.
    @Test func generatorsGradientMatchesFiniteDifferences() {
        let encoding = TableEncoding(VAETests.mixedTable(rows: 60), spikeShare: 0.15)
        #expect(encoding.scores == 2)
        #expect(encoding.blocks.count == 3)
        let rows = 12
        var stream = RandomStream(seed: 5, purpose: "test.generator")
        let network = DenseNetwork(
            inputs: 4, hidden: [9], outputs: encoding.width, activation: .tanh, stream: &stream)
        let generator = RelaxedGenerator(encoding: encoding, network: network, temperature: 0.6)
        let noise = GeneratorNoise(latent: 4, scores: 2, choices: encoding.choices, rows: rows)
        noise.draw(&stream)
        let width = encoding.width
        let made = FloatBuffer(rows * width)
        let weights = FloatBuffer(rows * width)
        for index in 0..<weights.count { weights.start[index] = Float(stream.normal()) }
        func loss() -> Double {
            generator.forward(noise, into: made.start)
            return zip(made.elements, weights.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        _ = loss()
        generator.zeroGradients()
        generator.backward(rows: UnsafePointer(made.start), rowGradient: UnsafePointer(weights.start))
        for (parameters, gradients) in [
            (network.parameters, network.gradients),
            (generator.logSigma.elements, generator.logSigmaGradient.elements),
        ] {
            let exactGradient = Array(gradients)
            let size = exactGradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            for _ in 0..<6 {
                let direction = parameters.map { _ in Float(stream.normal()) }
                let before = Array(parameters)
                let step: Float = 4e-3
                func shifted(_ sign: Float) -> Double {
                    for k in 0..<before.count { parameters[k] = before[k] + sign * step * direction[k] }
                    return loss()
                }
                let numeric = (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * Double(step))
                for k in 0..<before.count { parameters[k] = before[k] }
                let exact = zip(exactGradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                #expect(abs(numeric - exact) < 3e-3 * max(size, abs(exact)))
            }
        }
    }
}
