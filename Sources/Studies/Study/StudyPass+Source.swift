// Reads a study's `cohort.source`: a table, its schema, and which column is which covariate.

import Cohorts
import Foundation
import Patients
import PositionedJSON

extension StudyPass {
    /// `{"table": NAME, "schema": FILE, "learn": [COLUMN…], "columns": {COVARIATE: COLUMN or {"column", "factor",
    /// "values"} or {"expression"}}}`
    ///
    /// - Parameter isPrivate: the generator is to be differentially private, and needs more of the schema.
    func readSource(_ reader: ObjectReader, isPrivate: Bool = false) -> TableSource? {
        let written = reader.string("table")
        let place = reader.node["table"]
        let declared = reader.child("schema").flatMap(schema)
        let schema = declared?.schema
        let learn = reader.optionalStrings("learn")
        let expected = reader.optionalString("sha256")
        let mapped = mappings(reader, schema)
        reader.finish()
        guard let written, let place, let schema else { return nil }
        var source = TableSource(written: written, mappings: mapped)
        guard tables.isNeeded else { return source }
        guard let path = tables.path(place, folder: folder, home: home, complaints: complaints) else { return source }
        do {
            let text = try SourceText(contentsOf: path, maximumBytes: 1 << 30)
            let hash = SHA256.hex(text.bytes)
            source.hash = hash
            if let expected, expected != hash, let node = reader.node["sha256"] {
                complaints.add(
                    node, "\(path) is not the table that the study was run on", remedy: "its SHA-256 is \(hash)")
            }
            let baseline = schema.columns.filter { $0.role == nil || $0.role == .baseline }.map(\.name)
            let needed = source.mappings.flatMap(\.columns)
            let names = learn ?? baseline
            for column in needed where !names.contains(column) {
                complaints.add(
                    reader.node["learn"] ?? reader.node["columns"] ?? reader.node,
                    "the column \"\(column)\" is used and not learned",
                    remedy: "list it in \"learn\"; without \"learn\" all baseline columns are learned")
            }
            if isPrivate, let text = declared?.text {
                try DeclaredColumns.check(text, columns: schema.selecting(names).columns)
            }
            source.table = try TableReader(schema: schema.selecting(names)).read(text).table
            source.mappings = source.mappings.map { agreeing($0, source.table) }
            checkValues(source, reader)
        } catch let diagnostics as Diagnostics {
            complaints.add(diagnostics)
        } catch {
            complaints.add(place, "\(error)")
        }
        return source
    }

    /// A schema stands in the study, or in the file that was put into its place.
    private func schema(_ node: JSONNode) -> (schema: TableSchema, text: SourceText)? {
        guard case .object = node.value else {
            // What cannot be read has been complained of where it was put in.
            if case .string = node.value { return nil }
            complaints.add(node, "a schema is a file's name or an object")
            return nil
        }
        do {
            let isFile = node.source !== reader.node.source && node.source.name != "--set"
            let text =
                isFile ? node.source : SourceText(name: "schema of the cohort's source", text: node.plain.text())
            return (try TableSchema.read(text), text)
        } catch let diagnostics as Diagnostics {
            complaints.add(diagnostics)
        } catch {
            complaints.add(node, "\(error)")
        }
        return nil
    }

    private func mappings(_ reader: ObjectReader, _ schema: TableSchema?) -> [TableSource.Mapping] {
        guard let columns = reader.object("columns", what: "the columns of the source"),
            case .object(let members) = columns.node.value
        else { return [] }
        let known = model?.patientNames ?? []
        if members.isEmpty { complaints.add(columns.node, "no column of the table is used for the patients") }
        return members.compactMap { member in
            let place = JSONNode(value: .null, location: member.keyLocation, source: member.node.source)
            if model != nil, !known.contains(member.key) {
                complaints.add(
                    place, "\"\(member.key)\" is neither a covariate, a parameter nor a state of the environment",
                    remedy: DidYouMean.remedy(for: member.key, among: known, known: "known: "))
            }
            var mapping = TableSource.Mapping(name: member.key, column: "")
            var named: JSONNode? = member.node
            if case .string(let column) = member.node.value {
                mapping.column = column
            } else {
                let part = ObjectReader(
                    member.node, what: "the column for \"\(member.key)\"", complaints: complaints)
                if part.node["expression"] != nil {
                    mapping.expression = expression(part, schema, of: member.key)
                    part.finish()
                    return mapping.expression == nil ? nil : mapping
                }
                mapping.column = part.string("column") ?? ""
                named = part.node["column"]
                mapping.factor = part.number("factor", default: 1, in: -1e300...1e300)
                if case .object(let pairs)? = part.optionalChild("values")?.value {
                    for pair in pairs { mapping.values[pair.key] = value(pair.node, of: member.key) }
                }
                part.finish()
            }
            guard !mapping.column.isEmpty else { return nil }
            if let schema, let named, schema.column(mapping.column) == nil {
                complaints.add(
                    named, "the schema has no column \"\(mapping.column)\"",
                    remedy: DidYouMean.remedy(
                        for: mapping.column, among: schema.columns.map(\.name), known: "columns: "))
                return nil
            }
            return mapping
        }
    }

    /// `{"expression": "sqrt(weight_kg * height_cm / 3600)"}`: in the table's own numbers, to the covariate's unit.
    private func expression(_ reader: ObjectReader, _ schema: TableSchema?, of name: String) -> Formula? {
        guard let text = reader.string("expression"), let node = reader.node["expression"] else { return nil }
        guard model?.categories[name] == nil else {
            complaints.add(
                node, "\"\(name)\" has categories, which no expression gives",
                remedy: "name its \"column\", and say with \"values\" which is which")
            return nil
        }
        func complain(_ offset: Int, _ message: String, _ remedy: String?) {
            complaints.add(in: node.source, at: node.location(inString: offset), message, remedy: remedy)
        }
        do throws(ExpressionError) {
            let formula = try Formula(parsing: text)
            let known = schema?.columns.map(\.name) ?? []
            let unknown = formula.names.filter { !known.contains($0.name) }
            if schema != nil {
                for (name, offset) in unknown {
                    complain(
                        offset, "the schema has no column \"\(name)\"",
                        DidYouMean.remedy(for: name, among: known, known: "columns: "))
                }
            }
            // Any numbers show whether its functions are there.
            _ = try formula.evaluate(Dictionary(formula.names.map { ($0.name, 1.0) }) { first, _ in first })
            return unknown.isEmpty ? formula : nil
        } catch {
            complain(error.utf8Offset, error.message, error.remedy)
            return nil
        }
    }

    /// Where the categories of the table are called as the environment's, nothing needs to be said.
    private func agreeing(_ mapping: TableSource.Mapping, _ table: PatientTable) -> TableSource.Mapping {
        guard mapping.values.isEmpty, let column = table.column(mapping.column), !column.isNumeric,
            let categories = model?.categories[mapping.name], Set(column.categories).isSubset(of: categories)
        else { return mapping }
        var result = mapping
        for (index, category) in categories.enumerated() { result.values[category] = Double(index) }
        return result
    }

    /// A number, or the name of one of a covariate's categories.
    private func value(_ node: JSONNode, of name: String) -> Double? {
        let categories = model?.categories[name] ?? []
        switch node.value {
        case .number(let value, _): return value
        case .string(let text):
            if let index = categories.firstIndex(of: text) { return Double(index) }
            complaints.add(
                node, "\"\(text)\" is no category of \"\(name)\"",
                remedy: categories.isEmpty
                    ? "it is a number" : DidYouMean.remedy(for: text, among: categories, known: "categories: "))
        case .null: break
        default: complaints.add(node, "a value is a number or a category, not \(node.kindName)")
        }
        return nil
    }

    /// Categories of the table and of the environment must be told how they correspond, unless they agree.
    private func checkValues(_ source: TableSource, _ reader: ObjectReader) {
        for mapping in source.mappings {
            guard let column = source.table.column(mapping.column) else { continue }
            let place = reader.node["columns"]?[mapping.name] ?? reader.node
            let wanted = model?.categories[mapping.name]
            if column.isNumeric {
                guard wanted != nil else { continue }
                complaints.add(
                    place, "\"\(mapping.name)\" has categories, and the column \"\(mapping.column)\" is of numbers",
                    remedy: "make the column categorical in the schema, and say with \"values\" which is which")
            } else if mapping.values.isEmpty {
                complaints.add(
                    place, "what the categories of the column \"\(mapping.column)\" mean is not said",
                    remedy: "add \"values\": { "
                        + column.categories.prefix(3).map { "\"\($0)\": …" }.joined(separator: ", ") + " }")
            } else if wanted == nil || !Set(mapping.values.keys).isSubset(of: wanted ?? []),
                let stranger = mapping.values.keys.sorted().first(where: { !column.categories.contains($0) })
            {
                complaints.add(
                    place, "the column \"\(mapping.column)\" has no category \"\(stranger)\"",
                    remedy: "its categories are " + column.categories.joined(separator: ", "))
            }
        }
    }
}
