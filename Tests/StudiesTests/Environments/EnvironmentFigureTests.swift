// The figure of a patient: both courses, every panel's unit, the doses given; without gnuplot script and data are left.

import Foundation
import Patients
import Reports
import Studies
import Testing

@Suite struct EnvironmentFigureTests {
    @Test func bothCoursesAndTheDosesAreThere() throws {
        let figure = try EnvironmentFigure.figure(SmallEnvironment.model(), treatment: "always")
        let rows = figure.data.split(separator: "\n")
        #expect(rows[0] == "row,time,level,marker,drug")
        #expect(rows.count { $0.hasPrefix("treated,") } == 11)
        #expect(rows.count { $0.hasPrefix("untreated,") } == 11)
        #expect(rows.count { $0.hasPrefix("dose 0,") } == 8)
        #expect(figure.script.contains("marker [U/L]") && figure.script.contains("drug [mg/L]"))
        #expect(figure.script.contains("time [d]"))
    }

    @Test func anUnknownProtocolIsRefused() throws {
        #expect(throws: UsageError.self) {
            try EnvironmentFigure.figure(SmallEnvironment.model(), treatment: "alway")
        }
    }

    @Test func withoutGnuplotScriptAndDataAreLeft() throws {
        let folder = try TemporaryFolder()
        let figure = try EnvironmentFigure.figure(SmallEnvironment.model())
        let drawn = try EnvironmentFigure.draw(
            figure, to: folder.path + "/deep/picture.png", gnuplot: Gnuplot(executable: nil))
        #expect(drawn.warning == Gnuplot.missing)
        #expect(folder.exists("deep/small.gp") && folder.exists("deep/small.csv"))
        #expect(!folder.exists("deep/picture.png"))
    }

    @Test(.enabled(if: Gnuplot.find() != nil), arguments: ["png", "svg"])
    func aPictureIsDrawn(format: String) throws {
        let folder = try TemporaryFolder()
        let figure = try EnvironmentFigure.figure(SmallEnvironment.model(), patient: ["M": 30])
        let drawn = try EnvironmentFigure.draw(figure, to: folder.path + "/a picture.\(format)")
        #expect(drawn.warning == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a picture.\(format)"])
    }
}
