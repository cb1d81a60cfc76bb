// Going on from a policy that was learned before, on other patients: what each kind of learner takes over.

import Networks

/// How a run that goes on differs from one that begins anew. In both the first candidate for the checkpoint differs: a
/// policy to go on from is looked at before anything is learned, so that nobody need get worse.
enum GoingOn {
    /// A policy that knows something already is not to play at random: ε begins here at most.
    static let initialExploration = 0.2
    /// Share of the decisions during which an actor only looks on, until the value network, which policy files do not
    /// hold, can judge it.
    static let criticShare = 0.25
}

extension TrainingJob {
    /// The policy to go on from as the learner that made it knows it; nil where a run begins anew.
    ///
    /// - Throws: `TrainingError.wrongStart` where another kind of learner made it.
    func start<Known: SavedPolicy>(as type: Known.Type) throws(TrainingError) -> Known? {
        guard let start else { return nil }
        guard let known = start as? Known else { throw .wrongStart }
        return known
    }

    /// Decisions after which an actor may move.
    func criticDecisions(of total: Int) -> Int {
        start == nil ? 0 : Int(GoingOn.criticShare * Double(total))
    }

    /// How a policy network that is gone on from scales its inputs; nil where a run begins anew.
    var startNormalisation: Normalisation? {
        (start as? ActorPolicy)?.network.normalisation ?? (start as? RecurrentPolicy)?.frozen.normalisation
    }
}

extension FrozenNetwork {
    /// Writes its weights into a network of the same shape.
    func restore(_ target: DenseNetwork) throws(TrainingError) {
        guard fits(target) else { throw .wrongStart }
        copy(into: target)
    }
}

extension ExplorationSchedule {
    /// What is left of it for a policy that knows something already.
    var goingOn: ExplorationSchedule {
        var schedule = self
        schedule.initial = min(initial, max(GoingOn.initialExploration, final))
        return schedule
    }
}
