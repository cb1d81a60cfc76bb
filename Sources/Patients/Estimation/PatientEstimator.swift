// Follows patients by what is measured of them and given to them: a copy of each, as the model has it, whose hidden
// parameters are typical or estimated from the measurements so far.

import Numerics

/// What an estimator does and how exactly.
package struct EstimatorSettings: Sendable, Equatable {
    /// False keeps to the typical patient of the covariates.
    package var estimates = true
    /// Decisions between estimates.
    package var every = 1
    /// Fall of −2 log posterior that is not worth another round.
    package var tolerance = 0.01
    package var maximumRounds = 8
    /// Of an effect, for slopes.
    package var difference = 0.01

    package init() {}
}

/// The courses of a batch's patients as somebody sees them who knows the model, the covariates, every dose and every
/// measurement, and neither the patients' own parameters nor chance. One thread's own.
///
/// Maximum a posteriori estimation: the most probable effects given the measurements; random numbers in the model's copy
/// stand at their centres, and events do not happen in it.
package final class PatientEstimator {
    /// A copy of each row's patient as the model has it now; without chance. Its slots are the rows.
    package let courses: any BatchEnvironment
    /// Names of what is estimated.
    package var effectNames: [String] { effects.names }
    let settings: EstimatorSettings
    let effects: PatientEffects
    let model: TreatmentBatch
    let replay: TreatmentBatch
    let measurements: MeasurementModel
    let horizon: Int
    private let rows: Int
    /// By row and decision: what was measured, slots × (horizon + 1) × measurements; NaN for nothing.
    var seen: [Double]
    /// By row and decision: what was given.
    var given: [Int32]
    /// By row: who it is, and how many decisions have been made.
    var patientOf: [Int]
    var made: [Int]
    /// By row and effect.
    var modes: [Double]
    private var chosen: UnsafeMutableBufferPointer<Int32>
    let numbers: UnsafeMutableBufferPointer<Double>
    let point: UnsafeMutableBufferPointer<Double>
    let replayActions: UnsafeMutableBufferPointer<Int32>
    /// By decision, slot of the replay and measurement.
    let means: UnsafeMutableBufferPointer<Double>
    let variances: UnsafeMutableBufferPointer<Double>

    private static let replayWidth = 256

    /// - Parameter environment: whose patients are followed; slot i is row i.
    /// - Throws: `SimulationError.invalid` for an environment without equations, or without measurements that carry an
    ///   error where parameters are to be estimated.
    package init(_ environment: any BatchEnvironment, settings: EstimatorSettings) throws {
        guard let batch = environment as? TreatmentBatch else {
            throw SimulationError.invalid(
                "\(environment.task.name) has no equations whose parameters could be estimated")
        }
        self.settings = settings
        let factory = batch.factory
        effects = try PatientEffects(factory)
        rows = batch.slots
        horizon = batch.task.horizon
        model = TreatmentBatch(factory, slots: rows, seed: batch.seed, hasChance: false)
        courses = model
        let points = PosteriorMode.points(effects: effects.count)
        let width = max(points, min(PatientEstimator.replayWidth, points * rows))
        replay = TreatmentBatch(factory, slots: width, seed: batch.seed, hasChance: false)
        measurements = MeasurementModel(factory, slots: width)
        if settings.estimates, measurements.count == 0 || effects.count == 0 {
            throw SimulationError.invalid(
                "\(batch.task.name) has "
                    + (effects.count == 0
                        ? "no hidden parameter that differs among the patients"
                        : "no observation with an error (a random number redrawn at every decision)")
                    + ": there is nothing to estimate")
        }
        seen = Array(repeating: .nan, count: rows * (horizon + 1) * max(1, measurements.count))
        given = Array(repeating: 0, count: rows * horizon)
        patientOf = Array(repeating: 0, count: rows)
        made = patientOf
        modes = Array(repeating: 0, count: rows * max(1, effects.count))
        chosen = allocated(rows, 0)
        numbers = allocated(effects.columnCount, 0)
        point = allocated(effects.count, 0)
        replayActions = allocated(width, 0)
        means = allocated(settings.estimates ? (horizon + 1) * width * measurements.count : 0, 0)
        variances = allocated(settings.estimates ? (horizon + 1) * width * measurements.count : 0, 0)
    }

    deinit {
        chosen.deallocate()
        numbers.deallocate()
        point.deallocate()
        replayActions.deallocate()
        means.deallocate()
        variances.deallocate()
    }

    /// The most probable effects of a row's patient, in the order of `effectNames`.
    package func mode(row: Int) -> [Double] {
        (0..<effects.count).map { modes[row * effects.count + $0] }
    }

    /// The values that these effects give what is estimated.
    package func values(row: Int, patient: Int) -> [String: Double] {
        var result: [String: Double] = [:]
        for name in effects.names { result[name] = value(of: name, row: row, patient: patient) }
        return result
    }

    private func value(of name: String, row: Int, patient: Int) -> Double {
        for effect in 0..<effects.count { point[effect] = modes[row * effects.count + effect] }
        effects.numbers(patient: patient, effects: point.baseAddress!, into: numbers)
        let factory = model.factory
        if let parameter = factory.model.parameters.firstIndex(where: { $0.name == name }),
            let place = factory.varying.firstIndex(of: parameter)
        {
            return numbers[model.layout.stateCount + place]
        }
        guard let state = factory.model.states.firstIndex(where: { factory.model.initialName($0.name) == name }) else {
            return .nan
        }
        let number = numbers[model.layout.stateRows[state]]
        let isLog = factory.model.states[state].isLog && !factory.model.states[state].isHeld
        return isLog ? laneScalar(LaneMath.exp, number) : number
    }

    /// Takes in what is seen of the batch's patients at their decisions and what they were last given, and brings
    /// `courses` to where they are. To be called once for every decision of the batch.
    package func follow(_ environment: any BatchEnvironment) throws {
        guard let batch = environment as? TreatmentBatch, batch.slots == rows else {
            preconditionFailure("an estimator follows the batch that it was made for")
        }
        var due: [Int] = []
        for row in 0..<rows {
            guard batch.statusBuffer[row] == .running else {
                model.stop(slot: row)
                continue
            }
            let decision = Int(batch.decisionBuffer[row])
            if decision == 0 {
                try begin(row, patient: Int(batch.patientBuffer[row]))
            } else {
                let action = batch.lastAction(slot: row)
                given[row * horizon + decision - 1] = action
                chosen[row] = action
            }
            made[row] = decision
            measure(batch, row, decision)
            if settings.estimates, decision > 0, decision % settings.every == 0 { due.append(row) }
        }
        let fresh = (0..<rows).map { model.decisionBuffer[$0] == 0 && batch.decisionBuffer[$0] == 0 }
        step(batch, fresh)
        if !due.isEmpty { try estimate(due) }
    }

    /// The most probable effects of one patient, from a record instead of a batch.
    ///
    /// - Parameters:
    ///   - measured: by decision, the first included: a value for each measurement, NaN for none.
    package func mode(patient: Int, given actions: [Int32], measured: [[Double]]) throws -> [Double] {
        try begin(0, patient: patient)
        made[0] = actions.count
        for (decision, action) in actions.enumerated() { given[decision] = action }
        for (decision, values) in measured.enumerated() {
            for (index, value) in values.enumerated() { seen[decision * measurements.count + index] = value }
        }
        try estimate([0])
        return mode(row: 0)
    }

    /// The observations that are taken for measurements.
    package var measuredNames: [String] {
        measurements.measurements.map { model.task.observations[$0.observation].name }
    }

    /// Carries the model's copies on by what the patients were last given.
    private func step(_ batch: TreatmentBatch, _ fresh: [Bool]) {
        var paused: [Int] = []
        var isAny = false
        for row in 0..<rows where model.statusBuffer[row] == .running {
            if fresh[row] {
                // Waits while the others are carried on.
                model.stop(slot: row)
                paused.append(row)
            } else {
                isAny = true
                permit(model, row, chosen[row])
            }
        }
        if isAny { try? model.step(UnsafeBufferPointer(chosen)) }
        for row in paused { model.statusBuffer[row] = .running }
    }

    /// What was given was permitted, whatever the model's copy would say.
    func permit(_ batch: TreatmentBatch, _ slot: Int, _ action: Int32) {
        batch.allowedBuffer[slot * batch.rules.actions + Int(action)] = true
    }

    private func begin(_ row: Int, patient: Int) throws {
        patientOf[row] = patient
        made[row] = 0
        for effect in 0..<effects.count {
            modes[row * effects.count + effect] = 0
            point[effect] = 0
        }
        let width = (horizon + 1) * measurements.count
        for index in 0..<width { seen[row * width + index] = .nan }
        effects.numbers(patient: patient, effects: point.baseAddress!, into: numbers)
        try model.start(slot: row, patient: patient, episode: 0, numbers: UnsafeBufferPointer(numbers))
    }

    private func measure(_ batch: TreatmentBatch, _ row: Int, _ decision: Int) {
        let width = batch.shown.count
        for (index, item) in measurements.measurements.enumerated() {
            let value = batch.shown.values[row * width + item.observation]
            let place = (row * (horizon + 1) + decision) * measurements.count + index
            var isNew = item.measured < 0 || batch.shown.values[row * width + item.measured] != 0
            if item.repeatsWhereMissing, decision > 0, value == seen[place - measurements.count] { isNew = false }
            seen[place] = isNew ? value : .nan
        }
    }
}

extension TreatmentBatch {
    /// The action whose doses a slot's patient was given last.
    func lastAction(slot: Int) -> Int32 {
        for action in 0..<rules.actions {
            var isSame = true
            for dose in 0..<rules.doses
            where course.table.row(layout.given.lowerBound + dose)[slot] != rules.levels[action * rules.doses + dose] {
                isSame = false
                break
            }
            if isSame { return Int32(action) }
        }
        return 0
    }
}
