// A text file in memory that knows its lines, so that everything read from it can say where it stood.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// A place in a source text.
public struct SourceLocation: Sendable, Hashable {
    /// The line, from 1.
    public var line: Int
    /// The column in characters (Unicode scalars), from 1.
    public var column: Int
    /// The byte, from 0.
    public var offset: Int

    @inlinable
    public init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    /// Where every text begins.
    public static let start = SourceLocation(line: 1, column: 1, offset: 0)
}

/// The bytes of a file and the name it is known by in complaints.
public final class SourceText: Sendable {
    public let name: String
    public let bytes: [UInt8]
    /// The byte at which each line begins.
    private let lineStarts: [Int]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        lineStarts = SourceText.findLineStarts(bytes)
    }

    public convenience init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// Reads a file. A file that is missing, unreadable or larger than `maximumBytes` is complained of at 1:1.
    public convenience init(contentsOf path: String, maximumBytes: Int = 64 << 20) throws(Diagnostics) {
        do {
            self.init(name: path, bytes: try FileBytes.read(path, maximumBytes: maximumBytes))
        } catch {
            let empty = SourceText(name: path, bytes: [])
            throw Diagnostics(items: [
                Diagnostic(source: empty, location: .start, message: "cannot read the file: \(error.reason)")
            ])
        }
    }

    private static func findLineStarts(_ bytes: [UInt8]) -> [Int] {
        var starts = [0]
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var position = 0
            while position < buffer.count,
                let found = memchr(base + position, 0x0A, buffer.count - position)
            {
                position = base.distance(to: UnsafeRawPointer(found)) + 1
                starts.append(position)
            }
        }
        return starts
    }

    public var lineCount: Int { lineStarts.count }

    /// The text of a line, without its line ending; empty when there is no such line.
    public func line(_ number: Int) -> String {
        String(decoding: bytes[range(ofLine: number)], as: UTF8.self)
    }

    /// The bytes of a line, without its line ending.
    func range(ofLine number: Int) -> Range<Int> {
        guard number >= 1, number <= lineStarts.count else { return bytes.count..<bytes.count }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }

    /// The line and column of a byte.
    public func location(ofByte offset: Int) -> SourceLocation {
        let offset = max(0, min(offset, bytes.count))
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let start = lineStarts[low]
        var column = 1
        for byte in bytes[start..<offset] where byte & 0xC0 != 0x80 { column += 1 }
        if start == 0, offset >= 3, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { column -= 1 }
        return SourceLocation(line: low + 1, column: column, offset: offset)
    }
}
