// The integrator for systems that are not stiff: explicit, with an embedded solution that measures the error.

/// Steps of an explicit Runge–Kutta pair whose last stage is the next step's first.
///
/// Hairer, Nørsett and Wanner, "Solving Ordinary Differential Equations I" (2nd ed. 1993), II.4 and II.5. The control has
/// no memory but `step`: a controller that remembered the last error would carry it from one patient to the next.
///
/// **The first stage.** The rates at the end of a step are those at the beginning of the next as long as nobody touches
/// the lane. Whether somebody did is not left to the owner to say: what the kept rates were computed from (states,
/// inputs, time) is compared, bit for bit, with what an attempt finds, and eight lanes are evaluated anew where any of
/// them differs. So a result is the same whether rates were kept or not, and a dose may begin at any time.
public final class ExplicitRungeKutta: LaneStepper {
    public let system: any LaneSystem
    public let pair: RungeKuttaPair
    /// `startValues` holds the rates of all stages, of which the first are those at the beginning of the last attempted
    /// step.
    public let block: LaneBlock
    /// Per state: relative tolerance and the magnitude below which it turns absolute.
    let relative: [Double]
    let absolute: [Double]

    private let size: Int
    private let last: Int
    /// By the weights of the stages and, after them, of the error.
    private let sums: StageSums
    /// Rates at `states`, and what they were computed from: states, then watched inputs, then the time.
    private let keptRates: LaneMemory
    private let keptSources: LaneMemory
    /// Rows of `inputs` beyond the states on which the rates may depend, the time's excepted.
    private let watched: [Int]

    /// - Parameters:
    ///   - width: lanes, a multiple of 8.
    ///   - relative, absolute: tolerances per state; the error of state i is measured against absolute + relative·|y|.
    public init(
        _ pair: RungeKuttaPair, system: any LaneSystem, width: Int, relative: [Double], absolute: [Double]
    ) {
        self.system = system
        self.pair = pair
        self.relative = relative
        self.absolute = absolute
        size = system.stateCount
        last = pair.stages - 1
        watched = system.rateInputs.filter { $0 != system.timeInput }
        block = LaneBlock(width: width, inputs: system.inputCount, size: size, startValues: pair.stages * size)
        sums = StageSums(pair.a + [pair.e], apart: size * width)
        keptRates = LaneMemory(rows: size, width: width)
        keptSources = LaneMemory(rows: size + watched.count + 1, width: width)
        // Not a number of this pattern is what no lane ever holds: nothing has been kept yet.
        keptSources.base.update(repeating: Double(nan: 0x5eed, signaling: false), count: keptSources.rows * width)
    }

    /// Share of the step that the error alone would allow, and limits of its change: Hairer's DOPRI5.
    static let safety = 0.9
    static let shrinkLimit = 0.2
    static let growthLimit = 10.0

    public func attempt(lanes: Int) {
        let padded = (lanes + 7) & ~7
        for lane in Swift.stride(from: 0, to: padded, by: 8) { begin(lane) }
        for stage in 1...last { run(stage, padded) }
        measureErrors(padded)
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
        let steps = step.base
        for row in 0..<size {
            let start = states.row(row)
            let goal = inputs.row(row)
            sums.forEach(stage, startValues.row(row), lanes) { lane, sum in
                storeLanes(loadLanes(start + lane).addingProduct(loadLanes(steps + lane), sum), goal + lane)
            }
        }
        if let clock = system.timeInput {
            let share = Lanes(repeating: pair.c[stage])
            for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                let now = loadLanes(time.base + lane).addingProduct(share, loadLanes(step.base + lane))
                storeLanes(now, inputs.row(clock) + lane)
            }
        }
        system.evaluateRates(inputs.base, startValues.row(stage * size), stride: width, lanes: lanes)
    }

    /// Writes the mean over the states of (error / scale)² to `error`. The last stage's states, the candidates for the
    /// step's end, still stand in `inputs`.
    private func measureErrors(_ lanes: Int) {
        let squares = error.base
        let steps = step.base
        for lane in Swift.stride(from: 0, to: lanes, by: 8) { storeLanes(Lanes(repeating: 0), squares + lane) }
        for row in 0..<size {
            let start = states.row(row)
            let end = inputs.row(row)
            let absolute = Lanes(repeating: self.absolute[row])
            let relative = Lanes(repeating: self.relative[row])
            sums.forEach(last + 1, startValues.row(row), lanes) { lane, difference in
                let larger = LaneMath.maximum(
                    LaneMath.abs(loadLanes(start + lane)), LaneMath.abs(loadLanes(end + lane)))
                let ratio = difference * loadLanes(steps + lane) / absolute.addingProduct(relative, larger)
                storeLanes(loadLanes(squares + lane).addingProduct(ratio, ratio), squares + lane)
            }
        }
        let share = 1 / Double(size)
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            storeLanes(loadLanes(squares + lane) * share, squares + lane)
        }
    }

    /// Eight lanes: accepts or rejects, keeps the rates, and chooses the next step.
    private func control(_ lane: Int, _ lanes: Int) {
        let square = loadLanes(error.base + lane)
        let norm = LaneMath.sqrt(square)
        // factor = safety · norm^(−1 / exponent)
        var factor = ExplicitRungeKutta.safety * LaneMath.exp((-0.5 / pair.errorExponent) * LaneMath.log(square))
        factor.replace(with: ExplicitRungeKutta.shrinkLimit, where: .!(factor .>= ExplicitRungeKutta.shrinkLimit))
        factor.replace(with: ExplicitRungeKutta.growthLimit, where: factor .> ExplicitRungeKutta.growthLimit)
        let accepted = block.settle(lane, lanes, norm: norm, candidate: inputs.base + lane, stride: width) {
            h, accepted in
            factor.replace(with: ExplicitRungeKutta.safety, where: .!accepted .& (factor .> ExplicitRungeKutta.safety))
            factor.replace(with: 0.1, where: .!(norm .< .infinity))
            return h * factor
        }
        for row in 0..<size {
            storeLanes(loadLanes(states.row(row) + lane), keptSources.row(row) + lane)
            let rates = startValues.row(row) + lane
            let end = loadLanes(rates + last * size * width)
            storeLanes(loadLanes(rates).replacing(with: end, where: accepted), keptRates.row(row) + lane)
        }
        storeLanes(loadLanes(time.base + lane), keptSources.row(size + watched.count) + lane)
    }

    /// Estimate of the fastest rate of one lane at the end of its last attempted step, if that was accepted:
    /// |f(y₂) − f(y₁)| / |y₂ − y₁| of the last two stages, both at the step's end, states in units of their tolerance.
    /// Times the step it is at most about `pair.stabilityLimit` where the method is stable (Hairer and Wanner, "Solving
    /// Ordinary Differential Equations II", section IV.2).
    public func fastestRate(lane: Int) -> Double {
        precondition(pair.c[last - 1] == 1, "the last two stages are at the step's end")
        var rates = 0.0
        var changes = 0.0
        for row in 0..<size {
            var change = 0.0
            for stage in 0..<last {
                let weight = pair.a[last][stage] - (stage < last - 1 ? pair.a[last - 1][stage] : 0)
                change += weight * startValues.row(stage * size + row)[lane]
            }
            let scale = absolute[row] + relative[row] * abs(states.row(row)[lane])
            let slope = startValues.row(last * size + row)[lane] - startValues.row((last - 1) * size + row)[lane]
            rates += (slope / scale) * (slope / scale)
            changes += (change / scale) * (change / scale)
        }
        return changes > 0 ? (rates / changes).squareRoot() / abs(attempted.base[lane]) : 0
    }

    @inline(__always)
    private func bits(_ address: UnsafeMutablePointer<Double>) -> SIMD8<UInt64> {
        unsafeBitCast(loadLanes(address), to: SIMD8<UInt64>.self)
    }
}
