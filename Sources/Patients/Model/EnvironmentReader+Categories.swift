// A covariate without order as observations: one number, 0 or 1, for each of its categories.

import PositionedJSON

extension EnvironmentReader {
    /// `{"categories_of": COVARIATE}`: shown as one observation a category, 1 where the patient is of it.
    ///
    /// A number a category would order what has no order: a network would take the third for three times the first, and
    /// a tree could only part the first ones from the last ones. One indicator each serves every learner alike.
    mutating func readCategories(_ node: JSONNode) {
        let reader = ObjectReader(node, what: "an observation", complaints: complaints)
        defer { reader.finish() }
        let known = model.parameters.filter { !$0.categories.isEmpty }
        guard !known.isEmpty else {
            complaints.add(
                node["categories_of"] ?? node, "no covariate has categories",
                remedy: "declare one with \"categories\" under \"covariates\"")
            return
        }
        guard let name = reader.choice("categories_of", of: known.map(\.name)),
            let covariate = known.first(where: { $0.name == name })
        else { return }
        let shown = reader.string("name", default: name)
        let meaning = reader.string("meaning", default: covariate.meaning.isEmpty ? name : covariate.meaning)
        for (index, label) in EnvironmentReader.names(of: covariate.categories, after: shown).enumerated() {
            if let objection = SymbolTable.objection(toName: label) {
                complaints.add(
                    node["name"] ?? node, "'\(label)' cannot be a name: \(objection)",
                    remedy: "give a shorter \"name\" to this observation")
                return
            }
            if model.observations.contains(where: { $0.description.name == label }) {
                complaints.add(node["name"] ?? node, "there are two observations called '\(label)'")
            }
            let text = "\(name) == \(index)"
            model.observations.append(
                .init(
                    description: ObservationDescription(
                        name: label, meaning: "\(meaning): \(covariate.categories[index])", range: 0...1,
                        clinicalStep: 1),
                    expression: parsed(text, node) ?? .nothing, text: text))
        }
    }

    /// A name for each category: the letters and digits of its text behind the observation's name, and its number where
    /// that does not tell it from another.
    static func names(of categories: [String], after name: String) -> [String] {
        let plain = categories.map { category in
            let words = category.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
            return ([name] + words.map(String.init)).joined(separator: "_")
        }
        return plain.enumerated().map { index, label in
            plain.filter { $0 == label }.count > 1 || label == name ? "\(name)_\(index)" : label
        }
    }
}
