// What every way to make a tree is given and what it hands back.

import Numerics
import Patients
import Trees

/// A way to make a tree, with its settings.
///
/// A pure function of (settings, job): the same seed gives the same bytes on any number of threads.
public protocol TreeMethod: Sendable {
    /// The method as spelled in study files: `viper`, `refine`.
    var name: String { get }
    /// What it is made from.
    var origins: TreeOrigins { get }
    /// The purpose of its seed, by the tree's name in the study.
    func seedPurpose(of tree: String) -> String
    /// Whether it plans with the environment's own table instead of learning from patients.
    var plansWithTable: Bool { get }
    /// Makes the tree of one seed.
    func make(_ job: TreeJob) throws -> MadeTree
}

extension TreeMethod {
    public func seedPurpose(of tree: String) -> String { "tree.\(tree)" }
    public var plansWithTable: Bool { false }
}

/// What a tree is made from, besides the environment.
public struct TreeOrigins: Sendable, Equatable {
    public enum Teacher: Sendable, Equatable {
        /// The learner that does best on validation patients.
        case best
        case agent(String)
    }
    /// The learner whose decisions it follows; nil for none.
    public var teacher: Teacher?
    /// The tree of the study from which it starts; nil for none.
    public var tree: String?
    /// Whether it needs logged episodes of the policy from whose log the teacher learnt.
    public var isLogged = false
    /// Further trees of the study that it begins with.
    public var others: [String]

    public init(teacher: Teacher? = nil, tree: String? = nil, isLogged: Bool = false, others: [String] = []) {
        self.teacher = teacher
        self.tree = tree
        self.isLogged = isLogged
        self.others = others
    }

    /// All trees of the study that it needs.
    public var trees: [String] { (tree.map { [$0] } ?? []) + others }
}

/// One tree to be made. What `TreeOrigins` asks for is there.
public struct TreeJob: Sendable {
    /// Training patients.
    public var training: any EnvironmentFactory
    /// Patients who choose among trees, and who have no other part in making them.
    public var validation: any EnvironmentFactory
    public var teacher: (any ScoredPolicy)?
    /// Logged episodes that the teacher has not seen.
    public var log: EpisodeLog?
    /// The tree to start from.
    public var start: DecisionTree?
    /// Further trees to begin with.
    public var others: [DecisionTree]
    public var seed: UInt64
    /// Keys the chance events of validation episodes, so that all trees are judged on the same ones.
    public var validationSeed: UInt64
    public var jobs: Int
    /// How much is done, of how much, and of what; called now and then.
    public var progress: @Sendable (Double, Double, String) -> Void

    public init(
        training: any EnvironmentFactory, validation: any EnvironmentFactory, teacher: (any ScoredPolicy)? = nil,
        log: EpisodeLog? = nil, start: DecisionTree? = nil, others: [DecisionTree] = [], seed: UInt64,
        validationSeed: UInt64? = nil, jobs: Int = 1,
        progress: @escaping @Sendable (Double, Double, String) -> Void = { _, _, _ in }
    ) {
        self.training = training
        self.validation = validation
        self.teacher = teacher
        self.log = log
        self.start = start
        self.others = others
        self.seed = seed
        self.validationSeed = validationSeed ?? seed
        self.jobs = jobs
        self.progress = progress
    }

    /// - Throws: `DistillationError` without a teacher.
    public func needTeacher() throws -> any ScoredPolicy {
        guard let teacher else {
            throw DistillationError(description: "the tree has no teacher with scores to learn from")
        }
        return teacher
    }

    /// - Throws: `DistillationError` without a tree to start from.
    public func needStart() throws -> DecisionTree {
        guard let start else { throw DistillationError(description: "there is no tree to start from") }
        return start
    }
}

/// A tree and how it came about.
public struct MadeTree: Sendable {
    public var tree: DecisionTree
    /// A line per round or step, with a header.
    public var metricsCSV: String
    /// What it costs that thresholds are measurable, on validation patients; nil where none was rounded.
    public var rounding: RoundingCost?

    public init(tree: DecisionTree, metricsCSV: String, rounding: RoundingCost? = nil) {
        self.tree = tree
        self.metricsCSV = metricsCSV
        self.rounding = rounding
    }

    /// A distilled tree; what rounding costs is for validation patients to say.
    init(_ result: ImitationResult, _ job: TreeJob) throws {
        self.init(
            tree: result.tree, metricsCSV: result.metricsCSV(),
            rounding: try result.unrounded.map {
                try RoundingCost.measure(
                    rounded: result.tree, unrounded: $0, factory: job.validation, seed: job.validationSeed,
                    jobs: job.jobs)
            })
    }
}
