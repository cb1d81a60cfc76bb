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
    /// Lanes, a multiple of 8.
    var width: Int { get }

    /// What the rates are computed from, `system.inputCount` rows. An attempt overwrites the states' rows and, where the
    /// system has one, the time's; the others are the owner's.
    var inputs: LaneMemory { get }
    /// States at the beginning of the step and, after an accepted one, at its end. `system.stateCount` rows.
    var states: LaneMemory { get }
    /// States at the beginning of the last attempted step, for interpolation.
    var startStates: LaneMemory { get }
    /// The first `system.stateCount` rows: rates at the beginning of the last attempted step, for interpolation.
    var startValues: LaneMemory { get }
    /// Per lane: the time reached.
    var time: LaneMemory { get }
    /// Per lane: the step to attempt and, after an attempt, the one to try next.
    var step: LaneMemory { get }
    /// Per lane: the length of the last attempted step.
    var attempted: LaneMemory { get }
    /// Per lane: the norm of the last attempt's error in units of the tolerance. The step is accepted where it is at
    /// most 1; greater or not a number, states and time stand as they were.
    var error: LaneMemory { get }

    /// Attempts one step of `step` on the first `lanes` lanes. Where the error is at most 1 the states and the time have
    /// moved on; everywhere `step` holds the step to try next. Lanes beyond `lanes`, up to the next multiple of 8,
    /// compute without meaning.
    func attempt(lanes: Int)
}
