// Figures: scripts that cannot be commandeered, pictures where gnuplot is there, a warning where it is not.

import Evaluation
import Foundation
import Numerics
import Reports
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct FigureTests {
    /// A folder of its own that goes away again.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "figures-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func figures(_ mark: String = "") throws -> [Figure] {
        let run = CurveRun(decisions: [0, 1000, 3000], values: [-1, 0, 2])
        let other = CurveRun(decisions: [0, 1000, 2000], values: [-2, 1, 1])
        return [
            .learningCurves(
                title: "Curves" + mark, series: [CurveSeries(name: "dqn" + mark, runs: [run, other])],
                references: [ReferenceLine(name: "never" + mark, value: 0.5)]),
            .comparison(try Specimen(mark).comparison, title: "Policies" + mark),
            .marginals(
                title: "Cohort" + mark,
                panels: [
                    MarginalPanel(
                        name: "age" + mark, unit: "years" + mark, edges: [0, 50, 100], source: [0.4, 0.6],
                        synthetic: [0.5, 0.5]),
                    MarginalPanel(
                        name: "sex" + mark, categories: ["f" + mark, "m"], source: [0.3, 0.7], synthetic: [0.2, 0.8]),
                    MarginalPanel(
                        name: "load", unit: "cells", meaning: "tumour" + mark, edges: [1, 10, 100, 1000, 10_000],
                        source: [0.1, 0.2, 0.3, 0.4], synthetic: [0.4, 0.3, 0.2, 0.1]),
                ], rates: [RatePair(name: "never" + mark, source: 0.4, synthetic: 0.5)], event: "cured" + mark),
            .frontier(
                title: "Frontier" + mark,
                series: [
                    FrontierSeries(
                        name: "viper" + mark, leaves: [2, 4, 8, 16],
                        runs: [[1, 5, 6, 6.2], [2, 4, 5, 6]].map { values in
                            FrontierSeries.Run(values: values.map { Estimate($0, low: $0 - 1, high: $0 + 1) })
                        })
                ], references: [ReferenceLine(name: "never" + mark, value: 3)]),
        ] + (try reliance(mark)) + fidelity(mark) + [
            .trajectories(
                title: "Visits" + mark, timeUnit: "days" + mark,
                panels: [
                    TrajectoryPanel(
                        name: "bilirubin" + mark, unit: "mg/dL" + mark, times: [0, 180, 700],
                        real: .init(low: [0.5, 0.5, 0.4], middle: [1, 2, 3], high: [9, 20, 30]),
                        synthetic: .init(low: [0.5, 0.6, .nan], middle: [1, 2, .nan], high: [8, 15, .nan])),
                    TrajectoryPanel(
                        name: "ascites", unit: "", times: [0, 180, 700],
                        real: .init(low: [0, 0.1, 0.2], middle: [0, 0.1, 0.2], high: [0, 0.1, 0.2]),
                        synthetic: .init(low: [0, 0.2, 0.3], middle: [0, 0.2, 0.3], high: [0, 0.2, 0.3])),
                ])
        ]
    }

    private func fidelity(_ mark: String) -> [Figure] {
        let rate = Estimate(0.3, low: 0.2, high: 0.4)
        return [
            .associations(
                [
                    AssociationPair(first: "age" + mark, second: "sex", real: 0.2, synthetic: 0.1),
                    AssociationPair(first: "age" + mark, second: "load", real: -0.7, synthetic: -0.5),
                    AssociationPair(first: "sex", second: "load", real: .nan, synthetic: 0.3),
                ], columns: ["age" + mark, "sex", "load"]),
            .recognition(
                curve: [(0, 0), (0.4, 0.5), (1, 1)], area: Estimate(0.55, low: 0.5, high: 0.6),
                distances: DistanceHistogram(
                    edges: [0, 1, 2], synthetic: [0.2, 0.8], real: [0.3, 0.7], heldOut: [0.25, 0.75])),
            .training(
                [
                    TrainingComparison(
                        name: "boosted trees" + mark, synthetic: Estimate(0.8, low: 0.75, high: 0.85),
                        real: Estimate(0.82), difference: Estimate(-0.02, low: -0.05, high: 0.01))
                ], event: "died = 1" + mark, test: "40 patients" + mark),
            .subgroups(
                [
                    SubgroupPanelRow(
                        name: "sex = f" + mark, patients: 40, shapes: 0.8, expected: 0.9, deviation: 0.02,
                        realRate: rate,
                        syntheticRate: rate, isBeyondChance: true),
                    SubgroupPanelRow(
                        name: "age > 60 years", patients: 50, shapes: .nan, expected: .nan, deviation: .nan,
                        isBeyondChance: false),
                ], total: 3, event: "died = 1" + mark),
        ]
    }

    @Test func fidelityIsDrawnPairByPairAndGroupByGroup() {
        let figures = fidelity("")
        // Each pair once, below the diagonal, and the difference.
        #expect(figures[0].data.contains("\n1,0,age,sex,0.2,0.1,-0.1\n"))
        #expect(figures[0].data.contains("\n2,1,sex,load,NaN,0.3,NaN\n"))
        #expect(figures[1].data.split(separator: "\n").count == 1 + 3 + 3)
        #expect(figures[1].script.contains("AUC 0.55 [0.50, 0.60]"))
        #expect(figures[2].caption.contains("died = 1"))
        // Two standard deviations of chance, rates in percent; nothing for what was not measured.
        let rows = figures[3].data.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
        #expect(rows.map { $0[0] } == ["sex = f", "age > 60 years"])
        for (found, wanted) in zip(rows[0].dropFirst(), [0, 0.8, 0.86, 0.94, 1, 30, 20, 40, 30, 20, 40]) {
            #expect(abs(Double(found)! - wanted) < 1e-9)
        }
        #expect(rows[1].dropFirst() == ["-1", "NaN", "NaN", "NaN", "0", "NaN", "NaN", "NaN", "NaN", "NaN", "NaN"])
        #expect(figures[3].caption.contains("(2 of 3)"))
        let many = (0..<60).map { "c\($0)" }
        let pairs = (1..<60).map { AssociationPair(first: "c0", second: "c\($0)", real: Double($0) / 60, synthetic: 0) }
        let strongest = Figure.associations(pairs, columns: many)
        #expect(strongest.caption.contains("The 40 of 60 columns"))
        #expect(!strongest.data.contains(",c5,") && strongest.data.contains(",c59,"))
    }

    private func reliance(_ mark: String) throws -> [Figure] {
        let task = try Specimen(mark).subject.task
        let names = task.observations.map(\.name)
        let stability = TreeStability(
            tree: "viper" + mark, seeds: 2,
            features: [
                .init(
                    name: names[0], unit: "log10 cells", seeds: 2, roots: 2, splits: 2, low: 6, median: 6.2, high: 6.4,
                    movement: 0.4, relativeMovement: 0.08, isFlag: false),
                .init(
                    name: names[1], unit: "", seeds: 1, roots: 0, splits: 1, low: 0.5, median: 0.5, high: 0.5,
                    movement: .nan, relativeMovement: .nan, isFlag: true),
            ],
            splits: [
                .init(seed: 1, feature: names[0], threshold: 6, depth: 0),
                .init(seed: 2, feature: names[0], threshold: 6.4, depth: 0),
                .init(seed: 2, feature: names[1], threshold: 0.5, depth: 1),
            ], agreement: Estimate(0.9, low: 0.9, high: 0.9), agreementByChance: 0.5, states: 100)
        let importance = PermutationImportance(
            policy: "viper" + mark, kind: .tree, seed: 1, patients: 40, meanReturn: 3,
            features: names.enumerated().map { .init(name: $1, drop: Estimate(Double($0), low: -0.1, high: 2.5)) })
        return [Figure.stability(stability, task: task), Figure.importance([importance], task: task)].compactMap { $0 }
    }

    @Test func relianceIsDrawnRowByRow() throws {
        let figures = try reliance("")
        #expect(figures.map(\.name) == ["stability", "importance"])
        #expect(figures[0].script.contains("tumour cells first in 2 of 2"))
        #expect(figures[0].script.contains("same action in 90 % of states"))
        #expect(figures[0].data.contains("log10_tumour,1,1,40.0,"))  // 6 is 40 % of the way from 4 to 9
        // What costs nothing has no row.
        #expect(figures[1].data.split(separator: "\n").count == 3)
        #expect(figures[1].data.contains("0,viper,change,2.0,-0.1,2.5,"))
    }

    @Test func theKneeOfAFrontierIsMarked() throws {
        let frontier = try #require(try figures().first { $0.name == "frontier" })
        // Means 1.5, 4.5, 5.5, 6.1: on the doubling scale the second is farthest above the chord.
        #expect(frontier.caption.contains("viper at 4 leaves") && frontier.caption.contains("2 seeds"))
        #expect(
            frontier.data.contains("0,viper,4.0,4.5,4.0,5.0,1\n")
                && frontier.data.contains("0,viper,8.0,5.5,5.0,6.0,0\n"))
    }

    @Test func withoutGnuplotScriptAndDataStay() throws {
        try inFolder { folder in
            let drawn = try Gnuplot(executable: nil).draw(figures()[0], into: folder)
            #expect(drawn.files == ["learning_curves.csv", "learning_curves.gp"])
            #expect(drawn.warning == Gnuplot.missing)
            for file in drawn.files { #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)")) }
            let broken = try Gnuplot(executable: "/bin/false").draw(figures()[0], into: folder)
            #expect(broken.warning?.contains("could not draw learning_curves") == true)
            guard case .absent = ReportFigure(drawn, folder: folder).picture else {
                Issue.record("a picture out of nothing")
                return
            }
        }
        #expect(Gnuplot.find(path: "/nowhere:/nor/here") == nil)
        #expect(Gnuplot.find(path: nil) == nil)
    }

    @Test(.enabled(if: Gnuplot.find() != nil, "gnuplot is not installed"))
    func picturesAreDrawnAndTheSameAgain() throws {
        try inFolder { folder in
            for figure in try figures() {
                let first = try Gnuplot().draw(figure, into: folder)
                #expect(first.warning == nil)
                #expect(first.files.count == 4)
                let svg = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(figure.name).svg"))
                let png = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(figure.name).png"))
                #expect(XMLParser(data: svg).parse())
                #expect(png.count > 2000)
                _ = try Gnuplot().draw(figure, into: folder)
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(figure.name).svg")) == svg)
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(figure.name).png")) == png)
            }
        }
    }

    @Test(.enabled(if: Gnuplot.find() != nil, "gnuplot is not installed"))
    func hostileNamesRunNothing() throws {
        try inFolder { folder in
            for figure in try figures("'`touch \(folder)/pwned`\"; system 'touch \(folder)/pwned' #\n!touch pwned\n") {
                let drawn = try Gnuplot().draw(figure, into: folder)
                #expect(drawn.warning == nil)
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/pwned"))
        }
    }

    @Test func namesOfFilesAreTame() throws {
        let figure = Figure.marginals(name: "../../etc/x y", title: "", panels: [])
        #expect(figure.name == "______etc_x_y")
        // A new line in a title would begin a command; a comment must stay on its line.
        let script = try figures("\nsystem 'id'")[0].script
        #expect(!script.contains("\nsystem"))
    }

    @Test func decadesAreDrawnOnLogarithmicAxes() throws {
        let script = try figures()[2].script
        #expect(script.components(separatedBy: "\nset logscale x").count == 2)
        #expect(script.contains("'10' 10.0, '100' 100.0"))
        #expect(script.contains("cured under each protocol [%]"))
    }

    @Test func comparisonShowsPairedDifferencesToo() throws {
        let figure = try figures()[1]
        #expect(figure.script.contains("difference to the best protocol, never, on the same patients"))
        let rows = figure.data.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(Set(rows.dropFirst().map { $0[0] }) == ["0", "1"])
        #expect(Set(rows.filter { $0[0] == "1" }.map { $0[4] }) == ["dqn", "viper"])
    }

    @Test func oneRunGoneAstrayDoesNotStretchTheAxis() {
        let steps = (1...40).map(Double.init)
        func curves(_ first: Double) -> Figure {
            let run = CurveRun(decisions: steps, values: [first] + steps.dropFirst().map { 1 + 0.01 * $0 })
            return .learningCurves(title: "Curves", series: [CurveSeries(name: "a", runs: [run])])
        }
        #expect(curves(-500).caption.contains("Axis cut: values reach down to -500."))
        #expect(curves(-500).data.contains("-500.0"))
        #expect(!curves(1.01).caption.contains("Axis cut"))
    }

    @Test func bandsNeedEverySeed() {
        let series = CurveSeries(
            name: "a",
            runs: [
                CurveRun(decisions: [100, 200, 300], values: [1, 2, 3]),
                CurveRun(decisions: [150, 250], values: [5, 7]),
            ])
        let band = series.band()
        #expect(band.map(\.decisions) == [150, 200, 250])
        #expect(band.map(\.mean) == [3, 3.5, 4.5])
        #expect(band.map(\.low) == [1, 2, 2])
        #expect(band.map(\.high) == [5, 5, 7])
    }
}
