// The fixed policies of an environment by name, whatever kind of environment it is.

extension EnvironmentModel {
    /// Every protocol of the file, in its order.
    ///
    /// - Parameter seed: keys the chance of protocols that have any.
    public func protocolPolicies(seed: UInt64 = 0) -> [(name: String, policy: any Policy)] {
        if let tabular {
            return tabular.protocols.map {
                ($0.name, TabularProtocolPolicy($0.rule, name: $0.name, model: tabular, seed: seed))
            }
        }
        return protocols.map { treatment in
            if !treatment.choices.isEmpty, let rules = try? RulePolicy(treatment, model: self) {
                return (treatment.name, rules)
            }
            return (treatment.name, ProtocolPolicy(treatment, model: self))
        }
    }

    /// The same by name.
    public func protocolsByName(seed: UInt64 = 0) -> [String: any Policy] {
        Dictionary(protocolPolicies(seed: seed).map { ($0.name, $0.policy) }) { first, _ in first }
    }

    /// Protocols that can be followed by what a policy sees: all but those that look at a hidden state.
    public var observableProtocols: [String] {
        guard let tabular else { return protocols.map(\.name) }
        return tabular.protocols.compactMap { item in
            if case .action = item.rule { item.name } else { nil }
        }
    }

    /// A named protocol of the environment as a policy.
    public func protocolPolicy(_ name: String, seed: UInt64 = 0) -> (any Policy)? {
        protocolPolicies(seed: seed).first { $0.name == name }?.policy
    }

    /// An action whenever it is allowed, else as many of its doses as are.
    public func constantPolicy(action name: String) -> (any Policy)? {
        if let tabular {
            return tabular.task.actions.firstIndex { $0.name == name }.map { ConstantPolicy(action: $0) }
        }
        return actions.first { $0.name == name }.map { action in
            let orders = action.doses.map { dose in
                TreatmentProtocol.Order(dose: dose, level: action.level(of: dose), every: 1, from: 0)
            }
            return ProtocolPolicy(
                TreatmentProtocol(name: name, meaning: action.meaning, orders: orders), model: self)
        }
    }
}
