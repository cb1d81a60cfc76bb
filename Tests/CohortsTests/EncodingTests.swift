// Normal scores, states, and the way back.

import Foundation
import Numerics
import Testing

import Cohorts

@Suite struct EncodingTests {
    @Test func scoresGoBackToTheirValues() {
        var stream = RandomStream(seed: 3, purpose: "test.ranks")
        let values = (0..<400).map { _ in exp(6 * stream.normal()) }
        let map = QuantileMap(values)
        for value in values {
            let score = map.score(of: value, tie: stream.uniform())
            let back = map.value(at: normalCDF(score), trim: 0)
            #expect(abs(back - value) <= 1e-6 * abs(value))
        }
    }

    @Test func scoresAreStandardNormal() {
        var stream = RandomStream(seed: 4, purpose: "test.ranks")
        let values = (0..<2000).map { _ in stream.uniform().rounded(.down) + 3 * stream.uniform() }
        let map = QuantileMap(values)
        let scores = values.map { map.score(of: $0, tie: stream.uniform()) }
        let mean = scores.reduce(0, +) / 2000
        let variance = scores.reduce(0) { $0 + $1 * $1 } / 2000
        #expect(abs(mean) < 1e-9)
        #expect(abs(variance - 1) < 0.01)
    }

    @Test func tiesSpreadOverTheirRanks() {
        let map = QuantileMap([1, 2, 2, 2, 2, 3])
        let scores = [0.0, 0.3, 0.6, 0.9].map { normalCDF(map.score(of: 2, tie: $0)) * 6 }
        for (score, expected) in zip(scores, [1.5, 2.5, 3.5, 4.5]) { #expect(abs(score - expected) < 1e-9) }
    }

    @Test func trimmedTailsNeverReachTheExtremes() {
        let map = QuantileMap((0..<100).map(Double.init))
        #expect(map.value(at: 0, trim: 0) == 0)
        #expect(map.value(at: 1, trim: 0) == 99)
        #expect(map.value(at: 0, trim: 0.0075) == 0.25)
        #expect(map.value(at: 1, trim: 0.0075) == 98.75)
    }

    @Test func statesOfColumns() {
        func plan(_ values: [Double], _ type: ColumnType, spike: Double = 0.2) -> ColumnPlan {
            ColumnPlan(
                TableColumn(
                    schema: ColumnSchema(name: "c", type: type), categories: ["a", "b", "c"], values: values),
                number: 0, spikeShare: spike, block: 7, slot: 2)
        }
        let spiked = plan([0, 0, 0, 1, 2, 3, 4, .nan], .continuous)
        #expect(spiked.states == [.score, .value(0), .missing])
        #expect(spiked.shares == [0.5, 0.375, 0.125])
        #expect(spiked.block == 7)
        #expect(spiked.slot == 2)
        #expect(spiked.state(of: 0) == 1)
        #expect(spiked.state(of: 2.5) == 0)
        #expect(spiked.state(of: .nan) == 2)
        let constant = plan([4, 4, 4], .integer)
        #expect(constant.states == [.value(4)])
        #expect(constant.block == nil)
        #expect(constant.slot == nil)
        // A declared category that no row has is not learned.
        let category = plan([0, 2, 2, 0], .categorical)
        #expect(category.states == [.value(0), .value(2)])
        #expect(category.state(of: 1) == nil)
        let nothing = plan([.nan, .nan], .continuous)
        #expect(nothing.states == [.missing])
    }

    @Test func granularityIsFound() {
        #expect(decimalsOf([1, 2, 30]) == 0)
        #expect(decimalsOf([1.5, 2.25]) == 2)
        #expect(decimalsOf([89.8128, 0.1]) == 4)
        #expect(decimalsOf([Double.pi]) == nil)
        #expect(Granularity(decimals: 2).rounded(2.345678) == 2.35)
    }
}
