// Registers and resolved addresses of a program, and the loop that carries it out.

import Numerics

/// Working memory of one program for one thread.
public final class ProgramScratch {
    /// Lanes that go through the whole program together: enough to spread the cost of decoding an instruction, few
    /// enough for all registers to stay in the first-level cache.
    static let tile = 32

    /// An instruction with its operands' areas and offsets in doubles.
    private struct Resolved {
        var opcode: Opcode
        var targetArea, aArea, bArea, cArea: UInt8
        var target, a, b, c: Int32
    }

    private let registers: LaneMemory
    private let code: UnsafeMutableBufferPointer<Resolved>
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
                to: Resolved(
                    opcode: instruction.opcode, targetArea: instruction.target.area.rawValue,
                    aArea: instruction.a.area.rawValue, bArea: instruction.b.area.rawValue,
                    cArea: instruction.c.area.rawValue, target: offset(instruction.target), a: offset(instruction.a),
                    b: offset(instruction.b), c: offset(instruction.c)))
        }
    }

    /// Carries out the program for one tile of lanes.
    func run(lanes: Int) {
        let bases = self.bases
        var next = UnsafePointer(code.baseAddress!)
        let end = next + code.count
        while next != end {
            let i = next.pointee
            next += 1
            let target = bases[Int(i.targetArea)] + Int(i.target)
            let a = UnsafePointer(bases[Int(i.aArea)] + Int(i.a))
            let b = UnsafePointer(bases[Int(i.bArea)] + Int(i.b))
            let c = UnsafePointer(bases[Int(i.cArea)] + Int(i.c))
            switch i.opcode {
            case .copy: each(lanes, a, target) { $0 }
            case .negate: each(lanes, a, target) { -$0 }
            case .not: each(lanes, a, target) { truth($0 .== 0) }
            case .exp: each(lanes, a, target) { LaneMath.exp($0) }
            case .log: each(lanes, a, target) { LaneMath.log($0) }
            case .log10: each(lanes, a, target) { LaneMath.log10($0) }
            case .sqrt: each(lanes, a, target) { LaneMath.sqrt($0) }
            case .abs: each(lanes, a, target) { LaneMath.abs($0) }
            case .sign: each(lanes, a, target) { LaneMath.sign($0) }
            case .floor: each(lanes, a, target) { LaneMath.floor($0) }
            case .ceil: each(lanes, a, target) { LaneMath.ceil($0) }
            case .round: each(lanes, a, target) { LaneMath.round($0) }
            case .tanh: each(lanes, a, target) { LaneMath.tanh($0) }
            case .sin: each(lanes, a, target) { LaneMath.sin($0) }
            case .cos: each(lanes, a, target) { LaneMath.cos($0) }
            case .add: each(lanes, a, b, target) { $0 + $1 }
            case .subtract: each(lanes, a, b, target) { $0 - $1 }
            case .multiply: each(lanes, a, b, target) { $0 * $1 }
            case .divide: each(lanes, a, b, target) { $0 / $1 }
            case .minimum: each(lanes, a, b, target) { LaneMath.minimum($0, $1) }
            case .maximum: each(lanes, a, b, target) { LaneMath.maximum($0, $1) }
            case .less: each(lanes, a, b, target) { truth($0 .< $1) }
            case .lessOrEqual: each(lanes, a, b, target) { truth($0 .<= $1) }
            case .equal: each(lanes, a, b, target) { truth($0 .== $1) }
            case .notEqual: each(lanes, a, b, target) { truth($0 .!= $1) }
            case .and: each(lanes, a, b, target) { truth(($0 .!= 0) .& ($1 .!= 0)) }
            case .or: each(lanes, a, b, target) { truth(($0 .!= 0) .| ($1 .!= 0)) }
            case .powerOfLogarithm:
                each(lanes, a, b, target) { LaneMath.power(logarithm: $0, exponent: $1) }
            case .multiplyAdd: each(lanes, a, b, c, target) { $2.addingProduct($0, $1) }
            case .multiplySubtract: each(lanes, a, b, c, target) { (-$2).addingProduct($0, $1) }
            case .negateMultiplyAdd: each(lanes, a, b, c, target) { $2.addingProduct(-$0, $1) }
            case .select: each(lanes, a, b, c, target) { $2.replacing(with: $1, where: $0 .!= 0) }
            }
        }
    }
}

@inline(__always)
private func truth(_ mask: SIMDMask<SIMD8<Int64>>) -> Lanes {
    Lanes(repeating: 0).replacing(with: Lanes(repeating: 1), where: mask)
}

@inline(__always)
private func each(
    _ lanes: Int, _ a: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ body: (Lanes) -> Lanes
) {
    var lane = 0
    repeat {
        storeLanes(body(loadLanes(a + lane)), target + lane)
        lane += 8
    } while lane < lanes
}

@inline(__always)
private func each(
    _ lanes: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>,
    _ body: (Lanes, Lanes) -> Lanes
) {
    var lane = 0
    repeat {
        storeLanes(body(loadLanes(a + lane), loadLanes(b + lane)), target + lane)
        lane += 8
    } while lane < lanes
}

@inline(__always)
private func each(
    _ lanes: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ c: UnsafePointer<Double>,
    _ target: UnsafeMutablePointer<Double>, _ body: (Lanes, Lanes, Lanes) -> Lanes
) {
    var lane = 0
    repeat {
        storeLanes(body(loadLanes(a + lane), loadLanes(b + lane), loadLanes(c + lane)), target + lane)
        lane += 8
    } while lane < lanes
}
