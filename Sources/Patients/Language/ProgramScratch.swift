// Registers and resolved addresses of a program for one thread.

import Numerics

/// Working memory of one program for one thread.
public final class ProgramScratch {
    /// Lanes that go through the whole program together: enough to spread the cost of decoding an instruction, few
    /// enough for all registers to stay in the first-level cache.
    static let tile = 32

    /// A step with its operands' areas and offsets in doubles.
    struct Resolved {
        var step: Step
        var stores: Bool
        var targetArea, aArea, bArea, cArea: UInt8
        var target, a, b, c: Int32
    }

    private let registers: LaneMemory
    let code: UnsafeMutableBufferPointer<Resolved>
    /// First lane of inputs, registers and outputs.
    let bases: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
    private var inputStride = -1
    private var outputStride = -1

    init(_ program: Program) {
        registers = LaneMemory(rows: max(1, program.registerCount), width: ProgramScratch.tile)
        for (index, value) in program.constants.enumerated() {
            registers.row(program.temporaryCount + index).update(repeating: value, count: ProgramScratch.tile)
        }
        code = .allocate(capacity: program.instructions.count)
        bases = .allocate(capacity: 3)
        bases.initialize(repeating: registers.base, count: 3)
    }

    deinit {
        code.deallocate()
        bases.deallocate()
    }

    /// Works out offsets for the caller's layout, when it is another than last time.
    func settle(_ program: Program, inputStride: Int, outputStride: Int) {
        if inputStride == self.inputStride && outputStride == self.outputStride { return }
        precondition(code.count == program.instructions.count, "scratch of another program")
        self.inputStride = inputStride
        self.outputStride = outputStride
        func offset(_ place: Place) -> Int32 {
            switch place.area {
            case .input: place.row * Int32(inputStride)
            case .register: place.row * Int32(ProgramScratch.tile)
            case .output: place.row * Int32(outputStride)
            }
        }
        for (index, instruction) in program.instructions.enumerated() {
            code.initializeElement(
                at: index,
                to: resolved(instruction, offset: offset))
        }
    }

    /// The step for an instruction; operands in memory first.
    private func resolved(_ instruction: Instruction, offset: (Place) -> Int32) -> Resolved {
        let (a, b, c) = (instruction.a, instruction.b, instruction.c)
        let (first, second, third): (Place, Place, Place) =
            switch instruction.chained {
            case nil: (a, b, c)
            case .a, .both: (b, c, .none)
            case .b: (a, c, .none)
            case .c: (a, b, .none)
            }
        return Resolved(
            step: Step(instruction), stores: instruction.stores, targetArea: instruction.target.area.rawValue,
            aArea: first.area.rawValue, bArea: second.area.rawValue, cArea: third.area.rawValue,
            target: offset(instruction.target), a: offset(first), b: offset(second), c: offset(third))
    }
}
