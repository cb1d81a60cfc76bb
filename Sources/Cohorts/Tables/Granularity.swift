// How coarsely a column is recorded: decimals, and the step that its numbers are multiples of.

import Foundation

/// What the numbers of a column are all multiples of: whole years, tenths, tens.
public struct Granularity: Sendable, Equatable {
    /// Decimals that write every number exactly.
    public var decimals: Int
    /// Every number is a multiple of this many units in the last decimal: 2 for even numbers, 5 for a scale of fives.
    public var multiple: Int

    public init(decimals: Int, multiple: Int = 1) {
        self.decimals = decimals
        self.multiple = multiple
    }

    /// The step itself: 1, 0.1, 10.
    public var step: Double { Double(multiple) / tenTo(decimals) }

    /// Fewer numbers than this other than zero may share a divisor by chance (that twenty are all even: one in a million).
    static let leastForMultiple = 20

    /// The granularity of numbers, if six decimals write each of them. With more than two decimals a common divisor is
    /// that of a converted unit, not a way of recording.
    package init?(_ values: [Double]) {
        guard let decimals = decimalsOf(values) else { return nil }
        let scale = tenTo(decimals)
        var divisor = 0
        var counted = 0
        var first: Double?
        var differ = false
        for value in values where value.isFinite && value != 0 {
            let scaled = (abs(value) * scale).rounded()
            guard scaled < 0x1p53 else {
                divisor = 1
                break
            }
            if let first { differ = differ || value != first } else { first = value }
            counted += 1
            var a = Int(scaled)
            while a != 0 { (divisor, a) = (a, divisor % a) }
            if divisor == 1 { break }
        }
        self.init(
            decimals: decimals,
            multiple: differ && counted >= Granularity.leastForMultiple && decimals <= 2 ? max(divisor, 1) : 1)
    }

    /// The nearest number of this granularity.
    package func rounded(_ value: Double) -> Double {
        let scale = tenTo(decimals)
        guard multiple > 1 else { return decimals == 0 ? value.rounded() : (value * scale).rounded() / scale }
        return (value * scale / Double(multiple)).rounded() * Double(multiple) / scale
    }

    /// `whole numbers`, `multiples of 5`, `1 decimal`.
    public var words: String {
        if multiple > 1 { return "multiples of \(compact(step))" }
        return decimals == 0 ? "whole numbers" : decimals == 1 ? "1 decimal" : "\(decimals) decimals"
    }
}

private func tenTo(_ power: Int) -> Double {
    var scale = 1.0
    for _ in 0..<power { scale *= 10 }
    return scale
}

/// A number without a needless `.0`.
func compact(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// The least number of decimals (at most six) that write every one of these numbers exactly, if there is one.
package func decimalsOf(_ values: [Double]) -> Int? {
    var scale = 1.0
    var decimals = 0
    for value in values where value.isFinite {
        while true {
            let scaled = value * scale
            // Half a unit in the last of 15 digits: what decimal text of a double can lose.
            if abs(scaled - scaled.rounded()) <= 1e-15 * max(1, abs(scaled)) * 4 { break }
            guard decimals < 6 else { return nil }
            decimals += 1
            scale *= 10
        }
    }
    return decimals
}
