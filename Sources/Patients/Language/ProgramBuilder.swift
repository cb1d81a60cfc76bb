// From terms to a linear program: powers become products, a·b + c becomes one operation, what is shared is computed
// once, and registers are used again as soon as their value is dead.

/// Collects terms of one graph as the outputs of a program.
///
/// A term is compiled to the same operations whatever else the program computes, so that rates come out the same to
/// the bit whether or not the Jacobian is computed beside them.
public struct ProgramBuilder {
    public let graph: ExpressionGraph
    public private(set) var outputs: [Term] = []

    public init(graph: ExpressionGraph) { self.graph = graph }

    /// Adds an output; returns its row.
    @discardableResult
    public mutating func add(_ term: Term) -> Int {
        outputs.append(term)
        return outputs.count - 1
    }

    /// Adds ∂term/∂input as an output; returns its row.
    @discardableResult
    public mutating func addDerivative(of term: Term, withRespectTo slot: Int) -> Int {
        add(graph.derivative(of: term, withRespectTo: slot))
    }

    /// Compiles. `inputCount` is the number of input rows the caller will lay out, if more than are used.
    public func finish(inputCount: Int = 0) -> Program {
        var lowering = Lowering(graph: graph)
        let values = lowering.lower(outputs)
        return RegisterAllocation.program(values: lowering.values, outputs: values, inputCount: inputCount)
    }
}

/// A value of the lowered graph.
enum LoweredValue: Hashable, Sendable {
    case constant(UInt64)
    case input(Int32)
    case operation(Opcode, Int32, Int32, Int32)
}

/// Rewrites terms in the operations that the machine has.
struct Lowering {
    let graph: ExpressionGraph
    var values: [LoweredValue] = []
    private var known: [LoweredValue: Int32] = [:]

    init(graph: ExpressionGraph) { self.graph = graph }

    mutating func lower(_ terms: [Term]) -> [Int32] {
        var lowered: [Term: Int32] = [:]
        for node in graph.reachable(from: terms) {
            let value: Int32
            switch graph[node] {
            case .constant(let bits): value = intern(.constant(bits))
            case .input(let slot): value = intern(.input(slot))
            case .unary(let operation, let a): value = operate(Opcode(operation), lowered[a]!)
            case .binary(let operation, let a, let b): value = binary(operation, lowered[a]!, lowered[b]!)
            case .select(let c, let a, let b): value = operate(.select, lowered[c]!, lowered[a]!, lowered[b]!)
            }
            lowered[node] = value
        }
        return terms.map { lowered[$0]! }
    }

    private mutating func intern(_ value: LoweredValue) -> Int32 {
        if let index = known[value] { return index }
        let index = Int32(values.count)
        values.append(value)
        known[value] = index
        return index
    }

    private mutating func operate(_ opcode: Opcode, _ a: Int32, _ b: Int32 = -1, _ c: Int32 = -1) -> Int32 {
        intern(.operation(opcode, a, b, c))
    }

    private func factors(_ value: Int32) -> (Int32, Int32)? {
        if case .operation(.multiply, let a, let b, _) = values[Int(value)] { return (a, b) }
        return nil
    }

    private mutating func binary(_ operation: BinaryOperation, _ a: Int32, _ b: Int32) -> Int32 {
        switch operation {
        case .add:
            if let (x, y) = factors(b) { return operate(.multiplyAdd, x, y, a) }
            if let (x, y) = factors(a) { return operate(.multiplyAdd, x, y, b) }
        case .subtract:
            if let (x, y) = factors(b) { return operate(.negateMultiplyAdd, x, y, a) }
            if let (x, y) = factors(a) { return operate(.multiplySubtract, x, y, b) }
        case .power:
            if case .constant(let bits) = values[Int(b)] {
                let exponent = Double(bitPattern: bits)
                if exponent >= 2, exponent <= 64, exponent.rounded() == exponent {
                    return integerPower(a, Int(exponent))
                }
                // A constant exponent is never 0 here, so the plain exponential has the right limits.
                return operate(.exp, operate(.multiply, operate(.log, a), b))
            }
            return operate(.powerOfLogarithm, operate(.log, a), b)
        default: break
        }
        return operate(Opcode(operation), a, b)
    }

    /// Repeated squaring; at most twelve products.
    private mutating func integerPower(_ base: Int32, _ exponent: Int) -> Int32 {
        if exponent == 1 { return base }
        if exponent % 2 == 1 {
            let rest = integerPower(base, exponent - 1)
            return operate(.multiply, rest, base)
        }
        let half = integerPower(base, exponent / 2)
        return operate(.multiply, half, half)
    }
}
