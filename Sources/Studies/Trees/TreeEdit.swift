// A tree of a finished run edited by constraints: what comes out, and what the edit costs.

import Distillation
import Evaluation
import Numerics
import Patients
import PositionedJSON
import Reports
import Trees

/// What an edit makes of a tree.
public struct TreeEdit: Sendable {
    /// One number of patients' courses before and after, on the same patients with the same random numbers.
    public struct Change: Sendable {
        public var metric: Metric
        public var before: Double
        public var after: Double
        /// Mean paired difference, with a 95 % interval over the patients who have the number under both.
        public var difference: Estimate
    }

    /// Changes on one set of patients.
    public struct Cost: Sendable {
        public var patients: Int
        public var changes: [Change]
    }

    /// `refined, seed 3`
    public var title: String
    public var before: DecisionTree
    public var after: DecisionTree
    /// What was done, step by step, up to the tree that validation patients chose.
    public var steps: [ThresholdRefinement.Step]
    /// On the patients who chose among the steps, and on those who had no part in anything.
    public var validation: Cost
    public var test: Cost
    let task: TaskDescription
}

extension RunReader {
    /// Applies constraints to a tree of the run and optimises the rest around them.
    ///
    /// Training patients race the changes and validation patients choose among the trees that obey; test patients are
    /// treated once, at the end, with the tree before and the tree after. Leaves of the tree that abstain decide again in
    /// the edited one: a protocol followed there could break the constraints.
    ///
    /// - Parameters:
    ///   - written: `NAME` or `NAME/seed-N`; nil for the best tree on validation patients.
    ///   - constraints: the content of a constraints file.
    ///   - episodes: simulated for candidates at most; nil for what the study's refinement of this tree spends, or else
    ///     the usual.
    /// - Throws: `Diagnostics` for wrong constraints.
    public func edit(
        _ written: String?, constraints node: JSONNode, episodes: Int? = nil, home: Home, jobs: Int,
        progress: @escaping @Sendable (Double, Double, String) -> Void = { _, _, _ in }
    ) throws -> TreeEdit {
        let (name, number) = try treeName(written)
        let study = try study(home: home)
        let task = study.environment.model.task
        let subject = try treeSubject(written, home: home)
        let start = subject.tree.withAbstentions([:])
        let protocols = study.environment.model.protocolsByName(seed: study.seed)
        let complaints = Complaints()
        let read = TreeConstraints(
            node, features: task.observations.map(\.name), actions: task.actions.map(\.name), complaints: complaints)
        try complaints.throwIfAny()
        guard let read else { throw StageError(message: "there are no constraints") }
        let bound = try BoundConstraints(read, tree: start)
        var configuration =
            (study.tree(name)?.method as? RefineMethod)?.configuration ?? RefinementConfiguration()
        if let episodes { configuration.maximumEpisodes = episodes }
        // An edit does not make a tree larger than it was, but for what the constraints need.
        configuration.maximumLeaves = max(2, subject.tree.leafCount)
        let budget = Double(max(1, configuration.maximumEpisodes))
        let steps = try ThresholdRefinement(configuration).refine(
            start, factory: try patients(StudyStages.trainingPatients, study),
            seed: study.seed("refinement", number), constraints: bound, jobs: jobs,
            report: { progress(Double($0.episodes), budget, "episodes") })
        let obedient = steps.indices.filter { bound.permits(steps[$0].tree) }
        let validation = try patients(StudyStages.validationPatients, study)
        let choice = try ThresholdRefinement.chooseByValidation(
            obedient.map { steps[$0] }, factory: validation, seed: study.seed("validation"), jobs: jobs)
        let best = obedient[choice.best]
        let after = steps[best].tree
        func cost(_ factory: any EnvironmentFactory, _ seed: UInt64) throws -> TreeEdit.Cost {
            let tables = try [subject.tree, after].map {
                try Rollout.run(factory, policy: TreePolicy($0, protocols: protocols), seed: seed, jobs: jobs)
            }
            return TreeEdit.Cost(before: tables[0], after: tables[1], task: task)
        }
        return TreeEdit(
            title: subject.title, before: subject.tree, after: after, steps: Array(steps[...best]),
            validation: try cost(validation, study.seed("validation")),
            test: try cost(try patients(StudyStages.testPatients, study), study.seed("test")), task: task)
    }

    /// A cohort of the run under the environment's rules.
    private func patients(_ file: String, _ study: Study) throws -> any EnvironmentFactory {
        let source = try SourceText(contentsOf: PathLookup.join(folder, file), maximumBytes: 1 << 32)
        return try study.environment.model.makeFactory(cohort: try CohortFile.read(source))
    }
}

extension TreeEdit.Cost {
    init(before: EpisodeTable, after: EpisodeTable, task: TaskDescription) {
        patients = before.count
        changes = ([Metric.return] + task.outcomes.map { Metric($0) }).enumerated().map { index, metric in
            let (old, new) =
                index == 0 ? (before.returns, after.returns) : (before.outcomes[index - 1], after.outcomes[index - 1])
            let differences = zip(old, new).map { $1 - $0 }.filter { !$0.isNaN }
            return TreeEdit.Change(
                metric: metric, before: Statistics.meanOfDefined(old), after: Statistics.meanOfDefined(new),
                difference: Statistics.meanPosterior(differences).estimate)
        }
    }
}

extension TreeEdit {
    /// Steps, costs and both trees in words.
    public func text(width: Int = 100) -> String {
        var text = "\(title): \(leaves(before)) before, \(leaves(after)) after\n\n"
        text += "What was done\n"
        for step in steps.dropFirst() { text += "  \(step.change)\n" }
        if steps.count < 2 { text += "  nothing: the tree obeys and no change was better\n" }
        let marks = before.abstentions.count
        if marks > 0 {
            text += "  \(marks) \(marks == 1 ? "leaf that abstained decides" : "leaves that abstained decide") again: "
            text += "a protocol followed there could break the constraints\n"
        }
        text += "\nWhat it costs: after − before, the same patients with the same random numbers\n\n"
        text += "\(NumberText.count(test.patients)) test patients, who took no part in the edit\n" + table(test, width)
        text += "\n\(NumberText.count(validation.patients)) validation patients, who chose among the steps\n"
        text += table(validation, width)
        text += "\nBefore\n\n" + rules(before) + "\nAfter\n\n" + rules(after)
        return text
    }

    private func leaves(_ tree: DecisionTree) -> String {
        "\(tree.leafCount) \(tree.leafCount == 1 ? "leaf" : "leaves")"
    }

    private func rules(_ tree: DecisionTree) -> String {
        TextExporter.rules(of: TreeSubject(name: title, study: "", tree: tree, task: task))
    }

    private func table(_ cost: Cost, _ width: Int) -> String {
        var table = TextTable([
            .init("", isNumber: false), .init("before"), .init("after"), .init("difference", unit: "95 % interval"),
        ])
        for change in cost.changes {
            let both = MetricFormat(change.metric, [Estimate(change.before), Estimate(change.after)])
            let own = MetricFormat(change.metric, [change.difference])
            // In the unit of the values, with the decimals that the difference deserves.
            let format = own.unit == both.unit ? own : both
            let unit = Words.unit(format.unit, after: change.metric.title)
            table.add([
                change.metric.title + (unit.isEmpty ? "" : " [\(unit)]"), format.value(change.before),
                format.value(change.after), format.signed(change.difference),
            ])
        }
        return table.text(width: width)
    }

    public func json() -> JSONValue {
        func costs(_ cost: Cost) -> JSONValue {
            [
                "patients": .integer(cost.patients),
                "metrics": .array(
                    cost.changes.map { change in
                        [
                            "name": .string(change.metric.name), "before": .number(change.before),
                            "after": .number(change.after), "difference": change.difference.json,
                        ]
                    }),
            ]
        }
        return [
            "format": 1, "kind": "tree_edit", "title": .string(title), "before": before.json(), "after": after.json(),
            "steps": .strings(steps.dropFirst().map(\.change)), "test": costs(test), "validation": costs(validation),
        ]
    }
}
