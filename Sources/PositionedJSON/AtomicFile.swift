// Files that are there whole or not at all.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// What the system said about a file.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    public var operation: String
    public var path: String
    public var reason: String

    public init(operation: String, path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    public var description: String { "cannot \(operation) \(path): \(reason)" }

    /// The reason in the system's words.
    static func system(_ operation: String, _ path: String) -> FileError {
        FileError(operation: operation, path: path, reason: String(cString: strerror(errno)))
    }
}

/// Writes a file under a temporary name in the same folder, flushes it to the disk and renames it.
public enum AtomicFile {
    public static func write(_ text: String, to path: String) throws(FileError) {
        try write(Array(text.utf8), to: path)
    }

    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let (descriptor, temporary) = try begin(path)
        do throws(FileError) {
            try put(bytes, descriptor, path)
            try flush(descriptor, path)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        try finish(descriptor, temporary, path)
    }

    /// Writes a file of parts, none of which is held in memory once `sink` has taken it.
    public static func write(to path: String, parts: (_ sink: ([UInt8]) throws -> Void) throws -> Void) throws {
        let (descriptor, temporary) = try begin(path)
        do {
            try parts { bytes in try put(bytes, descriptor, path) }
            try flush(descriptor, path)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        try finish(descriptor, temporary, path)
    }

    /// A new file of a temporary name in the folder of `path`.
    private static func begin(_ path: String) throws(FileError) -> (descriptor: Int32, temporary: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        var template = Array((folder + "." + name + ".XXXXXX.tmp").utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer { mkstemps($0.baseAddress!, 4) }
        guard descriptor >= 0 else { throw .system("write", path) }
        return (descriptor, String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// What the user's mask leaves of read and write for all; the mask can only be read by setting it, so once.
    private static let permissions: mode_t = {
        let mask = umask(0)
        umask(mask)
        return 0o666 & ~mask
    }()

    private static func put(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                systemWrite(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", path) }
            written += count
        }
    }

    private static func flush(_ descriptor: Int32, _ path: String) throws(FileError) {
        guard fchmod(descriptor, permissions) == 0, fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system("write", path)
        }
    }

    /// Closes the file and gives it its name.
    private static func finish(_ descriptor: Int32, _ temporary: String, _ path: String) throws(FileError) {
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let failure = FileError.system("write", path)
            unlink(temporary)
            throw failure
        }
    }
}

/// The system's `write`, under a name that does not clash with `AtomicFile.write`.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Reads whole files.
enum FileBytes {
    static func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", path) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileError(operation: "read", path: path, reason: "it is a folder")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(maximumBytes, Int(status.st_size)) + 1)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", path) }
            if count == 0 { return bytes }
            guard bytes.count + count <= maximumBytes else {
                throw FileError(
                    operation: "read", path: path, reason: "it is larger than \(maximumBytes >> 20) MiB")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

/// The system's `read`, under a name that does not clash with `FileBytes.read`.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
