// Which sum of rewards a refinement raises.

/// The return of a course, as refinement counts it.
public enum RefinementObjective: String, Sendable, CaseIterable {
    /// The plain sum of rewards.
    case total = "return"
    /// Discounted as the task says: what learners raise.
    case discounted = "discounted_return"

    func value(of trace: PatientTrace) -> Double {
        self == .total ? trace.episodeReturn : trace.discountedReturn
    }
}
