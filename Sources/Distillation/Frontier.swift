// Return against complexity: the same method with few and with many leaves, and where more of them stop paying.

import Foundation
import Numerics
import Patients
import PositionedJSON
import Trees

/// A method whose trees have a number of leaves at most.
public protocol LeafLimitedMethod: TreeMethod {
    /// The same with another limit.
    func limited(to leaves: Int) -> any TreeMethod
}

/// A return-against-complexity frontier: a tree for each number of leaves, all judged on validation patients.
///
/// The study's tree of this name is that at the knee: on the scale of log₂ leaves the point farthest above the chord
/// (`Statistics.knee`), or the best where there is no knee.
public struct FrontierMethod: TreeMethod {
    public let name = "frontier"
    public let base: any LeafLimitedMethod
    /// Leaves at most, ascending.
    public let leaves: [Int]

    public var origins: TreeOrigins { base.origins }

    public static let usualLeaves = [2, 4, 8, 16, 32, 64]

    public init(_ base: any LeafLimitedMethod, leaves: [Int] = usualLeaves) {
        self.base = base
        self.leaves = leaves
    }

    /// Reads the key `leaves`, complaining of anything but ascending whole numbers, and of a `maximum_leaves` beside it.
    static func leaves(_ reader: ObjectReader) -> [Int] {
        if let node = reader.node["maximum_leaves"] {
            reader.complaints.add(
                node, "a frontier has trees of several sizes", remedy: "leave it out and write \"leaves\": [2, 4, 8]")
        }
        guard let numbers = reader.optionalNumbers("leaves") else { return usualLeaves }
        let leaves = numbers.compactMap { Int(exactly: $0) }
        let ascends = zip(leaves, leaves.dropFirst()).allSatisfy { $0 < $1 }
        if leaves.count < max(1, numbers.count) || !ascends || leaves[0] < 1 || leaves.last! > 4096 {
            reader.complaints.add(
                reader.node["leaves"] ?? reader.node, "\"leaves\" are whole numbers from 1 to 4096, ascending")
            return usualLeaves
        }
        return leaves
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        var trees: [DecisionTree] = []
        for (index, limit) in leaves.enumerated() {
            var part = job
            let (done, all) = (Double(index), Double(leaves.count))
            part.progress = { now, total, _ in job.progress(done + (total > 0 ? now / total : 0), all, "trees") }
            trees.append(try base.limited(to: limit).make(part).tree)
        }
        var courses = try PatientCourses(
            job.validation, tree: trees[0], patients: Array(0..<job.validation.patients), seed: job.validationSeed,
            jobs: job.jobs)
        var estimates: [Estimate] = []
        for (index, tree) in trees.enumerated() {
            if index > 0 { try courses.move(to: tree, jobs: job.jobs) }
            estimates.append(Statistics.meanEstimate(courses.traces.map(\.episodeReturn)))
        }
        let values = estimates.map(\.value)
        let knee =
            Statistics.knee(leaves.map { log2(Double($0)) }, values)
            ?? values.indices.max { (values[$0], $1) < (values[$1], $0) } ?? 0
        var text = "maximum_leaves,leaves,validation_return,low,high,knee\n"
        for (index, estimate) in estimates.enumerated() {
            let (low, high) = estimate.hasInterval ? ("\(estimate.low)", "\(estimate.high)") : ("", "")
            text += "\(leaves[index]),\(trees[index].leafCount),\(estimate.value),\(low),\(high),"
            text += "\(index == knee ? 1 : 0)\n"
        }
        return MadeTree(tree: trees[knee], metricsCSV: text)
    }
}

extension ViperMethod: LeafLimitedMethod {
    public func limited(to leaves: Int) -> any TreeMethod {
        var method = self
        method.configuration.maximumLeaves = leaves
        return method
    }
}

extension RegretMethod: LeafLimitedMethod {
    public func limited(to leaves: Int) -> any TreeMethod {
        var method = self
        method.configuration.maximumLeaves = leaves
        return method
    }
}
