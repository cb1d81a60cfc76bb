// Student's t against tables, and what rests on it.

import Foundation
import Numerics
import Testing

@Suite struct StudentTests {
    /// Closed forms, tables, and one value by numerical integration.
    @Test(arguments: [
        (1.0, 1.0, 0.75), (2.228138851986274, 10, 0.975), (-1.5, 3, 0.11529193262241148),
        (0.3, 999, 0.617880216715), (12.706204736174694, 1, 0.975), (0, 5, 0.5),
    ])
    func distribution(value: Double, freedom: Double, probability: Double) {
        #expect(abs(studentCDF(value, freedom: freedom) - probability) < 1e-9)
    }

    @Test func quantilesInvert() {
        #expect(abs(studentQuantile(0.975, freedom: 5) - 2.570581835636314) < 1e-12)
        #expect(abs(studentQuantile(0.975, freedom: 1e7) - normalQuantile(0.975)) < 1e-6)
        for freedom in [1.0, 2, 7, 30, 1000] {
            for probability in [0.001, 0.2, 0.5, 0.9, 0.9999] {
                let value = studentQuantile(probability, freedom: freedom)
                #expect(abs(studentCDF(value, freedom: freedom) - probability) < 1e-10)
            }
        }
        #expect(studentQuantile(1, freedom: 3).isNaN && studentCDF(.infinity, freedom: 3) == 1)
    }

    @Test func posteriorOfAMean() {
        // Mean 1, s² = 4, n = 4: standard error 1, three degrees of freedom.
        let values = [1 - 3.0.squareRoot(), 1 + 3.0.squareRoot(), 1 - 3.0.squareRoot(), 1 + 3.0.squareRoot()]
        let posterior = Statistics.meanPosterior(values)
        #expect(abs(posterior.estimate.value - 1) < 1e-12)
        #expect(abs(posterior.estimate.high - 1 - 3.182446305284263) < 1e-9)
        #expect(abs(posterior.probabilityNotNegative! - 0.8044988905221148) < 1e-9)
        #expect(Statistics.meanPosterior([0, 0, 0]).probabilityNotNegative == 1)
        #expect(Statistics.meanPosterior([2, 2, 2]).probabilityNotNegative == nil)
        #expect(Statistics.meanPosterior([2]).probabilityNotNegative == nil)
    }

    @Test func sharesOfClusters() {
        let share = Statistics.shareEstimate([1, 3, 0], of: [2, 6, 2])
        #expect(share.value == 0.4)
        // Residuals 0.2, 0.6, −0.8: √(3·1.04/2)/10.
        #expect(abs(share.high - 0.4 - 1.959963984540054 * 1.56.squareRoot() / 10) < 1e-12)
        #expect(!Statistics.shareEstimate([], of: []).isDefined)
    }
}
