// Where tests find the repository's own data: environments, studies, golden values.

import Foundation

public enum RepositoryFiles {
    /// The root of the checkout that the tests were compiled from.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    public static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

    /// A numeric CSV file: header and rows; an empty cell is NaN.
    public static func table(_ relative: String) throws -> (header: [String], rows: [[Double]]) {
        let text = try String(contentsOfFile: path(relative), encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        return (lines[0].map(String.init), lines.dropFirst().map { $0.map { Double($0) ?? .nan } })
    }
}
