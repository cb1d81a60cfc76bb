// Conditions in the terms of an encoding: states that are allowed, and intervals of probability for the scores.

import Foundation
import Numerics
import PositionedJSON

/// What each column of an encoding may be, and the same as inputs of a network.
struct EncodedConditions: Sendable {
    struct Part: Sendable {
        /// The plan it is about.
        var plan: Int
        /// Whether each of the plan's states is allowed.
        var allowed: [Bool]
        /// Where the score lies in its column's distribution; meaningful where the state `.score` is allowed.
        var low = 0.0
        var high = 1.0
        /// The interval that numbers keep.
        var values: ClosedRange<Double>?
    }

    private(set) var parts: [Part] = []
    /// A pair of bounds per score, then 1 for every choice that is not allowed.
    private(set) var inputs: [Float]

    /// Scores beyond this are the same to the network, and give ±1.
    private static let widestScore = 3.0

    static func inputWidth(_ encoding: TableEncoding) -> Int {
        2 * encoding.scores + encoding.choices
    }

    /// No condition.
    init(_ encoding: TableEncoding) {
        inputs = Array(repeating: 0, count: EncodedConditions.inputWidth(encoding))
        for slot in 0..<encoding.scores {
            inputs[2 * slot] = -1
            inputs[2 * slot + 1] = 1
        }
    }

    /// Adds what one column must be.
    ///
    /// - Returns: whether any patient the encoding knows of could fulfil it.
    @discardableResult
    mutating func add(
        _ requirement: ColumnRequirement, plan number: Int, _ encoding: TableEncoding, trim: Double?
    ) -> Bool {
        let plan = encoding.plans[number]
        var part = Part(plan: number, allowed: plan.states.map { _ in false })
        var isPossible = false
        for (index, state) in plan.states.enumerated() {
            switch (state, requirement) {
            case (.missing, _): break
            case (.value(let value), _): part.allowed[index] = requirement.allows(value)
            case (.score, .interval(let range)):
                part.values = range
                part.allowed[index] = part.restrict(to: range, plan.quantiles, trim: trim)
            case (.score, .categories): break
            }
            isPossible = isPossible || (part.allowed[index] && plan.shares[index] > 0)
        }
        if let slot = plan.slot {
            // Where no number is allowed the bounds meet at the end.
            let isAllowed = plan.states.firstIndex(of: .score).map { part.allowed[$0] } ?? false
            inputs[2 * slot] = isAllowed ? EncodedConditions.input(part.low) : 1
            inputs[2 * slot + 1] = isAllowed ? EncodedConditions.input(part.high) : 1
        }
        if let block = plan.block {
            for (index, isAllowed) in part.allowed.enumerated() {
                inputs[2 * encoding.scores + block + index] = isAllowed ? 0 : 1
            }
        }
        parts.append(part)
        return isPossible
    }

    private static func input(_ probability: Double) -> Float {
        guard probability > 0, probability < 1 else { return probability <= 0 ? -1 : 1 }
        return Float(min(max(normalQuantile(probability) / widestScore, -1), 1))
    }

    /// The conditions of a study or the command line.
    ///
    /// - Throws: `Diagnostics` where one cannot be met by any patient like those that were learned.
    init(_ conditions: CohortConditions, _ encoding: TableEncoding, trim: Double?) throws(Diagnostics) {
        self.init(encoding)
        let complaints = Complaints()
        for (number, resolved) in conditions.resolve(encoding.columns, complaints).enumerated() {
            guard let resolved, !add(resolved.requirement, plan: number, encoding, trim: trim) else {
                continue
            }
            let item = resolved.condition
            let plan = encoding.plans[number]
            let column = encoding.columns[number]
            var remedy: String?
            let numbers =
                (plan.quantiles?.sorted ?? [])
                + plan.states.compactMap { state in
                    if case .value(let value) = state { return value }
                    return nil
                }
            if column.isNumeric, let low = numbers.min(), let high = numbers.max() {
                remedy = "they lie from \(compact(low)) to \(compact(high))"
            }
            complaints.add(
                in: item.source, at: item.valuePlace,
                "no value of \"\(column.name)\" that the generator learned is of this kind", remedy: remedy)
        }
        try complaints.throwIfAny()
    }
}

extension EncodedConditions.Part {
    /// Sets the interval of probability whose quantiles lie in a range of values; false where none do.
    fileprivate mutating func restrict(
        to range: ClosedRange<Double>, _ quantiles: QuantileMap?, trim: Double?
    ) -> Bool {
        guard let sorted = quantiles?.sorted, range.lowerBound <= sorted[sorted.count - 1],
            range.upperBound >= sorted[0]
        else { return false }
        let count = Double(sorted.count)
        var below = Double(QuantileMap.lowerBound(sorted, range.lowerBound))
        var notAbove = Double(QuantileMap.upperBound(sorted, range.upperBound))
        if below >= notAbove {
            // Between two neighbouring values, where quantiles are interpolated.
            below -= 0.5
            notAbove = below + 1
        }
        // As `QuantileMap.value(at:trim:)` will stretch it.
        let cut = trim ?? min(0.25, 0.75 / count)
        func stretched(_ probability: Double) -> Double {
            cut < 0.5 ? min(max((probability - cut) / (1 - 2 * cut), 0), 1) : probability
        }
        low = stretched(below / count)
        high = stretched(notAbove / count)
        return true
    }
}
