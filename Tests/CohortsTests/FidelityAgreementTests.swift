// The fidelity report against SDMetrics and scikit-learn on the same files: Tests/Fixtures/Fidelity, whose make.py made
// the tables and golden.json.

import Foundation
import Numerics
import PositionedJSON
import TestSupport
import Testing

import Cohorts

@Suite struct FidelityAgreementTests {
    /// What is counted alike agrees to rounding; distances are single precision; boosted trees break ties between equal
    /// splits their own way, and folds fall otherwise. The documentation states the same (Experiments/data/README.md).
    enum Tolerance {
        static let score = 1e-9
        static let distance = 1e-5
        static let logistic = 1e-6
        static let boostedTrees = 0.02
        /// Beside four standard deviations over folds of scikit-learn's own.
        static let discriminator = 0.02
    }

    static func path(_ name: String) -> String { RepositoryFiles.path("Tests/Fixtures/Fidelity/" + name) }

    private static let measured: FidelityReport? = try? CohortCommands.evaluate(
        real: path("real.csv"), synthetic: path("synthetic.csv"), schema: path("columns.json"),
        heldOut: path("held-out.csv"), options: .init(jobs: 2))

    private func golden() throws -> JSONNode {
        try JSONParser.parse(try SourceText(contentsOf: Self.path("golden.json")))
    }

    private func number(_ node: JSONNode?) throws -> Double {
        guard case .number(let value, _)? = node?.value else { throw CohortError("no number") }
        return value
    }

    @Test func scoresAreThoseOfSDMetrics() throws {
        let report = try #require(Self.measured)
        let golden = try golden()
        #expect(abs(report.quality - (try number(golden["quality"]))) < Tolerance.score)
        #expect(abs(report.columnShapes - (try number(golden["properties"]?["Column Shapes"]))) < Tolerance.score)
        #expect(
            abs(try #require(report.pairTrends) - (try number(golden["properties"]?["Column Pair Trends"])))
                < Tolerance.score)
        for shape in report.shapes {
            guard case .array(let items)? = golden["columns"]?[shape.column]?.value else {
                Issue.record("\(shape.column) is not in golden.json")
                continue
            }
            #expect(abs(shape.score - (try number(items[1]))) < Tolerance.score, "\(shape.column)")
        }
        guard case .array(let pairs)? = golden["pairs"]?.value else {
            Issue.record("no pairs")
            return
        }
        #expect(pairs.count == report.pairs.count)
        for (mine, theirs) in zip(report.pairs, pairs) {
            guard case .string(mine.first)? = theirs["first"]?.value,
                case .string(mine.second)? = theirs["second"]?.value,
                case .bool(let counts)? = theirs["counts"]?.value
            else {
                Issue.record("\(mine.first), \(mine.second)")
                continue
            }
            #expect(mine.counts == counts)
            #expect(
                abs(try #require(mine.score) - (try number(theirs["score"]))) < Tolerance.score,
                "\(mine.first), \(mine.second)")
        }
    }

    @Test func areasAreThoseOfScikitLearn() throws {
        let report = try #require(Self.measured)
        let golden = try golden()
        let utility = try #require(report.utility)
        #expect(utility.heldOut && utility.testPatients == 300)
        #expect(utility.models.map(\.name) == ["boosted_trees", "logistic_regression"])
        for model in utility.models {
            let tolerance = model.name == "logistic_regression" ? Tolerance.logistic : Tolerance.boostedTrees
            let theirs = golden[model.name]
            #expect(abs(model.synthetic.value - (try number(theirs?["tstr"]))) < tolerance, "\(model.name)")
            #expect(abs(model.real.value - (try number(theirs?["trtr"]))) < tolerance, "\(model.name)")
            #expect(model.difference.value == model.synthetic.value - model.real.value)
        }
        let told = try #require(report.discriminator)
        guard case .array(let folds)? = golden["discriminator"]?.value else {
            Issue.record("no discriminator")
            return
        }
        #expect(abs(told - (try number(folds[0]))) < Tolerance.discriminator + 4 * (try number(folds[1])))
    }

    /// Bootstrap intervals against DeLong's standard errors, which are normal theory for the same thing.
    @Test func intervalsAreThoseOfDeLong() throws {
        let utility = try #require(Self.measured?.utility)
        let golden = try golden()
        for model in utility.models {
            let errors = ["tstr_error", "trtr_error", "difference_error"]
            for (estimate, name) in zip([model.synthetic, model.real, model.difference], errors) {
                let normal = 2 * 1.959964 * (try number(golden[model.name]?[name]))
                #expect(estimate.low < estimate.value && estimate.value < estimate.high)
                #expect(abs((estimate.high - estimate.low) / normal - 1) < 0.2, "\(model.name) \(name)")
            }
        }
    }

    @Test func distancesAreThoseOfScikitLearn() throws {
        let closest = try #require(Self.measured?.closest)
        let golden = try golden()["closest"]
        #expect(abs(closest.median - (try number(golden?["median"]))) < Tolerance.distance)
        #expect(abs(closest.fifthPercentile - (try number(golden?["fifth_percentile"]))) < Tolerance.distance)
        #expect(abs(closest.realToRealMedian - (try number(golden?["real_to_real_median"]))) < Tolerance.distance)
        #expect(abs(try #require(closest.membership) - (try number(golden?["membership_auc"]))) < 1e-4)
        #expect(abs(closest.distances.synthetic.reduce(0, +) - 1) < 1e-9)
        #expect(abs(try #require(closest.distances.heldOut).reduce(0, +) - 1) < 1e-9)
    }
}
