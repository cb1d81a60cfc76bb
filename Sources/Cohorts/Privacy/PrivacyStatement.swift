// What a generator guarantees of every patient it learned from, as its file and its reports say it.

import PositionedJSON

/// (ε, δ)-differential privacy of everything a generator holds, and the noise that it was bought with.
public struct PrivacyStatement: Sendable, Equatable {
    /// One noisy release, or many alike.
    public struct Release: Sendable, Equatable {
        /// In words.
        public var what: String
        /// Standard deviation of the Gaussian noise over the sensitivity.
        public var noise: Double
        /// The most that one row moves the release, in Euclidean norm: of a clipped gradient, the norm it is clipped to.
        public var sensitivity: Double
        /// The probability with which a row takes part.
        public var samplingRate: Double
        public var times: Int
    }

    public var askedEpsilon: Double
    /// What was spent; never more than asked.
    public var epsilon: Double
    public var delta: Double
    /// The number of rows, noised as everything else.
    public var rows: Double
    public var releases: [Release]

    /// What the guarantee covers.
    public static let covered =
        "the number of rows, the distribution of every column with its gaps, correlations, networks, latent codes: "
        + "everything in the generator's file, and every row drawn from it"
    /// What it does not, since it is taken from the schema.
    public static let publicFacts =
        "the columns' names, types, units, ranges, categories, missing codes, limits and target, as the schema declares them; "
        + "that continuous columns are written to a thousandth of their range"
    public static let caveats = [
        "The noise comes from the seed: the guarantee holds against those who cannot guess it. Draw it at random, keep it "
            + "as secret as the table, and sample with another.",
        "Noise in floating point can betray low bits of what it hides (Mironov, CCS 2012); it is not guarded against.",
        "Fidelity measured against the real table is not covered: such figures spend a budget of their own.",
        "A patient with several rows is protected as one row is, not as a person.",
    ]
}

extension PrivacyStatement {
    public func json() -> JSONValue {
        [
            "epsilon": .number(epsilon), "delta": .number(delta), "asked_epsilon": .number(askedEpsilon),
            "neighbours": "tables that differ by one row more or less", "rows": .number(rows),
            "releases": .array(
                releases.map {
                    [
                        "what": .string($0.what), "noise_multiplier": .number($0.noise),
                        "sensitivity": .number($0.sensitivity), "sampling_rate": .number($0.samplingRate),
                        "times": .integer($0.times),
                    ]
                }),
            "covered": .string(PrivacyStatement.covered), "public": .string(PrivacyStatement.publicFacts),
            "caveats": .strings(PrivacyStatement.caveats),
        ]
    }

    /// Reads the key `privacy` of a generator's file; nil without one.
    init?(_ reader: ObjectReader) {
        guard let part = reader.optionalObject("privacy", what: "the privacy of the generator") else { return nil }
        for key in ["neighbours", "covered", "public", "caveats"] { _ = part.optionalChild(key) }
        let epsilon = part.number("epsilon", in: 0...1e9)
        let delta = part.number("delta", in: 0...1)
        let asked = part.number("asked_epsilon", in: 0...1e9)
        let rows = part.number("rows", in: 0...1e18)
        var releases: [Release] = []
        for node in part.array("releases") ?? [] {
            let item = ObjectReader(node, what: "the release", complaints: reader.complaints)
            let what = item.string("what")
            let noise = item.number("noise_multiplier", in: 0...1e9)
            let sensitivity = item.number("sensitivity", in: 0...1e9)
            let rate = item.number("sampling_rate", in: 0...1)
            let times = item.integer("times", in: 0...Int.max)
            item.finish()
            guard let what, let noise, let sensitivity, let rate, let times else { continue }
            releases.append(
                Release(what: what, noise: noise, sensitivity: sensitivity, samplingRate: rate, times: times))
        }
        part.finish()
        guard let epsilon, let delta, let asked, let rows else { return nil }
        self.init(askedEpsilon: asked, epsilon: epsilon, delta: delta, rows: rows, releases: releases)
    }

    /// One line.
    public var sentence: String {
        "(\(fixed(epsilon, 3)), \(delta))-differential privacy of every row, as long as the seed stays secret"
    }

    /// For people.
    public func text() -> String {
        var lines = ["Differential privacy: ε = \(fixed(epsilon, 3)) at δ = \(delta), of one row more or less"]
        for release in releases {
            var line =
                "  \(release.what): noise \(fixed(release.noise, 2)) × sensitivity \(fixed(release.sensitivity, 2))"
            if release.times != 1 || release.samplingRate != 1 {
                line += ", \(release.times) times, each row with probability \(fixed(release.samplingRate, 3))"
            }
            lines.append(line)
        }
        lines += ["  Covered: \(PrivacyStatement.covered).", "  Public: \(PrivacyStatement.publicFacts)."]
        return (lines + PrivacyStatement.caveats.map { "  \($0)" }).joined(separator: "\n") + "\n"
    }
}
