// What is kept of finished episodes: one entry a patient, in the patients' order.

/// Results of a rollout. Every array has one entry per episode, in the order of the patients asked for.
public struct EpisodeTable: Sendable, Equatable {
    public var patients: [Int]
    /// Sum of rewards.
    public var returns: [Double]
    /// Sum of γᵗ·rewardₜ.
    public var discountedReturns: [Double]
    /// Decisions made.
    public var lengths: [Int]
    /// The ending met, or `horizon`.
    public var endings: [String]
    public var outcomeNames: [String]
    /// [outcome][episode]; NaN where an outcome is not defined (the time to a cure of a patient not cured).
    public var outcomes: [[Double]]

    public init(outcomeNames: [String], capacity: Int = 0) {
        patients = []
        returns = []
        discountedReturns = []
        lengths = []
        endings = []
        self.outcomeNames = outcomeNames
        outcomes = Array(repeating: [], count: outcomeNames.count)
        patients.reserveCapacity(capacity)
        returns.reserveCapacity(capacity)
    }

    public var count: Int { patients.count }

    /// Mean return over the episodes; 0 for none.
    public var meanReturn: Double { returns.isEmpty ? 0 : returns.reduce(0, +) / Double(returns.count) }

    /// The values of an outcome, if the environment reports it.
    public func outcome(_ name: String) -> [Double]? {
        outcomeNames.firstIndex(of: name).map { outcomes[$0] }
    }

    /// Mean of an outcome over the episodes in which it is defined; NaN for none.
    public func meanOutcome(_ index: Int) -> Double {
        var sum = 0.0
        var count = 0
        for value in outcomes[index] where !value.isNaN {
            sum += value
            count += 1
        }
        return count == 0 ? .nan : sum / Double(count)
    }

    /// Appends another table of the same outcomes.
    public mutating func append(_ other: EpisodeTable) {
        patients += other.patients
        returns += other.returns
        discountedReturns += other.discountedReturns
        lengths += other.lengths
        endings += other.endings
        for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
    }

    /// `patient,return,discounted_return,length,ending` and the outcomes; an outcome that is not defined is empty.
    public func csv() -> String {
        var text =
            (["patient", "return", "discounted_return", "length", "ending"] + outcomeNames)
            .joined(separator: ",") + "\n"
        for index in 0..<count {
            text += "\(patients[index]),\(returns[index]),\(discountedReturns[index]),\(lengths[index]),"
            text += endings[index]
            for values in outcomes { text += values[index].isNaN ? "," : ",\(values[index])" }
            text += "\n"
        }
        return text
    }
}
