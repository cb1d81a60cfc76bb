// How the numbers of one metric are written, chosen once for a whole column so that they can be compared at a glance.

import Foundation
import Numerics

/// Percentages for events, otherwise a common power of ten and as many decimals as the intervals deserve.
public struct MetricFormat: Sendable, Equatable {
    /// Multiplied with a value before it is written: 100 for percentages, 10⁻⁹ for `10⁹ cells`.
    public let scale: Double
    public let decimals: Int
    /// As written in a heading: `%`, `d`, `10⁹ cells`; empty where there is none.
    public let unit: String

    /// - Parameter estimates: everything that will be written in this format.
    public init(_ metric: Metric, _ estimates: [Estimate]) {
        if metric.isEvent {
            scale = 100
            decimals = 1
            unit = "%"
            return
        }
        let values = estimates.flatMap { [$0.value, $0.low, $0.high] }.filter(\.isFinite).map(abs)
        let largest = values.max() ?? 0
        var exponent = 0
        if largest >= 1e5 || (largest > 0 && largest < 1e-2) {
            exponent = 3 * Int((log10(largest) / 3).rounded(.down))
        }
        let scale = pow(10, Double(-exponent))
        self.scale = scale
        // The median half-width of the intervals is at least three units of the last digit.
        let halves = estimates.filter { $0.hasInterval && $0.high > $0.low }.map { scale * ($0.high - $0.low) / 2 }
        let typical = halves.isEmpty ? scale * largest / 10 : Statistics.median(halves)
        decimals = typical > 0 ? max(0, min(4, Int((-log10(typical / 3)).rounded(.up)))) : 0
        unit =
            exponent == 0
            ? metric.unit
            : NumberText.powerOfTen(exponent) + (metric.unit.isEmpty ? "" : " " + metric.unit)
    }

    /// As written behind a number in a sentence: ` d`, ` × 10⁹ cells`.
    public var trailing: String {
        guard !unit.isEmpty else { return "" }
        return unit.hasPrefix("10") ? " × " + unit : " " + unit
    }

    public func value(_ value: Double) -> String { NumberText.fixed(scale * value, decimals) }

    /// `85.1 [83.0, 87.2]`, or the value alone where there is no interval.
    public func text(_ estimate: Estimate) -> String {
        guard estimate.isDefined else { return "–" }
        guard estimate.hasInterval else { return value(estimate.value) }
        return "\(value(estimate.value)) [\(value(estimate.low)), \(value(estimate.high))]"
    }

    /// The same with a sign, for differences.
    public func signed(_ estimate: Estimate) -> String {
        guard estimate.isDefined else { return "–" }
        if estimate == Estimate(0, low: 0, high: 0) { return "0" }
        guard estimate.hasInterval else { return plus(estimate.value) }
        return "\(plus(estimate.value)) [\(plus(estimate.low)), \(plus(estimate.high))]"
    }

    private func plus(_ number: Double) -> String {
        let text = value(number)
        let isZero = !text.contains { $0 >= "1" && $0 <= "9" }
        return number > 0 && !isZero ? "+" + text : text
    }
}
