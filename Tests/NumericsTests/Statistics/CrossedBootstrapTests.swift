// The two-way bootstrap: its point values, its pairing, its coverage, its determinism.

import Numerics
import Testing

@Suite struct CrossedBootstrapTests {
    @Test func valuesAreMeansOfDefinedCells() {
        let bootstrap = CrossedBootstrap(patients: 4, replications: 50, seed: 1)
        let cells: [[Double]] = [[1, 2, .nan, 4], [5, .nan, .nan, 8]]
        #expect(bootstrap.mean(cells).value == 4)
        #expect(bootstrap.restricted(to: [true, true, false, false]).mean(cells).value == 8.0 / 3)
        #expect(bootstrap.mean([[.nan, .nan, .nan, .nan]]).value.isNaN)
        #expect(!bootstrap.mean([[.nan, .nan, .nan, .nan]]).estimate().isDefined)
        #expect(bootstrap.restricted(to: [false, false, true, false]).mean(cells).value.isNaN)
    }

    @Test func weightedSumsEqualResampledTables() {
        // A matrix whose every row is its patient's number: replicates must be means of drawn patients, so those of
        // one seed and of five equal seeds are the same.
        let patients = 37
        let bootstrap = CrossedBootstrap(patients: patients, replications: 100, seed: 9)
        let row = (0..<patients).map { Double($0 * $0) }
        let one = bootstrap.mean([row])
        let five = bootstrap.mean(Array(repeating: row, count: 5), label: "1,2,3,4,5")
        #expect(zip(one.replicates, five.replicates).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(Set(one.replicates).count > 50)
        // Adding a constant moves every replicate by it, which holds only if the weights sum to the patients.
        let moved = bootstrap.mean([row.map { $0 + 10 }])
        #expect(zip(one.replicates, moved.replicates).allSatisfy { abs($1 - $0 - 10) < 1e-9 })
    }

    @Test func partsSeeTheSameDraws() {
        let patients = 12
        let bootstrap = CrossedBootstrap(patients: patients, replications: 60, seed: 8)
        let low = (0..<patients).map { $0 < 5 }
        let values = (0..<patients).map { Double($0) }
        let masked = (0..<patients).map { low[$0] ? Double($0) : .nan }
        let part = bootstrap.restricted(to: low).mean([values])
        for (one, other) in zip(part.replicates, bootstrap.mean([masked]).replicates) where !one.isNaN || !other.isNaN {
            #expect(abs(one - other) < 1e-12)
        }
        #expect(bootstrap.restricted(to: values.map { _ in false }).mean([values]).value.isNaN)
    }

    @Test func differencesArePaired() {
        let bootstrap = CrossedBootstrap(patients: 200, replications: 500, seed: 2)
        var stream = RandomStream(seed: 4, purpose: "test")
        let hardness = (0..<200).map { _ in 100 * stream.normal() }
        let better = [hardness.map { $0 + 1 }]
        let difference = (bootstrap.mean(better) - bootstrap.mean([hardness])).estimate()
        #expect(abs(difference.low - 1) < 1e-9)
        #expect(abs(difference.high - 1) < 1e-9)
    }

    /// A is two days faster for everybody whom both cure, and cures the slow ones besides: over each policy's own cured
    /// patients A would look slower.
    @Test func differencesCompareWhatBothHave() {
        let patients = 60
        let bootstrap = CrossedBootstrap(patients: patients, replications: 300, seed: 6)
        let slow = (0..<patients).map { $0 >= 30 }
        let a = (0..<3).map { seed in (0..<patients).map { Double($0) + (slow[$0] ? 50 : 0) + 0.25 * Double(seed) } }
        let b = (0..<3).map { seed in
            (0..<patients).map { slow[$0] ? Double.nan : Double($0) + 2 + 0.25 * Double(seed) }
        }
        #expect(bootstrap.mean(a).value > bootstrap.mean(b).value)
        let paired = bootstrap.difference(a, label: "1,2,3", minus: b, label: "1,2,3")
        #expect(abs(paired.value + 2) < 1e-12)
        // Paired seed by seed and patient by patient nothing is left to vary.
        #expect(paired.replicates.allSatisfy { abs($0 + 2) < 1e-12 })
        #expect(bootstrap.comparablePatients(a, label: "1,2,3", minus: b, label: "1,2,3") == 30)
        let unpaired = bootstrap.difference(a, label: "1,2,3", minus: b, label: "4,5,6")
        #expect(abs(unpaired.value + 2) < 1e-12)
        #expect(Set(unpaired.replicates).count > 3)
        let fixed = bootstrap.difference(a, label: "1,2,3", minus: [b[0]], label: "0")
        #expect(abs(fixed.value + 1.75) < 1e-12)
        let part = bootstrap.restricted(to: slow)
        #expect(part.difference(a, minus: b).value.isNaN)
        #expect(part.comparablePatients(a, minus: b) == 0)
    }

    @Test func differencesOfWhatIsDefinedAreDifferencesOfMeans() {
        let bootstrap = CrossedBootstrap(patients: 40, replications: 100, seed: 3)
        var stream = RandomStream(seed: 4, purpose: "test")
        let a = (0..<5).map { _ in (0..<40).map { _ in stream.normal() } }
        let b = (0..<5).map { _ in (0..<40).map { _ in stream.normal() } }
        for (label, other, rows) in [("s", "s", b), ("s", "t", b), ("s", "0", [b[0]])] {
            let means = bootstrap.mean(a, label: label) - bootstrap.mean(rows, label: other)
            let pairs = bootstrap.difference(a, label: label, minus: rows, label: other)
            #expect(abs(means.value - pairs.value) < 1e-12)
            #expect(zip(means.replicates, pairs.replicates).allSatisfy { abs($0 - $1) < 1e-12 })
        }
    }

    @Test func seedsWithTheSameLabelAreDrawnAlike() {
        let bootstrap = CrossedBootstrap(patients: 30, replications: 200, seed: 2)
        let cells = (0..<5).map { seed in Array(repeating: Double(seed), count: 30) }
        #expect(bootstrap.mean(cells, label: "a").replicates == bootstrap.mean(cells, label: "a").replicates)
        #expect(bootstrap.mean(cells, label: "a").replicates != bootstrap.mean(cells, label: "b").replicates)
    }

    /// x_sp = a_s + b_p + e_sp around 0 with 8 seeds and 60 patients. 95 % intervals should cover 0 about as often;
    /// percentile intervals over 8 seeds fall short by a few points, the pigeonhole's extra variance gives some back.
    ///
    /// With 5 seeds that differ half as much as patients do they cover 86 %, which the type's description admits.
    @Test(arguments: [(8, 0.3, 0.88...0.99), (5, 0.5, 0.80...0.92), (5, 0.1, 0.92...0.99)])
    func intervalsCover(seeds: Int, spread: Double, expected: ClosedRange<Double>) {
        var covered = 0
        let trials = 300
        for trial in 0..<trials {
            var stream = RandomStream(seed: 77, purpose: "test.coverage", index: UInt64(trial))
            let patientEffects = (0..<60).map { _ in stream.normal() }
            let cells = (0..<seeds).map { _ -> [Double] in
                let seedEffect = spread * stream.normal()
                return patientEffects.map { seedEffect + $0 + 0.5 * stream.normal() }
            }
            let bootstrap = CrossedBootstrap(patients: 60, replications: 400, seed: UInt64(trial))
            let estimate = bootstrap.mean(cells, label: "s").estimate()
            if estimate.low <= 0 && estimate.high >= 0 { covered += 1 }
        }
        let share = Double(covered) / Double(trials)
        #expect(expected.contains(share), "covered \(share)")
    }

    @Test func worstTenthIsTheMeanOfTheLowestTenth() {
        let bootstrap = CrossedBootstrap(patients: 20, replications: 100, seed: 5)
        let cells = [(1...20).map(Double.init), (1...20).map { Double(21 - $0) }]
        let tail = bootstrap.lowerTailMean(cells)
        #expect(tail.value == 1.5)
        #expect(tail.replicates.allSatisfy { $0 >= 1 && $0 <= 20 })
        let estimate = tail.estimate()
        #expect(estimate.low <= 1.5 && estimate.high >= 1.5)
    }

    @Test func sameSeedSameBytes() {
        let cells = [(0..<50).map { Double($0) }, (0..<50).map { Double(50 - $0) * 1.1 }]
        let first = CrossedBootstrap(patients: 50, seed: 3).mean(cells, label: "x").estimate()
        #expect(first == CrossedBootstrap(patients: 50, seed: 3).mean(cells, label: "x").estimate())
        #expect(first != CrossedBootstrap(patients: 50, seed: 4).mean(cells, label: "x").estimate())
    }
}
