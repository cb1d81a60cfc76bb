// `lab env show NAME --plot`: one patient, treated and untreated, as a figure.

import Evaluation
import Foundation
import Patients
import PositionedJSON
import Reports

public enum EnvironmentFigure {
    /// What one patient showed under a policy.
    private struct Course {
        var times: [Double] = []
        /// times × observations, the probes' among them
        var rows: [[Double]] = []
        /// By decision.
        var actions: [Int] = []
        var total = 0.0
        /// How it ended; empty where the last decision ended it.
        var ending = ""

        /// As the legend calls it.
        func title(_ name: String) -> String { ending.isEmpty ? name : "\(name): \(ending)" }
    }

    /// Most panels drawn.
    static let maximumPanels = 6

    /// - Parameters:
    ///   - patient: numbers that differ from the nominal patient's.
    ///   - treatment: a protocol of the environment; nil for the one that this patient fares best under.
    /// - Throws: `UsageError` for a protocol that does not exist.
    public static func figure(
        _ model: EnvironmentModel, patient: [String: Double] = [:], treatment: String? = nil, seed: UInt64 = 1
    ) throws -> Figure {
        if let treatment, !model.protocols.contains(where: { $0.name == treatment }) {
            let known = model.protocols.map(\.name)
            throw UsageError(
                command: "lab env show",
                problems: [
                    "\(model.fullName) has no protocol \"\(treatment)\"; "
                        + (DidYouMean.remedy(for: treatment, among: known, known: "it has ") ?? "it has none")
                ])
        }
        let (probed, probes) = try model.probed()
        let names = patient.keys.sorted()
        let cohort =
            patient.isEmpty
            ? model.nominalPopulation(count: 1) : CohortTable(names: names, rows: [names.map { patient[$0]! }])
        let factory = try probed.makeFactory(cohort: cohort)
        let policies = probed.protocolPolicies(seed: seed)
        let idle =
            model.protocols.first { $0.orders.isEmpty && $0.choices.isEmpty && model.tabular == nil }?.name
            ?? policies.map(\.name).first { ["none", "no_treatment", "never_treat"].contains($0) }
        let nothing: any Policy =
            policies.first { $0.name == idle }?.policy
            ?? model.actions.first { $0.doses.isEmpty }.flatMap { probed.constantPolicy(action: $0.name) }
            ?? ConstantPolicy(action: 0)
        let untreated = try course(factory, nothing, model.decisionInterval, probes.time, seed)
        var treated: (name: String, course: Course)?
        for (name, policy) in policies where treatment.map({ $0 == name }) ?? (name != idle) {
            let found = try course(factory, policy, model.decisionInterval, probes.time, seed)
            if treated.map({ found.total > $0.course.total }) ?? true { treated = (name, found) }
        }
        let (name, course) = treated ?? ("no protocol", untreated)
        let wanted = panels(model, probes, [course, untreated])
        return Figure.course(
            name: model.fullName, title: "\(model.title): \(patient.isEmpty ? "the nominal" : "a") patient",
            timeUnit: model.timeUnit, treated: course.title(name),
            untreated: untreated.title("no treatment"), times: course.times,
            untreatedTimes: untreated.times,
            panels: wanted.map { index, name, unit in
                CoursePanel(
                    name: name, unit: unit, treated: course.rows.map { $0[index] },
                    untreated: untreated.rows.map { $0[index] })
            },
            doses: doses(model, course))
    }

    /// What is seen of the states, then states that are not seen as they are. The clock and what has been given say
    /// nothing of the disease.
    private static func panels(
        _ model: EnvironmentModel, _ probes: EnvironmentModel.Probes, _ courses: [Course]
    ) -> [(index: Int, name: String, unit: String)] {
        func changes(_ index: Int) -> Bool {
            let values = courses.flatMap { $0.rows.map { $0[index] } }
            return (values.max() ?? 0) > (values.min() ?? 0)
        }
        let disease = Set(model.states.map(\.name) + model.definitions.map(\.name))
        let seen = model.task.observations.indices.filter { index in
            guard model.observations.indices.contains(index) else { return changes(index) }
            let names = model.observations[index].expression?.names.map(\.name) ?? []
            return !disease.isDisjoint(with: names) && changes(index)
        }
        var panels = seen.prefix(maximumPanels).map { index -> (index: Int, name: String, unit: String) in
            let observation = model.task.observations[index]
            return (index, observation.name, observation.unit)
        }
        let shown = Set(seen.filter { model.observations.indices.contains($0) }.map { model.observations[$0].text })
        for (index, state) in zip(probes.states, model.states)
        where panels.count < 4 && !shown.contains(state.name) && changes(index) {
            panels.append((index, state.name, state.unitText))
        }
        return panels
    }

    private static func doses(_ model: EnvironmentModel, _ course: Course) -> [CourseDose] {
        if model.doses.isEmpty {
            // Without doses an action is a treatment of its own; a row for every one would be too many.
            let names = model.task.actions.map(\.name)
            guard names.count <= 8 else { return [] }
            return names.indices.map { action in
                let times = course.actions.indices.filter { course.actions[$0] == action }.map { course.times[$0] }
                return CourseDose(name: names[action], times: times, levels: times.map { _ in 1 })
            }
        }
        return model.doses.indices.map { dose in
            var result = CourseDose(name: model.doses[dose].name, times: [], levels: [])
            for (decision, action) in course.actions.enumerated() {
                guard let position = model.actions[action].doses.firstIndex(of: dose) else { continue }
                let levels = model.actions[action].levels
                result.times.append(course.times[decision] + model.doses[dose].at)
                result.levels.append(levels.indices.contains(position) ? levels[position] : 1)
            }
            return result
        }
    }

    private static func course(
        _ factory: any EnvironmentFactory, _ policy: any Policy, _ interval: Double, _ time: Int?, _ seed: UInt64
    ) throws -> Course {
        let environment = try factory.makeBatch(slots: 1, seed: seed)
        try environment.start(slot: 0, patient: 0, episode: 0)
        let session = policy.makeSession(slots: 1)
        var course = Course()
        func see() {
            let row = Array(environment.observations)
            course.times.append(time.map { row[$0] } ?? Double(course.rows.count) * interval)
            course.rows.append(row)
        }
        see()
        var action: [Int32] = [0]
        while environment.status[0] == .running {
            let batch = DecisionBatch(environment)
            action.withUnsafeMutableBufferPointer { session.act(batch, actions: $0) }
            course.actions.append(Int(action[0]))
            try action.withUnsafeBufferPointer { try environment.step($0) }
            course.total += environment.rewards[0]
            see()
        }
        if environment.status[0] == .terminated, environment.ending(slot: 0) != "horizon" {
            course.ending = environment.ending(slot: 0)
        }
        return course
    }

    /// Draws the figure and puts the picture where it is wanted.
    ///
    /// - Parameter path: ends in `.svg` for that format, else the picture is a PNG.
    /// - Returns: the files written, and a warning where there is no picture but only its script and data.
    public static func draw(
        _ figure: Figure, to path: String, gnuplot: Gnuplot = Gnuplot()
    ) throws -> (files: [String], warning: String?) {
        let folder = NSTemporaryDirectory() + "lab-plot-\(UUID().uuidString)"
        try Folders.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let drawn = try gnuplot.draw(figure, into: folder)
        try Folders.makeParent(of: path)
        func bytes(_ file: String) throws -> [UInt8] { try SourceText(contentsOf: "\(folder)/\(file)").bytes }
        guard drawn.isDrawn else {
            let target = (path as NSString).deletingLastPathComponent
            var files: [String] = []
            for file in drawn.files where file.hasSuffix(".gp") || file.hasSuffix(".csv") {
                files.append(PathLookup.join(target, file))
                try AtomicFile.write(bytes(file), to: PathLookup.join(target, file))
            }
            return (files, drawn.warning)
        }
        try AtomicFile.write(bytes("\(figure.name).\(path.lowercased().hasSuffix(".svg") ? "svg" : "png")"), to: path)
        return ([path], nil)
    }
}
