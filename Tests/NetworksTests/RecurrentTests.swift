// The recurrent unit against PyTorch and against finite differences, and RMSProp against PyTorch.

import AllocationCounter
import Foundation
import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct RecurrentTests {
    private func unit(inputs: Int, hidden: Int) -> GatedRecurrentUnit {
        var stream = RandomStream(seed: 1, purpose: "test.unit")
        return GatedRecurrentUnit(inputs: inputs, hidden: hidden, stream: &stream)
    }

    /// `torch.nn.GRU(2, 3)` of PyTorch 2.15 with the same parameters.
    @Test func statesAreThoseOfPyTorch() {
        let unit = unit(inputs: 2, hidden: 3)
        for index in 0..<unit.parameterCount { unit.parameters[index] = Float(sin(Double(index + 1)) / 2) }
        let input: [Float] = [0.5, -1, 2, 0.25, 1, 0, -0.5, 0.75, 0.1, 0.2, 0.3, -0.4]
        let expected: [Float] = [
            -0.003072, 0.480758, 0.561916, 0.146585, 0.542043, 0.478226, 0.02284, 0.564715, 0.621634, -0.03808,
            0.197632, 0.293208, -0.0771, 0.362905, 0.525822, -0.070402, 0.376432, 0.53306,
        ]
        let zeros = Array(repeating: Float(0), count: 6)
        let never = Array(repeating: false, count: 6)
        let output = unit.forward(input, steps: 3, batch: 2, initial: zeros, starts: never)
        for index in expected.indices { #expect(abs(output[index] - expected[index]) < 2e-6) }
    }

    @Test func aStepAtATimeIsTheSequence() {
        let unit = unit(inputs: 4, hidden: 5)
        var stream = RandomStream(seed: 2, purpose: "test.unit")
        let input = (0..<(6 * 3 * 4)).map { _ in Float(stream.normal()) }
        let initial = (0..<15).map { _ in Float(stream.normal()) }
        let starts = (0..<18).map { $0 == 7 || $0 == 9 }
        let state = FloatBuffer(15)
        state.start.update(from: initial, count: 15)
        let scratch = FloatBuffer(unit.scratchCount(batch: 3))
        let output = unit.forward(input, steps: 6, batch: 3, initial: initial, starts: starts)
        input.withUnsafeBufferPointer { input in
            for step in 0..<6 {
                for row in 0..<3 where starts[step * 3 + row] {
                    (state.start + row * 5).update(repeating: 0, count: 5)
                }
                unit.advance(
                    input.baseAddress! + step * 12, state: state.start, batch: 3, scratch: scratch.start)
                for index in 0..<15 { #expect(state.start[index] == output[step * 15 + index]) }
            }
        }
    }

    /// Through time, through beginnings of courses, and through the dense network above.
    @Test(arguments: [(1, 1), (5, 1), (4, 3)])
    func gradientsMatchFiniteDifferences(steps: Int, batch: Int) {
        var stream = RandomStream(seed: 3, purpose: "test.unit")
        let network = RecurrentNetwork(
            inputs: 3, state: 6, hidden: [5], outputs: 2, activation: .tanh, stream: &stream,
            initialisation: .uniform)
        let rows = steps * batch
        let input = (0..<(rows * 3)).map { _ in Float(stream.normal()) }
        let initial = (0..<(batch * 6)).map { _ in Float(stream.uniform(-1, 1)) }
        let starts = (0..<rows).map { $0 == 7 || $0 == 3 }
        let weights = (0..<(rows * 2)).map { _ in Float(stream.normal()) }
        func loss() -> Double {
            let output = network.forward(input, steps: steps, batch: batch, initial: initial, starts: starts)
            return weights.indices.reduce(0) { sum, index in
                let y = Double(output[index])
                return sum + Double(weights[index]) * (y + 0.5 * y * y)
            }
        }
        input.withUnsafeBufferPointer { input in
            starts.withUnsafeBufferPointer { starts in
                let output = network.forward(
                    input.baseAddress!, steps: steps, batch: batch, initial: initial, starts: starts.baseAddress!)
                let gradient = weights.indices.map { weights[$0] * (1 + output[$0]) }
                network.zeroGradients()
                network.backward(outputGradient: gradient)
            }
        }
        for (parameters, gradients) in [
            (network.unit.parameters, Array(network.unit.gradients)),
            (network.head.parameters, Array(network.head.gradients)),
        ] {
            let norm = Double(gradients.reduce(0) { $0 + $1 * $1 }).squareRoot()
            for index in parameters.indices {
                let kept = parameters[index]
                let step: Float = 4e-3
                parameters[index] = kept + step
                let above = loss()
                parameters[index] = kept - step
                let below = loss()
                parameters[index] = kept
                let difference = (above - below) / Double((kept + step) - (kept - step))
                #expect(abs(difference - Double(gradients[index])) < 1e-3 * (norm + 0.1))
            }
        }
    }

    @Test func inputGradientsMatchFiniteDifferences() {
        let unit = unit(inputs: 3, hidden: 4)
        var stream = RandomStream(seed: 4, purpose: "test.unit")
        let input = FloatBuffer(4 * 2 * 3)
        for index in 0..<input.count { input.start[index] = Float(stream.normal()) }
        let initial = Array(repeating: Float(0), count: 8)
        let starts = (0..<8).map { $0 == 5 }
        let weights = (0..<32).map { _ in Float(stream.normal()) }
        func loss() -> Double {
            let output = unit.forward(input.start, steps: 4, batch: 2, initial: initial, starts: starts)
            return weights.indices.reduce(0) { $0 + Double(weights[$1] * output[$1]) }
        }
        let gradient = FloatBuffer(input.count)
        starts.withUnsafeBufferPointer {
            unit.forward(input.start, steps: 4, batch: 2, initial: initial, starts: $0.baseAddress!)
            unit.backward(outputGradient: weights, inputGradient: gradient.start)
        }
        for index in 0..<input.count {
            let kept = input.start[index]
            input.start[index] = kept + 4e-3
            let above = loss()
            input.start[index] = kept - 4e-3
            let below = loss()
            input.start[index] = kept
            #expect(abs((above - below) / 8e-3 - Double(gradient.start[index])) < 2e-3)
        }
    }

    @Test func sequencesAllocateNothing() {
        var stream = RandomStream(seed: 5, purpose: "test.unit")
        let network = RecurrentNetwork(
            inputs: 3, state: 8, hidden: [8], outputs: 2, activation: .tanh, stream: &stream,
            initialisation: .uniform)
        network.reserve(steps: 10, batch: 4)
        let input = FloatBuffer(120)
        let initial = FloatBuffer(32)
        let gradient = FloatBuffer(80)
        let starts = UnsafeMutablePointer<Bool>.allocate(capacity: 40)
        starts.initialize(repeating: false, count: 40)
        defer { starts.deallocate() }
        let before = allocationsOfThisThread()
        for _ in 0..<5 {
            network.forward(input.start, steps: 10, batch: 4, initial: initial.start, starts: starts)
            network.backward(outputGradient: gradient.start)
        }
        #expect(allocationsOfThisThread() == before)
    }

    @Test func networksReadBackToTheBit() throws {
        var stream = RandomStream(seed: 6, purpose: "test.unit")
        let network = RecurrentNetwork(
            inputs: 3, state: 4, hidden: [5], outputs: 2, activation: .relu, stream: &stream,
            initialisation: .uniform)
        func read(_ text: String) throws -> (RecurrentNetwork?, [String]) {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "n.json", bytes: Array(text.utf8)))
            return (RecurrentNetwork(node, complaints: complaints), complaints.items.map(\.description))
        }
        let text = network.json().text()
        let back = try #require(read(text).0)
        #expect(back.unit.parameters.map(\.bitPattern) == network.unit.parameters.map(\.bitPattern))
        #expect(back.json() == network.json())
        #expect(try read(text.replacing("\"hidden\": 4", with: "\"hidden\": 60000")).1[0].contains("must hold"))
    }

    /// `torch.optim.RMSprop([1, −2], lr=0.1, alpha=0.9, eps=1e-5)` on x² + y²/2, three steps.
    @Test func rmsPropIsThatOfPyTorch() {
        let optimiser = RMSProp(count: 2, learningRate: 0.1, alpha: 0.9, epsilon: 1e-5)
        var place: [Float] = [1, -2]
        for _ in 0..<3 {
            var gradient = [2 * place[0], place[1]]
            place.withUnsafeMutableBufferPointer { parameters in
                gradient.withUnsafeMutableBufferPointer {
                    optimiser.step(parameters: parameters, gradients: $0)
                }
            }
        }
        #expect(abs(place[0] - 0.36918765) < 1e-6 && abs(place[1] + 1.3087265) < 1e-6)
    }
}
