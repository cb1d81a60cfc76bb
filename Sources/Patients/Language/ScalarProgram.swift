// One expression compiled for one set of numbers at a time: for what is worked out once a patient and not at every step.

/// The nodes of a term in the order of their evaluation.
struct ScalarProgram: Sendable {
    private enum Step: Sendable {
        case constant(Double)
        case input(Int)
        case unary(UnaryOperation, Int)
        case binary(BinaryOperation, Int, Int, literal: Bool)
        case select(Int, Int, Int)
    }
    private let steps: [Step]

    init(_ term: Term, of graph: ExpressionGraph) {
        let nodes = graph.reachable(from: [term])
        var places: [Term: Int] = [:]
        var steps: [Step] = []
        steps.reserveCapacity(nodes.count)
        // A term's number is above those of its parts, so the last node is the term itself.
        for node in nodes {
            func place(_ part: Term) -> Int { places[part].unsafelyUnwrapped }
            switch graph[node] {
            case .constant(let bits): steps.append(.constant(Double(bitPattern: bits)))
            case .input(let slot): steps.append(.input(Int(slot)))
            case .unary(let operation, let a): steps.append(.unary(operation, place(a)))
            case .binary(let operation, let a, let b):
                steps.append(.binary(operation, place(a), place(b), literal: graph.constantValue(b) != nil))
            case .select(let c, let a, let b): steps.append(.select(place(c), place(a), place(b)))
            }
            places[node] = steps.count - 1
        }
        self.steps = steps
    }

    /// The value where the input in slot i is `inputs[i]`.
    func evaluate(_ inputs: [Double]) -> Double { evaluate { inputs[$0] } }

    func evaluate(_ input: (Int) -> Double) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: steps.count) { values in
            for (index, step) in steps.enumerated() {
                let value: Double
                switch step {
                case .constant(let number): value = number
                case .input(let slot): value = input(slot)
                case .unary(let operation, let a): value = ScalarMath.evaluate(operation, values[a])
                case .binary(let operation, let a, let b, let literal):
                    value = ScalarMath.evaluate(operation, values[a], values[b], literal: literal)
                case .select(let c, let a, let b): value = values[c] != 0 ? values[a] : values[b]
                }
                values.initializeElement(at: index, to: value)
            }
            return values[steps.count - 1]
        }
    }
}
