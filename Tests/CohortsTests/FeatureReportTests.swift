// Mutual information and principal components against scikit-learn 1.9.1.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct FeatureReportTests {
    static func numbers(_ name: String, _ values: [Double]) -> TableColumn {
        TableColumn(schema: ColumnSchema(name: name, type: .continuous), values: values)
    }
    static func categories(_ name: String, _ values: [Double]) -> TableColumn {
        TableColumn(
            schema: ColumnSchema(name: name, type: .categorical), categories: ["a", "b", "c"], values: values)
    }

    /// x = (7919 i³ + 17 i mod 100003)/100003, u = (104729 i³ + 31 i² mod 99991)/99991 for i from 1 to 300: no ties, so
    /// that the noise which parts them has next to no part. `mutual_info_classif(x, u < x)`, `mutual_info_classif(x, [u < x/2, u < x])`,
    /// `mutual_info_regression(x, x² + 0.3 u)`, the classes against each other, and classes against x.
    @Test func agreesWithScikitLearnWithoutTies() throws {
        var x: [Double] = []
        var u: [Double] = []
        for i in 1...300 {
            let cube = i * i * i
            x.append(Double((7919 * cube + 17 * i) % 100_003) / 100_003)
            u.append(Double((104_729 * cube + 31 * i * i) % 99_991) / 99_991)
        }
        let two = zip(u, x).map { $0 < $1 ? 1.0 : 0 }
        let three = zip(u, x).map { $0 < $1 / 2 ? 0 : $0 < $1 ? 1.0 : 2 }
        let z = zip(u, x).map { $1 * $1 + 0.3 * $0 }
        func value(_ a: TableColumn, _ b: TableColumn) throws -> Double {
            try #require(MutualInformation.measure(a, b, seed: 1)).value
        }
        let tolerance = 1e-9
        #expect(abs(try value(Self.numbers("x", x), Self.categories("y", two)) - 0.1926439389240504) < tolerance)
        #expect(abs(try value(Self.numbers("x", x), Self.categories("y", three)) - 0.17835733460892933) < tolerance)
        // Two points are at one distance in the plane: 1.20396 or 1.20370, as the noise falls.
        #expect(abs(try value(Self.numbers("x", x), Self.numbers("z", z)) - 1.2039607853378516) < 3e-4)
        #expect(abs(try value(Self.categories("y", two), Self.categories("t", three)) - 0.6923469670899611) < tolerance)
        #expect(abs(try value(Self.categories("t", three), Self.numbers("x", x)) - 0.17835733460892933) < tolerance)
    }

    /// ACTG 175: the mean over 20 seeds of the noise that parts ties, whose standard deviation is up to .005.
    @Test func agreesWithScikitLearnOnATrial() throws {
        let table = try ACTG175Tests.read()
        let target = try #require(table.column("cens"))
        for (name, golden, tolerance) in [
            ("arms", 0.00837341824981186, 1e-12), ("symptom", 0.007784847681703011, 1e-12),
            ("z30", 0.008009203098439749, 1e-12), ("cd420", 0.0727, 0.015), ("cd40", 0.0285, 0.015),
            ("days", 0.2274, 0.008),
        ] {
            let estimate = try #require(MutualInformation.measure(table.column(name)!, target, seed: 1))
            #expect(abs(estimate.value - golden) < tolerance, "\(name): \(estimate.value)")
        }
        let regression = try #require(
            MutualInformation.measure(table.column("cd40")!, table.column("cd420")!, seed: 1))
        #expect(abs(regression.value - 0.2343) < 0.006)
        #expect(regression.estimator == .kraskov)
    }

    /// `PCA().fit(StandardScaler().fit_transform(X))`.
    @Test func principalComponentsAgreeWithScikitLearn() throws {
        let all = try ACTG175Tests.read()
        let names = ["age", "wtkg", "preanti", "cd40", "cd420", "cd80", "cd820"]
        let table = PatientTable(columns: names.map { all.column($0)! })
        let components = try #require(PrincipalComponents(table))
        let explained = [
            0.283110651894799, 0.20838298038410777, 0.15663381241836524, 0.1469765631965727, 0.11134242794647933,
            0.07139765075039234, 0.022155913409283575,
        ]
        let first = [
            0.023813389325086053, 0.13276626894884785, -0.05762091705369532, 0.4179289780749076, 0.4133990772911413,
            0.5602266119785987, 0.5648615632588422,
        ]
        #expect(zip(components.explained, explained).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(zip(components.loadings[0], first).allSatisfy { abs($0 - $1) < 1e-10 })
        #expect(components.needed(for: 0.9) == 5)
        #expect(abs(components.explained.reduce(0, +) - 1) < 1e-12)
    }

    @Test(.enabled(if: dataFile("wdbc.csv") != nil, "LAB_DATA names no folder with wdbc.csv"))
    func breastCancerAsInScikitLearn() throws {
        let path = try #require(dataFile("wdbc.csv"))
        let guess = try SchemaGuess.read(path: path)
        let table = try TableReader(schema: guess.schema).read(path: path).table
        let report = try FeatureReport.measure(table, options: .init(target: "malignant", permutations: 39, jobs: 2))
        // The mean of ten seeds of `mutual_info_classif`, standard deviation up to .004.
        for (name, golden) in [
            ("worst_perimeter", 0.475639), ("worst_area", 0.464292), ("mean_radius", 0.366513),
            ("mean_texture", 0.096624), ("texture_error", 0.000657), ("worst_fractal_dimension", 0.067565),
        ] {
            let feature = try #require(report.features.first { $0.name == name })
            #expect(abs(feature.information - golden) < 0.012, "\(name): \(feature.information)")
        }
        #expect(report.best(3) == ["worst_perimeter", "worst_area", "worst_radius", "malignant"])
        #expect(try #require(report.features.first { $0.name == "worst_area" }).pValue == 1 / 40)
        let components = try #require(report.components)
        let explained = [
            0.44272025607526366, 0.1897118204403308, 0.09393163257431389, 0.06602134915470144, 0.05495768492346266,
        ]
        #expect(zip(components.explained, explained).allSatisfy { abs($0 - $1) < 1e-10 })
        #expect(abs(components.loadings[0][0] - 0.21890244370000275) < 1e-9)
    }

    /// Independent columns: p-values are not small; a column that is the target: all of its entropy.
    @Test func chanceAndCertainty() throws {
        var stream = RandomStream(seed: 5, purpose: "test.information")
        let target = (0..<200).map { _ in stream.uniform() < 0.4 ? 1.0 : 0 }
        var columns = [Self.categories("target", target), Self.categories("copy", target)]
        for index in 0..<8 { columns.append(Self.numbers("noise \(index)", target.map { _ in stream.normal() })) }
        columns.append(Self.numbers("gap", target.map { $0 == 1 && stream.uniform() < 0.5 ? .nan : stream.normal() }))
        columns.append(Self.numbers("constant", target.map { _ in 3 }))
        let report = try FeatureReport.measure(
            PatientTable(columns: columns, target: "target"), options: .init(permutations: 99))
        #expect(report.features[0].name == "copy")
        #expect(abs(try #require(report.features[0].share) - 1) < 1e-12)
        #expect(report.features[0].pValue == 0.01)
        #expect(report.features.count { $0.name.hasPrefix("noise") && $0.pValue <= 0.05 } <= 2)
        #expect(report.silent == ["constant"])
        let gap = try #require(report.features.first { $0.name == "gap" }?.absence)
        #expect(gap.pValue == 0.01)
        #expect(report.text().contains("That a value is missing tells of \"target\" too: gap"))
        #expect(report.components?.columns.count == 9)
        // However many threads.
        let again = try FeatureReport.measure(
            PatientTable(columns: columns, target: "target"), options: .init(permutations: 99, jobs: 3))
        #expect(again.json() == report.json())
        #expect(throws: CohortError("there is no column \"tarfet\" to tell of; did you mean \"target\"?")) {
            try FeatureReport.measure(PatientTable(columns: columns), options: .init(target: "tarfet"))
        }
    }

    @Test func symmetricEigenByHand() throws {
        let eigen = try #require(SymmetricEigen([2, 1, 1, 2], 2))
        #expect(abs(eigen.values[0] - 3) < 1e-14 && abs(eigen.values[1] - 1) < 1e-14)
        #expect(abs(abs(eigen.vectors[0][0]) - 0.5.squareRoot()) < 1e-14)
        #expect(eigen.vectors[0][0] * eigen.vectors[0][1] > 0)
        #expect(SymmetricEigen([.nan], 1) == nil)
    }
}
