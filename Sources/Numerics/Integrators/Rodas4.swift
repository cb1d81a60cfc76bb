// The integrator for stiff systems: implicit, with the exact Jacobian.

/// RODAS4: an L-stable, stiffly accurate Rosenbrock method of order 4 with an embedded method of order 3.
///
/// Hairer and Wanner, "Solving Ordinary Differential Equations II" (2nd ed. 1996), section IV.7 and their code RODAS,
/// coefficient set 1, in the form that needs no matrix-vector products (their equations IV.7.25–26).
public final class Rodas4: LaneStepper {
    public let system: any LaneSystem
    /// `startValues` holds the rates, then the Jacobian's entries, then ∂f/∂t, at the beginning of the last attempted step.
    public let block: LaneBlock
    let size: Int
    let elimination: SparseElimination
    /// Per state: relative tolerance and the magnitude below which it turns absolute.
    let relative: [Double]
    let absolute: [Double]

    let matrix: LaneMemory
    let stages: LaneMemory
    let candidate: LaneMemory
    let reciprocalStep: LaneMemory

    /// - Parameters:
    ///   - width: lanes, a multiple of 8.
    ///   - relative, absolute: tolerances per state; the error of state i is measured against absolute + relative·|y|.
    public init(system: any LaneSystem, width: Int, relative: [Double], absolute: [Double]) {
        self.system = system
        size = system.stateCount
        self.relative = relative
        self.absolute = absolute
        elimination = SparseElimination(size: size, pattern: system.jacobianPattern)
        block = LaneBlock(
            width: width, inputs: system.inputCount, size: size,
            startValues: size + elimination.entries.count + size)
        matrix = LaneMemory(rows: elimination.valueCount, width: width)
        stages = LaneMemory(rows: 6 * size, width: width)
        candidate = LaneMemory(rows: size, width: width)
        reciprocalStep = LaneMemory(rows: 1, width: width)
    }

    // Coefficients of RODAS, set 1 (dimensionless).
    static let gamma = 0.25
    static let a: [[Double]] = [
        [],
        [1.544],
        [0.9466785280815826, 0.2557011698983284],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950],
    ]
    static let c: [[Double]] = [
        [],
        [-5.6688],
        [-2.430093356833875, -0.2063599157091915],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160],
        [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
    ]
    /// Times of the stages within the step, and weights of ∂f/∂t.
    static let alpha = [0, 0.386, 0.21, 0.63, 1, 1]
    static let d = [0.25, -0.1043, 0.1035, -0.0362, 0, 0]

    public func attempt(lanes: Int) {
        let padded = (lanes + 7) & ~7
        prepare(padded)
        for stage in 0..<6 { run(stage, padded) }
        control(lanes, padded)
    }

    /// Evaluates f and J and factorises 1/(γh)·I − J.
    private func prepare(_ lanes: Int) {
        let stride = width
        for row in 0..<size {
            copyRow(states.row(row), inputs.row(row), lanes)
            copyRow(states.row(row), startStates.row(row), lanes)
        }
        if let timeRow = system.timeInput { copyRow(time.base, inputs.row(timeRow), lanes) }
        system.evaluateRatesAndJacobian(inputs.base, startValues.base, stride: stride, lanes: lanes)
        copyRow(step.base, attempted.base, lanes)
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            storeLanes(1.0 / loadLanes(step.base + lane), reciprocalStep.base + lane)
        }
        for row in 0..<elimination.valueCount { zeroRow(matrix.row(row), lanes) }
        for (entry, slot) in elimination.entries.enumerated() {
            let source = startValues.row(size + entry)
            let target = matrix.row(slot)
            for lane in Swift.stride(from: 0, to: lanes, by: 8) { storeLanes(-loadLanes(source + lane), target + lane) }
        }
        let diagonalScale = 1 / Rodas4.gamma
        for index in 0..<size {
            let target = matrix.row(elimination.diagonal[index])
            for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                let shifted = loadLanes(target + lane) + diagonalScale * loadLanes(reciprocalStep.base + lane)
                storeLanes(shifted, target + lane)
            }
        }
        elimination.factorise(matrix.base, stride: stride, lanes: lanes)
    }

    /// One stage: evaluate f at the stage's states, add the earlier stages, solve.
    private func run(_ stage: Int, _ lanes: Int) {
        let stride = width
        let target = stages.row(stage * size)
        if stage == 0 {
            for row in 0..<size { copyRow(startValues.row(row), target + row * stride, lanes) }
        } else {
            stageStates(stage, lanes)
            if let timeRow = system.timeInput {
                let clock = inputs.row(timeRow)
                for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                    let now = loadLanes(time.base + lane)
                    storeLanes(now + Rodas4.alpha[stage] * loadLanes(step.base + lane), clock + lane)
                }
            }
            system.evaluateRates(inputs.base, target, stride: stride, lanes: lanes)
        }
        if stage > 0 {
            let coefficients = Rodas4.c[stage]
            for row in 0..<size {
                let goal = target + row * stride
                for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                    var sum = coefficients[0] * loadLanes(stages.row(row) + lane)
                    for earlier in 1..<max(1, stage) {
                        let value = loadLanes(stages.row(earlier * size + row) + lane)
                        sum = sum.addingProduct(Lanes(repeating: coefficients[earlier]), value)
                    }
                    let rate = loadLanes(goal + lane)
                    storeLanes(rate.addingProduct(sum, loadLanes(reciprocalStep.base + lane)), goal + lane)
                }
            }
        }
        if system.timeInput != nil, Rodas4.d[stage] != 0 {
            for row in 0..<size {
                let slope = startValues.row(size + elimination.entries.count + row)
                let goal = target + row * stride
                for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                    let scaled = Rodas4.d[stage] * loadLanes(step.base + lane)
                    storeLanes(loadLanes(goal + lane).addingProduct(scaled, loadLanes(slope + lane)), goal + lane)
                }
            }
        }
        elimination.solve(matrix.base, target, stride: stride, lanes: lanes)
    }

    /// The states at which a stage evaluates f. The fifth stage's are the embedded solution's basis, the sixth adds
    /// the fifth's increment (stiffly accurate).
    private func stageStates(_ stage: Int, _ lanes: Int) {
        for row in 0..<size {
            let goal = inputs.row(row)
            if stage == 5 {
                let increment = stages.row(4 * size + row)
                for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                    let value = loadLanes(candidate.row(row) + lane) + loadLanes(increment + lane)
                    storeLanes(value, goal + lane)
                    storeLanes(value, candidate.row(row) + lane)
                }
                continue
            }
            let coefficients = Rodas4.a[stage]
            for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                var value = loadLanes(states.row(row) + lane)
                for earlier in 0..<stage {
                    let increment = loadLanes(stages.row(earlier * size + row) + lane)
                    value = value.addingProduct(Lanes(repeating: coefficients[earlier]), increment)
                }
                storeLanes(value, goal + lane)
                if stage == 4 { storeLanes(value, candidate.row(row) + lane) }
            }
        }
    }

    /// Adds the last increment, measures the error, accepts or rejects, and chooses the next step.
    private func control(_ lanes: Int, _ padded: Int) {
        for lane in Swift.stride(from: 0, to: padded, by: 8) {
            var sum = Lanes(repeating: 0)
            for row in 0..<size {
                let increment = loadLanes(stages.row(5 * size + row) + lane)
                let old = loadLanes(states.row(row) + lane)
                let new = loadLanes(candidate.row(row) + lane) + increment
                storeLanes(new, candidate.row(row) + lane)
                let sizeOld = magnitude(old)
                let sizeNew = magnitude(new)
                let larger = sizeOld.replacing(with: sizeNew, where: sizeNew .> sizeOld)
                let scale = Lanes(repeating: absolute[row]).addingProduct(Lanes(repeating: relative[row]), larger)
                let ratio = increment / scale
                sum = sum.addingProduct(ratio, ratio)
            }
            settle(lane, lanes, norm: LaneMath.sqrt(sum / Double(size)))
        }
    }

    /// Eight lanes: moves on where the error's norm allows it, and chooses the next step.
    @inline(__always)
    private func settle(_ lane: Int, _ lanes: Int, norm: Lanes) {
        // Error of order h⁴ for the embedded method; safety 0.9 and limits as in RODAS.
        let root = LaneMath.sqrt(LaneMath.sqrt(LaneMath.maximum(norm, Lanes(repeating: 1e-8))))
        let factor = 0.9 / root
        block.settle(lane, lanes, norm: norm, candidate: candidate.base + lane, stride: width) { h, accepted in
            let low = Lanes(repeating: 0.1).replacing(with: Lanes(repeating: 0.2), where: accepted)
            let high = Lanes(repeating: 0.9).replacing(with: Lanes(repeating: 6), where: accepted)
            var limited = LaneMath.minimum(LaneMath.maximum(factor, low), high)
            limited.replace(with: 0.1, where: .!(norm .< .infinity))
            return h * limited
        }
    }

    @inline(__always)
    private func magnitude(_ value: Lanes) -> Lanes {
        value.replacing(with: -value, where: value .< 0)
    }

    private func copyRow(_ from: UnsafeMutablePointer<Double>, _ to: UnsafeMutablePointer<Double>, _ lanes: Int) {
        for lane in Swift.stride(from: 0, to: lanes, by: 8) { storeLanes(loadLanes(from + lane), to + lane) }
    }

    private func zeroRow(_ row: UnsafeMutablePointer<Double>, _ lanes: Int) {
        for lane in Swift.stride(from: 0, to: lanes, by: 8) { storeLanes(Lanes(repeating: 0), row + lane) }
    }
}
