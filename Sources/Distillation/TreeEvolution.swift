// Trees bred by what they achieve: many at a time, their shapes included, where changing one tree step by step is stuck.

import Foundation
import Numerics
import Patients
import Trees

/// Evolution of trees by mean return on one set of patients, with the same chance events for all.
///
/// The best of a few members drawn at random becomes a parent; its child is changed at random (`StructuralMoves`), and the
/// oldest members make room for the children (regularised evolution: Real, Aggarwal, Huang and Le, AAAI 2019). That
/// everybody dies keeps the population from crowding where it found something first; the best tree ever is kept
/// aside and has children as well. Only ranks count, so that a return may have any scale.
///
/// A given tree may have more leaves than the result: the limit begins there and falls while the trees are bred, so that
/// what a large tree does well is not lost at once (measured on hiv: VIPER needs 21 to 26 leaves to treat the patient
/// exactly as the teacher does, and keeps a third of the return with 16).
struct TreeEvolution: Sendable {
    /// A tree and what it is worth.
    struct Member: Sendable {
        var tree: DecisionTree
        var value: Double
        /// States that the first patients came through under it.
        var rows: [Double]
    }

    let configuration: EvolutionConfiguration
    private var moves: StructuralMoves
    let trials: TreeTrials
    /// The patients who judge, in the order in which they do.
    let patients: [Int]
    let seed: UInt64

    /// States by which changes are proposed, about.
    static let usualStates = 400
    /// Of so many children one has the best tree ever for a parent.
    static let returnToBest = 8
    /// Trees handed on.
    static let finalists = 8
    /// The least number of patients who judge in two stages.
    static let patientsOfTwoStages = 64

    /// Share of the episodes after which the limit of leaves is where it must be.
    static let shareOfPruning = 0.6

    private(set) var spent = 0
    /// Leaves allowed in the end, and at first.
    private let finalLeaves: Int
    private var firstLeaves = 0
    private var members: [Member] = []
    /// The best ever, best first, with different values.
    private(set) var best: [Member] = []
    private var watched: Set<Int> = []

    init(
        _ configuration: EvolutionConfiguration, moves: StructuralMoves, trials: TreeTrials, patients: [Int],
        seed: UInt64
    ) {
        self.configuration = configuration
        self.moves = moves
        finalLeaves = moves.maximumLeaves
        self.trials = trials
        self.patients = patients
        self.seed = seed
    }

    /// Breeds from the given trees until the episodes are spent.
    mutating func run(_ starts: [DecisionTree], report: (TreeEvolution) -> Void = { _ in }) throws {
        firstLeaves = max(finalLeaves, starts.map(\.leafCount).max() ?? 0)
        lowerLimit()
        let rows = try watch(starts)
        var generation = 0
        while spent < configuration.episodes {
            let before = spent
            let proposals =
                generation == 0
                ? try founders(starts, rows) : try breed(generation, configuration.children)
            let born = try judge(proposals, isFinal: generation > 0)
            for member in born {
                // One of a kind: copies that decide alike would soon be the whole population. The newest stays, so that
                // what makes no difference may still drift.
                members.removeAll { $0.value == member.value }
                members.append(member)
            }
            members.removeFirst(max(0, members.count - configuration.population))
            lowerLimit()
            generation += 1
            report(self)
            // Where nothing differs from anything there is nothing to find.
            if spent == before, generation > 1000 { break }
        }
    }

    private struct Proposal: Sendable {
        var tree: DecisionTree
        /// What it came from, if that has been judged.
        var parent: Member?
    }

    private mutating func lowerLimit() {
        let left = max(0, 1 - Double(spent) / (TreeEvolution.shareOfPruning * Double(configuration.episodes)))
        moves.maximumLeaves = finalLeaves + Int((left * Double(firstLeaves - finalLeaves)).rounded(.up))
        best.removeAll { $0.tree.leafCount > moves.maximumLeaves }
    }

    /// Judges the given trees by a few patients to see how long courses are; the states of each tree's.
    private mutating func watch(_ starts: [DecisionTree]) throws -> [[Double]] {
        let probe = Array(patients.prefix(8))
        let list = starts.indices.flatMap { tree in probe.map { TreeTrials.Trial(tree: tree, patient: $0) } }
        let outcomes = try trials.run(starts, list, watched: Set(probe))
        spent += list.count
        var rows: [[Double]] = Array(repeating: [], count: starts.count)
        for (trial, outcome) in zip(list, outcomes) { rows[trial.tree] += outcome.observations }
        let states = max(1, rows.reduce(0) { $0 + $1.count } / starts[0].features.count / starts.count)
        watched = Set(patients.prefix(max(1, TreeEvolution.usualStates * probe.count / states)))
        return rows
    }

    /// The given trees, and changed ones to fill the population.
    private func founders(_ starts: [DecisionTree], _ rows: [[Double]]) throws -> [Proposal] {
        try Parallel.map(max(starts.count, configuration.population), jobs: trials.jobs) { index in
            let start = starts[index % starts.count]
            guard index >= starts.count else { return Proposal(tree: start) }
            var stream = RandomStream(seed: seed, purpose: "refinement.evolution", index: UInt64(index))
            return Proposal(
                tree: moves.mutated(start, rows: rows[index % starts.count], mates: starts, &stream))
        }
    }

    private func breed(_ generation: Int, _ count: Int) throws -> [Proposal] {
        try Parallel.map(count, jobs: trials.jobs) { [self] child in
            var stream = RandomStream(
                seed: seed, purpose: "refinement.evolution", index: UInt64(generation) << 24 | UInt64(child))
            let parent =
                best.first.flatMap { stream.below(TreeEvolution.returnToBest) == 0 ? $0 : nil }
                ?? members[chooseParent(&stream)]
            let mate = members[chooseParent(&stream)].tree
            return Proposal(
                tree: moves.mutated(parent.tree, rows: parent.rows, mates: [mate], &stream), parent: parent)
        }
    }

    private func chooseParent(_ stream: inout RandomStream) -> Int {
        var chosen = stream.below(members.count)
        for _ in 1..<max(2, configuration.tournament) {
            let other = stream.below(members.count)
            if members[other].value > members[chosen].value { chosen = other }
        }
        return chosen
    }

    /// Treats the patients; with many patients only the best quarter after a quarter of them goes on.
    private mutating func judge(_ proposals: [Proposal], isFinal: Bool) throws -> [Member] {
        var born: [Member] = []
        var open: [DecisionTree] = []
        let seesAll = watched.count == patients.count
        for proposal in proposals {
            // What decides alike in every state has the same course.
            if seesAll, let parent = proposal.parent, parent.tree.decidesAlike(proposal.tree, parent.rows) {
                born.append(Member(tree: proposal.tree, value: parent.value, rows: parent.rows))
            } else {
                open.append(proposal.tree)
            }
        }
        let isTwoStage = isFinal && patients.count >= TreeEvolution.patientsOfTwoStages
        let first = isTwoStage ? max(1, patients.count / 4) : patients.count
        var sums = Array(repeating: 0.0, count: open.count)
        var rows: [[Double]] = Array(repeating: [], count: open.count)
        func treat(_ chosen: [Int], _ range: Range<Int>) throws -> Int {
            let list = chosen.flatMap { tree in
                patients[range].map { TreeTrials.Trial(tree: tree, patient: $0) }
            }
            let outcomes = try trials.run(open, list, watched: watched)
            for (trial, outcome) in zip(list, outcomes) {
                sums[trial.tree] += outcome.value
                rows[trial.tree] += outcome.observations
            }
            return list.count
        }
        var chosen = Array(open.indices)
        spent += try treat(chosen, 0..<first)
        if isTwoStage {
            chosen = Array(
                chosen.sorted { (sums[$1], $0) < (sums[$0], $1) }.prefix(max(1, open.count / 4))
            ).sorted()
            spent += try treat(chosen, first..<patients.count)
        }
        for tree in chosen {
            let member = Member(tree: open[tree], value: sums[tree] / Double(patients.count), rows: rows[tree])
            born.append(member)
            remember(member)
        }
        return born
    }

    private mutating func remember(_ member: Member) {
        guard member.tree.leafCount <= moves.maximumLeaves, !best.contains(where: { $0.value == member.value })
        else { return }
        let place = best.firstIndex { $0.value < member.value } ?? best.count
        best.insert(member, at: place)
        if best.count > TreeEvolution.finalists { best.removeLast() }
    }
}
