// The parts of a study, one after the other, and what they say of each other.

import Agents
import Cohorts
import Distillation
import Patients
import PositionedJSON

/// One reading of one form of a study.
struct StudyPass {
    let reader: ObjectReader
    let model: EnvironmentModel?
    let tables: StudyTables
    /// The study's own, in which its tables may lie.
    let folder: String
    let home: Home
    /// An environment by the name that a study gives it.
    let load: (String) throws(Diagnostics) -> LoadedEnvironment?
    var complaints: Complaints { reader.complaints }

    init(
        reader: ObjectReader, model: EnvironmentModel?, tables: StudyTables, folder: String, home: Home,
        load: @escaping (String) throws(Diagnostics) -> LoadedEnvironment?
    ) {
        self.reader = reader
        self.model = model
        self.tables = tables
        self.folder = folder
        self.home = home
        self.load = load
    }

    mutating func read(_ environment: LoadedEnvironment?) -> Study? {
        let name = reader.string("name")
        if let name, let place = reader.node["name"] { StudyNames.check(name, place, "the study's name", complaints) }
        let title = reader.string("title", default: name ?? "")
        let question = reader.string("question", default: "")
        let seed = reader.integer("seed", in: 0...Int.max)
        let seeds = reader.integer("seeds", default: 5, in: 1...1000)
        let cohort = reader.object("cohort", what: "the cohort")
        let (sourcePatients, source, configuration) = cohort.map(readCohort) ?? (0, nil, VirtualCohortConfiguration())
        let agents = readAgents()
        let trees = readTrees()
        let evaluation = reader.object("evaluation", what: "the evaluation").map(readEvaluation)
        checkReferences(agents, trees)
        checkAdaptations(agents, trees, configuration)
        guard let environment, let name, let seed else { return nil }
        var study = Study(environment: environment, resolved: reader.node.plain)
        study.name = name
        study.title = title
        study.question = question
        study.seed = UInt64(seed)
        study.seeds = seeds
        study.sourcePatients = sourcePatients
        study.cohort = configuration
        study.cohortConfiguration = cohort?.node.plain ?? .null
        if let source {
            study.source = .table(source)
            // What a result depends on is the table, not where it lies.
            if !source.hash.isEmpty, var cohort = study.resolved["cohort"], var part = cohort["source"] {
                part["sha256"] = .string(source.hash)
                cohort["source"] = part
                study.resolved["cohort"] = cohort
                study.cohortConfiguration = cohort
            }
        }
        study.agents = agents
        study.trees = trees
        study.evaluation = evaluation ?? Study.Evaluation()
        return study
    }

    func checkName(_ member: JSONMember, _ what: String) { StudyNames.check(member, what, complaints) }

    // MARK: The cohort

    private func readCohort(_ cohort: ObjectReader) -> (Int, TableSource?, VirtualCohortConfiguration) {
        var configuration = VirtualCohortConfiguration()
        let patients = cohort.integer("source_patients", default: 4000, in: 100...10_000_000)
        let source = cohort.optionalObject("source", what: "the cohort's source")
            .flatMap { readSource($0, isPrivate: cohort.node["generator"]?["privacy"] != nil) }
        if let place = cohort.node["source"] {
            if model?.tabular != nil {
                complaints.add(
                    place, "patients of a tabular environment are drawn from its start distribution",
                    remedy: "leave the source out")
            } else if let extra = cohort.node["source_patients"] {
                complaints.add(extra, "the source is a table, and has the patients it has", remedy: "leave this out")
            }
        }
        if model?.tabular != nil {
            if let node = cohort.optionalChild("generator") {
                complaints.add(
                    node, "patients of a tabular environment are drawn from its start distribution",
                    remedy: "leave the generator out")
            }
        } else if let generator = cohort.object("generator", what: "the generator") {
            if let specification = GeneratorSpecification.read(generator, key: "type") {
                configuration.generator = specification
                if specification.privacy != nil, cohort.node["source"] == nil, let place = generator.node["privacy"] {
                    complaints.add(
                        place,
                        "the patients that the generator learns are simulated: there is nobody's privacy to keep",
                        remedy: "leave \"privacy\" out, or name a table of real patients as the source")
                }
                generator.finish()
            }
        }
        let sizes = 1...10_000_000
        configuration.training = cohort.integer("train", default: configuration.training, in: sizes)
        configuration.validation = cohort.integer("validation", default: configuration.validation, in: sizes)
        configuration.test = cohort.integer("test", default: configuration.test, in: sizes)
        configuration.leastAccepted = cohort.number(
            "least_accepted", default: configuration.leastAccepted, in: 0...1)
        if let place = cohort.optionalChild("where") { readConditions(place, source, &configuration) }
        cohort.finish()
        return (patients, source, configuration)
    }

    // MARK: Agents

    /// The members of an object of named parts.
    private func members(_ key: String) -> [JSONMember] {
        guard let node = reader.child(key) else { return [] }
        guard case .object(let members) = node.value else {
            complaints.add(node, "\"\(key)\" in the study must be an object, not \(node.kindName)")
            return []
        }
        return members
    }

    private func readAgents() -> [Study.Agent] {
        let all = members("agents")
        if all.isEmpty, let node = reader.node["agents"], case .object = node.value {
            complaints.add(node, "a study needs at least one agent")
        }
        return all.compactMap { member in
            checkName(member, "an agent's name")
            let reader = ObjectReader(member.node, what: "the agent \"\(member.key)\"", complaints: complaints)
            guard case .object = member.node.value else { return nil }
            let learner = LearnerSpecification.read(reader, task: model?.task)
            let tree = reader.node["tree"].flatMap { node -> String? in
                if case .string(let name) = node.value { name } else { nil }
            }
            if let offline = learner as? any OfflineLearner { checkData(offline.data, reader) }
            if (learner as? FrameStackedLearner)?.base is any OfflineLearner, let place = reader.node["frame_stack"] {
                complaints.add(place, "\(reader.what) learns from a log, and what is logged cannot be stacked")
            }
            // Without a known algorithm its keys are not known either.
            if learner != nil { reader.finish() }
            return learner.map {
                Study.Agent(name: member.key, learner: $0, tree: tree, configuration: $0.json())
            }
        }
    }

    /// The policy that an offline learner's episodes are logged from must be the environment's.
    private func checkData(_ data: LoggedData, _ reader: ObjectReader) {
        guard let model, let place = reader.node["data"]?["policy"] ?? reader.node["data"] else {
            if model != nil {
                reader.complain(
                    "\(reader.what) learns from logged episodes, but does not say whose",
                    remedy: "such as \"data\": { \"policy\": \"random\", \"episodes\": 1000 }")
            }
            return
        }
        do {
            guard try PolicySpecification.named(data.policy, model: model, seed: 0) == nil else { return }
            complaints.add(
                place, "\"policy\" in the logged data cannot be \"\(data.policy)\"",
                remedy: "it is protocol:NAME, random, constant:ACTION or, in a tabular environment, optimal")
        } catch {
            complaints.add(place, error.message, remedy: error.remedy)
        }
    }

    // MARK: Trees

    private func readTrees() -> [Study.Tree] {
        guard reader.optionalChild("trees") != nil else { return [] }
        return members("trees").compactMap { member in
            checkName(member, "a tree's name")
            let reader = ObjectReader(member.node, what: "the tree \"\(member.key)\"", complaints: complaints)
            guard case .object = member.node.value else { return nil }
            let method = TreeSpecification.read(reader, task: model?.task)
            if method is ExactMethod, let model, model.tabular == nil, let place = reader.node["method"] {
                complaints.add(
                    place, "\(model.fullName) has no table of states, and an exact tree is planned with one",
                    remedy: "choose another method")
            }
            let abstention = reader.optionalObject("abstain", what: "the abstention of \"\(member.key)\"").flatMap {
                part in
                defer { part.finish() }
                return AbstentionConfiguration(reader: part, protocols: model?.observableProtocols)
            }
            // Without a known method its keys are not known either.
            if case .string(let name)? = reader.node["method"]?.value, TreeSpecification.methods.contains(name) {
                reader.finish()
            }
            return method.map {
                Study.Tree(
                    name: member.key, method: $0, abstention: abstention, configuration: member.node.plain)
            }
        }
    }

    // MARK: What refers to what

    private func checkReferences(_ agents: [Study.Agent], _ trees: [Study.Tree]) {
        func keys(_ part: String) -> [JSONMember] {
            if case .object(let members)? = reader.node[part]?.value { members } else { [] }
        }
        let agentNames = keys("agents").map(\.key)
        let treeNames = keys("trees").map(\.key)
        for member in keys("trees") where agentNames.contains(member.key) {
            complaints.add(
                in: member.node.source, at: member.keyLocation, "a tree and an agent are both called \"\(member.key)\"",
                remedy: "tables tell policies apart by name")
        }
        let protocols = model?.protocols.map(\.name) ?? []
        for member in keys("trees") + keys("agents") where protocols.contains(member.key) {
            complaints.add(
                in: member.node.source, at: member.keyLocation,
                "\"\(member.key)\" is the name of a protocol of the environment",
                remedy: "tables tell policies apart by name")
        }
        for member in keys("agents") {
            check(member.node["tree"], among: treeNames, kind: "tree")
        }
        for member in keys("trees") {
            check(member.node["from"], among: treeNames, kind: "tree")
            if let tree = trees.first(where: { $0.name == member.key }) { checkLog(tree, member.node, agents) }
            if case .array(let others)? = member.node["also_from"]?.value {
                for other in others { check(other, among: treeNames, kind: "tree") }
            }
            if case .string("best")? = member.node["teacher"]?.value { continue }
            check(member.node["teacher"], among: agentNames, kind: "agent")
            checkTeacher(member.node["teacher"], agents)
        }
        checkCycles(agents, trees)
    }

    /// Doubly robust scores are of the log from which the teacher learnt.
    private func checkLog(_ tree: Study.Tree, _ node: JSONNode, _ agents: [Study.Agent]) {
        guard tree.method.origins.isLogged else { return }
        if case .agent(let name)? = tree.method.origins.teacher {
            guard let agent = agents.first(where: { $0.name == name }) else { return }
            if agent.learner is any OfflineLearner { return }
        }
        let offline = agents.filter { $0.learner is any OfflineLearner }.map(\.name)
        complaints.add(
            node["values"] ?? node["teacher"] ?? node, "doubly robust values need a teacher that learns from a log",
            remedy: offline.isEmpty
                ? "add an agent such as \"cql\" or \"bcq\" and name it as \"teacher\""
                : "name one as \"teacher\": " + offline.joined(separator: ", "))
    }

    private func checkTeacher(_ node: JSONNode?, _ agents: [Study.Agent]) {
        guard let node, case .string(let name) = node.value, let agent = agents.first(where: { $0.name == name }),
            !agent.learner.learns
        else { return }
        complaints.add(
            node, "\"\(name)\" plans with the patient's own model and cannot teach a tree",
            remedy: "name an agent that learns")
    }

    private func check(_ node: JSONNode?, among names: [String], kind: String) {
        guard let node, case .string(let name) = node.value, !names.contains(name) else { return }
        complaints.add(
            node, "there is no \(kind) \"\(name)\" in the study",
            remedy: DidYouMean.remedy(for: name, among: names, known: "\(kind)s: "))
    }

    /// An agent on a tree's leaves must not, by way of a teacher, need itself.
    private func checkCycles(_ agents: [Study.Agent], _ trees: [Study.Tree]) {
        func needs(_ name: String) -> [String] {
            if let agent = agents.first(where: { $0.name == name }) { return agent.tree.map { [$0] } ?? [] }
            guard let origins = trees.first(where: { $0.name == name })?.method.origins else { return [] }
            let teachers =
                switch origins.teacher {
                case nil: [String]()
                case .best: agents.filter { $0.tree == nil }.map(\.name)
                case .agent(let teacher): [teacher]
                }
            return teachers + origins.trees
        }
        for (part, names) in [("agents", agents.map(\.name)), ("trees", trees.map(\.name))] {
            for name in names {
                var seen: Set<String> = []
                var front = needs(name)
                while let next = front.popLast() {
                    if next == name, let node = reader.node[part]?[name] {
                        complaints.add(node, "\"\(name)\" needs itself, by way of what it is made from")
                        break
                    }
                    if seen.insert(next).inserted { front += needs(next) }
                }
            }
        }
    }

    // MARK: The evaluation

    private func readEvaluation(_ evaluation: ObjectReader) -> Study.Evaluation {
        var result = Study.Evaluation()
        let known = model?.protocols.map(\.name)
        if let node = evaluation.optionalChild("protocols") {
            if case .string("all") = node.value {
                result.protocols = nil
            } else if case .array(let items) = node.value {
                result.protocols = evaluation.optionalStrings("protocols")
                for item in items {
                    guard let known, case .string(let name) = item.value, !known.contains(name) else { continue }
                    complaints.add(
                        item, "the environment has no protocol \"\(name)\"",
                        remedy: DidYouMean.remedy(for: name, among: known, known: "protocols: "))
                }
            } else {
                complaints.add(
                    node, "\"protocols\" in the evaluation must be \"all\" or an array of names, not \(node.kindName)")
            }
        }
        result.bootstrap = evaluation.integer("bootstrap", default: 2000, in: 10...1_000_000)
        for node in evaluation.optionalArray("subgroups") ?? [] {
            if let subgroup = readSubgroup(node) { result.subgroups.append(subgroup) }
        }
        result.populations = readPopulations(evaluation)
        evaluation.finish()
        return result
    }

    private func readSubgroup(_ node: JSONNode) -> Study.Subgroup? {
        let reader = ObjectReader(node, what: "the subgroup", complaints: complaints)
        let name = reader.string("name")
        let parameter = reader.string("parameter")
        if let parameter, let model, let place = reader.node["parameter"] {
            let names = model.tabular?.cohortNames ?? model.variableNames.map(\.name)
            if !names.contains(parameter) {
                complaints.add(
                    place, "\"\(parameter)\" does not differ among the patients",
                    remedy: DidYouMean.remedy(for: parameter, among: names, known: "what differs: "))
            }
        }
        var split: Study.Subgroup.Split? = .median
        if let place = reader.optionalChild("split") {
            switch place.value {
            case .string("median"): split = .median
            case .string("thirds"): split = .thirds
            case .array:
                split = reader.optionalNumbers("split").map { .thresholds($0) }
                if case .thresholds(let values)? = split, values.isEmpty || values != values.sorted() {
                    complaints.add(place, "the thresholds of \"split\" must ascend")
                }
            default:
                complaints.add(
                    place, "\"split\" in the subgroup must be \"median\", \"thirds\" or an array of thresholds")
            }
        }
        reader.finish()
        guard let name, let parameter, let split else { return nil }
        return Study.Subgroup(name: name, parameter: parameter, split: split)
    }
}
