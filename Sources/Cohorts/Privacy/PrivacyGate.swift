// Checks that stand between a generator and the outside world.

import Foundation
import Numerics

/// Looks for signs that a generator gives its patients away: copies, patients closer to real ones than real ones are to each
/// other, and, from a second generator learned without a fifth of the table, whether that fifth looks any different.
///
/// A check fails only where chance does not explain it (one error in a hundred). Passing is no proof of privacy; only
/// differential privacy is, and a generator that has it at ε ≤ 10 is not looked at: the look itself would not be covered.
public enum PrivacyGate {
    /// Rows of each table in which distances are measured.
    static let mostRows = 1500
    /// Rows of the table from which the second generator learns four fifths.
    static let mostAudited = 5000
    /// Fewer rows are not divided.
    static let leastAudited = 50
    static let mostMembership = 0.55
    static let leastDistance = 0.95
    /// Copies beyond those that real patients are of each other.
    static let mostCopies = 0.005
    /// Guessing right more often than for patients not seen.
    static let mostDisclosure = 0.02
    /// Standard errors of an error in a hundred.
    static let certainty = 2.326
    /// A guarantee weaker than this replaces no check.
    static let largestEpsilon = 10.0

    /// Judges a fitted generator.
    ///
    /// - Parameters:
    ///   - table: what it learned from.
    ///   - heldOut: real patients it did not see; where there are none, `refit` learns a second one without some.
    ///   - refit: fits the same generator to other rows.
    public static func judge(
        _ fitted: any CohortGenerator, table: PatientTable, heldOut: PatientTable? = nil, seed: UInt64, jobs: Int = 1,
        refit: (PatientTable) throws -> any CohortGenerator
    ) throws -> PrivacyVerdict {
        if let privacy = fitted.privacy, privacy.epsilon <= largestEpsilon {
            return PrivacyVerdict(checks: [], note: "\(privacy.sentence), stands in their place")
        }
        guard table.rowCount > 1, !table.columns.isEmpty else {
            return PrivacyVerdict(checks: [], note: "there are too few rows")
        }
        // Wide tables are looked at in fewer rows.
        let rows = min(mostRows, max(100, 4_000_000 / table.columns.count))
        let sample = fitted.sample(rows: min(rows, max(table.rowCount, 200)), seed: seed)
        var checks = [copies(sample, table, seed: seed)]
        if let check = try distance(sample, table.sampled(rows, seed: seed), jobs: jobs) { checks.append(check) }
        var note: String?
        if let heldOut, heldOut.rowCount > 1 {
            checks += try attacks(
                sample, learned: table.sampled(rows, seed: seed), others: heldOut.sampled(rows, seed: seed), jobs: jobs)
        } else if table.rowCount >= leastAudited {
            let small = table.sampled(mostAudited, seed: seed)
            var stream = RandomStream(seed: seed, purpose: "privacy.audit")
            let order = stream.permutation(small.rowCount)
            let cut = small.rowCount * 4 / 5
            let learned = small.rows(order[..<cut])
            let second = try refit(learned)
            checks += try attacks(
                second.sample(rows: min(rows, max(cut, 200)), seed: seed), learned: learned.sampled(rows, seed: seed),
                others: small.rows(order[cut...]), jobs: jobs)
        } else {
            note = "with \(table.rowCount) rows none were held back to test membership and attribute disclosure"
        }
        return PrivacyVerdict(checks: checks, note: note)
    }

    /// Equality with the row of one patient only; what many patients share belongs to none.
    private static func copies(_ sample: PatientTable, _ table: PatientTable, seed: UInt64) -> PrivacyCheck {
        let made = hashes(sample)
        let few = hashes(table.sampled(mostRows, seed: seed))
        var count: [UInt64: Int] = [:]
        for hash in made + few { count[hash] = 0 }
        for hash in hashes(table) {
            if let known = count[hash] { count[hash] = known + 1 }
        }
        let copies = Double(made.count { count[$0] == 1 })
        let total = Double(max(made.count, 1))
        // Real patients with exactly one other like them.
        let twins = Double(few.count { count[$0] == 2 }) / Double(max(few.count, 1))
        let chance = twins + certainty * (twins * (1 - twins) / Double(max(few.count, 1))).squareRoot()
        let share = copies / total
        let limit = min(1, chance + mostCopies)
        return PrivacyCheck(
            name: "exact_copies", figure: share, limit: limit, passed: lowerBound(share, total) <= limit,
            words: "\(fixed(100 * share, 2)) % are copies of a real patient (at most \(fixed(100 * limit, 2)) %)",
            remedy:
                "let the generator learn less of each patient: fewer \"steps\", a smaller \"latent\", a larger \"tail_trim\""
        )
    }

    private static func distance(_ sample: PatientTable, _ real: PatientTable, jobs: Int) throws -> PrivacyCheck? {
        let space = RecordSpace(reference: real)
        let points = space.place(real)
        let toReal = try RecordSpace.closest(from: space.place(sample), to: points, jobs: jobs).sorted()
        let among = try RecordSpace.closest(from: points, to: points, excludingSelf: true, jobs: jobs).sorted()
        guard let high = bounds(toReal)?.high, let low = bounds(among)?.low else { return nil }
        let median = quantile(toReal, 0.5)
        let reference = quantile(among, 0.5)
        let limit = leastDistance * reference
        return PrivacyCheck(
            name: "median_distance", figure: median, limit: limit,
            passed: median >= limit || high >= leastDistance * low,
            words: "the median distance to the closest real patient is \(fixed(median, 3)) "
                + "(at least \(fixed(limit, 3)), \(fixed(leastDistance, 2)) of that between real ones)",
            remedy: "let the generator learn less of each patient: fewer \"steps\", a smaller \"latent\"")
    }

    /// Membership inference and attribute disclosure, by who holds the synthetic table.
    private static func attacks(
        _ sample: PatientTable, learned: PatientTable, others: PatientTable, jobs: Int
    ) throws -> [PrivacyCheck] {
        let attack = AttributeAttack(
            reference: learned, synthetic: sample, sensitive: AttributeAttack.sensitiveColumns(learned))
        let own = try attack.run(learned, jobs: jobs)
        let other = try attack.run(others, jobs: jobs)
        var checks: [PrivacyCheck] = []
        if let area = Classification.areaUnderCurve(
            (own.nearest + other.nearest).map { -$0 },
            own.nearest.map { _ in true } + other.nearest.map { _ in false })
        {
            let error = areaError(area, own.nearest.count, other.nearest.count)
            checks.append(
                PrivacyCheck(
                    name: "membership_auc", figure: area, limit: mostMembership,
                    passed: area - certainty * error <= mostMembership,
                    words: "membership inference has an AUC of \(fixed(area, 3)) ± \(fixed(1.96 * error, 3)) "
                        + "(significantly above \(fixed(mostMembership, 2)) fails)",
                    remedy:
                        "stop training earlier (\"held_out\", fewer \"steps\"), a smaller \"latent\", or --epsilon for "
                        + "differential privacy"))
        }
        let disclosures = AttributeDisclosure.summary(attack, learned, learned: own, heldOut: other)
        if let worst = disclosures.max(by: { ($0.excess ?? 0) < ($1.excess ?? 0) }), let others = worst.heldOut,
            let othersError = worst.heldOutError
        {
            let error = (worst.learnedError * worst.learnedError + othersError * othersError).squareRoot()
            // The worst of several columns is worse by chance.
            let certainty = normalQuantile(1 - 0.01 / Double(disclosures.count))
            let difference = worst.learned - others
            checks.append(
                PrivacyCheck(
                    name: "attribute_disclosure", figure: difference, limit: mostDisclosure,
                    passed: difference - certainty * error <= mostDisclosure,
                    words:
                        "\(worst.column) of a learned patient is guessed right in \(fixed(100 * worst.learned, 1)) % of "
                        + "cases, of another in \(fixed(100 * others, 1)) % ± \(fixed(196 * error, 1)) "
                        + "(significantly more than \(fixed(100 * mostDisclosure, 0)) points apart fails)",
                    remedy: "stop training earlier, or --epsilon for differential privacy"))
        }
        return checks
    }

    /// Of a share of so many.
    private static func lowerBound(_ share: Double, _ count: Double) -> Double {
        share - certainty * (share * (1 - share) / count).squareRoot()
    }

    /// The interval of a median by its order statistics.
    private static func bounds(_ sorted: [Double]) -> (low: Double, high: Double)? {
        guard !sorted.isEmpty else { return nil }
        let half = certainty * Double(sorted.count).squareRoot() / 2
        let middle = Double(sorted.count) / 2
        let last = sorted.count - 1
        return (
            sorted[min(max(Int(middle - half), 0), last)], sorted[min(max(Int((middle + half).rounded(.up)), 0), last)]
        )
    }

    /// The standard error of an area under the curve (Hanley and McNeil, Radiology 143 (1982) 29–36, eq. 1).
    static func areaError(_ area: Double, _ positive: Int, _ negative: Int) -> Double {
        let first = area / (2 - area)
        let second = 2 * area * area / (1 + area)
        let (m, n) = (Double(positive), Double(negative))
        let variance =
            (area * (1 - area) + (m - 1) * (first - area * area) + (n - 1) * (second - area * area)) / (m * n)
        return max(variance, 0).squareRoot()
    }

    /// A number a row; equal rows have equal ones.
    private static func hashes(_ table: PatientTable) -> [UInt64] {
        var hashes = [UInt64](repeating: 0x9e37_79b9_7f4a_7c15, count: table.rowCount)
        for column in table.columns {
            for (row, value) in column.values.enumerated() {
                let bits = value.isNaN ? Double.nan.bitPattern : (value == 0 ? 0 : value).bitPattern
                // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
                var mixed = (hashes[row] ^ bits) &+ 0x9e37_79b9_7f4a_7c15
                mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
                hashes[row] = mixed ^ (mixed >> 31)
            }
        }
        return hashes
    }
}
