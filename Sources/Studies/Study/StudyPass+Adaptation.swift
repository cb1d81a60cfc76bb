// Reads `adapt` of a population: which policies are trained on with how many of its patients.

import Agents
import Cohorts
import Distillation
import PositionedJSON

extension Study {
    /// How policies are adapted to a population.
    public struct Adaptation: Sendable, Equatable {
        /// Agents, trained on by their own learner, and trees, refined.
        public var agents: [String] = []
        public var trees: [String] = []
        /// Patients of the population to learn from and choose by, ascending.
        public var patients: [Int] = []
        /// Share of an agent's decisions, or of a refinement's episodes.
        public var budget = 0.1
    }
}

extension StudyPass {
    /// Patients that an adaptation needs: some to learn from, as many to choose by.
    private static let fewest = 4

    /// `{"agents": [NAME…], "trees": [NAME…], "patients": [NUMBER…], "budget": share}`
    func readAdaptation(_ reader: ObjectReader) -> Study.Adaptation {
        var result = Study.Adaptation()
        result.agents = reader.optionalStrings("agents") ?? []
        result.trees = reader.optionalStrings("trees") ?? []
        if reader.node["agents"] == nil, reader.node["trees"] == nil {
            reader.complain("\(reader.what) names nobody", remedy: "name \"agents\" or \"trees\" of the study")
        }
        for node in reader.array("patients") ?? [] {
            guard let count = node.integer, (StudyPass.fewest...1_000_000).contains(count) else {
                complaints.add(
                    node, "patients to adapt to are whole numbers from \(StudyPass.fewest) on",
                    remedy: "half of them are learned from, the others choose among what was learned")
                continue
            }
            if let last = result.patients.last, count <= last {
                complaints.add(node, "the numbers of patients to adapt to must ascend")
            }
            result.patients.append(count)
        }
        if let place = reader.node["patients"], case .array(let items) = place.value, items.isEmpty {
            complaints.add(place, "no number of patients is given", remedy: "such as [10, 50, 200]")
        }
        result.budget = reader.number("budget", default: result.budget, in: 1e-4...1)
        reader.finish()
        return result
    }

    /// Who is named must be there and able to go on, and the patients must suffice.
    func checkAdaptations(_ agents: [Study.Agent], _ trees: [Study.Tree], _ cohort: VirtualCohortConfiguration) {
        guard case .object(let populations)? = reader.node["evaluation"]?["populations"]?.value else { return }
        for population in populations {
            guard let node = population.node["adapt"] else { continue }
            for name in texts(node["agents"]) {
                guard let agent = agents.first(where: { $0.name == name.text }) else {
                    unknown(name, among: agents.map(\.name), kind: "agent")
                    continue
                }
                if !agent.learner.goesOn {
                    complaints.add(
                        name.node, "\"\(agent.name)\" (\(agent.learner.name)) cannot go on from what it has learned",
                        remedy: "adapt an agent that explores, such as dqn, ppo, fqi or q_learning")
                } else if agent.tree != nil {
                    complaints.add(
                        name.node,
                        "\"\(agent.name)\" stands on a tree that was made at home, and could not be trained anew",
                        remedy: "adapt the tree, or an agent without one")
                }
            }
            for name in texts(node["trees"]) where !trees.contains(where: { $0.name == name.text }) {
                unknown(name, among: trees.map(\.name), kind: "tree")
            }
            guard case .array(let counts)? = node["patients"]?.value else { continue }
            for count in counts {
                guard let number = count.integer, number > cohort.validation else { continue }
                complaints.add(
                    count, "there are \(cohort.validation) validation patients whose counterparts could be adapted to",
                    remedy: "raise \"validation\" in the cohort, or ask for fewer")
            }
        }
    }

    private func texts(_ node: JSONNode?) -> [(text: String, node: JSONNode)] {
        guard case .array(let items)? = node?.value else { return [] }
        return items.compactMap { item in
            if case .string(let text) = item.value { (text, item) } else { nil }
        }
    }

    private func unknown(_ name: (text: String, node: JSONNode), among names: [String], kind: String) {
        complaints.add(
            name.node, "there is no \(kind) \"\(name.text)\" in the study",
            remedy: DidYouMean.remedy(for: name.text, among: names, known: "\(kind)s: "))
    }
}
