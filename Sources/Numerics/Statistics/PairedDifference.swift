// Differences of two means over seeds × patients where some cells are not defined: only what both have is compared.

extension CrossedBootstrap {
    /// The mean of a − b over the pairs of cells of the same patient in which both are defined.
    ///
    /// Means of each over its own defined cells would compare different patients: a policy that cures hard cases late
    /// has the longer mean time to a cure than one that cures the easy cases only, even where it is faster for
    /// everybody whom both cure. Where every cell is defined this is the difference of the means.
    ///
    /// Seeds with the same label are the same trainings and paired one to one; otherwise every seed of a is held
    /// against every seed of b, and a pair counts as often as the product of how often its seeds were drawn.
    ///
    /// - Parameters:
    ///   - a, b: a row a seed, each with one value for every patient; NaN where the value is not defined.
    ///   - label, other: what the seeds are, as in `mean`.
    public func difference(
        _ a: [[Double]], label: String = "", minus b: [[Double]], label other: String = ""
    ) -> CrossedMean {
        let pairs = CrossedBootstrap.pairs(a.count, label, b.count, other)
        let cells = pairs.map { first, second in zip(a[first], b[second]).map { $0 - $1 } }
        let weights = seedMultiplicities(a.count, label: label)
        guard label != other || a.count != b.count else { return mean(cells, seedWeights: weights) }
        let others = seedMultiplicities(b.count, label: other)
        let products = (0..<replications).flatMap { replication in
            pairs.map { weights[replication * a.count + $0] * others[replication * b.count + $1] }
        }
        return mean(cells, seedWeights: products)
    }

    /// Patients, among those who count, for whom a difference is defined under at least one pair of seeds.
    public func comparablePatients(
        _ a: [[Double]], label: String = "", minus b: [[Double]], label other: String = ""
    ) -> Int {
        let pairs = CrossedBootstrap.pairs(a.count, label, b.count, other)
        return chosen.count { patient in
            pairs.contains { !a[$0][patient].isNaN && !b[$1][patient].isNaN }
        }
    }

    /// Which seed is held against which.
    private static func pairs(_ count: Int, _ label: String, _ others: Int, _ other: String) -> [(Int, Int)] {
        if label == other, count == others { return (0..<count).map { ($0, $0) } }
        return (0..<count).flatMap { first in (0..<others).map { (first, $0) } }
    }
}
