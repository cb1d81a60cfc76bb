// The fixed protocols a clinic would follow, under the same rules as everybody.

/// Gives the doses it has ordered at their decisions, as far as the rules permit: of the actions whose doses were all
/// ordered, the allowed one with the most doses.
public struct ProtocolPolicy: Policy {
    public let name: String
    /// By decision: the actions to try, best first. The last entry of a list is an action without doses, if there is one.
    private let preferences: [[Int32]]

    public init(_ treatment: EnvironmentModel.TreatmentProtocol, model: EnvironmentModel) {
        name = treatment.name
        preferences = (0..<model.decisionCount).map { decision in
            let wanted = Set(
                treatment.orders.filter { decision >= $0.from && (decision - $0.from) % $0.every == 0 }.map(\.dose))
            return model.actions.indices
                .filter { wanted.isSuperset(of: model.actions[$0].doses) }
                .sorted { (-model.actions[$0].doses.count, $0) < (-model.actions[$1].doses.count, $1) }
                .map(Int32.init)
        }
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            let decision = min(max(0, Int(batch.decisions[row])), preferences.count - 1)
            let allowed = batch.allowed.baseAddress! + row * batch.actionCount
            var chosen: Int32 = 0
            for candidate in preferences[decision] where allowed[Int(candidate)] {
                chosen = candidate
                break
            }
            actions[row] = chosen
        }
    }
}
