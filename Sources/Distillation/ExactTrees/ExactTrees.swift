// The best decision tree of a tabular environment within limits, planned with the known model, and how far from the
// best it may be at most.

import Numerics
import Patients
import Trees

/// Plans trees: several starts improved move by move give a tree, branch and bound a better one or a bound.
public struct ExactTrees: Sendable {
    public var configuration: ExactConfiguration

    public init(_ configuration: ExactConfiguration = ExactConfiguration()) { self.configuration = configuration }

    /// How far the search has come.
    public struct Progress: Sendable, Equatable {
        /// `planned` for trees from a start, `bounded` for branch and bound.
        public var phase: String
        /// Relaxations solved by branch and bound.
        public var nodes: Int
        /// Of the best tree so far.
        public var leaves: Int
        public var lower: Double
        /// No tree within the limits is worth more; infinite while nothing is known.
        public var upper: Double
        public var gap: Double { upper - lower }
    }

    public enum Outcome: String, Sendable {
        /// No tree within the limits is better by more than `tolerance`.
        case optimal
        /// The budget of nodes ended the search.
        case budget
        /// The seconds allowed ended the search.
        case time
    }

    public struct Result: Sendable {
        public var tree: DecisionTree
        public var objective: ExactObjective
        public var outcome: Outcome
        /// The last one says what was found.
        public var steps: [Progress]
        /// Of the best policy without any limit of a tree, hidden parts of the state known.
        public var optimum: Double

        public var lower: Double { steps.last?.lower ?? -.infinity }
        public var upper: Double { steps.last?.upper ?? .infinity }
        public var gap: Double { upper - lower }
        public var nodes: Int { steps.last?.nodes ?? 0 }

        /// A line per step, with a header.
        public func metricsCSV() -> String {
            var text = "phase,nodes,leaves,lower,upper,gap\n"
            for step in steps {
                let isKnown = step.upper.isFinite
                text += "\(step.phase),\(step.nodes),\(step.leaves),\(step.lower),"
                text += isKnown ? "\(step.upper),\(step.gap)\n" : ",\n"
            }
            return text
        }
    }

    /// Values nearer than this count as equal.
    public static let tolerance = TreeBranching.tolerance

    /// Plans for the patients' environment, which must be tabular.
    public func plan(
        _ factory: any EnvironmentFactory, start: DecisionTree? = nil, seed: UInt64 = 0, jobs: Int = 1,
        report: @Sendable (Progress) -> Void = { _ in }
    ) throws -> Result {
        guard let tabular = factory as? TabularFactory else {
            throw DistillationError(
                description: "\(factory.task.name) has no table of states, and an exact tree is planned with one")
        }
        return try plan(tabular.model, start: start, seed: seed, jobs: jobs, report: report)
    }

    /// The same result whatever `jobs`.
    public func plan(
        _ model: TabularModel, start: DecisionTree? = nil, seed: UInt64 = 0, jobs: Int = 1,
        report: @Sendable (Progress) -> Void = { _ in }
    ) throws -> Result {
        let objective =
            configuration.isEndless
            ? ExactObjective.endless(discount: configuration.discount ?? model.task.discount)
            : .horizon(decisions: model.task.horizon, discount: configuration.discount ?? 1)
        let process = DecisionProcess(model, objective)
        if case .endless(let discount) = objective, discount == 1, process.mayNeverEnd {
            throw DistillationError(
                description: "some policies of \(model.task.name) never end: without a horizon they need a discount")
        }
        let cuts = TreeCuts(process, grid: configuration.roundsThresholds ? ThresholdGrid(model.task) : nil)
        let limits = TreeLimits(
            leaves: configuration.maximumLeaves,
            depth: min(configuration.maximumDepth ?? 64, max(0, configuration.maximumLeaves - 1)))
        let planned = try Parallel.map(start == nil ? 2 : 3, jobs: jobs) { number in
            self.planned(process, cuts, limits, number, start, seed)
        }
        var steps: [Progress] = []
        var best = planned[0]
        for one in planned {
            if one.value > best.value { best = one }
            steps.append(
                Progress(
                    phase: "planned", nodes: 0, leaves: best.tree.leafCount, lower: best.value, upper: .infinity))
        }
        if let last = steps.last { report(last) }

        let search = TreeBranching(process, cuts, limits, best: best)
        let clock = ContinuousClock()
        let end = configuration.seconds.map { clock.now + .seconds($0) }
        func step() -> Progress {
            Progress(
                phase: "bounded", nodes: search.solved, leaves: search.best.tree.leafCount, lower: search.best.value,
                upper: search.upper)
        }
        let isOptimal = search.run(budget: configuration.nodes, stop: { end.map { clock.now >= $0 } ?? false }) { _ in
            steps.append(step())
            report(step())
        }
        // What branch and bound found may be larger than it need be; its value is computed anew.
        let final = TreePlanning(process, cuts, limits, from: search.best.tree)
        final.prune(to: limits.leaves)
        if !isOptimal { final.improve() }
        var last = step()
        last.lower = final.value
        last.upper = max(final.value, search.upper)
        last.leaves = final.tree.leafCount
        steps.append(last)
        report(last)
        let free = ProcessRelaxation(process)
        free.solve(Array(repeating: -1, count: process.count))
        return Result(
            tree: try final.tree.decisionTree(process, cuts, visits: process.totalVisits(final.valuation)),
            objective: objective,
            outcome: isOptimal ? .optimal : search.solved >= configuration.nodes ? .budget : .time, steps: steps,
            optimum: free.value)
    }

    /// A tree from one of the starts: nothing; nothing, but grown towards the optimal policy; a given tree.
    private func planned(
        _ process: DecisionProcess, _ cuts: TreeCuts, _ limits: TreeLimits, _ number: Int, _ start: DecisionTree?,
        _ seed: UInt64
    ) -> (tree: PlannedTree, value: Double) {
        let planning = TreePlanning(
            process, cuts, limits, from: number == 2 ? start.map { PlannedTree($0, cuts) } : nil)
        if number == 2 { planning.fit() }
        let relaxation = ProcessRelaxation(process)
        let free = Array(repeating: Int32(-1), count: process.count)
        relaxation.solve(free)
        let ceiling = relaxation.value
        var guide: ((any PolicyValuation) -> [Double])?
        if number == 1 {
            guide = { valuation in
                relaxation.solve(free, weights: UnsafePointer(valuation.visits.baseAddress!))
                return relaxation.losses.map { -$0 }
            }
        }
        var chance = RandomStream(seed: seed, purpose: "exact.changes", index: UInt64(number))
        planning.run(guide: guide, rounds: configuration.rounds, ceiling: ceiling, chance: &chance)
        return (planning.tree, planning.value)
    }
}
