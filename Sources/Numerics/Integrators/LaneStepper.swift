// What all integrators have in common: one step at a time over a block of lanes. Every lane has its own time, step and
// error control, so that a patient's course is the same whoever shares the block.

/// An integrator whose lanes are independent courses of one system.
///
/// The owner writes a lane's states, inputs (rows from `system.stateCount` on), time and step, calls `attempt`, and
/// looks at the lane's error. It may change any of them between two attempts, put another patient into the lane, or move
/// a patient to another lane by copying these four: a stepper keeps nothing else of a lane that could change a result.
/// Nothing is allocated by an attempt.
///
/// The memories stay where they are as long as the stepper lives. Code that visits every lane takes their addresses once:
/// through `any LaneStepper` each access is a call and a retain (measured: about 12 ns each).
public protocol LaneStepper: AnyObject {
    var system: any LaneSystem { get }
    var block: LaneBlock { get }

    /// Attempts one step of `step` on the first `lanes` lanes. Where the error is at most 1 the states and the time have
    /// moved on; everywhere `step` holds the step to try next. Lanes beyond `lanes`, up to the next multiple of 8,
    /// compute without meaning.
    func attempt(lanes: Int)
}

extension LaneStepper {
    /// Lanes, a multiple of 8.
    public var width: Int { block.width }
    /// What the rates are computed from, `system.inputCount` rows. An attempt overwrites the states' rows and, where the
    /// system has one, the time's; the others are the owner's.
    public var inputs: LaneMemory { block.inputs }
    /// States at the beginning of the step and, after an accepted one, at its end. `system.stateCount` rows.
    public var states: LaneMemory { block.states }
    /// States at the beginning of the last attempted step, for interpolation.
    public var startStates: LaneMemory { block.startStates }
    /// The first `system.stateCount` rows: rates at the beginning of the last attempted step, for interpolation.
    public var startValues: LaneMemory { block.startValues }
    /// Per lane: the time reached.
    public var time: LaneMemory { block.time }
    /// Per lane: the step to attempt and, after an attempt, the one to try next.
    public var step: LaneMemory { block.step }
    /// Per lane: the length of the last attempted step.
    public var attempted: LaneMemory { block.attempted }
    /// Per lane: the norm of the last attempt's error in units of the tolerance. The step is accepted where it is at
    /// most 1; greater or not a number, states and time stand as they were.
    public var error: LaneMemory { block.error }
}
