import Cohorts
import Foundation
import Testing

@Suite struct RenyiAccountantTests {
    /// dp-accounting 0.6 of PyPI: `RdpAccountant(orders=range(2, 257))`, with `PoissonSampledDpEvent(share,
    /// GaussianDpEvent(noise))` composed `times` times, `get_epsilon(delta)`.
    @Test(arguments: [
        (0.01, 1.1, 10_000, 1e-5, 5.6543080001495145), (0.25, 3.0, 400, 1e-5, 9.216252353893854),
        (0.4, 6.0, 1000, 1e-5, 11.592371805102331), (1, 10.0, 1, 1e-5, 0.3752912223662765),
        (0.06, 1.0, 500, 1e-6, 11.287285817814261),
    ])
    func epsilonIsThatOfAnotherProgram(share: Double, noise: Double, times: Int, delta: Double, expected: Double) {
        var accountant = RenyiAccountant()
        accountant.add(noise: noise, share: share, times: times)
        #expect(abs(accountant.epsilon(delta: delta) - expected) < 1e-9 * expected)
    }

    @Test func releasesOfDifferentKindsAddUp() {
        var accountant = RenyiAccountant()
        accountant.add(noise: 5)
        accountant.add(noise: 8, share: 0.25, times: 300)
        #expect(abs(accountant.epsilon(delta: 1e-5) - 2.576001173197626) < 1e-9)
        #expect(RenyiAccountant().epsilon(delta: 1e-5) < 0.05)
    }

    /// dp-accounting 0.6: `GaussianDpEvent(noise)` and `PoissonSampledDpEvent(share, GaussianDpEvent(noise))`, composed.
    @Test func histogramsAndGradientsComposed() {
        let cases: [([(noise: Double, share: Double, times: Int)], Double, Double)] = [
            ([(11.0, 1.0, 1), (2.6, 1, 1), (2.2, 1, 1), (4, 0.3, 100)], 1e-5, 4.6683565466085515),
            ([(1.5, 1, 1)], 1e-5, 2.9918869456233113),
            ([(20, 1, 30), (1.3, 0.05, 500), (3, 1, 2)], 1e-6, 6.529695490732691),
        ]
        for (releases, delta, expected) in cases {
            var accountant = RenyiAccountant()
            for release in releases { accountant.add(noise: release.noise, share: release.share, times: release.times) }
            #expect(abs(accountant.epsilon(delta: delta) - expected) < 1e-9 * expected)
        }
    }

    /// What is asked for is what is spent, to the precision of the search, never more.
    @Test func noiseForAnEpsilon() throws {
        var released = RenyiAccountant()
        released.add(noise: 12)
        let noise = try #require(released.noise(epsilon: 3, delta: 1e-5, share: 0.2, times: 500))
        var all = released
        all.add(noise: noise, share: 0.2, times: 500)
        #expect(all.epsilon(delta: 1e-5) <= 3 && all.epsilon(delta: 1e-5) > 2.98)
        #expect(released.noise(epsilon: 0.1, delta: 1e-5, share: 0.2, times: 500) == nil)
    }
}
