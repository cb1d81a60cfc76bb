// What the machine does, step by step: the operations of `Opcode` on rows in memory, and those on the result of the step
// before, which is still in the processor's registers.

/// A step of the loop in `ProgramScratch.run`. Names with "chained" work on the result of the step before and on the
/// rows a and b.
enum Step: UInt8, Sendable {
    case copy, negate, not, exp, log, log10, sqrt, abs, sign, floor, ceil, round, tanh, sin, cos, add, subtract
    case multiply, divide, minimum, maximum, less, lessOrEqual, equal, notEqual, and, or, powerOfLogarithm
    case multiplyAdd, multiplySubtract, negateMultiplyAdd, select
    /// −r, r·r, where r is the result of the step before
    case negateChained, squareChained
    /// r + a, r − a, a − r, r·a, r / a, a / r, where r is the result of the step before
    case addChained, subtractFromChained, subtractChained, multiplyChained, divideChained, divideByChained
    /// r·a + b, a·b + r, r·a − b, a·b − r, b − r·a, r − a·b, each rounded once, where r is the result of the step before
    case chainedTimesAdd, productAddChained, chainedTimesSubtract, productSubtractChained, negateChainedTimesAdd
    case chainedMinusProduct

    init(_ instruction: Instruction) {
        let opcode = instruction.opcode
        let chained: Step? =
            switch (opcode, instruction.chained) {
            case (.negate, .a): .negateChained
            case (.multiply, .both): .squareChained
            case (.add, .a), (.add, .b): .addChained
            case (.subtract, .a): .subtractFromChained
            case (.subtract, .b): .subtractChained
            case (.multiply, .a), (.multiply, .b): .multiplyChained
            case (.divide, .a): .divideChained
            case (.divide, .b): .divideByChained
            case (.multiplyAdd, .a), (.multiplyAdd, .b): .chainedTimesAdd
            case (.multiplyAdd, .c): .productAddChained
            case (.multiplySubtract, .a), (.multiplySubtract, .b): .chainedTimesSubtract
            case (.multiplySubtract, .c): .productSubtractChained
            case (.negateMultiplyAdd, .a), (.negateMultiplyAdd, .b): .negateChainedTimesAdd
            case (.negateMultiplyAdd, .c): .chainedMinusProduct
            default: nil
            }
        precondition(chained != nil || instruction.chained == nil, "no step takes that operand over")
        // Steps on memory have the opcodes' order.
        self = chained ?? Step(rawValue: opcode.rawValue)!
    }
}
