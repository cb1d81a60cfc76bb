// What is measured of a patient and how wrong it may be, read off the environment's observations.

import Numerics

/// The observations that carry an error: those whose expression names a random number drawn anew for every decision.
/// What is expected is the expression with random numbers at their centres; the error's standard deviation follows from
/// moving each by one standard deviation up and down (first order, as in Sheiner and Beal, J. Pharmacokinet. Biopharm. 8
/// (1980) 553–571): f·σ for a relative error, σ for an additive one, the root of the sum of squares for both.
final class MeasurementModel {
    /// Of an observation that is measured.
    struct Measurement {
        var observation: Int
        /// Output of the decision program.
        var output: Int
        /// Index of the observation that tells whether it was measured now; −1 for none.
        var measured: Int
        /// May be missing, and nothing tells: the last value again means that it was not measured.
        var repeatsWhereMissing: Bool
    }
    /// A random number: its row and its values at −1, 0 and 1 standard deviations.
    private struct Noise {
        var row: Int
        var values: (low: Double, centre: Double, high: Double)
    }
    let measurements: [Measurement]
    private let noises: [Noise]
    private let program: CourseProgram
    private let scratch: ProgramScratch
    private let values: [LaneMemory]

    /// - Parameter slots: of the batches that are asked about.
    init(_ factory: TreatmentFactory, slots: Int) {
        let model = factory.model
        let program = factory.program
        self.program = program
        let layout = factory.program.layout
        let reads = factory.program.decisionReads
        let decisionRows = layout.randoms.filter { model.randoms[$0 - layout.randoms.lowerBound].redrawn == .decision }
        var output = factory.program.rewardTerms + factory.program.rules
        var measurements: [Measurement] = []
        var used: Set<Int> = []
        for (index, observation) in model.observations.enumerated() where observation.expression != nil {
            defer { output += 1 }
            let rows = reads[output].filter { decisionRows.contains($0) }
            guard !rows.isEmpty else { continue }
            used.formUnion(rows)
            let teller = model.observations.firstIndex { $0.measuredOf == index } ?? -1
            measurements.append(
                Measurement(
                    observation: index, output: output, measured: teller,
                    repeatsWhereMissing: observation.missing > 0 && teller < 0))
        }
        self.measurements = measurements
        noises = used.sorted().map { row in
            let distribution = model.randoms[row - layout.randoms.lowerBound].distribution
            return Noise(
                row: row,
                values: (distribution.quantile(normal: -1), distribution.centre, distribution.quantile(normal: 1)))
        }
        scratch = program.decision.makeScratch()
        let width = max(8, (slots + 7) & ~7)
        let outputs = max(1, program.decision.outputCount)
        values = (0..<3).map { _ in LaneMemory(rows: outputs, width: width) }
    }

    var count: Int { measurements.count }

    /// What is expected now in every slot of a batch without chance, and the variance of its error; slots × measurements.
    func predict(
        _ batch: TreatmentBatch, means: UnsafeMutablePointer<Double>, variances: UnsafeMutablePointer<Double>
    ) {
        let table = batch.course.table
        func evaluate(_ memory: LaneMemory) {
            program.decision.evaluate(
                inputs: table.base, inputStride: table.width, outputs: memory.base, outputStride: memory.width,
                lanes: batch.slots, scratch: scratch)
        }
        evaluate(values[0])
        for slot in 0..<batch.slots {
            for (index, measurement) in measurements.enumerated() {
                means[slot * count + index] = values[0].row(measurement.output)[slot]
                variances[slot * count + index] = 0
            }
        }
        for noise in noises {
            let row = table.row(noise.row)
            row.update(repeating: noise.values.low, count: batch.slots)
            evaluate(values[1])
            row.update(repeating: noise.values.high, count: batch.slots)
            evaluate(values[2])
            row.update(repeating: noise.values.centre, count: batch.slots)
            for slot in 0..<batch.slots {
                for (index, measurement) in measurements.enumerated() {
                    let centre = means[slot * count + index]
                    let down = abs(centre - values[1].row(measurement.output)[slot])
                    let up = abs(values[2].row(measurement.output)[slot] - centre)
                    // At the end of a meter's range one side is flat: the other is the error there.
                    let deviation = min(up, down) < 1e-6 * max(up, down) ? max(up, down) : (up + down) / 2
                    variances[slot * count + index] += deviation * deviation
                }
            }
        }
    }
}
