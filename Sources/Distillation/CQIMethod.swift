// Conservative Q-improvement as a method of a study: it explores by itself, from nothing or from another tree.

import Agents
import PositionedJSON
import Trees

/// `CQI` as a method of a study. It has no teacher; what it leaves behind is a tree like any other, and is read, exported
/// and compared as one.
public struct CQIMethod: TreeMethod {
    public let name = "cqi"
    public let origins: TreeOrigins
    let configuration: CQIConfiguration

    public init(_ configuration: CQIConfiguration, from tree: String? = nil) {
        self.configuration = configuration
        origins = TreeOrigins(tree: tree)
    }

    /// Reads the optional key `from`, a tree to start from, and the settings.
    init(reader: ObjectReader) {
        self.init(CQIConfiguration(reader: reader), from: reader.optionalString("from"))
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let grown = try CQI(configuration, start: job.start).grow(
            TrainingJob(
                environment: job.training, validation: job.validation, seed: job.seed,
                validationSeed: job.validationSeed,
                report: { job.progress(Double($0.decisions), Double($0.totalDecisions), "decisions") }))
        return MadeTree(tree: grown.tree, metricsCSV: grown.trained.metricsCSV())
    }
}
