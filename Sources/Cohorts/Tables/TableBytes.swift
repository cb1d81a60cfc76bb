// The bytes of a table, a window at a time, so that a file may be larger than memory.

import PositionedJSON

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// A window on a file, or all of a text that is in memory already. Bytes before `start` may be given up when more are
/// asked for; all offsets are into the window.
final class TableBytes {
    /// Bytes asked of the system at once.
    private static let chunk = 1 << 20

    let name: String
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count: Int
    private(set) var isAtEnd: Bool
    /// Bytes of the whole file, where the system knows them.
    private(set) var size = 0
    /// Bytes of the file before the window.
    private(set) var before = 0
    private var capacity: Int
    private let descriptor: Int32
    /// The bytes before this one are known to be text; the first one that is not.
    private var checked = 0
    private(set) var badByte: Int?

    init(_ source: SourceText) {
        name = source.name
        count = source.bytes.count
        capacity = max(count, 1)
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        source.bytes.withUnsafeBufferPointer { bytes in
            if let from = bytes.baseAddress { copy.update(from: from, count: bytes.count) }
        }
        base = copy
        isAtEnd = true
        descriptor = -1
        check()
    }

    /// Opens a file; one that cannot be read is complained of at 1:1.
    init(path: String) throws(Diagnostics) {
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        count = 0
        capacity = TableBytes.chunk * 2
        base = .allocate(capacity: capacity)
        isAtEnd = false
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw TableBytes.unreadable(path, String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw TableBytes.unreadable(path, "it is a folder") }
        size = Int(status.st_size)
        _ = try more(keepingFrom: 0)
    }

    deinit {
        base.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    private static func unreadable(_ path: String, _ reason: String) -> Diagnostics {
        Diagnostics(items: [
            Diagnostic(
                source: SourceText(name: path, bytes: []), location: .start,
                message: "cannot read the file: \(reason)")
        ])
    }

    /// Reads on. The window then begins with the byte that was at `start`; returns by how much offsets have moved.
    func more(keepingFrom start: Int) throws(Diagnostics) -> Int {
        let kept = count - start
        if start > 0 {
            base.update(from: base + start, count: kept)
            before += start
            count = kept
            checked = max(0, checked - start)
            badByte = badByte.map { $0 - start }
        }
        if capacity - count < TableBytes.chunk {
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
            larger.update(from: base, count: count)
            base.deallocate()
            base = larger
            capacity *= 2
        }
        while true {
            let received = read(descriptor, base + count, TableBytes.chunk)
            if received < 0, errno == EINTR { continue }
            guard received >= 0 else { throw TableBytes.unreadable(name, String(cString: strerror(errno))) }
            count += received
            isAtEnd = received == 0
            check()
            return start
        }
    }

    /// Looks for bytes that are not UTF-8 text among those not looked at yet.
    private func check() {
        guard badByte == nil else { return }
        let bytes = UnsafeBufferPointer(start: base + checked, count: count - checked)
        guard let found = firstBadByte(bytes) else {
            checked = count
            return
        }
        // A character that the window cuts is looked at again with the next bytes.
        if !isAtEnd, bytes.count - found < 4, bytes[found] >= 0xc2 {
            checked += found
        } else {
            badByte = checked + found
        }
    }
}

/// The first byte that is not UTF-8 text, or a NUL; nil when all is well.
package func firstBadByte(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBufferPointer(firstBadByte) }

func firstBadByte(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let count = bytes.count
    var index = 0
    while index < count {
        // Eight bytes at once while none is a NUL or beyond ASCII.
        while index + 8 <= count {
            let word = UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self)
            let special = (word | (word &- 0x0101_0101_0101_0101) & ~word) & 0x8080_8080_8080_8080
            if special != 0 { break }
            index += 8
        }
        guard index < count else { return nil }
        let byte = base[index]
        if byte < 0x80 {
            if byte == 0 { return index }
            index += 1
            continue
        }
        // Lead byte, number of continuation bytes, and the range of the first (Unicode 15, table 3-7).
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        switch byte {
        case 0xc2...0xdf: length = 1
        case 0xe0...0xef:
            length = 2
            if byte == 0xe0 { low = 0xa0 }
            if byte == 0xed { high = 0x9f }
        case 0xf0...0xf4:
            length = 3
            if byte == 0xf0 { low = 0x90 }
            if byte == 0xf4 { high = 0x8f }
        default: return index
        }
        guard index + length < count else { return index }
        for offset in 1...length {
            let next = base[index + offset]
            if next < low || next > high { return index }
            low = 0x80
            high = 0xbf
        }
        index += length + 1
    }
    return nil
}
