// The measures of synthetic visits: golden values, and what they say of tables that are alike or are not.

import Cohorts
import Foundation
import Numerics
import PositionedJSON
import Testing

@Suite struct VisitFidelityTests {
    /// By hand from the formulas: MSB = 19.5, MSW = 9/6, n₀ = 26/9.
    @Test func intraclassCorrelationByHand() throws {
        let values = [1, 2, 3, 2, 4, 5, 6, .nan, 7, 8]
        let found = try #require(WithinPatient.intraclass(values, [0, 3, 5, 10]))
        #expect(abs(found - 0.804_020_100_502_512_6) < 1e-12)
        #expect(WithinPatient.intraclass([1, 2, 3], [0, 1, 2, 3]) == nil)
    }

    @Test func changeIsTheSlopeWithinPatients() throws {
        // Slopes 2 and 2 about different means; the third patient has one value.
        let found = try #require(
            WithinPatient.change([1, 3, 5, 100, 104, 7], [0, 1, 2, 5, 7, 0], [0, 3, 5, 6]))
        #expect(abs(found - 2) < 1e-12)
        #expect(WithinPatient.change([1, 2], [0, 0], [0, 1, 2]) == nil)
    }

    @Test func autocorrelationIsOverNeighboursAlone() throws {
        // 1, 2, …, 8 of one patient, then a patient whose first value follows nothing.
        let values: [Double] = (1...8).map { Double($0) } + [50] + (1...6).map { Double($0) }
        let found = try #require(WithinPatient.autocorrelation(values, [0, 8, 9, 15]))
        #expect(abs(found - 1) < 1e-12)
        #expect(WithinPatient.autocorrelation([1, 2, 3], [0, 3]) == nil)
    }

    /// Numbers at risk 5, 4, 2, 1: 4/5, then 3/4 of it, then nothing left at the last.
    @Test func survivalCurvesAreComparedWhereTheyDiffer() throws {
        func table(_ until: [Double], _ dead: [Double]) -> PatientTable {
            PatientTable(columns: [
                TableColumn(schema: ColumnSchema(name: "until", type: .continuous, event: "dead"), values: until),
                TableColumn(
                    schema: ColumnSchema(name: "dead", type: .categorical), categories: ["0", "1"], values: dead),
            ])
        }
        let real = table([1, 2, 2, 3, 4], [1, 1, 0, 0, 1])
        let curve = KaplanMeier(real.columns[0].values, real.columns[1].values)
        #expect(curve.survival(at: 0.5) == 1)
        #expect(abs(curve.survival(at: 1) - 0.8) < 1e-12)
        #expect(abs(curve.survival(at: 3.5) - 0.6) < 1e-12)
        #expect(curve.survival(at: 4) == 0)
        let same = try #require(EventCurve.all(real, real).first)
        #expect(same.distance == 0)
        #expect(same.realEvents == 0.6)
        let none = try #require(EventCurve.all(real, table([5, 5, 5], [0, 0, 0])).first)
        #expect(abs(none.distance - 0.4) < 1e-12)
    }

    @Test func aTableIsLikeItself() throws {
        let table = try RecurrentAutoencoderTests.fixture()
        let fidelity = try VisitFidelity.measure(real: table, synthetic: table)
        #expect(fidelity.visitsPerPatient.score == 1)
        #expect(fidelity.gaps?.score == 1)
        #expect(fidelity.visitShapes == 1 && fidelity.constantShapes == 1)
        #expect(fidelity.bandShift == 0 && fidelity.bandSpread == 0)
        #expect(fidelity.autocorrelationError == 0 && fidelity.intraclassError == 0)
        #expect(fidelity.closest.exactCopies == 1)
        #expect(fidelity.bands.map(\.column) == ["bilirubin", "albumin", "platelets", "stage"])
        // The first bin holds first visits alone.
        #expect(fidelity.bands[0].bins[0].time == 0)
        #expect(fidelity.bands[0].bins[0].real.count == 60)
        let next = try #require(fidelity.next)
        #expect(next.trainedOnSynthetic < next.trainedOnReal)
        #expect(next.trainedOnReal < 0.8)
        let text = fidelity.text()
        #expect(text.contains("Fidelity of 60 synthetic patients with visits to 60 real ones"))
        let read = try JSONParser.parse(SourceText(name: "f.json", text: fidelity.json().text()))
        #expect(read["kind"] != nil)
    }

    /// Visits dealt to patients at random keep every distribution and lose everything within patients.
    @Test func shuffledVisitsAreFoundOut() throws {
        let table = try RecurrentAutoencoderTests.fixture()
        var stream = RandomStream(seed: 1, purpose: "test.shuffle")
        var shuffled = table
        let order = stream.permutation(table.visitCount)
        for place in table.varying {
            shuffled.columns[place].values = order.map { table.columns[place].values[$0] }
        }
        let fidelity = try VisitFidelity.measure(real: table, synthetic: shuffled)
        #expect(fidelity.visitShapes == 1)
        #expect(fidelity.visitsPerPatient.score == 1)
        let bilirubin = try #require(fidelity.within.first { $0.column == "bilirubin" })
        #expect(try #require(bilirubin.autocorrelation).real > 0.6)
        #expect(abs(try #require(bilirubin.autocorrelation).synthetic) < 0.2)
        #expect(abs(try #require(bilirubin.intraclass).synthetic) < 0.2)
        #expect(try #require(fidelity.discriminator) > 0.8)
        let next = try #require(fidelity.next)
        #expect(next.trainedOnSynthetic > next.trainedOnReal + 0.05)
    }
}
