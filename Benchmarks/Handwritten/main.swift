// Times the interpreter of expressions against the immuno model written by hand, in one run on one thread: rates,
// rates with Jacobian, and whole courses with the same integrator. Prints JSON, CPU time of the thread.
//
//   swift run -c release lab-handwritten Environments

import Foundation
import Numerics
import Patients

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("lab-handwritten: \(message)\n".utf8))
    exit(1)
}

func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// Least CPU seconds of `rounds` runs of either, taken in turns so that both meet the same disturbances.
func inTurns(_ rounds: Int, _ first: () -> Void, _ second: () -> Void) -> (Double, Double) {
    var best = (Double.infinity, Double.infinity)
    for _ in 0..<rounds {
        let a = threadSeconds()
        first()
        let b = threadSeconds()
        second()
        let c = threadSeconds()
        best = (min(best.0, b - a), min(best.1, c - b))
    }
    return best
}

let folder = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "Environments"
let patients = 1024
let model = try EnvironmentLibrary(folder: folder).load("immuno")
let cohort = try model.samplePopulation(count: patients, seed: 1)
let factory = try TreatmentFactory(model, cohort: cohort)
let width = 32
let interpreted = CourseSystem(factory.program, width: width)
let layout = factory.program.layout
let byHand = ImmunoByHand(inputCount: layout.courseRows)
let order = ["d", "l", "s", "p", "m", "k", "q", "alpha", "beta"]
guard layout.integrated == 6, layout.stateCount == 6, layout.parameters == 6..<15, layout.inputs == 15..<18,
    model.parameters.filter({ $0.variability != nil }).map(\.name) == order
else { fail("the environment's file has changed: write Benchmarks/Handwritten anew") }

/// States and parameters of the patients.
func makeTable() -> LaneMemory {
    let table = LaneMemory(rows: layout.courseRows, width: patients)
    for (index, state) in model.states.enumerated() {
        let column = cohort.names.firstIndex(of: state.name)
        for (patient, row) in cohort.rows.enumerated() {
            let value = column.map { row[$0] } ?? state.initial
            table.row(index)[patient] = state.isLog ? LaneMath.log(Lanes(repeating: value))[0] : value
        }
    }
    for (index, name) in order.enumerated() {
        let column = cohort.names.firstIndex(of: name)!
        for (patient, row) in cohort.rows.enumerated() { table.row(6 + index)[patient] = row[column] }
    }
    return table
}

// A day's chemotherapy every five days and the T cells on day 20, as the environment gives them.
let stretches = (0..<24).flatMap { decision -> [Stretch] in
    let day = 5 * Double(decision)
    return [
        Stretch(end: day + 1, infusions: [5, decision == 4 ? 1e9 : 0, 0]), Stretch(end: day + 5, infusions: [0, 0, 0]),
    ]
}
let tolerance = factory.tolerance
func makeCourses(_ system: any LaneSystem) -> Courses {
    Courses(
        system, parameters: 9, stretches: stretches, relative: factory.program.relativeScale.map { $0 * tolerance },
        absolute: factory.program.absoluteScale.map { $0 * tolerance })
}

// Both must be the same function before their speed is worth comparing.
let inputs = makeTable()
let courses = makeCourses(byHand)
courses.run(inputs, patients: width)  // states in the middle of things
for lane in 0..<width {
    inputs.row(4)[lane] = 0.1 * Double(lane)
    inputs.row(15)[lane] = 5
}
let block = LaneMemory(rows: layout.courseRows, width: width)
for row in 0..<layout.courseRows { block.row(row).update(from: inputs.row(row), count: width) }
let entries = 6 + interpreted.jacobianPattern.count
let one = LaneMemory(rows: entries, width: width)
let other = LaneMemory(rows: 6 + byHand.jacobianPattern.count, width: width)
interpreted.evaluateRatesAndJacobian(block.base, one.base, stride: width, lanes: width)
byHand.evaluateRatesAndJacobian(block.base, other.base, stride: width, lanes: width)
func compare(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ what: String) {
    var scale = 0.0
    for lane in 0..<width { scale = max(scale, abs(b[lane])) }
    for lane in 0..<width where !(abs(a[lane] - b[lane]) <= 1e-12 * scale + 1e-9 * abs(b[lane])) {
        fail("\(what), lane \(lane): interpreted \(a[lane]), by hand \(b[lane])")
    }
}
for row in 0..<6 { compare(one.row(row), other.row(row), "rate of \(model.states[row].name)") }
for (index, entry) in byHand.jacobianPattern.enumerated() {
    guard let match = interpreted.jacobianPattern.firstIndex(where: { $0 == entry }) else {
        fail("the interpreter has no entry \(entry)")
    }
    compare(one.row(6 + match), other.row(6 + index), "Jacobian \(entry)")
}

let repeats = 4000
let rates = inTurns(
    15,
    { for _ in 0..<repeats { interpreted.evaluateRates(block.base, one.base, stride: width, lanes: width) } },
    { for _ in 0..<repeats { byHand.evaluateRates(block.base, other.base, stride: width, lanes: width) } })
let jacobians = inTurns(
    15,
    {
        for _ in 0..<repeats {
            interpreted.evaluateRatesAndJacobian(block.base, one.base, stride: width, lanes: width)
        }
    },
    { for _ in 0..<repeats { byHand.evaluateRatesAndJacobian(block.base, other.base, stride: width, lanes: width) } })

let slow = makeCourses(interpreted)
let fast = makeCourses(byHand)
var slowTable = makeTable()
var fastTable = makeTable()
let whole = inTurns(
    9,
    {
        slowTable = makeTable()
        slow.run(slowTable, patients: patients)
    },
    {
        fastTable = makeTable()
        fast.run(fastTable, patients: patients)
    })
var furthest = 0.0
for patient in 0..<patients { furthest = max(furthest, abs(slowTable.row(3)[patient] / fastTable.row(3)[patient] - 1)) }

let perLane = 1e9 / Double(repeats * width)
func line(_ name: String, _ seconds: (Double, Double), _ scale: Double, _ unit: String) -> String {
    """
      "\(name)": {"unit": "\(unit)", "interpreted": \(seconds.0 * scale), "by_hand": \(seconds.1 * scale), \
    "speed_of_interpreted": \(seconds.1 / seconds.0)}
    """
}
print("{")
print(line("rates", rates, perLane, "ns per patient") + ",")
print(line("rates_and_jacobian", jacobians, perLane, "ns per patient") + ",")
print(line("courses", whole, 1e6 / Double(patients), "us per course of 120 d") + ",")
print("  \"attempts\": [\(slow.attempts), \(fast.attempts)], \"largest_relative_difference_of_C\": \(furthest),")
print(
    "  \"instructions\": {\"rates\": \(factory.program.rates.instructionCount), "
        + "\"rates_and_jacobian\": \(factory.program.ratesAndJacobian.instructionCount)}")
print("}")
