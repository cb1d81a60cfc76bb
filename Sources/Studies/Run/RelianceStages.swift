// Stages that ask how far a tree may be relied on: would another seed have made the same one, and what does it look at.

import Distillation
import Evaluation
import Numerics
import Patients
import PositionedJSON
import Reports
import Trees

extension StudyStages {
    static let stabilityFile = "evaluation/stability.json"
    static let importanceFile = "evaluation/importance.json"

    /// The trees of all seeds held against each other.
    func stability() -> Stage {
        let study = study
        return Stage(
            "evaluation/stability",
            configuration: [
                "environment": environmentIdentity, "trees": .strings(study.trees.map(\.name)),
                "seeds": .integer(study.seeds),
            ],
            seed: study.seed,
            inputs: ["cohort/patients"]
                + study.trees.flatMap { tree in study.seedNumbers.map { "trees/\(tree.name)/seed-\($0)" } }
        ) { context in
            let patients = try factory(StudyStages.testPatients, context)
            let all = try study.trees.enumerated().map { index, tree -> TreeStability in
                context.progress(Double(index), Double(study.trees.count), "trees")
                return try TreeStability.measure(
                    tree.name,
                    try study.seedNumbers.map {
                        try decisionTree(StudyStages.treeFile(tree.name, seed: $0), context)
                    },
                    factory: patients, patients: 200, seed: study.seed("test"), jobs: context.jobs)
            }
            return [
                Artefact(StudyStages.stabilityFile, TreeStability.file(all)),
                Artefact("evaluation/stability.csv", TreeStability.csv(all)),
            ]
        }
    }

    /// Episodes simulated at most for the importance of one policy's observations: with many of them each is shuffled for
    /// fewer test patients, though never for fewer than 100.
    private static let shuffledEpisodes = 10_000

    /// What the chosen tree and its teacher rely on.
    func importance(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "evaluation/importance", configuration: ["environment": environmentIdentity], seed: study.seed,
            inputs: ["cohort/patients", "evaluation/selection"] + inputs
        ) { context in
            let selection = try SelectionFile.read(try context.json(StudyStages.selectionFile))
            var all: [PermutationImportance] = []
            if let name = selection.best.tree, let tree = study.tree(name) {
                let seed = selection.treeSeed ?? 1
                let patients = try factory(StudyStages.testPatients, context)
                let count = max(100, StudyStages.shuffledEpisodes / max(1, patients.task.observations.count))
                func measure(
                    _ policy: any Policy, _ tree: DecisionTree?, _ name: String, _ kind: PolicyKind
                ) throws {
                    all.append(
                        try PermutationImportance.measure(
                            policy, tree: tree, name: name, kind: kind, number: seed, factory: patients,
                            patients: count, seed: study.seed("test"), jobs: context.jobs))
                }
                let chosen = try decisionTree(StudyStages.treeFile(name, seed: seed), context)
                try measure(try policy(StudyStages.treeFile(name, seed: seed), context), chosen, name, .tree)
                context.progress(1, 2, "policies")
                if let teacher = try teacher(of: tree, seed: seed, context) {
                    try measure(teacher.policy, nil, teacher.name, .learner)
                }
            }
            return [
                Artefact(StudyStages.importanceFile, PermutationImportance.file(all)),
                Artefact("evaluation/importance.csv", PermutationImportance.csv(all)),
            ]
        }
    }

    // MARK: What the report says of them

    /// The stability of all trees, the chosen one first; empty where the study has none.
    func stabilities(_ context: StageContext) throws -> [TreeStability] {
        guard context.has(StudyStages.stabilityFile) else { return [] }
        let complaints = Complaints()
        let all = TreeStability.read(try context.json(StudyStages.stabilityFile), complaints: complaints)
        try complaints.throwIfAny()
        let chosen = try SelectionFile.read(try context.json(StudyStages.selectionFile)).best.tree
        return all.filter { $0.tree == chosen } + all.filter { $0.tree != chosen }
    }

    func importances(_ context: StageContext) throws -> [PermutationImportance] {
        guard context.has(StudyStages.importanceFile) else { return [] }
        let complaints = Complaints()
        let all = PermutationImportance.read(try context.json(StudyStages.importanceFile), complaints: complaints)
        try complaints.throwIfAny()
        return all
    }

    /// The figures of both: of the tree chosen, where there are several seeds, and where anything costs anything.
    func relianceFigures(_ context: StageContext) throws -> [Figure] {
        let task = study.environment.model.task
        return [
            study.seeds > 1 ? try stabilities(context).first.flatMap { Figure.stability($0, task: task) } : nil,
            Figure.importance(try importances(context), task: task),
        ].compactMap { $0 }
    }

    func stabilityPart(_ context: StageContext, _ figure: (String) -> ReportFigure) throws -> ReportPart {
        let all = try stabilities(context)
        guard study.seeds > 1, let chosen = all.first else { return ReportPart() }
        var part = ReportPart(
            paragraphs: [
                "The study was run with \(study.seeds) seeds, each with learners and trees of its own. "
                    + "Movement is the mean distance from a threshold to the nearest one of the same observation in "
                    + "another seed's tree, as a share of the observation's plausible range (yes-or-no questions left "
                    + "out); agreement is how often two seeds' trees do the same in \(NumberText.count(chosen.states)) "
                    + "states that they meet with test patients: the mean over pairs, in brackets the least and the "
                    + "greatest."
            ], facts: all.map { Fact($0.tree, sentence($0)) })
        if !chosen.features.isEmpty { part.figures = [figure("stability")] }
        return part
    }

    private func sentence(_ stability: TreeStability) -> String {
        var parts: [String] = []
        if let root = stability.commonRoot {
            let name = TreeWords.name(of: root.name, in: study.environment.model.task)
            parts.append("\(name) at the root in \(root.roots) of \(stability.seeds) seeds")
        }
        let movement = stability.relativeMovement
        if movement.isFinite { parts.append("thresholds move by \(NumberText.percent(movement))") }
        let agreement = stability.agreement
        if agreement.isDefined {
            parts.append(
                "agreement \(NumberText.percent(agreement.value)) [\(NumberText.fixed(100 * agreement.low, 1)), "
                    + "\(NumberText.fixed(100 * agreement.high, 1))], by chance "
                    + "\(NumberText.percent(stability.agreementByChance))")
        }
        return parts.joined(separator: "; ")
    }

    func importancePart(_ context: StageContext, _ figure: (String) -> ReportFigure) throws -> ReportPart {
        let all = try importances(context)
        guard Figure.importance(all, task: study.environment.model.task) != nil else { return ReportPart() }
        return ReportPart(
            paragraphs: [
                "Importance by permutation (Breiman 2001; Fisher, Rudin and Dominici 2019). One observation is shuffled at "
                    + "a time: of two that tell the same neither need look important, and combinations arise that no "
                    + "patient has."
            ], figures: [figure("importance")])
    }
}
