// Expressions as a graph in which equal sub-expressions are one node: what is shared is stored, differentiated and
// compiled once. Children have smaller numbers than their parents, so every pass is a loop and not a recursion.

/// A node of an `ExpressionGraph`. Terms of one graph are equal exactly when they are structurally the same.
public struct Term: Hashable, Sendable {
    let id: Int32
    var index: Int { Int(id) }
}

/// Builds expressions over numbered inputs, simplifying as it goes. Not for use by two threads at once.
public final class ExpressionGraph {
    enum Node: Hashable {
        /// Bits of a double, so that −0 and 0 differ.
        case constant(UInt64)
        case input(Int32)
        case unary(UnaryOperation, Term)
        case binary(BinaryOperation, Term, Term)
        /// condition, value where it is not 0, value where it is
        case select(Term, Term, Term)
    }

    var nodes: [Node] = []
    private var known: [Node: Term] = [:]
    /// Derivatives found so far: [slot: [node: derivative]].
    var derivatives: [Int: [Term: Term]] = [:]

    public init() {}

    /// How many different sub-expressions there are.
    public var nodeCount: Int { nodes.count }

    func intern(_ node: Node) -> Term {
        if let term = known[node] { return term }
        let term = Term(id: Int32(nodes.count))
        nodes.append(node)
        known[node] = term
        return term
    }

    subscript(_ term: Term) -> Node { nodes[term.index] }

    public func constant(_ value: Double) -> Term { intern(.constant(value.bitPattern)) }

    /// The input in a numbered slot: a state, a parameter, the time, a dose.
    public func input(_ slot: Int) -> Term { intern(.input(Int32(slot))) }

    /// The value, where the term is a constant.
    public func constantValue(_ term: Term) -> Double? {
        if case .constant(let bits) = self[term] { return Double(bitPattern: bits) }
        return nil
    }

    /// The slot, where the term is nothing but an input.
    public func inputSlot(_ term: Term) -> Int? {
        if case .input(let slot) = self[term] { return Int(slot) }
        return nil
    }

    func children(_ term: Term) -> [Term] {
        switch self[term] {
        case .constant, .input: []
        case .unary(_, let a): [a]
        case .binary(_, let a, let b): [a, b]
        case .select(let c, let a, let b): [c, a, b]
        }
    }

    /// Every node that the terms are made of, children before parents.
    func reachable(from terms: [Term]) -> [Term] {
        var seen = Set(terms)
        var stack = Array(seen)
        while let term = stack.popLast() {
            for child in children(term) where seen.insert(child).inserted { stack.append(child) }
        }
        return seen.sorted { $0.id < $1.id }
    }

    /// The slots that a term depends on, in ascending order.
    public func inputs(of term: Term) -> [Int] {
        reachable(from: [term]).compactMap { inputSlot($0) }.sorted()
    }

    /// The structurally non-zero entries of the Jacobian ∂rates/∂states, row by row: those whose symbolic derivative
    /// does not simplify to 0.
    /// - Parameter states: the slots of the states.
    public func jacobianPattern(of rates: [Term], states: [Int]) -> [(row: Int, column: Int)] {
        var pattern: [(row: Int, column: Int)] = []
        for (row, rate) in rates.enumerated() {
            let used = Set(inputs(of: rate))
            for (column, slot) in states.enumerated() where used.contains(slot) {
                if constantValue(derivative(of: rate, withRespectTo: slot)) != 0 { pattern.append((row, column)) }
            }
        }
        return pattern
    }

    /// The same term with inputs replaced, all at once (so that an input may be replaced by an expression of itself).
    public func substitute(_ replacements: [Int: Term], in term: Term) -> Term {
        var replaced: [Term: Term] = [:]
        for node in reachable(from: [term]) {
            func new(_ old: Term) -> Term { replaced[old] ?? old }
            switch self[node] {
            case .constant: replaced[node] = node
            case .input(let slot): replaced[node] = replacements[Int(slot)] ?? node
            case .unary(let operation, let a): replaced[node] = apply(operation, new(a))
            case .binary(let operation, let a, let b): replaced[node] = apply(operation, new(a), new(b))
            case .select(let c, let a, let b): replaced[node] = select(new(c), new(a), new(b))
            }
        }
        return replaced[term] ?? term
    }

    /// The value of a term for given inputs, in scalar arithmetic.
    public func evaluate(_ term: Term, inputs: (Int) -> Double) -> Double {
        ScalarProgram(term, of: self).evaluate(inputs)
    }
}
