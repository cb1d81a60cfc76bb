// The same patients as another hospital would see them: older, of other genotypes, measured less often; or with bodies
// unlike the model's. Everybody keeps what chance gave them, so that both can be compared pair by pair.

import Numerics

/// How a population differs from the one at home.
public struct PopulationShift: Sendable, Equatable {
    public struct Change: Sendable, Equatable {
        /// New value: `scale` times the old one plus `shift`, within the limits that the environment declares.
        public var shift = 0.0
        public var scale = 1.0
        /// Of a covariate with categories, the new shares.
        public var probabilities: [Double] = []

        public init(shift: Double = 0, scale: Double = 1, probabilities: [Double] = []) {
            self.shift = shift
            self.scale = scale
            self.probabilities = probabilities
        }
    }
    /// By patient name.
    public var covariates: [String: Change] = [:]
    /// What every parameter is multiplied by that does not follow from others.
    public var parameterScale = 1.0
    /// And by a factor of each patient's own, uniform within so much of 1.
    public var parameterSpread = 0.0
    /// By observation: the probability that a decision finds no new measurement.
    public var missing: [String: Double] = [:]

    public init() {}

    /// Whether patients themselves differ.
    public var movesPatients: Bool { !covariates.isEmpty || parameterScale != 1 || parameterSpread != 0 }
}

extension EnvironmentModel {
    /// The environment with other missingness.
    public func measured(_ shift: PopulationShift) -> EnvironmentModel {
        var model = self
        for index in model.observations.indices {
            if let missing = shift.missing[model.observations[index].description.name] {
                model.observations[index].missing = missing
            }
        }
        return model
    }

    /// Counterparts of a cohort's patients. What varies around a value that follows from a changed covariate keeps its
    /// place in its distribution. Nobody is dropped, so that pairs stay pairs: who would not be plausible before treatment
    /// stays as they are.
    ///
    /// - Returns: the counterparts, and how many stayed.
    public func moved(
        _ cohort: CohortTable, by shift: PopulationShift, seed: UInt64
    ) throws -> (patients: CohortTable, stayed: Int) {
        guard shift.movesPatients else { return (cohort, 0) }
        var stayed = 0
        let plan = try PatientPlan(self)
        let covariates = Set(parameters.filter(\.isCovariate).map(\.name))
        let scales = shift.parameterScale != 1 || shift.parameterSpread != 0
        func isPrimary(_ index: Int) -> Bool {
            let quantity = plan.quantities[index]
            guard index < plan.parameterCount, !covariates.contains(quantity.name) else { return false }
            return quantity.expression == nil || quantity.variability != nil
        }
        let given = Set(cohort.names)
        let names = plan.quantities.indices.filter { index in
            let name = plan.quantities[index].name
            return given.contains(name) || shift.covariates[name] != nil || (scales && isPrimary(index))
        }.map { plan.quantities[$0].name }
        let shares = categoryShares(cohort, plan)
        let rows = cohort.rows.enumerated().map { patient, row -> [Double] in
            let known = Dictionary(uniqueKeysWithValues: zip(cohort.names, row))
            var stream = RandomStream(seed: seed, purpose: "shift.\(name)", index: UInt64(patient))
            var old: [Double] = []
            var new: [Double] = []
            var result: [String: Double] = [:]
            for (index, quantity) in plan.quantities.enumerated() {
                // A word for everything, so that one change does not move the chance of another.
                let chance = stream.uniform()
                let before = known[quantity.name] ?? plan.nominal(quantity, old)
                var after: Double
                if let change = shift.covariates[quantity.name] {
                    after = changed(before, change, quantity, shares[quantity.name], chance)
                } else if let variability = quantity.variability, known[quantity.name] != nil {
                    let first = plan.distribution(quantity, variability, old)
                    after = plan.distribution(quantity, variability, new).counterpart(of: before, in: first)
                } else {
                    after = known[quantity.name] ?? plan.nominal(quantity, new)
                }
                if scales, isPrimary(index) {
                    after *= shift.parameterScale * (1 + shift.parameterSpread * (2 * chance - 1))
                }
                old.append(before)
                new.append(after)
                result[quantity.name] = after
            }
            if plan.isPlausible(old), !plan.isPlausible(new) || !new.allSatisfy(\.isFinite) {
                stayed += 1
                let same = Dictionary(uniqueKeysWithValues: zip(plan.quantities.map(\.name), old))
                return names.map { same[$0] ?? .nan }
            }
            return names.map { result[$0] ?? .nan }
        }
        return (CohortTable(names: names, rows: rows), stayed)
    }

    private func categoryShares(_ cohort: CohortTable, _ plan: PatientPlan) -> [String: [Double]] {
        var shares: [String: [Double]] = [:]
        for (name, categories) in categories {
            let nominal = parameters.first { $0.name == name }?.value ?? 0
            let values = cohort.column(name) ?? cohort.rows.map { _ in nominal }
            shares[name] = categories.indices.map { index in
                Double(values.count { $0 == Double(index) }) / Double(max(1, values.count))
            }
        }
        return shares
    }

    private func changed(
        _ value: Double, _ change: PopulationShift.Change, _ quantity: PatientPlan.Quantity, _ shares: [Double]?,
        _ chance: Double
    ) -> Double {
        guard change.probabilities.isEmpty else {
            return EnvironmentModel.recategorised(value, from: shares ?? [], to: change.probabilities, chance)
        }
        var result = value * change.scale + change.shift
        if let variability = quantity.variability {
            let rounding = variability.rounding
            if rounding > 0 { result = (result / rounding).rounded() * rounding }
            if let low = variability.low?.constant { result = max(low, result) }
            if let high = variability.high?.constant { result = min(high, result) }
        }
        return result
    }

    /// A category under new shares, with as few as possible who change: of a category that becomes rarer some leave it,
    /// to those that become more frequent.
    static func recategorised(_ value: Double, from old: [Double], to new: [Double], _ chance: Double) -> Double {
        let place = Int(value)
        guard old.count == new.count, new.indices.contains(place), old[place] > 0 else { return value }
        let stays = min(1, new[place] / old[place])
        guard chance >= stays else { return value }
        let gains = zip(new, old).map { max(0, $0 - $1) }
        var rest = (chance - stays) / (1 - stays) * gains.reduce(0, +)
        for (index, gain) in gains.enumerated() where gain > 0 {
            rest -= gain
            if rest < 0 { return Double(index) }
        }
        return Double(gains.lastIndex { $0 > 0 } ?? place)
    }
}

extension Distribution {
    /// The value with as much of this distribution below it as another value has of another distribution of the same
    /// shape.
    func counterpart(of value: Double, in other: Distribution) -> Double {
        guard other != self, other.shape == shape else { return value }
        switch shape {
        case .constant, .categorical: return value
        case .normal, .logNormal: return self.value(normal: other.normal(of: value))
        case .uniform:
            let span = other.second - other.first
            return span > 0 ? first + (second - first) * (value - other.first) / span : value
        case .logUniform:
            let span = laneScalar(LaneMath.log, other.second / other.first)
            guard span > 0, value > 0 else { return value }
            let share = laneScalar(LaneMath.log, value / other.first) / span
            return first * laneScalar(LaneMath.exp, laneScalar(LaneMath.log, second / first) * share)
        }
    }
}
