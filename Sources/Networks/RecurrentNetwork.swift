// A network with a memory: a gated recurrent unit under a dense network, and both as a file.

import Numerics
import PositionedJSON

/// inputs → gated recurrent unit → dense network → outputs. Used by one thread at a time, except that `advance` may run
/// on several as long as nobody writes the parameters.
public final class RecurrentNetwork {
    public let unit: GatedRecurrentUnit
    public let head: DenseNetwork
    /// ∂loss/∂ the unit's outputs.
    private var delta = FloatBuffer(0)

    init(unit: GatedRecurrentUnit, head: DenseNetwork) {
        precondition(unit.hidden == head.inputs, "the head reads the unit's state")
        self.unit = unit
        self.head = head
    }

    /// A network with random parameters; the unit's are PyTorch's default.
    public convenience init(
        inputs: Int, state: Int, hidden: [Int], outputs: Int, activation: Activation, stream: inout RandomStream,
        initialisation: Initialisation
    ) {
        self.init(
            unit: GatedRecurrentUnit(inputs: inputs, hidden: state, stream: &stream),
            head: DenseNetwork(
                inputs: state, hidden: hidden, outputs: outputs, activation: activation, stream: &stream,
                initialisation: initialisation))
    }

    /// An independent network with the same parameters.
    public convenience init(copying other: RecurrentNetwork) {
        self.init(unit: GatedRecurrentUnit(copying: other.unit), head: DenseNetwork(copying: other.head))
    }

    /// Takes over another network's parameters; false, and nothing done, where its shape is another.
    public func copy(from other: RecurrentNetwork) -> Bool {
        guard unit.inputs == other.unit.inputs, unit.hidden == other.unit.hidden, head.widths == other.head.widths,
            head.activation == other.head.activation
        else { return false }
        _ = unit.parameters.update(fromContentsOf: UnsafeBufferPointer(other.unit.parameters))
        head.copy(from: other.head)
        return true
    }

    public var inputs: Int { unit.inputs }
    public var outputCount: Int { head.outputCount }
    /// Numbers that are remembered of each patient.
    public var stateCount: Int { unit.hidden }

    public func zeroGradients() {
        unit.zeroGradients()
        head.zeroGradients()
    }

    /// Makes room for sequences of `steps` steps of `batch` patients.
    public func reserve(steps: Int, batch: Int) {
        unit.reserve(steps: steps, batch: batch)
        head.reserve(batch: steps * batch)
        if delta.count < steps * batch * stateCount { delta = FloatBuffer(steps * batch * stateCount) }
    }

    /// The outputs for a sequence (see `GatedRecurrentUnit.forward`): steps × batch × outputs.
    @discardableResult
    public func forward(
        _ input: UnsafePointer<Float>, steps: Int, batch: Int, initial: UnsafePointer<Float>,
        starts: UnsafePointer<Bool>
    ) -> UnsafePointer<Float> {
        reserve(steps: steps, batch: batch)
        let states = unit.forward(input, steps: steps, batch: batch, initial: initial, starts: starts)
        return head.forward(states, batch: steps * batch)
    }

    /// Adds the gradients for the sequence of the last `forward`.
    public func backward(outputGradient: UnsafePointer<Float>) {
        head.backward(outputGradient: outputGradient, inputGradient: delta.start)
        unit.backward(outputGradient: delta.start)
    }

    /// Floats that `advance` needs for `batch` rows.
    public func scratchCount(batch: Int) -> Int {
        unit.scratchCount(batch: batch) + head.scratchCount(batch: batch)
    }

    /// One step of every row: the state moves on, the outputs (batch × outputs) are inside `scratch`.
    public func advance(
        _ input: UnsafePointer<Float>, state: UnsafeMutablePointer<Float>, batch: Int,
        scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        unit.advance(input, state: state, batch: batch, scratch: scratch)
        return head.evaluate(state, batch: batch, scratch: scratch + unit.scratchCount(batch: batch))
    }

    /// `{"unit": {"inputs": …, "hidden": …, "parameters": […]}, "head": a dense network}`; the unit's parameters in the
    /// order of its buffer.
    public func json() -> JSONValue { ["unit": unit.json(), "head": head.json()] }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    public convenience init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the network", complaints: complaints)
        let unitNode = reader.child("unit")
        let headNode = reader.child("head")
        reader.finish()
        guard let unitNode, let headNode else { return nil }
        let unit = GatedRecurrentUnit(unitNode, complaints: complaints)
        let head = DenseNetwork(headNode, complaints: complaints)
        guard let unit, let head else { return nil }
        if head.inputs != unit.hidden {
            complaints.add(headNode, "the head reads \(head.inputs) numbers, but the unit remembers \(unit.hidden)")
        }
        guard complaints.items.count == before else { return nil }
        self.init(unit: unit, head: head)
    }
}
