// What the integrators keep of a block of lanes, and how a lane moves on.

/// The memories of a stepper that its owner reads and writes; `LaneStepper` tells what each is for.
public final class LaneBlock {
    /// Lanes, a multiple of 8.
    public let width: Int
    /// States per lane.
    public let size: Int
    public let inputs: LaneMemory
    public let states: LaneMemory
    public let startStates: LaneMemory
    public let startValues: LaneMemory
    public let time: LaneMemory
    public let step: LaneMemory
    public let attempted: LaneMemory
    public let error: LaneMemory

    /// - Parameters:
    ///   - inputs: rows that the rates are computed from, the states among them.
    ///   - size: states.
    ///   - startValues: rows of what a stepper keeps about the beginning of a step, the rates first.
    public init(width: Int, inputs: Int, size: Int, startValues: Int) {
        self.width = width
        self.size = size
        self.inputs = LaneMemory(rows: inputs, width: width)
        states = LaneMemory(rows: size, width: width)
        startStates = LaneMemory(rows: size, width: width)
        self.startValues = LaneMemory(rows: startValues, width: width)
        time = LaneMemory(rows: 1, width: width)
        step = LaneMemory(rows: 1, width: width)
        attempted = LaneMemory(rows: 1, width: width)
        error = LaneMemory(rows: 1, width: width)
    }

    /// Eight lanes after an attempt, of which those from `lanes` on are nobody's: states and time move on where the
    /// error's norm is at most 1; everywhere the norm and the step to try next are kept.
    ///
    /// - Parameters:
    ///   - next: the step to try next, given where the attempt was accepted.
    ///   - candidate: states at the end of the attempt, rows `stride` doubles apart, the first lane's first.
    /// - Returns: where the attempt was accepted.
    @inline(__always)
    @discardableResult
    func settle(
        _ lane: Int, _ lanes: Int, norm: Lanes, candidate: UnsafePointer<Double>, stride: Int,
        next: (_ h: Lanes, _ accepted: SIMDMask<SIMD8<Int64>>) -> Lanes
    ) -> SIMDMask<SIMD8<Int64>> {
        var active = SIMDMask<SIMD8<Int64>>(repeating: true)
        for beyond in max(0, min(8, lanes - lane))..<8 { active[beyond] = false }
        let accepted = norm .<= 1 .& active
        for row in 0..<size {
            let state = states.row(row) + lane
            storeLanes(loadLanes(state).replacing(with: loadLanes(candidate + row * stride), where: accepted), state)
        }
        let h = loadLanes(step.base + lane)
        let now = loadLanes(time.base + lane)
        storeLanes(now.replacing(with: now + h, where: accepted), time.base + lane)
        storeLanes(norm, error.base + lane)
        storeLanes(h.replacing(with: next(h, accepted), where: active), step.base + lane)
        return accepted
    }
}
