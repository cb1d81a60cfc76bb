// Columns that name patients although the schema does not say so.

/// A column that seems to be an identifier.
public struct LikelyIdentifier: Sendable, Equatable {
    /// It cannot be anything else: the table is refused until the schema says what it is.
    public var isCertain: Bool
    public var message: String
    public var remedy: String

    /// Fewer rows than this may all differ by chance.
    static let leastRows = 20

    /// Words that name patients in headers.
    static let names: Set<String> = [
        "id", "pid", "ppid", "uid", "mrn", "ssn", "nhs", "name", "surname", "forename", "firstname", "lastname",
        "initials", "patient", "patientid", "patid", "subject", "subjectid", "subjid", "pidnum", "record", "recordid",
        "chart", "casenumber", "caseid", "studyid", "participant", "dob", "birthdate", "email", "phone", "address",
        "postcode", "zip",
    ]

    /// nil for a column that may well be learned.
    public init?(_ column: TableColumn) {
        self.init(
            name: column.name, type: column.schema.type, hasRole: column.schema.role != nil, values: column.values)
    }

    init?(name: String, type: ColumnType, hasRole: Bool, values: [Double]) {
        let named = LikelyIdentifier.isName(name)
        let remedy = "give it the role \"identifier\" in the schema, which leaves it out"
        var isUnique = false
        var isCounting = false
        if type != .continuous {
            // Most columns repeat themselves within a few rows.
            var seen: Set<Double> = []
            isUnique = values.allSatisfy { $0.isNaN || seen.insert($0).inserted }
            isUnique = isUnique && seen.count >= LikelyIdentifier.leastRows
            if isUnique, let least = seen.min(), let greatest = seen.max() {
                isCounting = greatest - least == Double(seen.count - 1)
            }
        }
        if isUnique, type != .integer {
            self.init(
                isCertain: true, message: "\"\(name)\" has another category in every row, as an identifier has",
                remedy: remedy)
        } else if isUnique, named || isCounting {
            let what = isCounting ? "counts the rows" : "has another number in every row"
            self.init(
                isCertain: !hasRole, message: "\"\(name)\" \(what), as an identifier does",
                remedy: remedy + (hasRole ? "" : "; or give it another role if it is a measurement"))
        } else if isUnique {
            self.init(
                isCertain: false, message: "\"\(name)\" has another whole number in every row, as an identifier has",
                remedy: remedy + ", unless it is a measurement")
        } else if named {
            self.init(
                isCertain: false, message: "\"\(name)\" is named like an identifier",
                remedy: remedy + ", if it tells who a patient is")
        } else {
            return nil
        }
    }

    private init(isCertain: Bool, message: String, remedy: String) {
        self.isCertain = isCertain
        self.message = message
        self.remedy = remedy
    }

    /// Whether one of a name's words, or all of them together, names a patient: `patient_id`, `MRN`, `SubjID`.
    static func isName(_ name: String) -> Bool {
        var words = [""]
        var wasLower = false
        for character in name {
            if !character.isLetter && !character.isNumber {
                words.append("")
            } else {
                if character.isUppercase, wasLower { words.append("") }
                words[words.count - 1] += character.lowercased()
            }
            wasLower = character.isLowercase
        }
        return names.contains(words.joined()) || words.contains { $0 != "name" && names.contains($0) }
    }
}
