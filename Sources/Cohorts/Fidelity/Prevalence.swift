// How often outcomes happen in both tables.

import Numerics
import PositionedJSON

/// An outcome of two kinds, as a share of the rows in which it is recorded.
public struct Prevalence: Sendable, Equatable {
    public var column: String
    /// The category that is counted: the second.
    public var event: String
    /// With Wilson's interval, of the real rows and of the synthetic ones.
    public var real: Estimate
    public var synthetic: Estimate
    /// Synthetic − real, with Newcombe's interval.
    public var difference: Estimate
}

extension Prevalence {
    /// Of the target and of every column whose role is an outcome, where it has two categories among the real rows.
    static func measure(_ real: PatientTable, _ synthetic: PatientTable) -> [Prevalence] {
        zip(real.columns, synthetic.columns).compactMap { first, second in
            guard first.name == real.target || first.schema.role == .outcome, let event = event(of: first) else {
                return nil
            }
            let a = count(first.values, event)
            let b = count(second.values, event)
            return Prevalence(
                column: first.name, event: first.isNumeric ? compact(event) : first.categories[Int(event)],
                real: Statistics.wilson(successes: a.events, trials: a.known),
                synthetic: Statistics.wilson(successes: b.events, trials: b.known),
                difference: Statistics.proportionDifference(
                    successes: b.events, trials: b.known, otherSuccesses: a.events, otherTrials: a.known))
        }
    }

    /// The second of a column's values where there are two.
    static func event(of column: TableColumn) -> Double? {
        var least = Double.infinity
        var most = -Double.infinity
        for value in column.values where !value.isNaN {
            least = min(least, value)
            most = max(most, value)
        }
        guard least < most, column.values.allSatisfy({ $0.isNaN || $0 == least || $0 == most }) else { return nil }
        return most
    }

    /// Rows with the event, and rows where it is known.
    static func count(_ values: some Sequence<Double>, _ event: Double) -> (events: Double, known: Double) {
        var counts = (events: 0.0, known: 0.0)
        for value in values where !value.isNaN {
            counts.known += 1
            if value == event { counts.events += 1 }
        }
        return counts
    }

    func json() -> JSONValue {
        [
            "column": .string(column), "event": .string(event), "real": real.json(), "synthetic": synthetic.json(),
            "difference": difference.json(),
        ]
    }
}
