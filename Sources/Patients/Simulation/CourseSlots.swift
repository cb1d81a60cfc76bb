// The memory of patients who are carried through time together: a column of numbers each, and what is to be done with
// them in the interval at hand.

import Numerics

/// What an interval did to a patient.
struct CourseResult: Sendable {
    /// Why a course cannot go on.
    enum Failure: UInt8, Sendable {
        case none
        /// The step has shrunk to nothing.
        case stuck
        /// More attempts than an interval may take.
        case tooLong
        /// A held state's new value is not a finite number; `item` is its row.
        case stepValue
        /// A dose's rate or amount is negative or not a finite number; `item` is the dose.
        case doseSize
    }
    /// Index of the ending met, or −1.
    var ending: Int32 = -1
    var failure = Failure.none
    var item: Int32 = 0
    /// The slot has been treated and waits for its reward.
    var isDue = false
}

/// Columns of the episode table with everything that goes with a slot.
final class CourseSlots {
    let count: Int
    /// Rows of the layout × slots (padded to eights).
    let table: LaneRows
    /// The integrator's step to try next; 0 asks for the default.
    let steps: UnsafeMutableBufferPointer<Double>
    /// Where the method switches: the step that the explicit method had when a course left it for the implicit one; 0 of
    /// courses that are with the explicit one.
    let mildSteps: UnsafeMutableBufferPointer<Double>
    /// Slots that the one and the other method are to carry through the interval.
    let mildList: UnsafeMutableBufferPointer<Int32>
    let stiffList: UnsafeMutableBufferPointer<Int32>
    /// When the interval begins.
    let starts: UnsafeMutableBufferPointer<Double>
    /// When it ends, where it begins; so that the last phase ends there to the bit.
    let ends: UnsafeMutableBufferPointer<Double>
    /// The plan of the interval.
    let plans: UnsafeMutableBufferPointer<Unmanaged<TreatmentPlan>?>
    /// dose × slots: sizes of doses in the interval.
    let sizes: LaneRows
    /// Of the streams of chance.
    let identities: UnsafeMutableBufferPointer<UInt64>
    /// The number of the interval's first step in the episode.
    let firstSteps: UnsafeMutableBufferPointer<Int>
    let results: UnsafeMutableBufferPointer<CourseResult>
    private let memories: [LaneMemory]

    init(_ program: CourseProgram, count: Int) {
        self.count = count
        let padded = max(8, (count + 7) & ~7)
        memories = [
            LaneMemory(rows: program.layout.rowCount, width: padded),
            LaneMemory(rows: max(1, program.constantSizes.count), width: padded),
        ]
        table = LaneRows(memories[0])
        sizes = LaneRows(memories[1])
        for (dose, size) in program.constantSizes.enumerated() {
            sizes.row(dose).update(repeating: size, count: padded)
        }
        steps = allocated(count, 0)
        mildSteps = allocated(count, 0)
        mildList = allocated(count, 0)
        stiffList = allocated(count, 0)
        starts = allocated(count, 0)
        ends = allocated(count, 0)
        plans = allocated(count, nil)
        identities = allocated(count, 0)
        firstSteps = allocated(count, 0)
        results = allocated(count, CourseResult())
    }

    deinit {
        steps.deallocate()
        mildSteps.deallocate()
        mildList.deallocate()
        stiffList.deallocate()
        starts.deallocate()
        ends.deallocate()
        plans.deallocate()
        identities.deallocate()
        firstSteps.deallocate()
        results.deallocate()
    }
}

/// The rows of a `LaneMemory` that somebody else keeps alive: addressed without counting references.
struct LaneRows {
    let base: UnsafeMutablePointer<Double>
    let width: Int

    init(_ memory: LaneMemory) {
        base = memory.base
        width = memory.width
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Double> { base + index * width }
}

/// A buffer with the elements of a collection.
func buffer<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = buffer.initialize(from: elements)
    return buffer
}

/// A buffer filled with one value.
func allocated<Element>(_ count: Int, _ value: Element) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, count))
    buffer.initialize(repeating: value)
    return buffer
}
