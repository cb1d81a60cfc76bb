// The trials of an environment's calibration, simulated: each arm is treated as in the trial, and its outcome read when
// the trial read it. None of this is what a study compares.

import Numerics

extension EnvironmentModel {
    /// What every patient's outcome in every calibration is, by calibration and patient; not a number for patients the
    /// calibration is not about.
    public func calibrationOutcomes(_ cohort: CohortTable, seed: UInt64, jobs: Int = 1) throws -> [[Double]] {
        var results = calibrations.map { _ in [Double]() }
        for arm in Set(calibrations.map(\.arm)).sorted() {
            let members = calibrations.indices.filter { calibrations[$0].arm == arm }
            let (trial, policy) = trial(members)
            let factory = try TreatmentFactory(trial, cohort: cohort)
            let table = try Rollout.run(factory, policy: policy, seed: seed, jobs: jobs)
            for (place, member) in members.enumerated() {
                let values = table.outcomes[2 * place]
                let concerned = table.outcomes[2 * place + 1]
                results[member] = zip(values, concerned).map { $1 == 0 ? .nan : $0 }
            }
        }
        return results
    }

    /// The environment as the trial of one arm: no endings, rules or rewards, and the calibrations' outcomes.
    private func trial(_ members: [Int]) -> (model: EnvironmentModel, policy: any Policy) {
        let arm = calibrations[members[0]]
        var trial = self
        trial.plausibility = nil
        trial.endings = []
        trial.ranking = []
        trial.rules = []
        trial.rewardTerms = []
        trial.protocols = []
        trial.observations = [
            Observation(
                description: ObservationDescription(name: "nothing"), expression: Formula.nothing, text: "0",
                changeOf: nil)
        ]
        trial.outcomes = members.flatMap { index in
            let item = calibrations[index]
            return [
                Outcome(
                    description: OutcomeDescription(name: "value\(index)"), expression: item.expression,
                    text: item.text),
                Outcome(
                    description: OutcomeDescription(name: "concerned\(index)"),
                    expression: item.among ?? Formula.one, text: item.amongText),
            ]
        }
        guard arm.orders.isEmpty else {
            trial.decisionCount = max(1, Int((arm.time / decisionInterval).rounded()))
            let orders = TreatmentProtocol(name: arm.name, meaning: arm.meaning, orders: arm.orders)
            return (trial, ProtocolPolicy(orders, model: trial))
        }
        trial.decisionInterval = arm.time
        trial.decisionCount = 1
        trial.doses = arm.inputs.map { held in
            Dose(
                name: "calibration.\(inputs[held.input].name)", input: held.input, size: held.size,
                sizeText: held.text, duration: arm.time, lag: inputs[held.input].lag, meaning: arm.meaning)
        }
        trial.actions = [
            Action(
                name: "arm", doses: Array(trial.doses.indices), levels: trial.doses.map { _ in 1 },
                meaning: arm.meaning)
        ]
        return (trial, ConstantPolicy(action: 0))
    }
}

extension Formula {
    static let one = (try? Formula(parsing: "1")) ?? .nothing
}
