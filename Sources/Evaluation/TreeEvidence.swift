// The evidence of a whole tree: its leaves' summaries and who the patients were.

/// What is known of a tree from treating held-out patients with it.
public struct TreeEvidence: Sendable, Equatable {
    /// Who the patients were, in words: `validation patients` or `test patients`.
    public var source: String
    /// How many patients were treated by the tree.
    public var patients: Int
    /// How many decisions the tree made.
    public var decisions: Int
    /// The teacher's name, if the tree has one.
    public var teacher: String?
    /// Share of all decisions in which the tree does what the teacher would have done.
    public var agreement: Double?
    /// One entry a leaf, in the order of the tree's nodes.
    public var leaves: [LeafSummary]
    /// The range of every observation over all decisions.
    public var inputs: [InputRange]

    public init(
        source: String, patients: Int, decisions: Int, teacher: String? = nil, agreement: Double? = nil,
        leaves: [LeafSummary], inputs: [InputRange] = []
    ) {
        self.source = source
        self.patients = patients
        self.decisions = decisions
        self.teacher = teacher
        self.agreement = agreement
        self.leaves = leaves
        self.inputs = inputs
    }

    /// The evidence of a leaf, by its node number.
    public func leaf(_ node: Int) -> LeafSummary? { leaves.first { $0.leaf == node } }
}
