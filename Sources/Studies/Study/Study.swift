// A study as data: what is asked, on whom, by which learners and trees, and how they are compared.

import Agents
import Cohorts
import Distillation
import Patients
import PositionedJSON

/// A validated study.
public struct Study: Sendable {
    /// The newest format of study files that this version reads.
    public static let format = 1

    public struct Agent: Sendable {
        public var name: String
        public var learner: any Learner
        /// The tree whose leaves are its states, if they are.
        public var tree: String?
        public var configuration: JSONValue
    }

    public struct Tree: Sendable {
        public var name: String
        public var method: any TreeMethod
        /// When its leaves abstain; nil for never.
        public var abstention: AbstentionConfiguration?
        public var configuration: JSONValue
    }

    public struct Subgroup: Sendable, Equatable {
        public enum Split: Sendable, Equatable {
            case median
            case thirds
            case thresholds([Double])
        }
        public var name: String
        /// A column of the cohort.
        public var parameter: String
        public var split: Split
    }

    public struct Evaluation: Sendable {
        /// Names of protocols; nil for all.
        public var protocols: [String]?
        /// Replications of the bootstrap.
        public var bootstrap = 2000
        public var subgroups: [Subgroup] = []
        /// Who else the policies are tried on.
        public var populations: [Population] = []
    }

    public var name = ""
    public var title = ""
    public var question = ""
    public var environment: LoadedEnvironment
    public var seed: UInt64 = 0
    public var seeds = 5
    public var sourcePatients = 4000
    public var source = CohortSource.environment
    public var cohort = VirtualCohortConfiguration()
    public var cohortConfiguration: JSONValue = .null
    public var agents: [Agent] = []
    public var trees: [Tree] = []
    public var evaluation = Evaluation()
    /// The study as it is run: quick form and settings applied.
    public var resolved: JSONValue

    public func agent(_ name: String) -> Agent? { agents.first { $0.name == name } }
    public func tree(_ name: String) -> Tree? { trees.first { $0.name == name } }

    /// Agents that can teach a tree: those that need none themselves, and that can be asked about recorded states.
    public var teachers: [Agent] { agents.filter { $0.tree == nil && $0.learner.learns } }
}
