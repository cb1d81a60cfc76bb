// Off-policy estimators against their definitions written out, and fitted values against exact ones.

import Evaluation
import Foundation
import Numerics
import Patients
import TestSupport
import Testing

@Suite struct OffPolicyTests {
    static let discount = 0.9
    static let horizon = 12
    /// Six states, three actions, some forbidden; courses of up to twelve decisions.
    static let factory: FiniteModelFactory = {
        let permitted = (0..<6).map { state in (0..<3).map { (state + $0) % 3 != 0 || state == 4 } }
        return FiniteModelFactory(
            .random(states: 6, actions: 3, discount: discount, horizon: horizon, seed: 3), patients: 60,
            permitted: permitted)
    }()

    static func log(_ episodes: Int, seed: UInt64 = 2) throws -> EpisodeLog {
        try EpisodeRecorder.record(factory, episodes: episodes, seed: seed) { RandomPolicy(seed: $0) }
    }

    /// Mostly the first permitted action.
    static func target(_ log: EpisodeLog) -> [Double] {
        log.probabilities(of: ConstantPolicy(action: 0), epsilon: 0.6)
    }

    /// The exact value of that policy over the first decisions, by the model's own probabilities.
    static var truth: Double {
        let model = factory.model
        var values = Array(repeating: 0.0, count: 6)
        for _ in 0..<horizon {
            values = (0..<6).map { state in
                let open = (0..<3).filter { factory.permitted![state][$0] }
                return open.reduce(0) { sum, action in
                    let share = 0.6 / Double(open.count) + (action == open[0] ? 0.4 : 0)
                    let next = zip(model.transitions[state][action], values).map { $0 * $1 }.reduce(0, +)
                    return sum + share * (model.rewards[state][action] + discount * next)
                }
            }
        }
        return values.reduce(0, +) / 6
    }

    @Test func estimatorsAreWhatTheirFormulasSay() throws {
        let log = try Self.log(40)
        let target = Self.target(log)
        var stream = RandomStream(seed: 1, purpose: "test")
        var fitted = FittedValues(zeros: log.rows)
        for row in 0..<log.rows {
            fitted.actions[row] = stream.uniform()
            fitted.states[row] = stream.uniform()
        }
        let estimates = WeightedEpisodes(
            log, target: target, discount: Self.discount, horizon: Self.horizon, fitted: fitted
        ).estimates()
        // By episode and decision, an ended episode keeping its last weight.
        let n = log.episodes
        func weight(_ episode: Int, _ decision: Int) -> Double {
            log.decisions(of: episode).prefix(decision + 1).reduce(1.0) { product, row in
                product * target[row * 3 + Int(log.actions[row])] / log.probabilities[row]
            }
        }
        func has(_ episode: Int, _ decision: Int) -> Bool { decision < log.decisions(of: episode).count }
        var expected = Array(repeating: 0.0, count: 6)
        let all = (0..<n).map { weight($0, Self.horizon) }
        let returns = (0..<n).map { log.discountedReturn(of: $0, discount: Self.discount) }
        expected[0] = zip(all, returns).map { $0 * $1 }.reduce(0, +) / Double(n)
        expected[2] = zip(all, returns).map { $0 * $1 }.reduce(0, +) / all.reduce(0, +)
        for decision in 0..<Self.horizon {
            let factor = pow(Self.discount, Double(decision))
            let sum = (0..<n).map { weight($0, decision) }.reduce(0, +)
            let before = (0..<n).map { weight($0, decision - 1) }.reduce(0, +)
            for episode in 0..<n where has(episode, decision) {
                let row = log.begins[episode] + decision
                let now = weight(episode, decision)
                let last = weight(episode, decision - 1)
                expected[1] += factor * now * log.rewards[row] / Double(n)
                expected[3] += factor * now / sum * log.rewards[row]
                let error = log.rewards[row] - fitted.actions[row]
                expected[4] += factor * (now * error + last * fitted.states[row]) / Double(n)
                expected[5] += factor * (now / sum * error + last / before * fitted.states[row])
            }
        }
        for (estimate, value) in zip(estimates, expected) { #expect(abs(estimate - value) < 1e-12) }
    }

    /// Ordinary, per-decision and doubly robust estimates have no bias, whatever the model.
    @Test func estimatesWithoutNormalisationAreRightOnAverage() throws {
        let runs = 300
        var sums = Array(repeating: [Double](), count: 6)
        for run in 0..<runs {
            let log = try Self.log(60, seed: UInt64(100 + run))
            var fitted = FittedValues(zeros: log.rows)
            // A poor model that agrees with itself: V̂ = Σ π·Q̂ with Q̂ the same for all actions.
            for row in 0..<log.rows {
                fitted.actions[row] = 2 * log.observations[row * 6]
                fitted.states[row] = fitted.actions[row]
            }
            let weighted = WeightedEpisodes(
                log, target: Self.target(log), discount: Self.discount, horizon: Self.horizon, fitted: fitted)
            for (place, value) in weighted.estimates().enumerated() { sums[place].append(value) }
        }
        for place in [0, 1, 4] {
            let error = Statistics.standardDeviation(sums[place]) / Double(runs).squareRoot()
            #expect(abs(Statistics.mean(sums[place]) - Self.truth) < 4 * error)
        }
        // Per-decision weights have less variance than whole courses'.
        #expect(Statistics.variance(sums[1]) < Statistics.variance(sums[0]))
    }

    @Test func aPolicyOnItsOwnEpisodesIsWorthTheirMean() throws {
        let log = try Self.log(50)
        let target = log.probabilities(of: RandomPolicy(seed: 0))
        let result = try OffPolicyEvaluation(log, target: target, settings: Self.settings)
        let mean = Statistics.mean((0..<50).map { log.discountedReturn(of: $0, discount: Self.discount) })
        #expect(abs(result.effectiveSampleSize - 50) < 1e-9 && abs(result.meanWeight - 1) < 1e-12)
        for name in ["logged", "is", "pdis", "wis", "pdwis"] {
            #expect(abs(try #require(result.lines.first { $0.name == name }).estimate.value - mean) < 1e-12)
        }
        #expect(result.support == 1)
    }

    @Test func aPolicyThatTheLogNeverFollowsHasNoEffectiveEpisodes() throws {
        var log = try Self.log(30)
        let target = Array(repeating: 0.0, count: log.rows * 3)
        let weighted = WeightedEpisodes(
            log, target: target, discount: 1, horizon: 12, fitted: FittedValues(zeros: log.rows))
        #expect(weighted.effectiveSampleSize == 0 && weighted.estimates()[0] == 0 && weighted.estimates()[2].isNaN)
        log = try Self.log(3)
        let result = try OffPolicyEvaluation(log, target: log.probabilities(of: ConstantPolicy(action: 2)))
        #expect(result.text().contains("not to be used"))
        #expect(result.lines.filter { $0.name == "is" || $0.name == "dr" }.allSatisfy { !$0.estimate.hasInterval })
    }

    /// A thousand episodes whose weights are one large and many small.
    @Test func effectiveEpisodesAreCountedAsKongDid() throws {
        var log = EpisodeLog(observationNames: ["x"], actionNames: ["a", "b"])
        let text =
            "episode,x,action,probability,reward,status\n0,1,a,0.5,1,terminated\n1,1,b,0.5,0,terminated\n"
            + "2,1,b,0.5,0,terminated\n"
        log = try EpisodeLog.read(.init(name: "log", text: text), observations: ["x"], actions: ["a", "b"])
        let target = (0..<log.rows).flatMap { _ in [0.9, 0.1] }
        let weighted = WeightedEpisodes(
            log, target: target, discount: 1, horizon: 1, fitted: FittedValues(zeros: log.rows))
        // Weights 1.8, 0.2, 0.2.
        #expect(abs(weighted.effectiveSampleSize - 2.2 * 2.2 / (1.8 * 1.8 + 2 * 0.04)) < 1e-12)
        #expect(abs(weighted.meanWeight - 2.2 / 3) < 1e-12)
    }

    /// A skewed sample: the moved quantiles lie to the right of the plain ones; without skewness and bias they are them.
    @Test func intervalsAreMadeAsTheyAreNamed() {
        let replicates = (1...999).map { normalQuantile(Double($0) / 1000) }
        let plain = BootstrapInterval.percentile.estimate(0, replicates, level: 0.95)
        #expect(abs(plain.low + 1.96) < 0.02 && abs(plain.high - 1.96) < 0.02)
        let same = BootstrapInterval.accelerated.estimate(0, replicates, level: 0.95)
        #expect(abs(same.low - plain.low) < 0.02 && abs(same.high - plain.high) < 0.02)
        let moved = BootstrapInterval.accelerated.estimate(0, replicates, level: 0.95, acceleration: 0.1)
        // Efron's equation by hand: Φ(z / (1 − 0.1·z)) at z = ±1.96 is the quantile at ±1.96 / (1 ∓ 0.196).
        #expect(abs(moved.low + 1.96 / 1.196) < 0.02 && abs(moved.high - 1.96 / 0.804) < 0.05)
        let normal = BootstrapInterval.normal.estimate(1, replicates, level: 0.95)
        #expect(abs(normal.low - (1 - 1.96)) < 0.03 && abs(normal.high - (1 + 1.96)) < 0.03)
        #expect(!BootstrapInterval.percentile.estimate(.nan, replicates, level: 0.95).hasInterval)
        // n values, one apart: the jackknife's skewness of a mean.
        let without = (0..<10).map { Double($0 == 9 ? 0 : 1) / 9 }
        let mean = without.reduce(0, +) / 10
        let cubes = without.map { ($0 - mean) * ($0 - mean) * (mean - $0) }.reduce(0, +)
        let squares = without.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        #expect(abs(BootstrapInterval.acceleration(leavingOut: without) - cubes / (6 * pow(squares, 1.5))) < 1e-12)
    }

    static var settings: OffPolicyEvaluation.Settings {
        var settings = OffPolicyEvaluation.Settings()
        settings.discount = discount
        settings.horizon = horizon
        settings.replications = 50
        return settings
    }

    /// From very many episodes the table knows the model, and so every row's value of what is left.
    @Test func theTableFitsExactValuesOfWhatIsLeft() throws {
        let log = try Self.log(12_000)
        let target = Self.target(log)
        let model = TabularFittedEvaluation(log, target: target, discount: Self.discount, horizon: Self.horizon)
        #expect(model.states == 6)
        let values = model.fit(Array(repeating: 1, count: log.episodes))
        let first = Statistics.mean((0..<log.episodes).map { values.states[log.begins[$0]] })
        #expect(abs(first - Self.truth) < 0.02 * Self.truth)
        // One decision is left: the mean reward of the action in the state, which is its reward here.
        for episode in 0..<log.episodes where log.decisions(of: episode).count == Self.horizon {
            let row = log.lastRow(of: episode) - 1
            #expect(abs(values.actions[row] - log.rewards[row]) < 1e-9)
        }
        // Episodes that do not count leave no trace.
        let half = (0..<log.episodes).map { $0 % 2 == 0 ? 1.0 : 0 }
        let kept = try EpisodeLog.read(
            .init(name: "log", text: log.csv()), observations: log.observationNames, actions: log.actionNames)
        #expect(kept == log)
        #expect(model.fit(half).states[0] != values.states[0])
    }

    @Test func theHorizonIsThatOfTheShortestWatch() throws {
        let log = try Self.log(40)
        let result = try OffPolicyEvaluation(log, target: Self.target(log))
        #expect(log.terminated.contains(false) && result.horizon == Self.horizon)
    }
}
