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
        if lanes == ProgramScratch.tile {
            run(FullTile.self)
        } else {
            // What is left over goes eight lanes at a time through the same operations.
            var lane = 0
            while lane < lanes {
                run(SingleVector.self)
                bases[0] += 8
                bases[2] += 8
                lane += 8
            }
        }
    }

    @inline(__always)
    private func run<Shape: TileShape>(_ shape: Shape.Type) {
        let bases = self.bases
        var next = UnsafePointer(code.baseAddress!)
        let end = next + code.count
        while next != end {
            let target = bases[Int(next.pointee.targetArea)] + Int(next.pointee.target)
            let a = UnsafePointer(bases[Int(next.pointee.aArea)] + Int(next.pointee.a))
            let b = UnsafePointer(bases[Int(next.pointee.bArea)] + Int(next.pointee.b))
            let c = UnsafePointer(bases[Int(next.pointee.cArea)] + Int(next.pointee.c))
            let opcode = next.pointee.opcode
            next += 1
            switch opcode {
            case .copy: each(shape, a, target) { $0 }
            case .negate: each(shape, a, target) { -$0 }
            case .not: each(shape, a, target) { truth($0 .== 0) }
            case .exp: TileMath.exp(a, target, shape.vectors)
            case .log: TileMath.log(a, target, shape.vectors)
            case .log10: TileMath.log10(a, target, shape.vectors)
            case .sqrt: TileMath.sqrt(a, target, shape.vectors)
            case .abs: TileMath.abs(a, target, shape.vectors)
            case .sign: TileMath.sign(a, target, shape.vectors)
            case .floor: TileMath.floor(a, target, shape.vectors)
            case .ceil: TileMath.ceil(a, target, shape.vectors)
            case .round: TileMath.round(a, target, shape.vectors)
            case .tanh: TileMath.tanh(a, target, shape.vectors)
            case .sin: TileMath.sin(a, target, shape.vectors)
            case .cos: TileMath.cos(a, target, shape.vectors)
            case .powerOfLogarithm: TileMath.powerOfLogarithm(a, b, target, shape.vectors)
            case .add: each(shape, a, b, target) { $0 + $1 }
            case .subtract: each(shape, a, b, target) { $0 - $1 }
            case .multiply: each(shape, a, b, target) { $0 * $1 }
            case .divide: each(shape, a, b, target) { $0 / $1 }
            case .minimum: each(shape, a, b, target) { LaneMath.minimum($0, $1) }
            case .maximum: each(shape, a, b, target) { LaneMath.maximum($0, $1) }
            case .less: each(shape, a, b, target) { truth($0 .< $1) }
            case .lessOrEqual: each(shape, a, b, target) { truth($0 .<= $1) }
            case .equal: each(shape, a, b, target) { truth($0 .== $1) }
            case .notEqual: each(shape, a, b, target) { truth($0 .!= $1) }
            case .and: each(shape, a, b, target) { truth(($0 .!= 0) .& ($1 .!= 0)) }
            case .or: each(shape, a, b, target) { truth(($0 .!= 0) .| ($1 .!= 0)) }
            case .multiplyAdd: each(shape, a, b, c, target) { $2.addingProduct($0, $1) }
            case .multiplySubtract: each(shape, a, b, c, target) { (-$2).addingProduct($0, $1) }
            case .negateMultiplyAdd: each(shape, a, b, c, target) { $2.addingProduct(-$0, $1) }
            case .select: each(shape, a, b, c, target) { $2.replacing(with: $1, where: $0 .!= 0) }
            }
        }
    }
}

/// How many vectors of eight lanes an instruction is carried out for; a constant, so that loops over them unroll.
private protocol TileShape {
    static var vectors: Int { get }
}

private enum FullTile: TileShape {
    @inline(__always) static var vectors: Int { ProgramScratch.tile / 8 }
}

private enum SingleVector: TileShape {
    @inline(__always) static var vectors: Int { 1 }
}

/// The costlier functions over whole tiles, apart from the loop that decodes instructions, which keeps its registers.
private enum TileMath {
    typealias Source = UnsafePointer<Double>
    typealias Target = UnsafeMutablePointer<Double>

    @inline(never)
    static func exp(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.exp(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func log(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.log(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func log10(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.log10(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sqrt(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sqrt(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func abs(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.abs(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sign(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sign(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func floor(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.floor(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func ceil(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.ceil(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func round(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.round(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func tanh(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.tanh(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func sin(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.sin(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func cos(_ a: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors { storeLanes(LaneMath.cos(loadLanes(a + 8 &* i)), target + 8 &* i) }
    }

    @inline(never)
    static func powerOfLogarithm(_ a: Source, _ b: Source, _ target: Target, _ vectors: Int) {
        for i in 0..<vectors {
            let power = LaneMath.power(logarithm: loadLanes(a + 8 &* i), exponent: loadLanes(b + 8 &* i))
            storeLanes(power, target + 8 &* i)
        }
    }
}

@inline(__always)
private func truth(_ mask: SIMDMask<SIMD8<Int64>>) -> Lanes {
    Lanes(repeating: 0).replacing(with: Lanes(repeating: 1), where: mask)
}

@inline(__always)
private func each<Shape: TileShape>(
    _ shape: Shape.Type, _ a: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ body: (Lanes) -> Lanes
) {
    for i in 0..<shape.vectors { storeLanes(body(loadLanes(a + 8 &* i)), target + 8 &* i) }
}

@inline(__always)
private func each<Shape: TileShape>(
    _ shape: Shape.Type, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ target: UnsafeMutablePointer<Double>, _ body: (Lanes, Lanes) -> Lanes
) {
    for i in 0..<shape.vectors {
        storeLanes(body(loadLanes(a + 8 &* i), loadLanes(b + 8 &* i)), target + 8 &* i)
    }
}

@inline(__always)
private func each<Shape: TileShape>(
    _ shape: Shape.Type, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ c: UnsafePointer<Double>,
    _ target: UnsafeMutablePointer<Double>, _ body: (Lanes, Lanes, Lanes) -> Lanes
) {
    for i in 0..<shape.vectors {
        let value = body(loadLanes(a + 8 &* i), loadLanes(b + 8 &* i), loadLanes(c + 8 &* i))
        storeLanes(value, target + 8 &* i)
    }
}
