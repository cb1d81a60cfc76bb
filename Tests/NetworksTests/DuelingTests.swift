// The dueling network against its definition, and its gradients against finite differences.

import Networks
import Numerics
import Testing

@Suite struct DuelingTests {
    /// Q = V + A − mean(A) from the two streams' own layers, computed one by one.
    @Test func foldedLayersComputeTheDefinition() {
        var stream = RandomStream(seed: 1, purpose: "test.dueling")
        let (width, actions) = (6, 3)
        let head = DuelingHead(inputs: 4, hidden: [5, width], outputs: actions, activation: .relu, stream: &stream)
        let p = head.parameters
        let input = (0..<4).map { _ in Float(stream.normal()) }
        let scratch = FloatBuffer(head.network.scratchCount(batch: 1))
        let output = head.network.evaluate(input, batch: 1, scratch: scratch.start)
        func layer(_ below: [Float], _ offset: Int, _ count: Int, stride: Int, first: Int = 0) -> [Float] {
            (0..<count).map { column in
                below.indices.reduce(p[offset + below.count * stride + first + column]) {
                    $0 + below[$1] * p[offset + $1 * stride + first + column]
                }
            }
        }
        func relu(_ x: [Float]) -> [Float] { x.map { max(0, $0) } }
        let shared = relu(layer(input, 0, 5, stride: 5))
        let second = 5 * 4 + 5
        let forValue = relu(layer(shared, second, width, stride: 2 * width))
        let forAdvantage = relu(layer(shared, second, width, stride: 2 * width, first: width))
        let third = second + 6 * 2 * width
        let value = layer(forValue, third, 1, stride: 1)[0]
        let advantages = layer(forAdvantage, third + width + 1, actions, stride: actions)
        let mean = advantages.reduce(0, +) / Float(actions)
        for action in 0..<actions { #expect(abs(output[action] - (value + advantages[action] - mean)) < 1e-5) }
    }

    @Test(arguments: [[7], [5, 9], [6, 4, 8]], Activation.allCases)
    func gradientsMatchFiniteDifferences(hidden: [Int], activation: Activation) {
        var stream = RandomStream(seed: 2, purpose: "test.dueling")
        let (inputs, actions, batch) = (4, 3, 6)
        let head = DuelingHead(
            inputs: inputs, hidden: hidden, outputs: actions, activation: activation, stream: &stream)
        let input = FloatBuffer(batch * inputs)
        for index in 0..<input.count { input.start[index] = Float(stream.normal()) }
        let weights = (0..<(batch * actions)).map { _ in Float(stream.normal()) }
        /// Σ weight · (Q + Q²/2)
        func loss() -> Double {
            head.fold()
            let output = head.network.forward(input.start, batch: batch)
            return weights.indices.reduce(0.0) {
                let y = Double(output[$1])
                return $0 + Double(weights[$1]) * (y + 0.5 * y * y)
            }
        }
        _ = loss()
        let output = head.network.forward(input.start, batch: batch)
        let outputGradient = weights.indices.map { weights[$0] * (1 + output[$0]) }
        head.network.zeroGradients()
        head.network.backward(outputGradient: outputGradient)
        head.pullGradients()
        let gradients = Array(head.gradients)
        let norm = Double(gradients.reduce(0) { $0 + $1 * $1 }).squareRoot()
        var wrong = 0
        for index in gradients.indices {
            let kept = head.parameters[index]
            head.parameters[index] = kept + 2e-3
            let above = loss()
            head.parameters[index] = kept - 2e-3
            let below = loss()
            head.parameters[index] = kept
            if abs((above - below) / 4e-3 - Double(gradients[index])) > 2e-3 * (norm + 0.1) { wrong += 1 }
        }
        // A kink of relu inside the step spoils an entry.
        #expect(wrong <= (activation == .relu ? gradients.count / 50 : 0))
    }

    /// What all advantages have in common is not seen, and does not move.
    @Test func aConstantOfTheAdvantagesCancels() {
        var stream = RandomStream(seed: 3, purpose: "test.dueling")
        let head = DuelingHead(inputs: 3, hidden: [8], outputs: 4, activation: .tanh, stream: &stream)
        let input: [Float] = [0.3, -1, 2]
        let scratch = FloatBuffer(head.network.scratchCount(batch: 1))
        let before = (0..<4).map { head.network.evaluate(input, batch: 1, scratch: scratch.start)[$0] }
        let count = head.parameters.count
        for action in 0..<4 { head.parameters[count - 4 + action] += 5 }
        head.fold()
        let after = (0..<4).map { head.network.evaluate(input, batch: 1, scratch: scratch.start)[$0] }
        for action in 0..<4 { #expect(abs(before[action] - after[action]) < 1e-5) }
        head.network.zeroGradients()
        input.withUnsafeBufferPointer {
            _ = head.network.forward($0.baseAddress!, batch: 1)
            head.network.backward(outputGradient: [1, 2, 3, 4])
        }
        head.pullGradients()
        #expect(abs(head.gradients[(count - 4)..<count].reduce(0, +)) < 1e-4)
    }

    /// Parameters taken over from a folded network compute what it computes.
    @Test func unfoldingUndoesFolding() {
        var stream = RandomStream(seed: 3, purpose: "test.dueling")
        func head() -> DuelingHead {
            DuelingHead(inputs: 4, hidden: [5, 6], outputs: 3, activation: .tanh, stream: &stream)
        }
        let (first, second) = (head(), head())
        second.network.copy(from: first.network)
        second.unfold()
        let scratch = FloatBuffer(first.network.scratchCount(batch: 1))
        for _ in 0..<5 {
            let input = (0..<4).map { _ in Float(stream.normal()) }
            func outputs(_ head: DuelingHead) -> [Float] {
                let start = head.network.evaluate(input, batch: 1, scratch: scratch.start)
                return (0..<3).map { start[$0] }
            }
            let (a, b) = (outputs(first), outputs(second))
            for index in 0..<3 { #expect(abs(a[index] - b[index]) < 1e-5) }
        }
    }
}
