// Training allocates when a run begins and when it is evaluated, not with every decision or update.

import Agents
import AllocationCounter
import Patients
import TestSupport
import Testing

@Suite struct AllocationTests {
    @Test func decisionsAndUpdatesAllocateNothing() throws {
        let model = try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load("immuno")
        let training = try TreatmentFactory(model, cohort: model.samplePopulation(count: 100, seed: 1))
        let validation = try TreatmentFactory(model, cohort: model.samplePopulation(count: 2, seed: 2))
        func allocations(_ learner: any Learner) throws -> Int {
            let before = allocationsOfThisThread()
            _ = try learner.train(TrainingJob(environment: training, validation: validation, seed: 1))
            return allocationsOfThisThread() - before
        }
        var tabular = TabularConfiguration()
        tabular.gridFeatures = ["log10_tumour", "day"]
        tabular.gridDecisions = 200
        var dqn = DQNConfiguration()
        dqn.slots = 8
        dqn.nSteps = 3
        dqn.normalisationDecisions = 200
        var rainbow = dqn
        rainbow.double = true
        rainbow.dueling = true
        rainbow.prioritisedReplay = PrioritisedReplaySettings()
        var ppo = PPOConfiguration()
        ppo.slots = 8
        ppo.nSteps = 16
        ppo.nEpochs = 2
        ppo.normalisationDecisions = 200
        var a2c = A2CConfiguration()
        a2c.slots = 8
        a2c.normalisationDecisions = 200
        var reinforce = ReinforceConfiguration()
        reinforce.normalisationDecisions = 200
        var recurrent = RecurrentPPOConfiguration()
        recurrent.ppo = ppo
        recurrent.ppo.batchSize = 32
        recurrent.stateSize = 16
        recurrent.sequenceLength = 8
        func learners(_ decisions: Int) -> [any Learner] {
            tabular.decisions = decisions
            dqn.decisions = decisions
            rainbow.decisions = decisions
            ppo.decisions = decisions
            a2c.decisions = decisions
            reinforce.decisions = decisions
            recurrent.ppo.decisions = decisions
            return [
                QLearning(tabular), SARSA(tabular), ExpectedSARSA(tabular), QLambda(tabular), DoubleQLearning(tabular),
                DQN(dqn), DQN(rainbow), PPO(ppo), A2C(a2c), Reinforce(reinforce),
                RecurrentPPO(recurrent), FrameStackedLearner(PPO(ppo), frames: 3),
            ]
        }
        for (short, long) in zip(learners(2048), learners(8192)) {
            let more = try allocations(long) - allocations(short)
            // Progress is reported a hundred times, and the last evaluation may take a few decisions more.
            #expect(more < 300, "\(short.name): \(more) more allocations for 6144 more decisions")
        }
    }
}
