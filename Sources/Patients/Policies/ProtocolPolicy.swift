// The fixed protocols a clinic would follow, under the same rules as everybody.

/// Gives the doses it has ordered at their decisions, as far as the rules permit: of the actions whose doses were all
/// ordered, the allowed one with the most doses, and of these the one whose levels are nearest.
public struct ProtocolPolicy: Policy {
    public let name: String
    /// By decision: the actions to try, best first. The last entry of a list is an action without doses, if there is one.
    private let preferences: [[Int32]]
    /// By decision, which of the preferences.
    private let choice: [Int32]

    public init(_ treatment: EnvironmentModel.TreatmentProtocol, model: EnvironmentModel) {
        name = treatment.name
        var preferences: [[Int32]] = []
        var known: [[Double]: Int32] = [:]
        choice = (0..<model.decisionCount).map { decision in
            let wanted = ProtocolPolicy.levels(treatment.orders, model.doses.count, at: decision)
            if let index = known[wanted] { return index }
            preferences.append(ProtocolPolicy.actions(for: wanted, model))
            known[wanted] = Int32(preferences.count - 1)
            return Int32(preferences.count - 1)
        }
        self.preferences = preferences
    }

    /// By dose: the level ordered at a decision, the highest where there are several; 0 for none.
    private static func levels(
        _ orders: [EnvironmentModel.TreatmentProtocol.Order], _ doses: Int, at decision: Int
    ) -> [Double] {
        var levels = Array(repeating: 0.0, count: doses)
        for order in orders where decision >= order.from && decision < order.until {
            guard (decision - order.from) % order.every < order.length else { continue }
            levels[order.dose] = max(levels[order.dose], order.level)
        }
        return levels
    }

    /// Actions of which every dose is wanted, the best first.
    static func actions(for wanted: [Double], _ model: EnvironmentModel) -> [Int32] {
        func distance(_ action: EnvironmentModel.Action) -> Double {
            action.doses.reduce(0) { sum, dose in sum + abs(action.level(of: dose) - wanted[dose]) / wanted[dose] }
        }
        let fitting = model.actions.indices.filter { index in model.actions[index].doses.allSatisfy { wanted[$0] > 0 } }
        let ranked = fitting.map { (-model.actions[$0].doses.count, distance(model.actions[$0]), $0) }
        return ranked.sorted { $0 < $1 }.map { Int32($0.2) }
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            let decision = min(max(0, Int(batch.decisions[row])), choice.count - 1)
            let allowed = batch.allowed.baseAddress! + row * batch.actionCount
            var chosen: Int32 = 0
            for candidate in preferences[Int(choice[decision])] where allowed[Int(candidate)] {
                chosen = candidate
                break
            }
            actions[row] = chosen
        }
    }
}
