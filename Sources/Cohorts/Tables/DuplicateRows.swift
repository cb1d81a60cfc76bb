// Rows that are the same in every cell.

/// A row that repeats one before it, by the lines of the file on which they stand.
public struct DuplicateRow: Sendable, Equatable {
    public var line: Int
    public var of: Int
}

extension TableReading {
    /// Rows that are the same as one before in every cell, identifiers included.
    public func duplicates() -> [DuplicateRow] {
        repeated().map { DuplicateRow(line: lines[$0.row], of: lines[$0.first]) }
    }

    /// Rows whose identifiers all were met before, in a table with a row a patient.
    public func repeatedIdentifiers() -> [DuplicateRow] {
        guard visits == nil else { return [] }
        var firstRow: [UInt64: Int] = [:]
        var result: [DuplicateRow] = []
        for (row, key) in identifierKeys.enumerated() {
            if let first = firstRow[key] {
                result.append(DuplicateRow(line: lines[row], of: lines[first]))
            } else {
                firstRow[key] = row
            }
        }
        return result
    }

    /// Leaves out rows that are the same as one before.
    mutating func dropDuplicates() {
        let found = repeated()
        guard !found.isEmpty else { return }
        dropped = found.map { DuplicateRow(line: lines[$0.row], of: lines[$0.first]) }
        let gone = Set(found.map(\.row))
        let kept = lines.indices.filter { !gone.contains($0) }
        table = table.rows(kept)
        lines = kept.map { lines[$0] }
        if !identifierKeys.isEmpty { identifierKeys = kept.map { identifierKeys[$0] } }
        if let visits {
            self.visits?.patient = kept.map { visits.patient[$0] }
            self.visits?.time = kept.map { visits.time[$0] }
        }
    }

    /// By hash, and cell by cell where the hashes agree.
    private func repeated() -> [(row: Int, first: Int)] {
        let columns = table.columns.map(\.values)
        var hashes = identifierKeys.isEmpty ? [UInt64](repeating: 0, count: lines.count) : identifierKeys
        func mixIn(_ bits: UInt64, _ row: Int) {
            hashes[row] = (hashes[row] ^ bits) &* 0x9e37_79b9_7f4a_7c15
            hashes[row] ^= hashes[row] >> 29
        }
        for values in columns {
            for (row, value) in values.enumerated() { mixIn(value.isNaN ? 1 : (value + 0).bitPattern, row) }
        }
        if let visits {
            for row in lines.indices { mixIn(UInt64(visits.patient[row]), row) }
            for row in lines.indices { mixIn(visits.time[row].bitPattern, row) }
        }
        func isSame(_ a: Int, _ b: Int) -> Bool {
            if !identifierKeys.isEmpty, identifierKeys[a] != identifierKeys[b] { return false }
            if let visits, visits.patient[a] != visits.patient[b] || visits.time[a] != visits.time[b] { return false }
            return columns.allSatisfy { $0[a] == $0[b] || ($0[a].isNaN && $0[b].isNaN) }
        }
        let order = lines.indices.sorted { (hashes[$0], $0) < (hashes[$1], $1) }
        var result: [(row: Int, first: Int)] = []
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, hashes[order[end]] == hashes[order[start]] { end += 1 }
            var different = [order[start]]
            for row in order[(start + 1)..<end] {
                if let first = different.first(where: { isSame($0, row) }) {
                    result.append((row, first))
                } else {
                    different.append(row)
                }
            }
            start = end
        }
        return result.sorted { $0.row < $1.row }
    }
}
