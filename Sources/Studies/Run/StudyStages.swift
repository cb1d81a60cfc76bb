// A study as a graph of stages: source → cohort → agents → trees → agents on leaves → evaluation → report.

import Agents
import Cohorts
import Distillation
import Evaluation
import Numerics
import Patients
import PositionedJSON
import Reports
import Trees

/// Makes the stages of a study.
public struct StudyStages: Sendable {
    let study: Study

    public init(_ study: Study) { self.study = study }

    /// In an order in which every stage comes after those it needs.
    public func all() -> [Stage] {
        var stages = [source(), cohort()]
        var pendingAgents = study.agents
        var pendingTrees = study.trees
        var known: Set<String> = []
        var hasTeacherChoice = false
        // Agents and trees may be built on each other in turns; the reader has excluded circles.
        while !pendingAgents.isEmpty || !pendingTrees.isEmpty {
            let agents = pendingAgents.filter { agent in agent.tree.map(known.contains) ?? true }
            pendingAgents.removeAll { agent in agents.contains { $0.name == agent.name } }
            for agent in agents { stages += study.seedNumbers(of: agent).map { self.agent(agent, seed: $0) } }
            known.formUnion(agents.map(\.name))
            if !hasTeacherChoice, study.teachers.allSatisfy({ known.contains($0.name) }) {
                stages.append(teacherChoice())
                hasTeacherChoice = true
            }
            let trees = pendingTrees.filter { tree in
                let origins = tree.method.origins
                let hasTeacher =
                    switch origins.teacher {
                    case nil: true
                    case .best: hasTeacherChoice
                    case .agent(let teacher): known.contains(teacher)
                    }
                return hasTeacher && origins.trees.allSatisfy(known.contains)
            }
            pendingTrees.removeAll { tree in trees.contains { $0.name == tree.name } }
            for tree in trees { stages += study.seedNumbers.map { self.tree(tree, seed: $0) } }
            known.formUnion(trees.map(\.name))
            if agents.isEmpty, trees.isEmpty { break }
        }
        let policies = stages.map(\.name).filter { $0.hasPrefix("agents/") || $0.hasPrefix("trees/") }
        stages.append(selection(inputs: policies))
        stages.append(evaluation(inputs: policies))
        if !study.evaluation.populations.isEmpty { stages.append(populations(inputs: policies)) }
        stages += adaptations()
        for tree in study.trees { stages += study.seedNumbers.map { evidence(tree, seed: $0) } }
        if !study.trees.isEmpty { stages += [stability(), importance(inputs: policies)] }
        stages.append(plots(inputs: stages.map(\.name)))
        stages.append(report(inputs: stages.map(\.name)))
        return stages
    }

    // MARK: Names of files

    static let trainingPatients = "cohort/train.csv"
    static let validationPatients = "cohort/validation.csv"
    static let testPatients = "cohort/test.csv"
    static let teacherFile = "agents/selection.json"
    static let selectionFile = "evaluation/selection.json"

    static func policyFile(agent: String, seed: Int) -> String { "agents/\(agent)/seed-\(seed)/policy.json" }
    static func treeFile(_ tree: String, seed: Int) -> String { "trees/\(tree)/seed-\(seed)/tree.json" }
    static func evidenceFile(_ tree: String, seed: Int) -> String { "trees/\(tree)/seed-\(seed)/evidence.json" }

    // MARK: Pieces that several stages need

    /// Everything of the environment that a result depends on.
    var environmentIdentity: JSONValue {
        ["name": .string(study.environment.model.fullName), "hash": .string(study.environment.hash)]
    }

    /// A cohort's patients under the environment's rules.
    func factory(_ path: String, _ context: StageContext) throws -> any EnvironmentFactory {
        try study.environment.model.makeFactory(cohort: try CohortFile.read(try context.source(path)))
    }

    /// The policies of one agent or tree.
    func policy(_ path: String, _ context: StageContext) throws -> any Policy {
        let node = try context.json(path)
        let complaints = Complaints()
        let policy = PolicyFile.read(
            node, complaints: complaints, for: study.environment.model.task, protocols: protocolsByName)
        try complaints.throwIfAny()
        guard let policy else { throw StageError(message: "\(path) holds no policy") }
        return policy
    }

    /// All protocols of the environment.
    var protocolsByName: [String: any Policy] { study.environment.model.protocolsByName(seed: study.seed) }

    func decisionTree(_ path: String, _ context: StageContext) throws -> DecisionTree {
        let complaints = Complaints()
        let tree = DecisionTree(try context.json(path), complaints: complaints)
        try complaints.throwIfAny()
        guard let tree else { throw StageError(message: "\(path) holds no tree") }
        return tree
    }

    /// The protocols of the evaluation: those the study names, or all.
    var protocols: [(name: String, policy: any Policy)] {
        study.environment.model.protocolPolicies(seed: study.seed)
            .filter { study.evaluation.protocols?.contains($0.name) ?? true }
    }

    /// A policy that is trained, and where it is.
    struct Trained: Sendable {
        var name: String
        var kind: PolicyKind
        var seeds: [Int]

        func path(seed: Int) -> String {
            kind.isTree
                ? StudyStages.treeFile(name, seed: seed) : StudyStages.policyFile(agent: name, seed: seed)
        }
    }

    /// Learners and trees in the study's order, then planners.
    var trained: [Trained] {
        func agents(_ kind: PolicyKind) -> [Trained] {
            study.agents.filter { $0.learner.learns == (kind == .learner) }.map {
                Trained(name: $0.name, kind: kind, seeds: study.seedNumbers(of: $0))
            }
        }
        return agents(.learner)
            + study.trees.map {
                Trained(name: $0.name, kind: isPlanned($0) ? .plannedTree : .tree, seeds: study.seedNumbers)
            } + agents(.planner)
    }

    /// Whether a tree, or the one it starts from, was planned with the environment's table.
    private func isPlanned(_ tree: Study.Tree) -> Bool {
        tree.method.plansWithTable || tree.method.origins.tree.flatMap { study.tree($0) }.map(isPlanned) ?? false
    }
}
