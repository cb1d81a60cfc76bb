// Off-policy estimates where the truth is exact: how often 95 % intervals hold it.

import Evaluation
import Studies
import TestSupport
import Testing

@Suite struct CoverageTests {
    /// 200 logs of random treatment, another policy near it evaluated on each. Of 200 true 95 % intervals 182 to 197 hold
    /// the true value with a probability of 0.99 (binomial). From fewer episodes fitted values fall short: their table has
    /// more cells than the log fills (Benchmarks/OFF-POLICY.md says how far).
    @Test func intervalsHoldTheTrueValueAtTheirRate() throws {
        let file = RepositoryFiles.path("Environments/sepsis-oberst/environment.json")
        let model = try LoadedEnvironment(file: file, named: "sepsis-oberst").model
        var settings = OffPolicyEvaluation.Settings()
        settings.replications = 100
        let coverage = try OffPolicyCoverage(
            model, tabular: try #require(model.tabular), logged: .init("random", epsilon: 0),
            target: .init("constant:none", epsilon: 0.97), episodes: 500, repetitions: 200, discount: nil, seed: 7,
            jobs: 2, settings: settings)
        #expect(coverage.medianSampleSize > 400 && abs(coverage.medianMeanWeight - 1) < 0.02)
        for line in coverage.lines {
            #expect(line.intervals == 200)
            #expect((182...197).contains(line.hits), "\(line.name): \(line.hits)")
            // No estimator is off by more than chance allows, but for the fitted ones' poor tables.
            let error = line.deviation / 200.0.squareRoot()
            #expect(abs(line.bias) < (line.name == "fqe" ? 0.03 : 4 * error), "\(line.name): \(line.bias)")
        }
    }
}
