// Aggregates against the values of rliable and against hand-made cases.

import Numerics
import Testing

@Suite struct AggregateTests {
    let x = ScoreTable(RliableGolden.x)!
    let y = ScoreTable(RliableGolden.y)!

    static func aggregates(_ table: ScoreTable) -> [Double] {
        [table.interquartileMean, table.mean, table.median, table.optimalityGap()]
    }

    @Test func pointEstimatesEqualRliable() {
        for (mine, golden) in zip(Self.aggregates(x), RliableGolden.pointX) { #expect(abs(mine - golden) < 1e-12) }
        for (mine, golden) in zip(Self.aggregates(y), RliableGolden.pointY) { #expect(abs(mine - golden) < 1e-12) }
        #expect(abs(x.probabilityOfImprovement(over: y)! - RliableGolden.improvement) < 1e-12)
        #expect(zip(x.performanceProfile(RliableGolden.thresholds), RliableGolden.profileX).allSatisfy { $0 == $1 })
        #expect(zip(y.performanceProfile(RliableGolden.thresholds), RliableGolden.profileY).allSatisfy { $0 == $1 })
    }

    /// A 2.5 % bound from 5,000 replications has a standard error of about 2 % of the interval's width; ours has as
    /// much, so 8 % of the width is beyond two and a half standard errors of the difference.
    @Test func intervalsAgreeWithRliable() {
        let stream = RandomStream(seed: 1, purpose: "test.stratified")
        for (table, low, high) in [
            (x, RliableGolden.lowX, RliableGolden.highX), (y, RliableGolden.lowY, RliableGolden.highY),
        ] {
            for index in 0..<4 {
                let estimate = table.estimate(replications: 5000, stream: stream) { Self.aggregates($0)[index] }
                let tolerance = 0.08 * (high[index] - low[index])
                #expect(abs(estimate.low - low[index]) < tolerance)
                #expect(abs(estimate.high - high[index]) < tolerance)
            }
        }
        let improvement = x.probabilityOfImprovement(over: y, replications: 5000, stream: stream)!
        #expect(abs(improvement.low - RliableGolden.improvementBounds[0]) < 0.015)
        #expect(abs(improvement.high - RliableGolden.improvementBounds[1]) < 0.015)
    }

    @Test func resamplingStaysWithinTasks() {
        let table = ScoreTable([[0, 100], [1, 101], [2, 102]])!
        let estimate = table.estimate(
            replications: 200, level: 0.999, stream: RandomStream(seed: 3, purpose: "test")
        ) { $0.column(0).max()! }
        #expect(estimate.high <= 2)
        #expect(ScoreTable([[1, 2], [3]]) == nil)
        #expect(ScoreTable([]) == nil)
        #expect(ScoreTable([[1]])!.probabilityOfImprovement(over: table) == nil)
    }

    @Test func quantilesAreType7() {
        // numpy.quantile([1, 2, 4, 8], [0, .1, .25, .5, .9, 1])
        let values: [Double] = [8, 1, 4, 2, .nan]
        let expected: [Double] = [1, 1.3, 1.75, 3, 6.8, 8]
        for (mine, golden) in zip(Statistics.quantiles(values, [0, 0.1, 0.25, 0.5, 0.9, 1]), expected) {
            #expect(abs(mine - golden) < 1e-12)
        }
        #expect(Statistics.median([]).isNaN)
        #expect(Statistics.variance([1, 2, 3, 4]) == 5.0 / 3)
        #expect(Statistics.variance([1]).isNaN)
        #expect(Statistics.meanOfDefined([.nan, 1, 3]) == 2)
    }

    @Test func trimmedMeansFollowScipy() {
        // scipy.stats.trim_mean(range(10), 0.25) cuts two at either end.
        #expect(Statistics.interquartileMean((0..<10).map(Double.init)) == 4.5)
        #expect(Statistics.interquartileMean([1, 2, 3, 100]) == 2.5)
        #expect(Statistics.interquartileMean([7]) == 7)
        #expect(abs(Statistics.lowerTailMean((1...20).map(Double.init), share: 0.1) - 1.5) < 1e-12)
        // A tenth of 15 values is the lowest one and half of the next.
        #expect(abs(Statistics.lowerTailMean((1...15).map(Double.init), share: 0.1) - 2 / 1.5) < 1e-12)
    }

    @Test func newcombeMatchesPublishedValues() {
        // Newcombe 1998, table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 10/10 − 0/20.
        for (a, b, low, high) in [
            ((56.0, 70.0), (48.0, 80.0), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090),
            ((10, 10), (0, 20), 0.6791, 1.0),
        ] {
            let found = Statistics.proportionDifference(
                successes: a.0, trials: a.1, otherSuccesses: b.0, otherTrials: b.1)
            #expect(abs(found.value - (a.0 / a.1 - b.0 / b.1)) < 1e-12)
            #expect(abs(found.low - low) < 5e-5 && abs(found.high - high) < 5e-5)
        }
        #expect(
            !Statistics.proportionDifference(successes: 0, trials: 0, otherSuccesses: 1, otherTrials: 2).isDefined)
    }

    @Test func wilsonMatchesPublishedValues() {
        // Brown, Cai and DasGupta: 0 of 10 gives an upper bound of z²/(n + z²).
        let none = Statistics.wilson(successes: 0, trials: 10)
        #expect(none.low == 0)
        #expect(abs(none.high - 0.2775327998628892) < 1e-9)
        // statsmodels.proportion_confint(85, 100, method="wilson")
        let most = Statistics.wilson(successes: 85, trials: 100)
        #expect(abs(most.low - 0.7672) < 1e-4)
        #expect(abs(most.high - 0.9069) < 1e-4)
        #expect(!Statistics.wilson(successes: 0, trials: 0).isDefined)
    }
}
