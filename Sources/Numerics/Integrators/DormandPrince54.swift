// The integrator for systems that are not stiff: explicit, six evaluations of the rates per step.

/// The explicit Runge–Kutta pair of order 5(4) with seven stages, the last of which is the next step's first.
///
/// Dormand and Prince, "A family of embedded Runge–Kutta formulae", J. Comp. Appl. Math. 6 (1980) 19–26; Hairer, Nørsett
/// and Wanner, "Solving Ordinary Differential Equations I" (2nd ed. 1993), table II.5.2 and the step control of II.4.
/// The step goes on with the solution of order 5; the one of order 4 only measures the error. The control has no
/// memory but `step`: a controller that remembered the last error would carry it from one patient to the next.
///
/// **The first stage.** The rates at the end of a step are those at the beginning of the next as long as nobody touches
/// the lane. Whether somebody did is not left to the owner to say: what the kept rates were computed from (states,
/// inputs, time) is compared, bit for bit, with what an attempt finds, and eight lanes are evaluated anew where any of
/// them differs. So a result is the same whether rates were kept or not, and a dose may begin at any time.
public final class DormandPrince54: LaneStepper {
    public let system: any LaneSystem
    public let width: Int
    public let size: Int

    public let inputs: LaneMemory
    public let states: LaneMemory
    public let startStates: LaneMemory
    /// The rates of the seven stages, of which the first are those at the beginning of the last attempted step.
    public let startValues: LaneMemory
    public let time: LaneMemory
    public let step: LaneMemory
    public let attempted: LaneMemory
    public let error: LaneMemory
    /// Per state: relative tolerance and the magnitude below which it turns absolute.
    let relative: [Double]
    let absolute: [Double]

    /// Solution of order 5 at the end of the attempted step.
    let candidate: LaneMemory
    /// Rates at `states`, and what they were computed from: states, then watched inputs, then the time.
    let keptRates: LaneMemory
    let keptSources: LaneMemory
    /// Rows of `inputs` beyond the states on which the rates may depend, the time's excepted.
    let watched: [Int]

    /// - Parameters:
    ///   - width: lanes, a multiple of 8.
    ///   - relative, absolute: tolerances per state; the error of state i is measured against absolute + relative·|y|.
    public init(system: any LaneSystem, width: Int, relative: [Double], absolute: [Double]) {
        self.system = system
        self.width = width
        size = system.stateCount
        self.relative = relative
        self.absolute = absolute
        watched = system.rateInputs.filter { $0 != system.timeInput }
        inputs = LaneMemory(rows: system.inputCount, width: width)
        states = LaneMemory(rows: size, width: width)
        startStates = LaneMemory(rows: size, width: width)
        startValues = LaneMemory(rows: 7 * size, width: width)
        time = LaneMemory(rows: 1, width: width)
        step = LaneMemory(rows: 1, width: width)
        attempted = LaneMemory(rows: 1, width: width)
        error = LaneMemory(rows: 1, width: width)
        candidate = LaneMemory(rows: size, width: width)
        keptRates = LaneMemory(rows: size, width: width)
        keptSources = LaneMemory(rows: size + watched.count + 1, width: width)
        // Not a number of this pattern is what no lane ever holds: nothing has been kept yet.
        keptSources.base.update(repeating: Double(nan: 0x5eed, signaling: false), count: keptSources.rows * width)
    }

    // Coefficients of table II.5.2 (dimensionless): times of the stages, weights of the earlier rates in each stage's
    // states (the last stage's are those of the solution), and the difference of the two solutions' weights.
    static let c = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1]
    static let a: [[Double]] = [
        [],
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
    ]
    static let e = [
        71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
    ]
    /// Share of the step that the error alone would allow, and limits of its change: Hairer's DOPRI5.
    static let safety = 0.9
    static let shrinkLimit = 0.2
    static let growthLimit = 10.0

    public func attempt(lanes: Int) {
        let padded = (lanes + 7) & ~7
        for lane in Swift.stride(from: 0, to: padded, by: 8) { begin(lane) }
        for stage in 1..<7 { run(stage, padded) }
        for lane in Swift.stride(from: 0, to: padded, by: 8) { control(lane, lanes) }
    }

    /// Eight lanes: the rates at the beginning, kept or new, and the beginning itself.
    private func begin(_ lane: Int) {
        if touched(lane) {
            for row in 0..<size { storeLanes(loadLanes(states.row(row) + lane), inputs.row(row) + lane) }
            if let clock = system.timeInput { storeLanes(loadLanes(time.base + lane), inputs.row(clock) + lane) }
            system.evaluateRates(inputs.base + lane, keptRates.base + lane, stride: width, lanes: 8)
            for (index, row) in watched.enumerated() {
                storeLanes(loadLanes(inputs.row(row) + lane), keptSources.row(size + index) + lane)
            }
        }
        for row in 0..<size {
            storeLanes(loadLanes(states.row(row) + lane), startStates.row(row) + lane)
            storeLanes(loadLanes(keptRates.row(row) + lane), startValues.row(row) + lane)
        }
        storeLanes(loadLanes(step.base + lane), attempted.base + lane)
    }

    /// Whether any of eight lanes differs in any bit from what its kept rates were computed from.
    private func touched(_ lane: Int) -> Bool {
        var difference = SIMD8<UInt64>(repeating: 0)
        for row in 0..<size {
            difference |= bits(states.row(row) + lane) ^ bits(keptSources.row(row) + lane)
        }
        for (index, row) in watched.enumerated() {
            difference |= bits(inputs.row(row) + lane) ^ bits(keptSources.row(size + index) + lane)
        }
        if system.timeInput != nil {
            difference |= bits(time.base + lane) ^ bits(keptSources.row(size + watched.count) + lane)
        }
        return difference != SIMD8(repeating: 0)
    }

    /// A stage: states from the earlier rates, then the rates there.
    private func run(_ stage: Int, _ lanes: Int) {
        let apart = size * width
        DormandPrince54.a[stage].withUnsafeBufferPointer { weights in
            for row in 0..<size {
                let rates = startValues.row(row)
                let goal = inputs.row(row)
                let start = states.row(row)
                for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                    var sum = weights[0] * loadLanes(rates + lane)
                    for earlier in 1..<max(1, stage) {
                        sum = sum.addingProduct(
                            Lanes(repeating: weights[earlier]), loadLanes(rates + earlier * apart + lane))
                    }
                    let value = loadLanes(start + lane).addingProduct(loadLanes(step.base + lane), sum)
                    storeLanes(value, goal + lane)
                    if stage == 6 { storeLanes(value, candidate.row(row) + lane) }
                }
            }
        }
        if let clock = system.timeInput {
            let share = Lanes(repeating: DormandPrince54.c[stage])
            for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                let now = loadLanes(time.base + lane).addingProduct(share, loadLanes(step.base + lane))
                storeLanes(now, inputs.row(clock) + lane)
            }
        }
        system.evaluateRates(inputs.base, startValues.row(stage * size), stride: width, lanes: lanes)
    }

    /// Eight lanes: measures the error, accepts or rejects, keeps the rates, and chooses the next step.
    private func control(_ lane: Int, _ lanes: Int) {
        let h = loadLanes(step.base + lane)
        let square = squaredError(lane, h)
        let norm = LaneMath.sqrt(square)
        var active = SIMDMask<SIMD8<Int64>>(repeating: true)
        for beyond in max(0, min(8, lanes - lane))..<8 { active[beyond] = false }
        let accepted = norm .<= 1 .& active
        for row in 0..<size {
            let new = loadLanes(candidate.row(row) + lane)
            let state = states.row(row) + lane
            let moved = loadLanes(state).replacing(with: new, where: accepted)
            storeLanes(moved, state)
            storeLanes(moved, keptSources.row(row) + lane)
            let last = loadLanes(startValues.row(6 * size + row) + lane)
            let first = loadLanes(startValues.row(row) + lane)
            storeLanes(first.replacing(with: last, where: accepted), keptRates.row(row) + lane)
        }
        let now = loadLanes(time.base + lane)
        let moved = now.replacing(with: now + h, where: accepted)
        storeLanes(moved, time.base + lane)
        storeLanes(moved, keptSources.row(size + watched.count) + lane)
        storeLanes(norm, error.base + lane)
        // The error of the solution of order 4 goes with h⁵: factor = safety · norm^(−1/5).
        var factor = DormandPrince54.safety * LaneMath.exp(-0.1 * LaneMath.log(square))
        factor.replace(with: DormandPrince54.shrinkLimit, where: .!(factor .>= DormandPrince54.shrinkLimit))
        factor.replace(with: DormandPrince54.growthLimit, where: factor .> DormandPrince54.growthLimit)
        factor.replace(with: DormandPrince54.safety, where: .!accepted .& (factor .> DormandPrince54.safety))
        factor.replace(with: 0.1, where: .!(norm .< .infinity))
        storeLanes(h.replacing(with: h * factor, where: active), step.base + lane)
    }

    /// Mean over the states of (error / scale)², for eight lanes.
    private func squaredError(_ lane: Int, _ h: Lanes) -> Lanes {
        let apart = size * width
        var sum = Lanes(repeating: 0)
        DormandPrince54.e.withUnsafeBufferPointer { weights in
            for row in 0..<size {
                let rates = startValues.row(row) + lane
                var difference = weights[0] * loadLanes(rates)
                for stage in 2..<7 {
                    difference = difference.addingProduct(
                        Lanes(repeating: weights[stage]), loadLanes(rates + stage * apart))
                }
                let old = LaneMath.abs(loadLanes(states.row(row) + lane))
                let new = LaneMath.abs(loadLanes(candidate.row(row) + lane))
                let scale = Lanes(repeating: absolute[row]).addingProduct(
                    Lanes(repeating: relative[row]), LaneMath.maximum(old, new))
                let ratio = difference * h / scale
                sum = sum.addingProduct(ratio, ratio)
            }
        }
        return sum * (1 / Double(size))
    }

    @inline(__always)
    private func bits(_ address: UnsafeMutablePointer<Double>) -> SIMD8<UInt64> {
        unsafeBitCast(loadLanes(address), to: SIMD8<UInt64>.self)
    }
}
