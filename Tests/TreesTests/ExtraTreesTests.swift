// Ensembles of extremely randomised trees: exact on small cases, as Geurts, Ernst and Wehenkel (2006) describe them on
// statistics, the same on any number of threads.

import Numerics
import PositionedJSON
import Testing
import Trees

@Suite struct ExtraTreesTests {
    /// Friedman's first function (Ann. Statist. 19 (1991) 1–67): ten uniform features of which five matter, noise of
    /// deviation 1.
    static func friedman(_ count: Int, seed: UInt64, noise: Double = 1) -> (rows: FeatureRows, targets: [Double]) {
        var stream = RandomStream(seed: seed, purpose: "test.friedman")
        let rows = FeatureRows(columns: 10)
        var targets: [Double] = []
        for _ in 0..<count {
            let x = (0..<10).map { _ in stream.uniform() }
            rows.append(x)
            let wave = sine(x[0] * x[1])
            targets.append(
                10 * wave + 20 * (x[2] - 0.5) * (x[2] - 0.5) + 10 * x[3] + 5 * x[4] + noise * stream.normal())
        }
        return (rows, targets)
    }

    /// sin(πu) on [0, 1] to 1e-9, by its series.
    private static func sine(_ u: Double) -> Double {
        let x = Double.pi * (u > 0.5 ? 1 - u : u)
        var term = x
        var sum = x
        for n in 1..<8 {
            term *= -x * x / Double(2 * n * (2 * n + 1))
            sum += term
        }
        return sum
    }

    private func error(_ ensemble: ExtraTrees, _ rows: FeatureRows, _ truth: [Double]) -> Double {
        zip(ensemble.predictions(rows), truth).map { ($0 - $1) * ($0 - $1) }.reduce(0, +) / Double(truth.count)
    }

    private func grow(
        _ rows: FeatureRows, _ targets: [Double], trees: Int = 10, features: Int? = nil, minimumSplit: Int = 2,
        seed: UInt64 = 1, jobs: Int = 1
    ) -> GrownTrees {
        ExtraTrees.grow(
            rows, targets: targets,
            ExtraTreesConfiguration(trees: trees, features: features, minimumSplit: minimumSplit), seed: seed,
            jobs: jobs)
    }

    @Test func fullyGrownTreesRepeatTheirSamples() {
        let (rows, targets) = Self.friedman(300, seed: 1)
        for features in [nil, 1, 3] {
            let grown = grow(rows, targets, features: features)
            for (value, target) in zip(grown.ensemble.predictions(rows), targets) {
                #expect(abs(value - target) < 1e-5 * 30)
            }
            #expect(grown.ensemble.leaves == 10 * 300)
        }
    }

    @Test func aConstantTargetOrConstantFeaturesMakeOneLeaf() {
        let (rows, _) = Self.friedman(50, seed: 1)
        #expect(grow(rows, Array(repeating: 2.5, count: 50)).ensemble.leaves == 10)
        let same = FeatureRows(columns: 2, values: Array(repeating: 3, count: 20))
        let grown = grow(same, (0..<10).map(Double.init))
        #expect(grown.ensemble.leaves == 10)
        #expect(grown.ensemble.predictions(same).allSatisfy { $0 == 4.5 })
    }

    /// Where one feature tells all, the ensemble finds it whatever the others do.
    @Test func theBestFeatureIsChosen() {
        var stream = RandomStream(seed: 3, purpose: "test.step")
        let rows = FeatureRows(columns: 5)
        var targets: [Double] = []
        for _ in 0..<200 {
            var x = (0..<5).map { _ in stream.uniform() }
            x[3] = x[3] < 0.5 ? 0 : 1
            rows.append(x)
            targets.append(x[3] == 0 ? -7 : 7)
        }
        let grown = grow(rows, targets, trees: 20)
        #expect(grown.ensemble.leaves == 40)
        for (value, target) in zip(grown.ensemble.predictions(rows), targets) { #expect(value == target) }
    }

    /// Between two samples the threshold is uniform: the expected prediction is a straight line, and features that part
    /// them equally well are chosen equally often.
    @Test func twoSamplesAreJoinedByAStraightLine() {
        let rows = FeatureRows(columns: 2, values: [0, 0, 1, 1])
        let ensemble = grow(rows, [0, 1], trees: 4000).ensemble
        let between = FeatureRows(columns: 2, values: [0.25, 0.25, 0.5, 0.5, 0.9, 0.9, 0, 1, 1, 0])
        for (value, expected) in zip(ensemble.predictions(between), [0.25, 0.5, 0.9, 0.5, 0.5]) {
            #expect(abs(value - expected) < 0.035)  // four standard errors of 4000 coins
        }
    }

    /// More trees err less, and by as much as scikit-learn's `ExtraTreesRegressor` (1.9.1) does on this function: with
    /// 2000 samples and `min_samples_split` 5 its squared error was 7.43 with one tree, 2.43 with 10 and 1.95 with 100
    /// (20 repetitions, whose deviations were 0.38, 0.12 and 0.10).
    @Test func theErrorIsThatOfOtherPrograms() {
        let (rows, targets) = Self.friedman(2000, seed: 1)
        let (fresh, truth) = Self.friedman(2000, seed: 2, noise: 0)
        let one = error(grow(rows, targets, trees: 1, minimumSplit: 5).ensemble, fresh, truth)
        let ten = error(grow(rows, targets, trees: 10, minimumSplit: 5).ensemble, fresh, truth)
        let hundred = error(grow(rows, targets, trees: 100, minimumSplit: 5).ensemble, fresh, truth)
        #expect(abs(one - 7.43) < 1.2 && abs(ten - 2.43) < 0.4 && abs(hundred - 1.95) < 0.3)
        // A mean over m trees errs by bias + variance / m.
        let variance = (one - hundred) * 100 / 99
        #expect(abs(ten - (hundred + variance * (0.1 - 0.01))) < 0.15 * ten)
    }

    @Test func theResultDoesNotDependOnThreads() {
        let (rows, targets) = Self.friedman(500, seed: 1)
        let one = grow(rows, targets, trees: 7)
        let three = grow(rows, targets, trees: 7, jobs: 3)
        #expect(one.ensemble == three.ensemble && one.leafOfSample == three.leafOfSample)
        #expect(one.ensemble != grow(rows, targets, trees: 7, seed: 2).ensemble)
    }

    @Test func totallyRandomisedTreesDoNotLookAtTheTargets() {
        let (rows, targets) = Self.friedman(200, seed: 1)
        var grown = grow(rows, targets, features: 1, minimumSplit: 10)
        let other = grow(rows, targets.map { -$0 * $0 }, features: 1, minimumSplit: 10)
        #expect(grown.leafOfSample == other.leafOfSample)
        grown.refit(targets.map { -$0 * $0 })
        #expect(grown.ensemble == other.ensemble)
    }

    @Test func samplesAreInTheLeavesThatRowsFallInto() {
        let (rows, targets) = Self.friedman(203, seed: 1)
        let grown = grow(rows, targets, minimumSplit: 7)
        var leaves = Array(repeating: Int32(0), count: 203)
        for tree in 0..<10 {
            grown.ensemble.leaves(of: rows, tree: tree, into: &leaves)
            #expect(leaves == Array(grown.leafOfSample[(203 * tree)..<(203 * (tree + 1))]))
        }
    }

    @Test func missingAndInfiniteValuesAreTaken() {
        let nan = Double.nan
        let rows = FeatureRows(columns: 2, values: [nan, 1, 0, 1, 1, 1, .infinity, 1, nan, nan, -.infinity, 1])
        let grown = grow(rows, [1, 2, 3, 4, 5, 6], trees: 50)
        let values = grown.ensemble.predictions(rows)
        #expect(values.allSatisfy { $0.isFinite && $0 >= 1 && $0 <= 6 })
        for (row, expected) in [(1, 2.0), (2, 3), (5, 6)] { #expect(values[row] == expected) }
    }

    /// Eleven features need two vectors; with one that matters in either.
    @Test func moreThanEightFeatures() {
        var stream = RandomStream(seed: 5, purpose: "test.wide")
        let rows = FeatureRows(columns: 11)
        var targets: [Double] = []
        for _ in 0..<1500 {
            let x = (0..<11).map { _ in stream.uniform() }
            rows.append(x)
            targets.append(x[2] + 3 * x[10])
        }
        let ensemble = grow(rows, targets, trees: 30).ensemble
        var probe = Array(repeating: 0.5, count: 11)
        probe[2] = 0.25
        probe[10] = 0.75
        #expect(abs(ensemble.predictions(FeatureRows(columns: 11, values: probe))[0] - 2.5) < 0.25)
    }

    @Test func ensemblesReadBackToTheBit() throws {
        let (rows, targets) = Self.friedman(100, seed: 1)
        let ensemble = grow(rows, targets.map { $0 * 1e9 }, trees: 3).ensemble
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "e.json", bytes: Array(ensemble.json().text().utf8)))
        let read = try #require(ExtraTrees(node, columns: 10, complaints: complaints))
        #expect(read == ensemble)
    }

    @Test(arguments: [
        ("", "ends before"), ("0:1 =2", "ends before"), ("=1 =2", "goes on"), ("3:1 =1 =2", "no feature 3"),
        ("0:x =1 =2", "neither"), ("=inf", "not a leaf"), ("-1:0 =1 =2", "no feature"), ("0:nan =1 =2", "neither"),
        ("7", "neither"),
    ])
    func wrongTreesAreComplainedOf(text: String, message: String) throws {
        let complaints = Complaints()
        let json = #"{"features": 2, "trees": ["\#(text)"]}"#
        let node = try JSONParser.parse(SourceText(name: "e.json", bytes: Array(json.utf8)))
        #expect(ExtraTrees(node, columns: 2, complaints: complaints) == nil)
        #expect(complaints.items.count == 1 && complaints.items[0].description.contains(message))
    }
}
