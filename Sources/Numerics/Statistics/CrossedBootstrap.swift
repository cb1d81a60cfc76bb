// Intervals of means over seeds × patients, both of which are samples: the same patients meet every seed's policy, so
// their rows are correlated and neither the cells nor the seeds alone may be resampled.

/// The two-way bootstrap of Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007) 386–411: seeds and
/// patients are drawn with replacement, independently of each other, and a cell counts as often as the product of its
/// seed's and its patient's multiplicities. For a mean its variance is mildly conservative (Owen's theorem 3) where
/// there are many of both. Few seeds are another matter: drawing n of n with replacement shows (n − 1)/n of their
/// variance, and percentiles know no t distribution. Measured coverage of nominal 95 % intervals (200 patients of
/// deviation 1, own noise 0.5, 1,000 trials): where seeds deviate by 0.1, 94 % with 3 seeds and 96 % with 5; where
/// they deviate by 0.5, 77 % with 3, 86 % with 5, 91 % with 8 and 93 % with 10.
///
/// One value holds the patients' multiplicities of every replication. Every mean taken with it meets the same
/// resampled patients, and every policy with the same seeds the same resampled seeds; so replicates of two policies
/// are paired and their difference is the replicate of the paired difference.
public struct CrossedBootstrap: Sendable {
    public let patients: Int
    public let replications: Int
    public let seed: UInt64
    /// replications × width; how often a patient was drawn
    let multiplicities: [Float]
    /// The patients who count, in order.
    let chosen: [Int]
    /// The sum of the multiplicities of those who count, for every replication.
    let drawn: [Double]
    /// How many patients count.
    var width: Int { chosen.count }

    /// - Parameters:
    ///   - patients: how many patients there are.
    ///   - replications: how many times to resample; 2,000 puts the bounds of a 95 % interval within about 3 % of its
    ///     width.
    ///   - seed: of the random streams `bootstrap.patients` and `bootstrap.seeds`.
    public init(patients: Int, replications: Int = 2000, seed: UInt64) {
        self.patients = patients
        self.replications = replications
        self.seed = seed
        var counts = [Float](repeating: 0, count: replications * patients)
        counts.withUnsafeMutableBufferPointer { counts in
            for replication in 0..<replications {
                var stream = RandomStream(seed: seed, purpose: "bootstrap.patients", index: UInt64(replication))
                let row = counts.baseAddress.map { $0 + replication * patients }
                for _ in 0..<patients { row![stream.below(patients)] += 1 }
            }
        }
        multiplicities = counts
        chosen = Array(0..<patients)
        drawn = Array(repeating: Double(patients), count: replications)
    }

    /// The same draws seen by a part of the patients only, as for a subgroup.
    public func restricted(to subset: [Bool]) -> CrossedBootstrap {
        CrossedBootstrap(self, keeping: chosen.indices.filter { subset[chosen[$0]] })
    }

    /// - Parameter columns: of `whole`'s multiplicities.
    private init(_ whole: CrossedBootstrap, keeping columns: [Int]) {
        patients = whole.patients
        replications = whole.replications
        seed = whole.seed
        chosen = columns.map { whole.chosen[$0] }
        var counts: [Float] = []
        counts.reserveCapacity(replications * columns.count)
        var sums: [Double] = []
        sums.reserveCapacity(replications)
        for replication in 0..<whole.replications {
            let row = replication * whole.width
            var sum = 0.0
            for column in columns {
                counts.append(whole.multiplicities[row + column])
                sum += Double(whole.multiplicities[row + column])
            }
            sums.append(sum)
        }
        multiplicities = counts
        drawn = sums
    }

    /// How often each of `count` seeds is drawn in every replication: replications × count. The same label draws the
    /// same multiplicities, which is what pairs two policies trained with the same seeds.
    func seedMultiplicities(_ count: Int, label: String) -> [Double] {
        var weights = [Double](repeating: 0, count: replications * count)
        guard count > 1 else { return weights.map { _ in 1 } }
        for replication in 0..<replications {
            var stream = RandomStream(seed: seed, purpose: "bootstrap.seeds:" + label, index: UInt64(replication))
            for _ in 0..<count { weights[replication * count + stream.below(count)] += 1 }
        }
        return weights
    }
}
