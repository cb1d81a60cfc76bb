// Times to an event in both tables: how far their Kaplan–Meier curves lie apart.

/// A time to an event and the share that has not had it.
public struct EventCurve: Sendable, Equatable {
    public var column: String
    /// Largest distance of the two curves while a tenth of the real patients is still followed.
    public var distance: Double
    /// Share of patients with the event.
    public var realEvents: Double
    public var syntheticEvents: Double

    /// Every column of constants that is a time to an event with an indicator beside it.
    package static func all(_ real: PatientTable, _ synthetic: PatientTable) -> [EventCurve] {
        real.columns.compactMap { column in
            guard let name = column.schema.event, let indicator = real.column(name),
                let otherTimes = synthetic.column(column.name), let otherIndicator = synthetic.column(name)
            else { return nil }
            let a = KaplanMeier(column.values, indicator.values)
            let b = KaplanMeier(otherTimes.values, otherIndicator.values)
            guard !a.times.isEmpty, !b.times.isEmpty else { return nil }
            let end = quantile(column.values.filter { !$0.isNaN }, 0.9)
            let places = (a.times + b.times).filter { $0 <= end }
            return EventCurve(
                column: column.name, distance: places.map { abs(a.survival(at: $0) - b.survival(at: $0)) }.max() ?? 0,
                realEvents: a.eventShare, syntheticEvents: b.eventShare)
        }
    }
}

/// The product-limit estimate (Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457–481).
package struct KaplanMeier {
    /// When events happened, ascending, and the share left after each.
    private(set) var times: [Double] = []
    private(set) var left: [Double] = []
    private(set) var eventShare = 0.0

    /// - Parameter events: above 0 (the second category, or a number above 0) where the event was seen.
    package init(_ until: [Double], _ events: [Double]) {
        let rows = until.indices.filter { !until[$0].isNaN && !events[$0].isNaN }.sorted { until[$0] < until[$1] }
        var share = 1.0
        var start = 0
        var total = 0
        while start < rows.count {
            var end = start
            var happened = 0
            while end < rows.count, until[rows[end]] == until[rows[start]] {
                if events[rows[end]] > 0 { happened += 1 }
                end += 1
            }
            share *= 1 - Double(happened) / Double(rows.count - start)
            times.append(until[rows[start]])
            left.append(share)
            total += happened
            start = end
        }
        eventShare = rows.isEmpty ? 0 : Double(total) / Double(rows.count)
    }

    package func survival(at time: Double) -> Double {
        let place = QuantileMap.upperBound(times, time)
        return place == 0 ? 1 : left[place - 1]
    }
}
