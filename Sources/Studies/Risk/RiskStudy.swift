// A study of risk: whether synthetic patients help to predict an outcome of real ones.

import Cohorts
import PositionedJSON

/// A validated study of risk.
public struct RiskStudy: Sendable {
    public var name: String
    public var title: String
    public var question: String
    public var seed: UInt64
    public var assessment: RiskAssessment
    /// The table as the study names it, and SHA-256 of its file and of its schema's.
    public var tableName: String
    public var tableHash: String
    /// Columns of the table that the schema does not name or calls identifiers.
    public var leftOut: [String]
    /// What results depend on, as the study has it.
    public var configuration: JSONValue
    /// The study as it is run: quick form and settings applied.
    public var resolved: JSONValue
}

/// A study of any kind.
public enum AnyStudy: Sendable {
    case treatment(Study)
    case risk(RiskStudy)

    public var name: String {
        switch self {
        case .treatment(let study): study.name
        case .risk(let study): study.name
        }
    }

    /// The study as it is run.
    public var resolved: JSONValue {
        switch self {
        case .treatment(let study): study.resolved
        case .risk(let study): study.resolved
        }
    }

    /// In an order in which every stage comes after those it needs.
    public var stages: [Stage] {
        switch self {
        case .treatment(let study): StudyStages(study).all()
        case .risk(let study): RiskStages(study).all()
        }
    }

    /// What a result depends on besides the study.
    var sources: [Manifest.Source] {
        switch self {
        case .treatment(let study):
            let environment = study.environment
            var sources = [
                Manifest.Source(kind: "environment", name: environment.model.fullName, hash: environment.hash)
            ]
            if case .table(let table) = study.source {
                sources.append(.init(kind: "table", name: table.written, hash: table.hash))
            }
            return sources
        case .risk(let study): return [.init(kind: "table", name: study.tableName, hash: study.tableHash)]
        }
    }

    /// A sentence about a valid study.
    public var summary: String {
        switch self {
        case .treatment(let study):
            "\(study.agents.count) agents and \(study.trees.count) trees with \(study.seeds) seeds on "
                + "\(study.environment.model.fullName), \(stages.count) stages."
        case .risk(let study):
            "\(study.assessment.configuration.models.count) risk models of \(study.assessment.configuration.target) in "
                + "\(study.assessment.labels.count) patients of \(study.tableName), "
                + "\(study.assessment.configuration.folds) folds, \(stages.count) stages."
        }
    }
}
