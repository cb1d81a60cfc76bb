import Foundation
import Numerics
import Testing

@Suite struct KneeTests {
    @Test func knownKnees() {
        // y = −1/x + 5 at 0 … 9, the example of the paper: the knee is at 2 (normalised; of its figure 2, x ≈ 0.22).
        let places = (0..<10).map { 0.1 + Double($0) / 10 }
        #expect(Statistics.knee(places, places.map { 5 - 1 / $0 }) == 2)
        // Half a circle's quarter: the farthest point from the chord is at 45°.
        let angles = (0...90).map { Double($0) * .pi / 180 }
        let circle = Statistics.knee(angles.map { 1 - cos($0) }, angles.map { sin($0) })
        #expect(circle == 45)
        #expect(Statistics.knee([1, 2, 3, 4], [0, 10, 10.5, 11]) == 1)
    }

    @Test func noKneeWithoutARise() {
        #expect(Statistics.knee([1, 2, 3], [4, 4, 4]) == nil)
        #expect(Statistics.knee([1, 2, 3], [4, 3, 2]) == nil)
        #expect(Statistics.knee([1, 2], [1, 2]) == nil)
    }

    @Test func aPointWorseThanOneBeforeItIsNoKnee() {
        // The fall at the third place counts as standing still.
        #expect(Statistics.knee([1, 2, 3, 4], [0, 8, 2, 9]) == Statistics.knee([1, 2, 3, 4], [0, 8, 8, 9]))
    }
}
