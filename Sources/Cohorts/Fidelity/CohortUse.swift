// What a cohort may be used for: one judgement for each use, and the sentence that sums them up.

import Foundation
import PositionedJSON

/// One use of a cohort, and whether what was measured supports it.
public struct CohortUse: Sendable, Equatable {
    public enum Judgement: String, Sendable {
        case yes, no
        /// What would show it was not measured.
        case unknown
    }
    /// `developing methods and teaching`
    public var use: String
    public var judgement: Judgement
    /// What it rests on.
    public var reason: String

    func json() -> JSONValue {
        ["use": .string(use), "judgement": .string(judgement.rawValue), "reason": .string(reason)]
    }
}

extension FidelityReport {
    /// Quality below which not even a program should be tried on the cohort alone.
    static let leastQuality = 0.9
    /// Area under the discriminator's curve above which groups of patients are not the source's.
    static let mostDiscrimination = 0.65
    /// What a model may lose when it is trained on synthetic patients.
    static let mostLoss = 0.03
    /// How far the rate of an outcome may be off beyond chance: on the whole, and in a subgroup.
    static let mostShift = 0.02
    static let mostSubgroupShift = 0.05
    /// What a subgroup's column shapes may lose beyond chance before nothing should be concluded about it.
    static let mostSubgroupLoss = 0.03
    /// Membership inference above this betrays who was in the source.
    static let mostMembership = 0.55

    /// Every use with its judgement.
    public var uses: [CohortUse] {
        var uses = [method, groups]
        if groups.judgement == .yes, let subgroups = subgroupUse { uses.append(subgroups) }
        if let rate = rateUse { uses.append(rate) }
        if let training { uses.append(training) }
        uses.append(sharing)
        return uses
    }

    private var method: CohortUse {
        let lost = coverage.filter { !$0.lost.isEmpty }
        var reasons: [String] = []
        if quality < FidelityReport.leastQuality { reasons.append("its quality is \(fixed(quality, 3)), below 0.9") }
        if !lost.isEmpty { reasons.append("\(lost.map(\.column).joined(separator: ", ")) lost categories") }
        return CohortUse(
            use: "developing methods and teaching", judgement: reasons.isEmpty ? .yes : .no,
            reason: reasons.isEmpty ? "quality \(fixed(quality, 3))" : reasons.joined(separator: " and "))
    }

    private var groups: CohortUse {
        let told = discriminator ?? 0.5
        var reasons: [String] = []
        if quality < FidelityReport.leastQuality { reasons.append("its quality is \(fixed(quality, 3)), below 0.9") }
        if told > FidelityReport.mostDiscrimination {
            reasons.append("a classifier tells it from the real table (\(fixed(told, 3)) above 0.65)")
        }
        if let rates, let outlier = rates.worst {
            reasons.append(
                "under \(outlier.name) \(fixed(100 * outlier.synthetic, 1)) % of its patients are "
                    + "\(rates.event), of the source's \(fixed(100 * outlier.source, 1)) %")
        }
        return CohortUse(
            use: "conclusions about groups of patients", judgement: reasons.isEmpty ? .yes : .no,
            reason: reasons.isEmpty
                ? "a classifier hardly tells it from the real table (\(fixed(told, 3)))"
                : reasons.joined(separator: " and "))
    }

    /// The subgroup that nothing should be concluded about; nil where there is none.
    private var subgroupUse: CohortUse? {
        let far = subgroups.beyondChance.filter {
            $0.syntheticRows == 0
                || ($0.shapesP ?? 1) < Subgroups.level && $0.shapesLoss > FidelityReport.mostSubgroupLoss
        }
        guard let worst = far.first else { return nil }
        return CohortUse(
            use: "conclusions about patients with \(worst.name)"
                + (far.count > 1 ? " and \(far.count - 1) other subgroups" : ""),
            judgement: .no,
            reason: worst.shapes.map {
                "their column shapes are \(fixed($0, 3)) where chance would give \(fixed(worst.expectedShapes ?? .nan, 3))"
            } ?? "it has none")
    }

    /// Rates of the target, on the whole and in subgroups; nil without such a target.
    private var rateUse: CohortUse? {
        guard let event = eventWords, let all = prevalence.first(where: { $0.column == utility?.target }) else {
            return nil
        }
        let use = "estimating how often \(event) is, on the whole or in subgroups"
        if all.difference.value.magnitude > FidelityReport.mostShift,
            all.difference.isAboveZero || all.difference.isBelowZero
        {
            return CohortUse(
                use: use, judgement: .no,
                reason: "it is so in \(fixed(100 * all.synthetic.value, 1)) % of its patients, in "
                    + "\(fixed(100 * all.real.value, 1)) % of the real ones")
        }
        let wrong = subgroups.misrated(beyond: FidelityReport.mostSubgroupShift)
        guard let worst = wrong.first else {
            return CohortUse(
                use: use, judgement: .yes,
                reason:
                    "\(fixed(100 * all.synthetic.value, 1)) % of its patients, \(fixed(100 * all.real.value, 1)) % of "
                    + "the real ones, and no subgroup is off by more than five points and chance")
        }
        let others = wrong.count > 1 ? " (and in \(wrong.count - 1) other subgroups)" : ""
        let found = worst.syntheticRate.map { $0.isDefined ? "\(fixed(100 * $0.value, 1)) %" : "nobody" } ?? "nobody"
        return CohortUse(
            use: "estimating how often \(event) is in subgroups", judgement: .no,
            reason: "where \(worst.name) it is \(found) instead of \(fixed(100 * (worst.realRate?.value ?? .nan), 1)) %"
                + others)
    }

    private var training: CohortUse? {
        guard let utility, let model = utility.models.first else { return nil }
        let loss = -model.difference.value
        let range = model.difference.hasInterval ? " \(bracket(model.difference, signed: true))" : ""
        let figure = "\(signed(model.difference.value))\(range)"
        let test = utility.heldOut ? "" : ", measured on the source's own rows, which flatters it"
        return CohortUse(
            use: "training models of \(utility.target) that are then validated on real patients",
            judgement: loss <= FidelityReport.mostLoss ? .yes : .no,
            reason: loss <= FidelityReport.mostLoss
                ? "the area under the curve changes by \(figure)\(test)"
                : "they lose \(fixed(loss, 3))\(range) of the area under the curve\(test)")
    }

    private var sharing: CohortUse {
        let use = "sharing outside"
        if closest.exactCopies > 0 {
            return CohortUse(
                use: use, judgement: .no,
                reason: "\(fixed(100 * closest.exactCopies, 2)) % of its rows are real rows")
        }
        if let privacyChecks, let failure = privacyChecks.failures.first {
            return CohortUse(
                use: use, judgement: .no, reason: "its generator fails the privacy check \"\(failure.name)\"")
        }
        guard let membership = closest.membership else {
            return CohortUse(
                use: use, judgement: .unknown,
                reason: "without held-out patients nothing says whether it betrays who was in the source")
        }
        if membership > FidelityReport.mostMembership {
            return CohortUse(
                use: use, judgement: .no, reason: "it betrays who was in the source (\(fixed(membership, 3)))")
        }
        return CohortUse(
            use: use, judgement: .unknown,
            reason: "no copy and no membership was found (\(fixed(membership, 3))), but that is no guarantee; only "
                + "training with differential privacy gives one")
    }

    /// What the cohort may and may not be used for, in a sentence or two.
    public var verdict: String {
        let may = uses.filter { $0.judgement == .yes }.map(\.use)
        let not = uses.filter { $0.judgement == .no }.map { "not for \($0.use), because \($0.reason)" }
        var text = may.isEmpty ? "This cohort is" : "This cohort may be used for \(listed(may))"
        if !not.isEmpty { text += (may.isEmpty ? " " : "; it is ") + not.joined(separator: ", and ") }
        text += may.isEmpty && not.isEmpty ? " not judged." : "."
        for use in uses where use.judgement == .unknown {
            text += " Whether it may be used for \(use.use) is not shown: \(use.reason)."
        }
        return text + " Distance from real rows is no proof of privacy (arXiv 2505.01524)."
    }

    /// `a, b and c`, as "for a, for b and for c".
    private func listed(_ uses: [String]) -> String {
        guard uses.count > 1, let last = uses.last else { return uses.first ?? "" }
        return uses.dropLast().joined(separator: ", for ") + " and for " + last
    }
}
