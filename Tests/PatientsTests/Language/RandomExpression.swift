// Random expressions that are smooth enough, and bounded enough, to be compared in floating point.

import Numerics

enum RandomExpression {
    static let names = ["x", "y", "z"]

    static func text(depth: Int, _ stream: inout RandomStream) -> String {
        if depth == 0 || stream.uniform() < 0.1 {
            return stream.uniform() < 0.7
                ? names[stream.below(names.count)] : "\((stream.uniform(0.1, 3) * 100).rounded() / 100)"
        }
        func part() -> String { "(" + text(depth: depth - 1, &stream) + ")" }
        switch stream.below(19) {
        case 0, 1: return part() + " + " + part()
        case 2, 3: return part() + " - " + part()
        case 4, 5: return part() + "*" + part()
        case 6: return part() + "/(1 + " + part() + "^2)"
        case 7: return part() + "/(2 + sin(" + part() + "))"
        case 8: return "exp(tanh(" + part() + "))"
        case 9: return "log(1.5 + " + part() + "^2)"
        case 10: return "sqrt(0.5 + " + part() + "^2)"
        case 11: return "tanh" + part()
        case 12: return "(0.3 + abs" + part() + ")^tanh" + part()
        case 13: return "min(" + part() + ", " + part() + ")"
        case 14: return "max(" + part() + ", abs" + part() + ")"
        case 15: return "if(" + part() + " < " + part() + ", " + part() + ", cos" + part() + ")"
        case 16: return "-" + part()
        case 17: return "log10(2 + " + part() + "^4)"
        default: return "(" + part() + "/(1 + abs" + part() + "))^3"
        }
    }
}
