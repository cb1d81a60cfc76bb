// What the integrators integrate: rates of change, evaluated for many lanes at a time.

/// A system of ordinary differential equations y′ = f(y, inputs) evaluated over lanes.
///
/// `inputs` has one row per input, `stride` doubles apart; the first rows are the states, the rest (parameters, doses,
/// time) are whatever the owner of the block keeps there.
public protocol LaneSystem: AnyObject {
    var stateCount: Int { get }
    var inputCount: Int { get }
    /// Row of the input that holds the time, or nil where no rate depends on it.
    var timeInput: Int? { get }
    /// Rows of the inputs beyond the states on which a rate may depend. By default all of them; a system whose inputs have
    /// rows that its rates never read, and that change between steps, saves evaluations by leaving those out.
    var rateInputs: [Int] { get }
    /// The structurally non-zero entries of ∂f/∂y, in the order in which they are evaluated.
    var jacobianPattern: [(row: Int, column: Int)] { get }
    /// f, one row per state.
    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int)
    /// f, then the Jacobian's entries, then (with a time input) ∂f/∂t, one row each.
    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int)
}

extension LaneSystem {
    public var rateInputs: [Int] { Array(stateCount..<inputCount) }
}
