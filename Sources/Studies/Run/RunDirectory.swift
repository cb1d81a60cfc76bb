// The directory of a run: who works in it, and what belongs to it.

import Foundation
import PositionedJSON

/// A run directory that this process works in.
public final class RunDirectory: Sendable {
    public let path: String
    private let lock: Int32

    /// Makes the directory if need be and takes hold of it.
    ///
    /// - Parameter isWaiting: asked while another process works in it; whether to go on waiting for that to end.
    /// - Throws: `RunFailure.busy` while another process works in it and nobody waits; `StageError` where the folder
    ///   holds something that is not a run.
    public init(path: String, isWaiting: () -> Bool = { false }) throws {
        self.path = path
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        if manager.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else { throw StageError(message: "\(path) is a file, not a folder") }
            let entries = try manager.contentsOfDirectory(atPath: path)
            guard entries.isEmpty || RunDirectory.isRun(path) else {
                throw StageError(
                    message: "\(path) holds something else than a run; choose another folder with --out")
            }
        }
        try Folders.make(path + "/" + StageRecord.folder)
        let file = path + "/" + StageRecord.folder + "/lock"
        lock = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw FileError(operation: "write", path: file, reason: String(cString: strerror(errno)))
        }
        // A program that this process is starting just now (gnuplot) holds its copies of all open files until it runs:
        // what looks taken may be free in a moment.
        var tries = 20
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            if tries > 0 { tries -= 1 }
            guard tries > 0 || isWaiting() else {
                close(lock)
                throw RunFailure.busy(path)
            }
            usleep(50_000)
        }
    }

    deinit { close(lock) }

    /// Whether a process works in a run directory now.
    static func isBusy(_ path: String) -> Bool {
        let file = open(path + "/" + StageRecord.folder + "/lock", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        // Shared, so that those who only ask never keep each other or a new run away for long.
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }

    /// Whether a folder holds a run, finished or not.
    public static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + Manifest.fileName)
            || FileManager.default.fileExists(atPath: path + "/" + StageRecord.folder)
    }

    /// Takes away what earlier runs made and this one does not.
    func removeStages(except names: Set<String>, artefacts: Set<String>) {
        for stage in StageRecord.names(in: path) where !names.contains(stage) {
            StageRecord.remove(stage, in: path, keeping: artefacts)
        }
    }
}
