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

extension EnvironmentModel {
    /// A named protocol of the environment as a policy.
    public func protocolPolicy(_ name: String) -> ProtocolPolicy? {
        protocols.first { $0.name == name }.map { ProtocolPolicy($0, model: self) }
    }

    /// An action whenever it is allowed, else as many of its doses as are.
    public func constantPolicy(action name: String) -> ProtocolPolicy? {
        actions.first { $0.name == name }.map { action in
            let orders = action.doses.map { TreatmentProtocol.Order(dose: $0, every: 1, from: 0) }
            return ProtocolPolicy(
                TreatmentProtocol(name: name, meaning: action.meaning, orders: orders), model: self)
        }
    }
}
