// Which policy of each kind is carried forward, decided on validation patients and never on test patients.

import PositionedJSON

/// The mean return of a policy over validation patients (and over its seeds).
public struct ValidationResult: Sendable, Equatable {
    public var policy: String
    public var kind: PolicyKind
    public var meanReturn: Double

    public init(policy: String, kind: PolicyKind, meanReturn: Double) {
        self.policy = policy
        self.kind = kind
        self.meanReturn = meanReturn
    }
}

/// The policy of each kind that did best on validation patients.
public struct Selection: Sendable, Equatable {
    public var learner: String?
    /// One that was planned with the environment's table only where there is no other.
    public var tree: String?
    /// The best protocol.
    public var fixed: String?

    public init(learner: String? = nil, tree: String? = nil, fixed: String? = nil) {
        self.learner = learner
        self.tree = tree
        self.fixed = fixed
    }

    /// The highest mean return of each kind; the first named wins a tie.
    public init(_ results: [ValidationResult]) {
        func best(_ kind: PolicyKind) -> String? {
            var winner: ValidationResult?
            for result in results where result.kind == kind && !result.meanReturn.isNaN {
                if winner.map({ result.meanReturn > $0.meanReturn }) ?? true { winner = result }
            }
            return winner?.policy
        }
        self.init(learner: best(.learner), tree: best(.tree) ?? best(.plannedTree), fixed: best(.fixed))
    }

    public subscript(_ kind: PolicyKind) -> String? {
        switch kind {
        case .learner: learner
        case .tree: tree
        case .plannedTree, .planner: nil
        case .fixed: fixed
        }
    }

    public func contains(_ policy: String) -> Bool { policy == learner || policy == tree || policy == fixed }

    func json() -> JSONValue {
        func text(_ name: String?) -> JSONValue { name.map { .string($0) } ?? .null }
        return .object([
            JSONField("learner", text(learner)), JSONField("tree", text(tree)), JSONField("protocol", text(fixed)),
        ])
    }

    init(_ reader: ObjectReader) {
        self.init(
            learner: reader.absentOrNullString("learner"), tree: reader.absentOrNullString("tree"),
            fixed: reader.absentOrNullString("protocol"))
        reader.finish()
    }
}
