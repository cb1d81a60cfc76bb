// Exact values of the two tabular environments against numbers computed independently (dense linear algebra in numpy).

import Agents
import Foundation
import Patients
import PositionedJSON
import TestSupport
import Testing

/// A tabular environment of the repository.
func tabularModel(_ name: String, variant: String = "") throws -> TabularModel {
    let folder = RepositoryFiles.path("Environments/\(name)")
    let source = try SourceText(contentsOf: "\(folder)/environment.json")
    return try #require(try EnvironmentReader.read(source, folder: folder, variant: variant).tabular)
}

private func isNear(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool { abs(a - b) <= tolerance }

@Suite struct ICUSepsisExactTests {
    static let model = Result { try tabularModel("icu-sepsis") }
    let model: TabularModel

    init() throws { model = try Self.model.get() }

    @Test func optimum() {
        let program = DynamicProgramming(model, discount: 1)
        let solution = program.valueIteration()
        let exact = ExactEvaluation(model, policy: model.matrix(actions: solution.actions), discount: 1)
        // A dense linear solve in numpy gives 0.87514169961.
        #expect(isNear(model.atStart(solution.values), 0.87514169961, 1e-12))
        #expect(isNear(exact.value, 0.87514169961, 1e-12))
        #expect(isNear(exact.length, 10.9917440007, 6e-11))
        #expect(exact.bound <= 1e-12)
        #expect((300...450).contains(solution.rounds))
        let howard = program.policyIteration()
        #expect(zip(howard.values, solution.values).allSatisfy { isNear($0, $1, 1e-11) })
        #expect(howard.residual < 1e-11)
    }

    @Test func expertRandomAndWorst() throws {
        let expert = try #require(model.protocols.first { $0.name == "expert" })
        let exact = ExactEvaluation(model, policy: model.matrix(expert.rule), discount: 1)
        #expect(isNear(exact.value, 0.7818448903, 6e-11))
        #expect(isNear(exact.length, 9.2379497048, 6e-11))
        #expect(isNear(exact.endings[0] + exact.endings[1], 1, 1e-12))
        let random = ExactEvaluation(model, policy: model.uniformMatrix, discount: 1)
        #expect(isNear(random.value, 0.7800709046, 6e-11))
        #expect(isNear(random.length, 9.4622960451, 6e-11))
        let worst = DynamicProgramming(model, discount: 1).valueIteration(.worst)
        #expect(isNear(model.atStart(worst.values), 0.6329899317, 6e-11))
    }

    /// Uniform over what is admissible is worth the same as uniform over all: inadmissible actions are the mean.
    @Test func forbiddingInadmissibleActions() throws {
        let masked = try tabularModel("icu-sepsis", variant: "admissible")
        #expect((0..<713).reduce(0) { $0 + masked.allowed($1).count } == 2238)
        #expect((0..<713).filter { masked.allowed($0).count == 1 }.count == 237)
        let random = ExactEvaluation(masked, policy: masked.uniformMatrix, discount: 1)
        #expect(isNear(random.value, 0.7800709046, 6e-11))
    }

    @Test func theStateAsObservation() throws {
        let index = try tabularModel("icu-sepsis", variant: "index")
        #expect(index.task.observations.map(\.name) == ["state"])
        #expect((0..<716).allSatisfy { Array(index.observation($0)) == [Double($0)] })
        #expect(model.task.observations.count == 48)
    }

    @Test(arguments: [(0.99, 0.8681795553, 9.131), (0.95, 0.8393082401, 7.435)])
    func discountedPolicies(discount: Double, value: Double, length: Double) {
        let solution = DynamicProgramming(model, discount: discount).valueIteration()
        let exact = ExactEvaluation(model, policy: model.matrix(actions: solution.actions), discount: discount)
        #expect(isNear(exact.undiscounted, value, 6e-11))
        #expect(isNear(exact.length, length, 6e-4))
        if discount == 0.99 { #expect(isNear(exact.value, 0.8013343903, 6e-11)) }
    }
}

@Suite struct OberstExactTests {
    struct Version: Sendable, CustomTestStringConvertible {
        var name: String
        var transitions: Int
        var discounted: Double
        var undiscounted: Double
        /// Within 20 steps: return, discharged and died of the greedy policy, then the returns of three others.
        var greedy: (Double, Double, Double)
        var physician: Double
        var random: Double
        var neverTreat: Double
        var testDescription: String { name }
    }

    static let versions = [
        Version(
            name: "master", transitions: 108_238, discounted: 0.475636, undiscounted: 0.537885,
            greedy: (0.429745, 0.450057, 0.020312), physician: 0.316984, random: -0.758810, neverTreat: -0.809242),
        Version(
            name: "sim-v2", transitions: 110_890, discounted: 0.743701, undiscounted: 0.922201,
            greedy: (0.561363, 0.581613, 0.020250), physician: 0.463823, random: -0.716435, neverTreat: -0.759113),
    ]

    @Test(arguments: versions)
    func numbersOfTheSheet(version: Version) throws {
        let model = try tabularModel("sepsis-oberst", variant: version.name)
        #expect(model.states == 1440 && model.actions == 8)
        #expect(model.table.transitions(from: 0..<1440) == version.transitions)
        #expect(model.endingOfState.filter { $0 == 0 }.count == 832)
        #expect(model.endingOfState.filter { $0 == 1 }.count == 2)
        // Diabetes is the most significant part of a state's number and nowhere in what is seen.
        #expect(!model.task.observations.contains { $0.name == "diabetic" })
        #expect((0..<720).allSatisfy { Array(model.observation($0)) == Array(model.observation($0 + 720)) })
        let start = model.table.start
        #expect(isNear(start[720...].reduce(0, +), 0.18972896, 5e-9))

        let program = DynamicProgramming(model, discount: 0.99)
        let solution = program.valueIteration()
        #expect(isNear(model.atStart(solution.values), version.discounted, 6e-7))
        let howard = program.policyIteration()
        #expect(zip(howard.values, solution.values).allSatisfy { isNear($0, $1, 1e-10) })
        let greedy = ExactEvaluation(model, policy: model.matrix(actions: solution.actions), discount: 0.99)
        #expect(isNear(greedy.value, version.discounted, 6e-7))
        #expect(isNear(greedy.horizonReturn, version.greedy.0, 6e-7))
        #expect(isNear(greedy.horizonEndings[1], version.greedy.1, 6e-7))
        #expect(isNear(greedy.horizonEndings[0], version.greedy.2, 6e-7))

        let endless = DynamicProgramming(model, discount: 1).valueIteration()
        #expect(isNear(model.atStart(endless.values), version.undiscounted, 6e-7))
        let lasting = ExactEvaluation(model, policy: model.matrix(actions: endless.actions), discount: 1)
        #expect(isNear(lasting.value, version.undiscounted, 6e-7))

        let physician = ExactEvaluation(model, policy: model.matrix(.table(0)), discount: 0.99)
        #expect(isNear(physician.horizonReturn, version.physician, 6e-7))
        let random = ExactEvaluation(model, policy: model.uniformMatrix, discount: 0.99)
        #expect(isNear(random.horizonReturn, version.random, 6e-7))
        let never = ExactEvaluation(model, policy: model.matrix(.action(0)), discount: 0.99)
        #expect(isNear(never.horizonReturn, version.neverTreat, 6e-7))
    }
}
