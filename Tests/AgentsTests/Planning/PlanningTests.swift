// Policies that plan with the model: exact where planning is exact, better than protocols where it is not.

import Agents
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct PlanningTests {
    private static func policy(_ text: String, _ task: TaskDescription) throws -> PlanningPolicy {
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "agent.json", text: text))
        let reader = ObjectReader(node, what: "the agent", complaints: complaints)
        let learner = LearnerSpecification.read(reader, task: task)
        reader.finish()
        try complaints.throwIfAny()
        return PlanningPolicy(try #require(learner as? Planner).configuration, task: task)
    }

    private static func environment(_ name: String) throws -> EnvironmentModel {
        try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load(name)
    }

    /// Rewards for naming the state: looking one decision ahead from the true state gives all of them.
    @Test func lookingAheadFromTheTrueState() throws {
        let factory = FiniteModelFactory(.identity(states: 6, horizon: 20), patients: 30)
        let policy = try Self.policy(#"{ "algorithm": "mpc", "horizon": 1, "sweeps": 0 }"#, factory.task)
        #expect(try Rollout.run(factory, policy: policy, seed: 1).returns.allSatisfy { $0 == 20 })
    }

    /// What is planned does not depend on slots or threads, and the policy's file acts as the policy.
    @Test(arguments: [
        #"{ "algorithm": "mpc", "horizon": 2, "sweeps": 1, "scenarios": 2 }"#,
        #"{ "algorithm": "mpc", "knows": "typical", "horizon": 2, "sweeps": 0 }"#,
        #"{ "algorithm": "map_bayes", "horizon": 1, "sweeps": 0, "target": { "observation": "trough", "value": "target" } }"#,
    ])
    func slotsAndThreadsChangeNothing(text: String) throws {
        let model = try Self.environment("tacrolimus")
        let factory = try model.makeFactory(cohort: try model.samplePopulation(count: 20, seed: 3))
        let policy = try Self.policy(text, factory.task)
        let whole = try Rollout.run(factory, policy: policy, seed: 9, slots: 20)
        #expect(try Rollout.run(factory, policy: policy, seed: 9, slots: 7, jobs: 2) == whole)
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "policy.json", text: policy.json().text()))
        let read = PolicyFile.read(node, complaints: complaints, for: factory.task)
        try complaints.throwIfAny()
        #expect(try Rollout.run(factory, policy: try #require(read), seed: 9, slots: 11) == whole)
    }

    /// Estimating from troughs beats adjusting by them, and knowing the patient beats estimating.
    @Test func whatIsKnownHelps() throws {
        let model = try Self.environment("tacrolimus")
        let factory = try model.makeFactory(cohort: try model.samplePopulation(count: 40, seed: 3))
        func gain(_ policy: any Policy) throws -> Double {
            try Rollout.run(factory, policy: policy, seed: 1, slots: 40).meanReturn
        }
        func planned(_ text: String) throws -> Double { try gain(try Self.policy(text, factory.task)) }
        let rule = try gain(try #require(model.protocolPolicy("genotype_TDM")))
        let estimated = try planned(#"{ "algorithm": "map_bayes", "horizon": 2, "sweeps": 0 }"#)
        let known = try planned(#"{ "algorithm": "mpc", "horizon": 2, "sweeps": 0 }"#)
        let typical = try planned(#"{ "algorithm": "mpc", "knows": "typical", "horizon": 2, "sweeps": 0 }"#)
        #expect(estimated > rule + 0.5)
        #expect(known > estimated && estimated > typical)
    }

    /// Wrong settings are complained of; an environment in which nothing is measured with an error is refused.
    @Test func wrongSettingsAreComplainedOf() throws {
        let model = try Self.environment("hiv")
        let factory = try model.makeFactory(cohort: model.nominalPopulation(count: 1))
        for text in [
            #"{ "algorithm": "mpc", "knows": "estimate" }"#, #"{ "algorithm": "map_bayes", "scenarios": 3 }"#,
            #"{ "algorithm": "mpc", "target": { "observation": "no such", "value": 1 } }"#,
            #"{ "algorithm": "mpc", "target": { "observation": "day", "value": [] } }"#,
        ] {
            #expect(throws: Diagnostics.self) { try Self.policy(text, factory.task) }
        }
        let policy = try Self.policy(#"{ "algorithm": "map_bayes" }"#, factory.task)
        #expect(throws: SimulationError.self) { try policy.check(factory) }
    }
}
