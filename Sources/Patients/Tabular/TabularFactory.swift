// A tabular environment together with a cohort: tables laid out for stepping, shared by all batches.

import Numerics

/// Patients of a tabular environment. A patient is a start state and a stream of chance.
public struct TabularFactory: EnvironmentFactory {
    public let model: TabularModel
    public let task: TaskDescription
    public let patients: Int
    let layout: TabularLayout
    /// The state in which each patient starts; nil where every episode draws one.
    let starts: [Int32]?
    let kinship = Kinship()

    /// - Throws: `SimulationError.invalid` for a cohort that has no column `start` but others, whose starts are no
    ///   states, or whose other columns are not those of the start state.
    public init(_ model: TabularModel, cohort: CohortTable, name: String) throws {
        self.model = model
        var task = model.task
        task.name = name
        self.task = task
        patients = cohort.rows.count
        layout = TabularLayout(model)
        starts = try cohort.names.isEmpty ? nil : TabularFactory.starts(model, cohort, name)
    }

    private static func starts(_ model: TabularModel, _ cohort: CohortTable, _ name: String) throws -> [Int32] {
        if let stranger = cohort.names.first(where: { !model.cohortNames.contains($0) }) {
            throw SimulationError.invalid(
                "the cohort's column '\(stranger)' is neither the start state nor a variable of \(name)")
        }
        guard let numbers = cohort.column(TabularModel.startColumn) else {
            throw SimulationError.invalid(
                "the cohort has no column '\(TabularModel.startColumn)' with the number of each patient's first state")
        }
        let columns = cohort.names.map { name in model.variables.firstIndex { $0.name == name } }
        return try zip(numbers, cohort.rows).enumerated().map { patient, item in
            let (number, row) = item
            guard let state = Int(exactly: number), (0..<model.states).contains(state), !model.isEnding(state) else {
                throw SimulationError.invalid(
                    "patient \(patient): \(shortNumber(number)) is not the number of a state in which a course can begin"
                )
            }
            for (column, value) in zip(columns, row) {
                guard let column, model.columns[column][state] != value else { continue }
                throw SimulationError.invalid(
                    "patient \(patient): \(model.variables[column].name) is \(shortNumber(value)), and "
                        + "\(shortNumber(model.columns[column][state])) in state \(state)")
            }
            return Int32(state)
        }
    }

    public func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        TabularBatch(self, slots: slots, seed: seed)
    }
}

extension TabularModel {
    /// Patients drawn from the start distribution, the i-th from the i-th stream: `start` and the variables there.
    public func samplePopulation(name: String, count: Int, seed: UInt64, first: Int = 0) -> CohortTable {
        let chance = ChanceRows(table)
        let rows = (first..<(first + count)).map { patient -> [Double] in
            var stream = RandomStream(seed: seed, purpose: "population.\(name)", index: UInt64(patient))
            let state = chance.draw(chance.rows[0], stream.uniform())
            return [Double(state)] + columns.map { $0[state] }
        }
        return CohortTable(names: cohortNames, rows: rows)
    }
}

/// What a step looks up, in plain memory.
final class TabularLayout: @unchecked Sendable {  // filled once, then only read
    let chance: ChanceRows
    let states: Int
    let actions: Int
    let observationCount: Int
    let horizon: Int32
    let atHorizon: EpisodeStatus
    /// The distributions of the next state under each state's admissible actions, one state after the other.
    let admissible: UnsafeMutableBufferPointer<ChanceRows.Row>
    /// states × actions: the part of `admissible` of which one is drawn. An admissible action's own; all of the state
    /// for another action.
    let choices: UnsafeMutableBufferPointer<ChanceRows.Row>
    let endings: UnsafeMutableBufferPointer<Int32>
    let rewards: UnsafeMutableBufferPointer<Double>
    /// states × observations
    let observations: UnsafeMutableBufferPointer<Double>
    /// states × actions
    let allowed: UnsafeMutableBufferPointer<Bool>
    /// Whether every action is allowed everywhere, so that masks need not be copied.
    let allowsAll: Bool

    init(_ model: TabularModel) {
        chance = ChanceRows(model.table)
        states = model.states
        actions = model.actions
        observationCount = model.task.observations.count
        horizon = Int32(model.task.horizon)
        atHorizon = model.terminatesAtEnd ? .terminated : .truncated
        var list: [ChanceRows.Row] = []
        var parts: [ChanceRows.Row] = []
        for state in 0..<model.states {
            let outcomes = model.table.outcomes[(state * actions)..<((state + 1) * actions)]
            let all = ChanceRows.Row(begin: Int32(list.count), count: Int32(outcomes.count { $0 >= 0 }))
            for row in outcomes {
                parts.append(row >= 0 ? ChanceRows.Row(begin: Int32(list.count), count: 1) : all)
                if row >= 0 { list.append(chance.rows[Int(row)]) }
            }
        }
        admissible = .copy(of: list)
        choices = .copy(of: parts)
        endings = .copy(of: model.endingOfState)
        rewards = .copy(of: model.rewardOfState)
        observations = .copy(of: model.observations)
        let masks = (0..<model.states).flatMap { state -> [Bool] in
            let allowed = Set(model.allowed(state))
            return (0..<model.actions).map(allowed.contains)
        }
        allowed = .copy(of: masks)
        allowsAll = !masks.contains(false)
    }

    deinit {
        admissible.deallocate()
        choices.deallocate()
        endings.deallocate()
        rewards.deallocate()
        observations.deallocate()
        allowed.deallocate()
    }

    /// The distribution of the state after an action and the number to draw from it with, at a number from [0, 1): one
    /// of several distributions by the number's leading part, the outcome by the rest. Where there is only one, the
    /// number is the rest: no branch tells the cases apart, since under many policies nothing foretells it.
    @inline(__always)
    func row(_ state: Int, _ action: Int, _ number: Double) -> (row: ChanceRows.Row, number: Double) {
        let choice = choices[state &* actions &+ action]
        let scaled = number * Double(choice.count)
        let pick = Int32(scaled)
        return (admissible[Int(choice.begin &+ pick)], scaled - Double(pick))
    }
}

extension UnsafeMutableBufferPointer {
    /// Memory with the elements of an array; the owner deallocates it.
    static func copy(of elements: [Element]) -> UnsafeMutableBufferPointer {
        let buffer = UnsafeMutableBufferPointer.allocate(capacity: Swift.max(1, elements.count))
        _ = buffer.initialize(from: elements)
        return buffer
    }
}
