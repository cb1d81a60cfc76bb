// The loop that carries out a program for a tile of lanes.

import Numerics

extension ProgramScratch {
    /// Carries out the program for one tile of lanes.
    func run(lanes: Int) {
        if lanes == ProgramScratch.tile { return run(FourVectors.self) }
        // What is left over of a tile, through the same operations.
        let (inputs, outputs) = (bases[0], bases[2])
        var lane = 0
        while lane < lanes {
            bases[0] = inputs + lane
            bases[2] = outputs + lane
            if lane + 16 <= lanes {
                run(TwoVectors.self)
                lane += 16
            } else {
                run(OneVector.self)
                lane += 8
            }
        }
    }

    @inline(__always)
    private func run<Group: LaneGroup>(_ group: Group.Type) {
        let bases = self.bases
        var next = UnsafePointer(code.baseAddress!)
        let end = next + code.count
        // The result of the step before.
        var r = Group.zero
        while next != end {
            let step = next
            next += 1
            @inline(__always) func a() -> UnsafePointer<Double> {
                UnsafePointer(bases[Int(step.pointee.aArea)] + Int(step.pointee.a))
            }
            @inline(__always) func b() -> UnsafePointer<Double> {
                UnsafePointer(bases[Int(step.pointee.bArea)] + Int(step.pointee.b))
            }
            @inline(__always) func c() -> UnsafePointer<Double> {
                UnsafePointer(bases[Int(step.pointee.cArea)] + Int(step.pointee.c))
            }
            let target = bases[Int(step.pointee.targetArea)] + Int(step.pointee.target)
            switch step.pointee.step {
            case .copy: r = Group.map(a()) { $0 }
            case .negate: r = Group.map(a()) { -$0 }
            case .not: r = Group.map(a()) { truth($0 .== 0) }
            case .exp:
                TileMath.exp(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .log:
                TileMath.log(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .log10:
                TileMath.log10(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .sqrt:
                TileMath.sqrt(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .abs:
                TileMath.abs(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .sign:
                TileMath.sign(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .floor:
                TileMath.floor(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .ceil:
                TileMath.ceil(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .round:
                TileMath.round(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .tanh:
                TileMath.tanh(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .sin:
                TileMath.sin(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .cos:
                TileMath.cos(a(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .add: r = Group.map(a(), b()) { $0 + $1 }
            case .subtract: r = Group.map(a(), b()) { $0 - $1 }
            case .multiply: r = Group.map(a(), b()) { $0 * $1 }
            case .divide: r = Group.map(a(), b()) { $0 / $1 }
            case .minimum: r = Group.map(a(), b()) { LaneMath.minimum($0, $1) }
            case .maximum: r = Group.map(a(), b()) { LaneMath.maximum($0, $1) }
            case .less: r = Group.map(a(), b()) { truth($0 .< $1) }
            case .lessOrEqual: r = Group.map(a(), b()) { truth($0 .<= $1) }
            case .equal: r = Group.map(a(), b()) { truth($0 .== $1) }
            case .notEqual: r = Group.map(a(), b()) { truth($0 .!= $1) }
            case .and: r = Group.map(a(), b()) { truth(($0 .!= 0) .& ($1 .!= 0)) }
            case .or: r = Group.map(a(), b()) { truth(($0 .!= 0) .| ($1 .!= 0)) }
            case .powerOfLogarithm:
                TileMath.powerOfLogarithm(a(), b(), target, Group.vectors)
                r = Group.load(target)
                continue
            case .multiplyAdd: r = Group.map(a(), b(), c()) { $2.addingProduct($0, $1) }
            case .multiplySubtract: r = Group.map(a(), b(), c()) { (-$2).addingProduct($0, $1) }
            case .negateMultiplyAdd: r = Group.map(a(), b(), c()) { $2.addingProduct(-$0, $1) }
            case .select: r = Group.map(a(), b(), c()) { $2.replacing(with: $1, where: $0 .!= 0) }
            case .negateChained: r = r.map { -$0 }
            case .squareChained: r = r.map { $0 * $0 }
            case .addChained: r = r.map(a()) { $0 + $1 }
            case .subtractFromChained: r = r.map(a()) { $0 - $1 }
            case .subtractChained: r = r.map(a()) { $1 - $0 }
            case .multiplyChained: r = r.map(a()) { $0 * $1 }
            case .divideChained: r = r.map(a()) { $0 / $1 }
            case .divideByChained: r = r.map(a()) { $1 / $0 }
            case .chainedTimesAdd: r = r.map(a(), b()) { $2.addingProduct($0, $1) }
            case .productAddChained: r = r.map(a(), b()) { $0.addingProduct($1, $2) }
            case .chainedTimesSubtract: r = r.map(a(), b()) { (-$2).addingProduct($0, $1) }
            case .productSubtractChained: r = r.map(a(), b()) { (-$0).addingProduct($1, $2) }
            case .negateChainedTimesAdd: r = r.map(a(), b()) { $2.addingProduct(-$0, $1) }
            case .chainedMinusProduct: r = r.map(a(), b()) { $0.addingProduct(-$1, $2) }
            }
            if step.pointee.stores { r.store(target) }
        }
    }
}

@inline(__always)
private func truth(_ mask: SIMDMask<SIMD8<Int64>>) -> Lanes {
    Lanes(repeating: 0).replacing(with: Lanes(repeating: 1), where: mask)
}
