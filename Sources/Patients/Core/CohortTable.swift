// Virtual patients as numbers: a row a patient, a column for each parameter or initial value that differs among them.

/// A cohort. Column names are those of the environment's parameters and initial states; a name that is both is
/// qualified as `initial.NAME`.
public struct CohortTable: Sendable, Equatable {
    public var names: [String]
    /// rows × names
    public var rows: [[Double]]

    public init(names: [String], rows: [[Double]]) {
        self.names = names
        self.rows = rows
    }

    /// The column of a name, if there is one.
    public func column(_ name: String) -> [Double]? {
        names.firstIndex(of: name).map { index in rows.map { $0[index] } }
    }

    /// `patient,` and the columns' names, then a line a patient; numbers in the shortest form that reads back exactly.
    public func csv() -> String {
        var text = (["patient"] + names).joined(separator: ",") + "\n"
        for (number, row) in rows.enumerated() {
            text += "\(number)"
            for value in row { text += ",\(value)" }
            text += "\n"
        }
        return text
    }
}
