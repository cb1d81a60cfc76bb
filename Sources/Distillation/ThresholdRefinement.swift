// A tree improved by what it achieves: thresholds, leaves and splits changed where treated patients fare better.

import Numerics
import Patients
import Trees

/// Coordinate search over a tree by mean return on paired simulated training patients.
///
/// In passes over the tree: every split's removal in favour of one of its sides, new splits of leaves where trying
/// another action gained most, the ranking of every leaf's actions, the threshold of every split and, where asked for,
/// random changes of the shape (`StructuralMoves`). Before the passes trees may be bred (`TreeEvolution`). A change stays
/// when its paired difference is positive with the configured confidence; a removal also when it costs nothing. So the
/// training return never falls, but for a given tree whose thresholds are rounded to measurable steps first. The winner
/// among the trees on the way is for validation patients to choose (`chooseByValidation`).
public struct ThresholdRefinement: Sendable {
    public var configuration: RefinementConfiguration

    public init(_ configuration: RefinementConfiguration = RefinementConfiguration()) {
        self.configuration = configuration
    }

    /// The change that puts a given tree on the grid.
    static let rounding = "thresholds rounded to measurable steps"

    /// The change to the best tree that was bred.
    static let evolved = "bred from the given trees"

    /// A tree on the way; the first is the one that was given.
    public struct Step: Sendable {
        public var tree: DecisionTree
        /// What was changed, in words.
        public var change: String
        public var pass: Int
        /// Mean return on the training patients.
        public var trainingReturn: Double
        /// Mean paired difference to the step before, and its standard error.
        public var difference: Double
        public var standardError: Double
        /// Training patients whom the change treats otherwise.
        public var affected: Int
        /// Episodes simulated so far.
        public var episodes: Int
    }

    /// Refines a tree on training patients. The same result whatever `jobs`.
    ///
    /// - Parameters:
    ///   - constraints: put in force first, whatever they cost, and kept to by every change.
    ///   - others: further trees that evolution begins with.
    public func refine(
        _ tree: DecisionTree, factory: any EnvironmentFactory, seed: UInt64, episode: Int = 0,
        constraints: BoundConstraints? = nil, others: [DecisionTree] = [], jobs: Int = 1,
        report: @escaping @Sendable (Step) -> Void = { _ in }
    ) throws -> [Step] {
        var stream = RandomStream(seed: seed, purpose: "refinement.patients")
        let chosen = stream.permutation(factory.patients).prefix(configuration.patients ?? factory.patients)
        let courses = try PatientCourses(
            factory, tree: tree, patients: chosen.sorted(), episode: episode, seed: seed,
            objective: configuration.objective, jobs: jobs)
        let race = CandidateRace(
            configuration: configuration, order: stream.permutation(courses.count),
            trials: TreeTrials(
                factory, episode: episode, seed: seed, objective: configuration.objective, jobs: jobs))
        var search = Search(
            configuration: configuration, grid: ThresholdGrid(configuration, factory.task), courses: courses,
            race: race, constraints: constraints, others: others, jobs: jobs, report: report)
        try search.run()
        return search.steps
    }

    /// One refinement under way.
    private struct Search {
        let configuration: RefinementConfiguration
        let grid: ThresholdGrid
        var courses: PatientCourses
        let race: CandidateRace
        let constraints: BoundConstraints?
        let others: [DecisionTree]
        let jobs: Int
        let report: @Sendable (Step) -> Void
        var steps: [Step] = []
        var pass = 0
        /// Rounds of random changes so far.
        var round = 0

        mutating func run() throws {
            note("as given", difference: 0, standardError: 0, affected: 0)
            try obey()
            try roundThresholds()
            try evolve()
            for number in 0..<configuration.maximumPasses {
                pass = number
                let before = steps.count
                // What is removed makes room for what may grow. Where nothing can grow again, a split that does not
                // pay yet is kept until the end: it may pay once its neighbours have moved.
                if configuration.prunes { try tryRemovals(configuration.grows ? .noLoss : .improvement) }
                if configuration.grows { try tryGrowth() }
                try tryLeaves()
                try tryThresholds()
                try tryShapes()
                // Threshold moves shrink from pass to pass: end once the smallest were in vain.
                if steps.count == before, number >= 2 { break }
                if race.budget(of: courses) <= 0 { break }
            }
            pass += 1
            if configuration.prunes, configuration.maximumPasses > 0 { try tryRemovals(.noLoss) }
        }

        /// Puts the constraints in force; where there are several ways, the one with the highest training return.
        private mutating func obey() throws {
            guard let constraints, !constraints.permits(courses.tree) else { return }
            let start = courses
            var spent = 0
            let tree = try constraints.enforced(on: courses.tree, grid: grid) { candidates in
                var means: [Double] = []
                for candidate in candidates {
                    var trial = start
                    try trial.move(to: candidate, jobs: jobs)
                    spent += trial.simulated - start.simulated
                    means.append(trial.meanReturn)
                }
                return means.indices.max { (means[$0], $1) < (means[$1], $0) } ?? 0
            }
            courses.count(episodes: spent)
            try move(to: tree, "constraints put in force")
        }

        /// Puts the given tree on the grid.
        private mutating func roundThresholds() throws {
            let tree = courses.tree
            try move(
                to: constraints?.rounded(tree, to: grid) ?? tree.rounded(to: grid),
                ThresholdRefinement.rounding)
        }

        private var moves: StructuralMoves {
            let rules = constraints
            return StructuralMoves(
                grid: grid, maximumLeaves: max(configuration.maximumLeaves, courses.tree.leafCount),
                permits: { rules?.permits($0) ?? true })
        }

        /// Races random changes of the tree, its shape included, round after round until several in a row are in vain.
        private mutating func tryShapes() throws {
            var failures = 0
            while configuration.shapes > 0, failures < configuration.roundsInVain, race.budget(of: courses) > 0 {
                let (tree, rows, moves) = (courses.tree, courses.someStates(), moves)
                let (seed, round, mates) = (courses.seed, round, others)
                let trees = try Parallel.map(configuration.shapes, jobs: jobs) { index in
                    var stream = RandomStream(
                        seed: seed, purpose: "refinement.shapes", index: UInt64(round) << 20 | UInt64(index))
                    return moves.mutated(tree, rows: rows, mates: mates, &stream)
                }
                self.round += 1
                let candidates = trees.filter { $0 != tree }
                    .map { Candidate(tree: $0, change: "another shape with \($0.leafCount) leaves") }
                failures = try attempt(candidates, .improvement) ? 0 : failures + 1
            }
        }

        /// Breeds trees from those given and goes on with the best, if it is better on all patients.
        private mutating func evolve() throws {
            var settings = configuration.evolution
            // What is bred must be tried on everybody in the end.
            settings.episodes = min(
                settings.episodes, race.budget(of: courses) - TreeEvolution.finalists * courses.count)
            guard settings.episodes > 0, configuration.maximumLeaves > 1 else { return }
            let rules = constraints
            let trials = race.trials
            var moves = moves
            moves.maximumLeaves = configuration.maximumLeaves
            var evolution = TreeEvolution(
                settings, moves: moves, trials: trials,
                patients: race.order.prefix(settings.patients).map { courses.traces[$0].patient },
                seed: courses.seed)
            let grid = grid
            let further = others.map { rules?.rounded($0, to: grid) ?? $0.rounded(to: grid) }
                .filter(moves.permits)
            let (tree, report, simulated) = (courses.tree, report, courses.simulated)
            let step = steps[steps.count - 1]
            try evolution.run([tree] + further) {
                var step = step
                step.episodes = simulated + $0.spent
                report(step)
            }
            let finalists = evolution.best.map(\.tree)
            let everybody = courses.traces.map(\.patient)
            let sums = try trials.run(
                finalists,
                finalists.indices.flatMap { tree in everybody.map { TreeTrials.Trial(tree: tree, patient: $0) } })
            courses.count(episodes: evolution.spent + finalists.count * everybody.count)
            let means = finalists.indices.map { tree in
                sums[tree * everybody.count..<(tree + 1) * everybody.count].reduce(0) { $0 + $1.value }
                    / Double(everybody.count)
            }
            guard let winner = means.indices.max(by: { (means[$0], $1) < (means[$1], $0) }),
                means[winner] > courses.meanReturn || tree.leafCount > configuration.maximumLeaves
            else { return }
            try move(to: finalists[winner], ThresholdRefinement.evolved)
        }

        /// Goes on with another tree, whatever it costs: the next step's difference says.
        private mutating func move(to tree: DecisionTree, _ change: String) throws {
            guard tree != courses.tree else { return }
            let words = change
            let before = courses.values
            let affected = courses.affected(by: tree).count
            try courses.move(to: tree, jobs: jobs)
            let change = Statistics.meanEstimate(zip(courses.values, before).map { $0 - $1 })
            note(
                words, difference: change.value,
                standardError: (change.high - change.value) / normalQuantile(0.975), affected: affected)
        }

        private mutating func note(_ change: String, difference: Double, standardError: Double, affected: Int) {
            let step = Step(
                tree: courses.tree, change: change, pass: pass, trainingReturn: courses.meanReturn,
                difference: difference, standardError: standardError, affected: affected,
                episodes: courses.simulated)
            steps.append(step)
            report(step)
        }

        /// Races candidates and goes on with the winner; whether there was one.
        private mutating func attempt(_ candidates: [Candidate], _ demand: CandidateRace.Demand) throws -> Bool {
            let permitted = constraints.map { rules in candidates.filter { rules.permits($0.tree) } } ?? candidates
            guard let winner = try race.run(permitted, demand, &courses) else { return false }
            courses.take(winner.candidate.tree, winner.places, winner.traces)
            note(
                winner.candidate.change, difference: winner.difference, standardError: winner.standardError,
                affected: winner.places.count)
            return true
        }

        /// Splits leaves, the most promising first, as long as there is room.
        private mutating func tryGrowth() throws {
            guard courses.tree.leafCount < configuration.maximumLeaves,
                race.budget(of: courses) > configuration.deviations * courses.count * (courses.tree.actions.count - 1)
            else { return }
            let rules = constraints
            let deviations = try Deviation.sample(
                &courses, rounds: configuration.deviations, draw: pass, jobs: jobs)
            // Leaves in which no split was believed, by the way that leads to them: numbers change as the tree grows.
            var hopeless: Set<[LeafRule.Condition]> = []
            while courses.tree.leafCount < configuration.maximumLeaves, race.budget(of: courses) > 0 {
                let ways = Dictionary(uniqueKeysWithValues: courses.tree.rules().map { ($0.leaf, $0.conditions) })
                let splits = RegretSplits.best(for: courses.tree, deviations, grid) { rules?.permits($0) ?? true }
                guard let split = splits.first(where: { !hopeless.contains(ways[$0.leaf]!) }) else { return }
                if try !attempt(split.candidates, .improvement) { hopeless.insert(ways[split.leaf]!) }
            }
        }

        private mutating func tryLeaves() throws {
            for leaf in courses.leavesByVisits() {
                _ = try attempt(RefinementMoves.rankings(of: courses.tree, leaf: leaf), .improvement)
            }
        }

        private mutating func tryThresholds() throws {
            for node in 0..<courses.tree.nodeCount where !courses.tree.isLeaf(node) {
                let candidates = RefinementMoves.thresholds(
                    of: courses.tree, node: node, visited: courses.visitedValues(of: node), pass: pass, grid: grid)
                _ = try attempt(candidates, .improvement)
            }
        }

        /// From the leaves up, so that what is removed is small before it is large.
        private mutating func tryRemovals(_ demand: CandidateRace.Demand) throws {
            var node = courses.tree.nodeCount - 1
            while node >= 0 {
                if node < courses.tree.nodeCount, !courses.tree.isLeaf(node) {
                    _ = try attempt(RefinementMoves.removals(of: courses.tree, node: node), demand)
                }
                node -= 1
            }
        }
    }
}

extension ThresholdGrid {
    /// The grid that a refinement keeps to.
    fileprivate init(_ configuration: RefinementConfiguration, _ task: TaskDescription) {
        self = ThresholdGrid(task)
        if !configuration.roundsThresholds { self.init(steps: task.observations.map { _ in nil }) }
    }
}
