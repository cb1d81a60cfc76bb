// A gated recurrent unit in Float32 with its gradient through time, by hand; neither way allocates once its size has
// been reserved.

import Numerics

/// A layer with a memory (Cho et al., EMNLP 2014, arXiv 1406.1078), with the biases of PyTorch's `nn.GRU`:
///
///     r = σ(W_ir·x + b_ir + W_hr·h + b_hr),   z = σ(W_iz·x + b_iz + W_hz·h + b_hz)
///     n = tanh(W_in·x + b_in + r ∘ (W_hn·h + b_hn)),   h′ = (1 − z) ∘ n + z ∘ h
///
/// Parameters lie in one flat buffer: input weights (inputs × 3·hidden, columns in the order r, z, n), input biases,
/// recurrent weights (hidden × 3·hidden), recurrent biases. Rows of a sequence are step by step: row t·batch + b.
/// Used by one thread at a time, except that `advance` may run on several as long as nobody writes the parameters.
public final class GatedRecurrentUnit {
    public let inputs: Int
    public let hidden: Int
    public let parameterCount: Int
    let parameterMemory: FloatBuffer
    let gradientMemory: FloatBuffer

    // For the last `forward`; sizes are in rows of all steps unless said otherwise.
    private var rowCapacity = 0
    private var batchCapacity = 0
    /// r, z and n.
    private var gates = FloatBuffer(0)
    /// W_hn·h + b_hn
    private var candidates = FloatBuffer(0)
    /// h before each step, zero where a course begins.
    private var before = FloatBuffer(0)
    private var outputs = FloatBuffer(0)
    /// Gradients of what the gates add up from the input, and from h.
    private var inputSide = FloatBuffer(0)
    private var recurrentSide = FloatBuffer(0)
    /// batch × 3·hidden
    private var recurrent = FloatBuffer(0)
    /// batch × hidden: the gradient on its way back.
    private var delta = FloatBuffer(0)
    private let row: FloatBuffer
    private let transposed: FloatBuffer
    private var lastInput: UnsafePointer<Float>?
    private var lastStarts: UnsafePointer<Bool>?
    private var lastSteps = 0
    private var lastBatch = 0

    /// Where the parameters' parts begin.
    private var inputBiases: Int { inputs * 3 * hidden }
    private var recurrentWeights: Int { (inputs + 1) * 3 * hidden }
    private var recurrentBiases: Int { (inputs + 1 + hidden) * 3 * hidden }
    private var width: Int { 3 * hidden }

    /// A unit with every parameter zero.
    init(inputs: Int, hidden: Int) {
        precondition(inputs > 0 && hidden > 0, "a recurrent unit needs positive widths")
        self.inputs = inputs
        self.hidden = hidden
        parameterCount = (inputs + hidden + 2) * 3 * hidden
        parameterMemory = FloatBuffer(parameterCount)
        gradientMemory = FloatBuffer(parameterCount)
        row = FloatBuffer(2 * hidden)
        transposed = FloatBuffer(max(inputs, hidden) * 3 * hidden)
    }

    /// Parameters uniform on ±1/√hidden, PyTorch's default.
    public convenience init(inputs: Int, hidden: Int, stream: inout RandomStream) {
        self.init(inputs: inputs, hidden: hidden)
        let bound = 1 / Double(hidden).squareRoot()
        for index in 0..<parameterCount { parameterMemory.start[index] = Float(stream.uniform(-bound, bound)) }
    }

    /// An independent unit with the same parameters.
    public convenience init(copying other: GatedRecurrentUnit) {
        self.init(inputs: other.inputs, hidden: other.hidden)
        parameterMemory.start.update(from: other.parameterMemory.start, count: parameterCount)
    }

    public var parameters: UnsafeMutableBufferPointer<Float> { parameterMemory.elements }
    public var gradients: UnsafeMutableBufferPointer<Float> { gradientMemory.elements }
    public func zeroGradients() { gradientMemory.zero() }

    /// Makes room for sequences of `steps` steps of `batch` patients.
    public func reserve(steps: Int, batch: Int) {
        if batch > batchCapacity {
            batchCapacity = batch
            recurrent = FloatBuffer(batch * width)
            delta = FloatBuffer(batch * hidden)
        }
        guard steps * batch > rowCapacity else { return }
        rowCapacity = steps * batch
        gates = FloatBuffer(rowCapacity * width)
        candidates = FloatBuffer(rowCapacity * hidden)
        before = FloatBuffer(rowCapacity * hidden)
        outputs = FloatBuffer(rowCapacity * hidden)
        inputSide = FloatBuffer(rowCapacity * width)
        recurrentSide = FloatBuffer(rowCapacity * width)
        lastInput = nil
    }

    // MARK: - Forward

    /// The states after every step of a sequence.
    ///
    /// - Parameters:
    ///   - input: steps × batch × inputs; must stay as it is until `backward`, and so must `starts`.
    ///   - initial: batch × hidden, the states before the first step; not differentiated.
    ///   - starts: steps × batch, whether a course begins with the step: its state before is zero.
    /// - Returns: steps × batch × hidden, valid until the next `forward` or `reserve`.
    @discardableResult
    public func forward(
        _ input: UnsafePointer<Float>, steps: Int, batch: Int, initial: UnsafePointer<Float>,
        starts: UnsafePointer<Bool>
    ) -> UnsafePointer<Float> {
        reserve(steps: steps, batch: batch)
        (lastInput, lastStarts, lastSteps, lastBatch) = (input, starts, steps, batch)
        addInput(input, rows: steps * batch, into: gates.start)
        for step in 0..<steps {
            let base = step * batch
            let previous = step == 0 ? initial : UnsafePointer(outputs.start + (base - batch) * hidden)
            let start = before.start + base * hidden
            start.update(from: previous, count: batch * hidden)
            for index in 0..<batch where starts[base + index] {
                (start + index * hidden).update(repeating: 0, count: hidden)
            }
            addState(start, batch: batch, into: recurrent.start)
            for index in 0..<batch {
                let place = base + index
                (candidates.start + place * hidden).update(
                    from: recurrent.start + index * width + 2 * hidden, count: hidden)
                combine(
                    gates.start + place * width, recurrent.start + index * width, start + index * hidden,
                    into: outputs.start + place * hidden, row.start)
            }
        }
        return UnsafePointer(outputs.start)
    }

    /// Floats that `advance` needs for `batch` rows.
    public func scratchCount(batch: Int) -> Int { 2 * batch * width + 2 * hidden + 3 * FloatBuffer.slack }

    /// One step of every row, for any number of threads at a time.
    ///
    /// - Parameters:
    ///   - state: batch × hidden, read and overwritten.
    ///   - scratch: `scratchCount(batch:)` floats.
    public func advance(
        _ input: UnsafePointer<Float>, state: UnsafeMutablePointer<Float>, batch: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let gates = scratch
        let recurrent = gates + batch * width + FloatBuffer.slack
        let row = recurrent + batch * width + FloatBuffer.slack
        addInput(input, rows: batch, into: gates)
        addState(state, batch: batch, into: recurrent)
        for index in 0..<batch {
            let place = state + index * hidden
            combine(gates + index * width, recurrent + index * width, place, into: place, row)
        }
    }

    /// W_i·x + b_i
    private func addInput(_ input: UnsafePointer<Float>, rows: Int, into target: UnsafeMutablePointer<Float>) {
        let start = parameterMemory.start
        MatrixProduct.multiply(
            rows: rows, columns: width, depth: inputs, a: MatrixView(input, row: inputs), b: start, bRow: width,
            start: .bias(start + inputBiases), c: target, cRow: width)
    }

    /// W_h·h + b_h
    private func addState(_ state: UnsafePointer<Float>, batch: Int, into target: UnsafeMutablePointer<Float>) {
        let start = parameterMemory.start
        MatrixProduct.multiply(
            rows: batch, columns: width, depth: hidden, a: MatrixView(state, row: hidden),
            b: start + recurrentWeights, bRow: width, start: .bias(start + recurrentBiases), c: target, cRow: width)
    }

    /// One row's gates and next state. `gates` comes with the input's part and leaves with r, z and n.
    @inline(__always)
    private func combine(
        _ gates: UnsafeMutablePointer<Float>, _ recurrent: UnsafePointer<Float>, _ before: UnsafePointer<Float>,
        into after: UnsafeMutablePointer<Float>, _ row: UnsafeMutablePointer<Float>
    ) {
        // σ(x) = (1 + tanh(x/2)) / 2
        for index in 0..<(2 * hidden) { row[index] = 0.5 * (gates[index] + recurrent[index]) }
        Elementwise.tanh(row, count: 2 * hidden)
        for index in 0..<(2 * hidden) { gates[index] = 0.5 + 0.5 * row[index] }
        let candidate = gates + 2 * hidden
        for index in 0..<hidden {
            row[index] = candidate[index] + gates[index] * recurrent[2 * hidden + index]
        }
        Elementwise.tanh(row, count: hidden)
        for index in 0..<hidden {
            let new = row[index]
            candidate[index] = new
            after[index] = new + gates[hidden + index] * (before[index] - new)
        }
    }

    // MARK: - Backward

    /// Adds the gradients of a scalar loss to `gradients`, for the sequence of the last `forward`.
    ///
    /// - Parameters:
    ///   - outputGradient: ∂loss/∂output, steps × batch × hidden.
    ///   - inputGradient: receives ∂loss/∂input, steps × batch × inputs, where wanted.
    public func backward(outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>? = nil) {
        guard let input = lastInput, let starts = lastStarts else { preconditionFailure("backward without forward") }
        let batch = lastBatch
        let rows = lastSteps * batch
        let parameters = parameterMemory.start
        let gradients = gradientMemory.start
        MatrixProduct.transpose(
            parameters + recurrentWeights, rows: hidden, columns: width, into: transposed.start)
        delta.start.update(repeating: 0, count: batch * hidden)
        for step in (0..<lastSteps).reversed() {
            let base = step * batch
            for index in 0..<batch {
                differentiate(
                    base + index, outputGradient + (base + index) * hidden, delta.start + index * hidden)
            }
            guard step > 0 else { break }
            MatrixProduct.multiply(
                rows: batch, columns: hidden, depth: width,
                a: MatrixView(recurrentSide.start + base * width, row: width), b: transposed.start, bRow: hidden,
                start: .accumulate, c: delta.start, cRow: hidden)
            for index in 0..<batch where starts[base + index] {
                (delta.start + index * hidden).update(repeating: 0, count: hidden)
            }
        }
        MatrixProduct.multiply(
            rows: inputs, columns: width, depth: rows, a: MatrixView(input, row: 1, depth: inputs),
            b: inputSide.start, bRow: width, start: .accumulate, c: gradients, cRow: width)
        Elementwise.addColumnSums(inputSide.start, rows: rows, columns: width, to: gradients + inputBiases)
        MatrixProduct.multiply(
            rows: hidden, columns: width, depth: rows, a: MatrixView(before.start, row: 1, depth: hidden),
            b: recurrentSide.start, bRow: width, start: .accumulate, c: gradients + recurrentWeights, cRow: width)
        Elementwise.addColumnSums(recurrentSide.start, rows: rows, columns: width, to: gradients + recurrentBiases)
        guard let inputGradient else { return }
        MatrixProduct.transpose(parameters, rows: inputs, columns: width, into: transposed.start)
        MatrixProduct.multiply(
            rows: rows, columns: inputs, depth: width, a: MatrixView(inputSide.start, row: width),
            b: transposed.start, bRow: inputs, c: inputGradient, cRow: inputs)
    }

    /// One row of one step: from ∂loss/∂h′ (`outer` and what came back from later steps in `delta`) to the gradients of
    /// the gates' sums; `delta` becomes z ∘ ∂loss/∂h′, the part of ∂loss/∂h that does not go through the gates.
    @inline(__always)
    private func differentiate(
        _ place: Int, _ outer: UnsafePointer<Float>, _ delta: UnsafeMutablePointer<Float>
    ) {
        let gate = gates.start + place * width
        let candidate = candidates.start + place * hidden
        let before = before.start + place * hidden
        let fromInput = inputSide.start + place * width
        let fromState = recurrentSide.start + place * width
        for index in 0..<hidden {
            let r = gate[index]
            let z = gate[hidden + index]
            let n = gate[2 * hidden + index]
            let slope = outer[index] + delta[index]
            let new = slope * (1 - z) * (1 - n * n)
            let update = slope * (before[index] - n) * z * (1 - z)
            let reset = new * candidate[index] * r * (1 - r)
            fromInput[index] = reset
            fromInput[hidden + index] = update
            fromInput[2 * hidden + index] = new
            fromState[index] = reset
            fromState[hidden + index] = update
            fromState[2 * hidden + index] = new * r
            delta[index] = slope * z
        }
    }
}
