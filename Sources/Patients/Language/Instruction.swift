// What a compiled program is made of.

/// What an instruction does to its operands a, b and c, lane by lane.
enum Opcode: UInt8, Sendable {
    case copy, negate, not, exp, log, log10, sqrt, abs, sign, floor, ceil, round, tanh, sin, cos
    case add, subtract, multiply, divide, minimum, maximum, less, lessOrEqual, equal, notEqual, and, or
    /// e^(a·b), 1 where b is 0: a power from the logarithm of its base
    case powerOfLogarithm
    /// a·b + c, a·b − c, c − a·b, each rounded once
    case multiplyAdd, multiplySubtract, negateMultiplyAdd
    /// b where a is not 0, c elsewhere
    case select

    /// Whether it is carried out by a function of its own, from memory to memory.
    var worksInMemory: Bool {
        switch self {
        case .exp, .log, .log10, .sqrt, .abs, .sign, .floor, .ceil, .round, .tanh, .sin, .cos, .powerOfLogarithm: true
        default: false
        }
    }

    init(_ operation: UnaryOperation) {
        switch operation {
        case .negate: self = .negate
        case .not: self = .not
        case .exp: self = .exp
        case .log: self = .log
        case .log10: self = .log10
        case .sqrt: self = .sqrt
        case .abs: self = .abs
        case .sign: self = .sign
        case .floor: self = .floor
        case .ceil: self = .ceil
        case .round: self = .round
        case .tanh: self = .tanh
        case .sin: self = .sin
        case .cos: self = .cos
        }
    }

    init(_ operation: BinaryOperation) {
        switch operation {
        case .add: self = .add
        case .subtract: self = .subtract
        case .multiply: self = .multiply
        case .divide: self = .divide
        case .power: self = .powerOfLogarithm
        case .minimum: self = .minimum
        case .maximum: self = .maximum
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .and: self = .and
        case .or: self = .or
        }
    }
}

/// Where a value lives: a row of the inputs, of the scratch registers or of the outputs.
struct Place: Sendable, Equatable {
    enum Area: UInt8, Sendable { case input, register, output }
    var area: Area
    var row: Int32

    static let none = Place(area: .register, row: 0)
}

/// One operation over all lanes.
struct Instruction: Sendable, Equatable {
    var opcode: Opcode
    var target: Place
    var a: Place = .none
    var b: Place = .none
    var c: Place = .none
    /// The operand that is the result of the instruction before, taken from the processor's registers.
    var chained: Operand?
    /// Whether the result is written to `target`: not where the next instruction alone reads it.
    var stores = true

    enum Operand: Sendable, Equatable { case a, b, c, both }
}
