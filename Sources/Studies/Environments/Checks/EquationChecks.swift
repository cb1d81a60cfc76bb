// What the equations themselves show: how stiff they are, whether the declared steady states are ones, whether the
// declared totals stay.

import Evaluation
import Numerics
import Patients

enum EquationChecks {
    /// Steps per decision interval that stability alone forces on an explicit method: the fastest eigenvalue times the
    /// interval over 3.3, the extent of Dormand–Prince 5(4)'s region of stability along the negative real axis
    /// (Hairer and Wanner, "Solving ODEs II", IV.2).
    static func explicitSteps(_ fastest: Double, _ interval: Double) -> Double { fastest * interval / 3.3 }

    /// The eigenvalues of the Jacobian at points of courses, and whether the declared method suits them.
    static func stiffness(
        _ model: EnvironmentModel, _ points: [ModelEquations.Point], _ equations: ModelEquations
    ) -> [CheckFinding] {
        var fastest: [Double] = []
        var slowest = Double.infinity
        var ratio = 1.0
        for point in points {
            guard let values = eigenvalues(equations.jacobian(at: point), equations.continuous.count) else { continue }
            let decays = values.map { -$0.real }.filter { $0 > 0 }
            let most = values.map(\.magnitude).max() ?? 0
            fastest.append(most)
            // An eigenvalue far below rounding of the largest is none.
            guard let least = decays.filter({ $0 > 1e-12 * most }).min(), let largest = decays.max() else { continue }
            slowest = min(slowest, least)
            ratio = max(ratio, largest / least)
        }
        guard !fastest.isEmpty else { return [] }
        fastest.sort()
        let top = fastest[fastest.count - 1]
        let common = fastest[Int(0.95 * Double(fastest.count - 1))]
        let mean = fastest.reduce(0, +) / Double(fastest.count)
        var text =
            "eigenvalues up to \(top.shown) per \(model.timeUnit), ratio of the fastest to the slowest decay up to "
            + "\(ratio.shown), at \(fastest.count) points of courses"
        let interval = model.step > 0 ? model.step : model.decisionInterval
        switch model.method {
        case .stiff where explicitSteps(common, interval) < 10:
            text += "; \"integration\": {\"method\": \"mild\"} would do and is faster"
            return [CheckFinding("stiffness", .note, text)]
        case .mild where explicitSteps(mean, interval) > 100:
            text += "; \"integration\": {\"method\": \"stiff\"} is advised: an explicit method needs about "
            text += "\(explicitSteps(mean, interval).shown) steps an interval for stability alone"
            return [CheckFinding("stiffness", .note, text)]
        case .linear:
            return [CheckFinding("stiffness", .fine, text + "; the matrix exponential does not mind")]
        default:
            return [CheckFinding("stiffness", .fine, text + "; the method \(model.method.rawValue) suits them")]
        }
    }

    /// At a declared steady state nothing changes, and it attracts or repels as declared.
    static func steadyStates(_ model: EnvironmentModel, _ equations: ModelEquations) -> [CheckFinding] {
        model.steadyStates.map { declared in
            let point = equations.point(declared)
            let changes = equations.changes(at: point)
            var worst = (share: 0.0, state: 0)
            for (index, change) in changes.enumerated() {
                let size = max(abs(point.states[index]), model.states[index].negligible)
                let share = abs(change) / size
                if !(share <= worst.share) { worst = (share, index) }
            }
            let state = model.states[worst.state]
            guard worst.share <= declared.tolerance else {
                return CheckFinding(
                    "steady states", .problem,
                    "\(declared.name): \(state.name) changes by \(changes[worst.state].shown) \(state.unitText) per "
                        + "\(model.timeUnit), \(worst.share.shown) of its size; allowed: \(declared.tolerance.shown)")
            }
            let text = "\(declared.name): nothing changes by more than \(worst.share.shown) per \(model.timeUnit)"
            guard let isStable = declared.isStable, !model.states.contains(where: \.isHeld),
                let values = eigenvalues(
                    equations.jacobian(at: point, ofLogarithms: false), equations.continuous.count),
                let top = values.map(\.real).max()
            else { return CheckFinding("steady states", .fine, text) }
            let size = values.map(\.magnitude).max() ?? 0
            let found = "the largest real part of an eigenvalue is \(top.shown)"
            if abs(top) <= 1e-12 * size {
                return CheckFinding("steady states", .note, "\(text); \(found): stability cannot be told from it")
            }
            guard (top < 0) == isStable else {
                return CheckFinding(
                    "steady states", .problem,
                    "\(declared.name) is declared \(isStable ? "stable" : "unstable"), but \(found)")
            }
            return CheckFinding("steady states", .fine, "\(text); \(isStable ? "stable" : "unstable"): \(found)")
        }
    }

    /// Totals that must stay as they are without treatment.
    static func conservation(_ model: EnvironmentModel, patients: Int, seed: UInt64) throws -> [CheckFinding] {
        guard !model.conserved.isEmpty else { return [] }
        let tight = min(model.tolerance, 1e-8)
        let texts = model.conserved.map(\.text)
        let (probed, probes) = try model.probed(texts)
        let cohort = try RolloutPatients.make(probed, source: nil, count: patients, seed: seed)
        let untreated = model.actions.first { $0.doses.isEmpty }.flatMap { probed.constantPolicy(action: $0.name) }
        guard let untreated else { return [] }
        return try texts.enumerated().map { index, text in
            // A course at a time: totals differ among patients.
            var worst = 0.0
            let table = try Rollout.run(
                try probed.makeFactory(cohort: cohort, tolerance: tight), policy: untreated, seed: seed)
            for patient in table.patients.indices {
                let low = table.outcomes[probes.lowestOfExpressions.lowerBound + index][patient]
                let high = table.outcomes[probes.highestOfExpressions.lowerBound + index][patient]
                let drift = (high - low) / max(abs(high), abs(low), Double.leastNormalMagnitude)
                if !(drift <= worst) { worst = drift }
            }
            let allowed = 1e-6
            return CheckFinding(
                "conservation", worst <= allowed ? .fine : .problem,
                "\(text) changes by \(worst.shown) of its size in \(patients) untreated courses; allowed: "
                    + allowed.shown)
        }
    }
}
