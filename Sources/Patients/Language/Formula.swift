// An expression as it was read: a tree kept flat, children before their parents, so that nothing that is done with it
// recurses, however it is nested.

/// A parsed expression of an environment file, such as `a*T*(1 - b*T) - c*N*T`.
public struct Formula: Sendable, Equatable, CustomStringConvertible {
    /// Longest expression, in bytes of UTF-8.
    public static let maximumLength = 4096
    /// Deepest nesting of parentheses, calls, signs and powers.
    public static let maximumDepth = 128

    struct Node: Sendable, Equatable {
        enum Kind: Sendable, Equatable {
            case number(Double, PhysicalUnit?)
            case name(String)
            case negate
            case not
            case binary(Operator)
            case call(String)
        }
        var kind: Kind
        /// Place of the operator or name.
        var offset: Int
        /// Place of the first character of the sub-expression.
        var textStart: Int
        /// Index of the first node of the sub-expression; it ends at the node itself.
        var first: Int
        var children: [Int]
    }

    enum Operator: String, Sendable {
        case or, and
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case power = "^"

        var precedence: Int {
            switch self {
            case .or: 1
            case .and: 2
            case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual: Precedence.comparison
            case .add, .subtract: 5
            case .multiply, .divide: 6
            case .power: Precedence.power
            }
        }
        var isComparison: Bool { precedence == Precedence.comparison }
    }

    enum Precedence {
        static let not = 3
        static let comparison = 4
        static let sign = 7
        static let power = 8
        static let primary = 9
    }

    /// Post-order; the last one is the root.
    let nodes: [Node]

    init(nodes: [Node]) { self.nodes = nodes }

    /// Reads an expression. Errors are placed by their UTF-8 offset in `text`.
    public init(parsing text: String) throws(ExpressionError) {
        var parser = FormulaParser(tokens: try Lexer.tokens(of: text))
        nodes = try parser.parse()
    }

    var root: Node { nodes[nodes.count - 1] }

    /// UTF-8 offset of the expression's first character in the text it was parsed from.
    public var textStart: Int { root.textStart }

    /// The name, where the expression is nothing but a name (as in `count(chemo)`).
    public var plainName: String? {
        if case .name(let name) = root.kind { return name }
        return nil
    }

    /// The number, where the expression is nothing but a number, with its unit if it has one.
    public var plainNumber: (value: Double, unit: PhysicalUnit?)? {
        if case .number(let value, let unit) = root.kind { return (value, unit) }
        return nil
    }

    /// Every name used (not those of functions), with the offset of each occurrence, in order.
    public var names: [(name: String, utf8Offset: Int)] {
        nodes.compactMap { node in
            if case .name(let name) = node.kind { return (name, node.offset) }
            return nil
        }
    }

    /// The sub-expression that ends at a node, with its places unchanged.
    func part(_ index: Int) -> Formula {
        let first = nodes[index].first
        return Formula(
            nodes: nodes[first...index].map { node in
                var moved = node
                moved.first -= first
                moved.children = node.children.map { $0 - first }
                return moved
            })
    }

    /// Back to text: the same expression with the fewest parentheses and even spacing.
    public var description: String {
        var texts: [String] = []
        var levels: [Int] = []
        func wrapped(_ child: Int, atLeast level: Int) -> String {
            levels[child] < level ? "(\(texts[child]))" : texts[child]
        }
        for node in nodes {
            let text: String
            var level = Precedence.primary
            switch node.kind {
            case .number(let value, let unit):
                text = shortNumber(value) + (unit.map { "[\($0)]" } ?? "")
            case .name(let name):
                text = name
            case .negate:
                level = Precedence.sign
                text = "-" + wrapped(node.children[0], atLeast: level)
            case .not:
                level = Precedence.not
                text = "not " + wrapped(node.children[0], atLeast: level)
            case .binary(let operation):
                level = operation.precedence
                let rightAssociative = operation == .power
                let left = wrapped(
                    node.children[0], atLeast: level + (rightAssociative || operation.isComparison ? 1 : 0))
                let right = wrapped(node.children[1], atLeast: rightAssociative ? Precedence.sign : level + 1)
                let tight = level == 6 || rightAssociative
                text = tight ? left + operation.rawValue + right : "\(left) \(operation.rawValue) \(right)"
            case .call(let name):
                text = name + "(" + node.children.map { texts[$0] }.joined(separator: ", ") + ")"
            }
            // A child's text is not needed again: each node has one parent.
            for child in node.children { texts[child] = "" }
            texts.append(text)
            levels.append(level)
        }
        return texts.last ?? ""
    }
}
