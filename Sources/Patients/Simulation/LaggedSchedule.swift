// A schedule as the body meets it: what is given through an input that lags acts later than it was given.

extension EnvironmentModel {
    /// How much later than given each input acts, for a patient's parameters, in the model's time unit.
    func lags(_ parameters: [Double]) throws -> [Double] {
        let values = Dictionary(zip(self.parameters.map(\.name), parameters), uniquingKeysWith: { first, _ in first })
        return try inputs.map { try $0.lag?.evaluate(values) ?? 0 }
    }

    /// The rows of a schedule (times not decreasing) with every input moved by its lag.
    func lagged(_ schedule: [CourseSimulator.Row], by lags: [Double]) -> [CourseSimulator.Row] {
        guard lags.contains(where: { $0 != 0 }) else { return schedule }
        let times = Set(Set(lags).flatMap { lag in schedule.map { $0.time + lag } }).sorted()
        var rows = times.map { CourseSimulator.Row(time: $0, rates: [:]) }
        for (input, lag) in zip(inputs, lags) {
            var next = 0
            for index in rows.indices {
                // The same sum as above, so that a row meets its own time exactly.
                while next < schedule.count, schedule[next].time + lag <= rows[index].time {
                    rows[index].impulses[input.name, default: 0] += schedule[next].impulses[input.name] ?? 0
                    next += 1
                }
                if next > 0 { rows[index].rates[input.name] = schedule[next - 1].rates[input.name] }
            }
        }
        return rows
    }
}
