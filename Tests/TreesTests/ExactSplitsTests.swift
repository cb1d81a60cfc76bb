import Numerics
import Testing
import Trees

@Suite struct ExactSplitsTests {
    @Test func areTheBinsWhereValuesAreFew() {
        for seed in 0..<12 as Range<UInt64> {
            let samples = randomSamples(
                rows: 700, columns: 4, classes: 3, distinct: 40, missing: seed % 2 == 0 ? 0 : 0.2, weighted: true,
                seed: seed)
            for routing in MissingRouting.allCases {
                for leaves in [9, nil] {
                    var induction = TreeInduction(maximumLeaves: leaves, missing: routing)
                    let binned = induction.fit(samples)
                    induction.splits = .exact
                    #expect(induction.fit(samples) == binned)
                }
            }
            var regression = RegressionInduction(maximumLeaves: 20)
            let fit = { (induction: RegressionInduction) in
                induction.fit(
                    features: samples.features, outputs: ["y", "z"], values: samples.values,
                    targets: samples.labels.flatMap { [Double($0), Double($0 * $0) / 3] }, weights: samples.weights)
            }
            let binned = fit(regression)
            regression.splits = .exact
            #expect(fit(regression) == binned)
        }
    }

    @Test func findTheBestOfManyValues() throws {
        var stream = RandomStream(seed: 6, purpose: "test.exact")
        var samples = TreeSamples(features: ["x"], actions: ["a", "b"])
        for _ in 0..<600 {
            let value = stream.normal()
            let label: Int32 = stream.uniform() < (value > 0.4 ? 0.9 : 0.2) ? 1 : 0
            [value].withUnsafeBufferPointer { samples.append($0.baseAddress!, label: label, weight: 1) }
        }
        let best = try #require(bestGain(samples, .entropy))
        let exact = TreeInduction(maximumLeaves: 2, mergesSameActions: false, splits: .exact).fit(samples)
        #expect(abs(exact.gain(of: 0) - best) < 1e-9)
        // Where bins part between two of the values, a tree tells them apart only in part.
        #expect(samples.accuracy(of: TreeInduction(maximumLeaves: nil, splits: .exact).fit(samples)) == 1)
    }

    @Test func keepOrderAndExtremes() {
        let huge = Double.greatestFiniteMagnitude
        let values = [-.infinity, -huge, -1, -0.0, 0.0, 1, huge, .infinity, .nan]
        let samples = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: values, labels: [0, 0, 1, 0, 0, 1, 0, 0, 1],
            weights: values.map { _ in 1 })
        let exact = TreeInduction(maximumLeaves: nil, splits: .exact).fit(samples)
        #expect(exact == TreeInduction(maximumLeaves: nil).fit(samples))
        #expect(exact.leafCount == 5)
        let empty = TreeSamples(features: [], actions: ["a", "b"], values: [], labels: [0, 1], weights: [1, 2])
        #expect(TreeInduction(splits: .exact).fit(empty).leafCount == 1)
    }
}
