// A smaller tree out of a larger one: cost-complexity pruning, the extent of it chosen by return.

import Numerics
import Patients
import PositionedJSON
import Trees

/// Cost-complexity pruning of another tree of the study (see `DecisionTree.pruningPath`). Validation patients choose among
/// the subtrees of the path: the smallest whose mean return is within one standard error of the highest (Breiman et
/// al. 1984, chapter 3.4.3, with return in place of accuracy). The standard error is that of the paired difference to
/// the first subtree.
public struct PruneMethod: TreeMethod {
    public let name = "prune"
    public let origins: TreeOrigins
    let maximumLeaves: Int?

    /// - Parameters:
    ///   - maximumLeaves: of the subtrees to choose from; nil for the whole path.
    public init(from: String, maximumLeaves: Int? = nil) {
        origins = TreeOrigins(tree: from)
        self.maximumLeaves = maximumLeaves
    }

    /// Reads the keys `from` and, optional, `maximum_leaves`. The caller finishes the reader.
    public init?(reader: ObjectReader) {
        let from = reader.string("from")
        let leaves = reader.optionalInteger("maximum_leaves", in: 1...4096)
        guard let from else { return nil }
        self.init(from: from, maximumLeaves: leaves)
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let whole = try job.needStart()
        let gains = (0..<whole.nodeCount).map { whole.gain(of: $0) }
        guard whole.leafCount == 1 || gains.contains(where: { $0 > 0 }) else {
            throw DistillationError(
                description: "the tree knows no gains of its splits, which pruning goes by; start from a distilled tree"
            )
        }
        var trees: [DecisionTree] = []
        var alphas: [Double] = []
        for step in whole.pruningPath() where step.leaves <= maximumLeaves ?? .max {
            let tree = whole.pruned(toLeaves: step.leaves).mergingSameActions()
            if tree == trees.last { continue }
            trees.append(tree)
            alphas.append(step.alpha)
        }
        job.progress(0, Double(trees.count), "subtrees")
        let choice = try ValidationChoice.choose(
            trees, factory: job.validation, seed: job.validationSeed, jobs: job.jobs)
        job.progress(Double(trees.count), Double(trees.count), "subtrees")
        let highest = choice.meanReturns[choice.best]
        let chosen = trees.indices.last { index in
            let interval = choice.differences[index]
            let error = (interval.high - interval.low) / (2 * 1.96)
            return choice.meanReturns[index] >= highest - (error.isFinite ? error : 0)
        }
        var text = "alpha,leaves,validation_return,difference,chosen\n"
        for index in trees.indices {
            text += "\(alphas[index]),\(trees[index].leafCount),\(choice.meanReturns[index]),"
            text += "\(choice.differences[index].value),\(index == chosen)\n"
        }
        return MadeTree(tree: trees[chosen ?? choice.best], metricsCSV: text)
    }
}
