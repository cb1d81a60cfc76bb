// Sampled returns of the tabular environments against their exact values.

import Agents
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct SampledValueTests {
    @Test(arguments: ["icu-sepsis", "sepsis-oberst"])
    func rolloutsAgreeWithExactValues(name: String) throws {
        let folder = RepositoryFiles.path("Environments/\(name)")
        let model = try EnvironmentReader.read(
            try SourceText(contentsOf: folder + "/environment.json"), folder: folder)
        let tabular = try #require(model.tabular)
        let factory = try model.makeFactory(cohort: model.nominalPopulation(count: 20_000))
        var policies: [(name: String, policy: any Policy, matrix: [Double])] = zip(
            model.protocolPolicies(seed: 3), tabular.protocols
        ).map { ($0.name, $0.policy, tabular.matrix($1.rule)) }
        policies.append(("random", RandomPolicy(seed: 4), tabular.uniformMatrix))
        for (name, policy, matrix) in policies {
            let table = try Rollout.run(factory, policy: policy, seed: 6)
            let exact = ExactEvaluation(tabular, policy: matrix, discount: 1)
            func check(_ sample: [Double], _ value: Double, _ what: String) {
                let count = Double(sample.count)
                let mean = sample.reduce(0, +) / count
                let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
                #expect(
                    abs(mean - value) <= 4 * (variance / count).squareRoot(),
                    "\(name): \(what) \(mean), exactly \(value)")
            }
            check(table.returns, exact.horizonReturn, "return")
            check(table.lengths.map(Double.init), exact.horizonLength, "decisions")
            for (ending, value) in zip(tabular.endings, exact.horizonEndings) {
                check(table.endings.map { $0 == ending.name ? 1 : 0 }, value, ending.name)
            }
        }
    }
}
