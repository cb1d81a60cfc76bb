// How an exact tree is searched: the part of a study that a user writes.

import PositionedJSON

/// Settings of `ExactTrees`.
public struct ExactConfiguration: Sendable, Equatable {
    public var maximumLeaves = 16
    public var maximumDepth: Int?
    /// Relaxations that branch and bound solves at most; the bound of the whole problem is always computed.
    public var nodes = 1000
    /// Attempts to improve each planned tree by going beyond the limit and back or by a random change, at most.
    public var rounds = 16
    /// Whether time without end is planned for, and not the environment's horizon: much faster where the horizon is
    /// far, since values then do not depend on how many decisions are left.
    public var isEndless = false
    /// Per decision; nil for 1 within the horizon, which is what evaluations report, and the environment's otherwise.
    public var discount: Double?
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true
    /// Seconds after which branch and bound stops. Results then depend on the machine: for the command line only.
    public var seconds: Double?

    public init() {}

    /// Reads the keys `maximum_leaves`, `maximum_depth`, `nodes`, `rounds`, `endless`, `discount` and
    /// `rounds_thresholds`, all optional. The caller finishes the reader.
    public init(reader: ObjectReader) {
        maximumDepth = reader.optionalInteger("maximum_depth", in: 0...64)
        let most = maximumDepth.map { $0 < 4 ? 1 << $0 : maximumLeaves } ?? maximumLeaves
        maximumLeaves = reader.integer("maximum_leaves", default: most, in: 1...4096)
        nodes = reader.integer("nodes", default: nodes, in: 0...100_000_000)
        rounds = reader.integer("rounds", default: rounds, in: 0...1000)
        isEndless = reader.boolean("endless", default: isEndless)
        if reader.node["discount"] != nil { discount = reader.number("discount", in: 1e-6...1) }
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
    }
}

/// `ExactTrees` as a method of a study. It needs no teacher and no patients: it plans with the environment's own table,
/// so that its trees say what a small tree can do, not what can be learnt.
public struct ExactMethod: TreeMethod {
    public let name = "exact"
    public let plansWithTable = true
    public let origins: TreeOrigins
    let configuration: ExactConfiguration

    /// - Parameter from: a tree of the study that is one of the starts; nil for none.
    public init(_ configuration: ExactConfiguration, from: String?) {
        self.configuration = configuration
        origins = TreeOrigins(tree: from)
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let result = try ExactTrees(configuration).plan(
            job.training, start: job.start, seed: job.seed, jobs: job.jobs,
            report: { job.progress(Double($0.nodes), Double(max(1, configuration.nodes)), "nodes") })
        return MadeTree(tree: result.tree, metricsCSV: result.metricsCSV())
    }
}
