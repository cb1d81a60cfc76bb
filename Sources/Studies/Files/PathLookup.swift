// Finds files whatever the case of their path's parts.

import Foundation
import PositionedJSON

public enum PathLookup {
    /// The existing path that a written one means: itself if it exists, else the one that differs only in case.
    /// Nil where nothing fits; of several that fit the first in order of names is taken.
    public static func find(_ path: String) -> String? {
        let manager = FileManager.default
        if manager.fileExists(atPath: path) { return path }
        var found = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true).map(String.init) {
            let direct = join(found, part)
            if manager.fileExists(atPath: direct) {
                found = direct
                continue
            }
            let entries = (try? manager.contentsOfDirectory(atPath: found.isEmpty ? "." : found)) ?? []
            let wanted = part.lowercased()
            guard let entry = entries.sorted().first(where: { $0.lowercased() == wanted }) else { return nil }
            found = join(found, entry)
        }
        return found.isEmpty ? nil : found
    }

    /// The path to use, and where it does not exist the nearest name in its folder as a hint.
    public static func hint(for path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard let last = parts.last else { return nil }
        let parent = (path.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
        guard let folder = parent.isEmpty ? "." : find(parent),
            let entries = try? FileManager.default.contentsOfDirectory(atPath: folder)
        else { return nil }
        return DidYouMean.closest(to: last, among: entries.sorted()).map { parent.isEmpty ? $0 : join(folder, $0) }
    }

    public static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }
}
