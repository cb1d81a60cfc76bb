// The integrator for systems that are linear in their states, such as the compartments of pharmacokinetics: any step is
// exact.

/// Steps of x′ = A·x + b by the matrix exponential, for systems whose Jacobian A and remainder b depend on parameters and
/// inputs, but neither on the states nor on the time.
///
/// The Jacobian's entries are A and the rates at states of zero are b, so that a system must be defined there. That it is
/// linear is the owner's to know: what is computed from a system that is not is the solution of its linearisation. The
/// error is 0 and the step to try next is the greatest number, to be cut to what the owner wants; a step whose end is
/// not finite is rejected like any other's.
public final class LinearExponential: LaneStepper {
    public let system: any LaneSystem
    /// `startValues` holds the rates, then the Jacobian's entries, at the beginning of the last attempted step.
    public let block: LaneBlock

    private let size: Int
    /// b, one row per state.
    let constant: LaneMemory
    let candidate: LaneMemory
    let exponential: LaneExponential

    /// - Parameter width: lanes, a multiple of 8.
    public init(system: any LaneSystem, width: Int) {
        precondition(system.timeInput == nil, "rates that depend on the time are not constant over a step")
        self.system = system
        size = system.stateCount
        exponential = LaneExponential(size: size, pattern: system.jacobianPattern)
        block = LaneBlock(
            width: width, inputs: system.inputCount, size: size, startValues: size + exponential.entries.count)
        constant = LaneMemory(rows: size, width: width)
        candidate = LaneMemory(rows: size, width: 8)
    }

    public func attempt(lanes: Int) {
        let padded = (lanes + 7) & ~7
        for row in 0..<size {
            for lane in Swift.stride(from: 0, to: padded, by: 8) {
                storeLanes(Lanes(repeating: 0), inputs.row(row) + lane)
            }
        }
        system.evaluateRates(inputs.base, constant.base, stride: width, lanes: padded)
        for row in 0..<size {
            for lane in Swift.stride(from: 0, to: padded, by: 8) {
                let value = loadLanes(states.row(row) + lane)
                storeLanes(value, inputs.row(row) + lane)
                storeLanes(value, startStates.row(row) + lane)
            }
        }
        system.evaluateRatesAndJacobian(inputs.base, startValues.base, stride: width, lanes: padded)
        for lane in Swift.stride(from: 0, to: padded, by: 8) { advance(lane, lanes) }
    }

    /// Eight lanes.
    private func advance(_ lane: Int, _ lanes: Int) {
        let h = loadLanes(step.base + lane)
        storeLanes(h, attempted.base + lane)
        let generator = exponential.generator
        for slot in 0..<generator.rows { storeLanes(Lanes(repeating: 0), generator.row(slot)) }
        for (entry, slot) in exponential.entries.enumerated() {
            storeLanes(loadLanes(startValues.row(size + entry) + lane), generator.row(slot))
        }
        exponential.compute(
            step: h, constant: constant.base + lane, stride: width, lanes: max(0, min(8, lanes - lane)))
        var finite = SIMDMask<SIMD8<Int64>>(repeating: true)
        for row in 0..<size {
            let value = exponential.result(row, states.base + lane, stride: width)
            storeLanes(value, candidate.row(row))
            finite = finite .& (LaneMath.abs(value) .< .infinity)
        }
        let norm = Lanes(repeating: .infinity).replacing(with: 0, where: finite)
        block.settle(lane, lanes, norm: norm, candidate: candidate.base, stride: 8) { h, _ in
            (h * 0.1).replacing(with: .greatestFiniteMagnitude, where: finite)
        }
    }
}
