// Reads a study of risk: a table instead of an environment, models instead of agents.

import Cohorts
import PositionedJSON

enum RiskStudyReader {
    /// Whether a study file is one of risk.
    static func isOne(_ file: JSONNode) -> Bool { file["risk"] != nil }

    /// One form of the study; nil where too much is missing to go on. Mistakes of the table's files are thrown.
    static func pass(
        _ reader: ObjectReader, folder: String, home: Home, tables: StudyTables
    ) throws(Diagnostics) -> RiskStudy? {
        let complaints = reader.complaints
        let name = reader.string("name")
        if let name, let place = reader.node["name"] { StudyNames.check(name, place, "the study's name", complaints) }
        let title = reader.string("title", default: name ?? "")
        let question = reader.string("question", default: "")
        let seed = reader.integer("seed", in: 0...Int.max)
        let table = reader.object("table", what: "the table")
        let source = table?.child("source").flatMap {
            tables.path($0, folder: folder, home: home, complaints: complaints)
        }
        let schema = table?.child("schema").flatMap {
            tables.path($0, folder: folder, home: home, complaints: complaints)
        }
        let tableName = table?.string("source") ?? ""
        _ = table?.string("schema")
        table?.finish()
        let risk = reader.object("risk", what: "the risk assessment")
        var configuration = RiskConfiguration(target: "", models: [])
        if let risk { read(risk, into: &configuration) }
        if let generator = reader.object("generator", what: "the generator"),
            let specification = GeneratorSpecification.read(generator, key: "type")
        {
            configuration.generator = specification
            generator.finish()
        }
        guard let source, let schema, let risk, let name, let seed else { return nil }
        let place = risk.node["target"] ?? risk.node
        let assessment: RiskAssessment
        let leftOut: [String]
        do {
            let columns = try TableSchema.read(path: schema)
            let reading = try TableReader(schema: columns).read(path: source)
            leftOut = reading.identifiers + reading.ignored
            if configuration.target.isEmpty { configuration.target = columns.target ?? "" }
            assessment = try RiskAssessment(reading.table, configuration)
        } catch let error as Diagnostics {
            throw error
        } catch {
            complaints.add(
                place, "\(error)", remedy: configuration.target.isEmpty ? "name the \"target\" that is predicted" : nil)
            return nil
        }
        let bytes = try SourceText(contentsOf: source, maximumBytes: 1 << 32).bytes
        let schemaBytes = try SourceText(contentsOf: schema).bytes
        return RiskStudy(
            name: name, title: title, question: question, seed: UInt64(seed), assessment: assessment,
            tableName: tableName, tableHash: SHA256.hex(bytes + schemaBytes),
            leftOut: leftOut,
            configuration: [
                "risk": risk.node.plain, "generator": reader.node["generator"]?.plain ?? .null,
            ], resolved: reader.node.plain)
    }

    private static func read(_ risk: ObjectReader, into configuration: inout RiskConfiguration) {
        configuration.target = risk.string("target", default: "")
        configuration.label = risk.string("label", default: "")
        configuration.positive = risk.optionalStrings("positive") ?? []
        configuration.folds = risk.integer("folds", default: configuration.folds, in: 2...100)
        configuration.repeats = risk.integer("repeats", default: configuration.repeats, in: 1...100)
        configuration.syntheticShare = risk.number(
            "synthetic_share", default: configuration.syntheticShare, in: 0.01...100)
        configuration.bootstrap = risk.integer("bootstrap", default: configuration.bootstrap, in: 10...100_000)
        let models = risk.child("models")
        if let models, case .object(let members) = models.value {
            if members.isEmpty { risk.complaints.add(models, "a study of risk needs at least one model") }
            for member in members {
                StudyNames.check(member, "a model's name", risk.complaints)
                let reader = ObjectReader(
                    member.node, what: "the model \"\(member.key)\"", complaints: risk.complaints)
                guard let model = RiskModelSpecification.read(reader) else { continue }
                reader.finish()
                configuration.models.append((member.key, model))
            }
        } else if let models {
            risk.complaints.add(models, "\"models\" must be an object, not \(models.kindName)")
        } else {
            risk.complain("the risk assessment lacks \"models\"")
        }
        risk.finish()
    }
}
