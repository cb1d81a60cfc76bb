// What is unknown of a patient, as independent standard normal numbers: the random effects of pharmacometrics.

import Numerics

/// The parameters and initial states in which the patients of a factory differ and which nobody sees, each through the
/// distribution that the environment's file declares for it. Covariates are known; a number that follows from others by
/// an expression follows.
///
/// An effect is a standard normal number; the value is at the same share of its distribution (of a log-normal one: the
/// typical value times exp(σ · effect)). Correlations among effects are kept, those with covariates are not.
struct PatientEffects: Sendable {
    /// Names as cohorts spell them.
    let names: [String]
    private let plan: PatientPlan
    /// By quantity of the plan: the effect, or −1.
    private let effectOf: [Int]
    private let isCovariate: [Bool]
    private let correlatedNames: Set<String>
    private let factory: TreatmentFactory

    /// - Throws: `ExpressionError` and `SimulationError` as `PatientPlan`; not for a model that was read from a file.
    init(_ factory: TreatmentFactory) throws {
        self.factory = factory
        let model = factory.model
        plan = try PatientPlan(model)
        let differing = Set(factory.cohort.names)
        let covariates = Set(model.parameters.filter(\.isCovariate).map(\.name))
        var names: [String] = []
        effectOf = plan.quantities.map { quantity in
            guard let shape = quantity.variability?.shape, shape != .constant, shape != .categorical,
                differing.contains(quantity.name), !covariates.contains(quantity.name)
            else { return -1 }
            names.append(quantity.name)
            return names.count - 1
        }
        self.names = names
        isCovariate = plan.quantities.map { covariates.contains($0.name) }
        correlatedNames = Set(plan.correlations.names)
    }

    var count: Int { names.count }

    /// The length of what `numbers` writes.
    var columnCount: Int { factory.program.layout.stateCount + factory.varying.count }

    /// The numbers with which a patient's course begins, given the patient's covariates and effects, in the order of the
    /// factory's columns.
    func numbers(
        patient: Int, effects: UnsafePointer<Double>, into column: UnsafeMutableBufferPointer<Double>
    ) {
        let layout = factory.program.layout
        let model = factory.model
        let own = factory.columns[patient]
        var all: [Double] = []
        var normals: [Double] = []
        all.reserveCapacity(plan.quantities.count)
        var varyingPlace = 0
        for (index, quantity) in plan.quantities.enumerated() {
            var place = -1
            if index < plan.parameterCount, varyingPlace < factory.varying.count,
                factory.varying[varyingPlace] == index
            {
                place = layout.stateCount + varyingPlace
                varyingPlace += 1
            }
            var value: Double
            if effectOf[index] >= 0, let variability = quantity.variability {
                var normal = effects[effectOf[index]]
                if let row = quantity.correlated {
                    normals.append(normal)
                    normal = plan.correlations.value(row, normals)
                }
                value = plan.distribution(quantity, variability, all).quantile(normal: normal)
            } else {
                if quantity.correlated != nil { normals.append(0) }
                value = isCovariate[index] && place >= 0 ? own[place] : plan.nominal(quantity, all)
            }
            all.append(value)
            if index >= plan.parameterCount {
                let state = model.states[index - plan.parameterCount]
                place = layout.stateRows[index - plan.parameterCount]
                if state.isLog, !state.isHeld { value = laneScalar(LaneMath.log, value) }
            }
            if place >= 0 { column[place] = value }
        }
    }
}
