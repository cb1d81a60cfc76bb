// Files that an environment names must lie inside its own folder: an environment from a stranger reads nothing else.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

enum FolderFile {
    /// Why a name cannot be that of a file inside a folder, or nil if it can; the file need not exist.
    static func objection(to name: String) -> String? {
        if name.isEmpty { return "the name of the file is empty" }
        if name.utf8.contains(0) { return "the name of a file holds no NUL" }
        if name.hasPrefix("/") || name.hasPrefix("~") { return "the file must lie inside the environment's folder" }
        if name.split(separator: "/", omittingEmptySubsequences: false).contains("..") {
            return "the file must lie inside the environment's folder"
        }
        return nil
    }

    /// The same of what is really there: follows links, and refuses what leads out of the folder or is no plain file
    /// (a pipe would be read for ever).
    static func objection(toFile name: String, in folder: String) -> String? {
        if let objection = objection(to: name) { return objection }
        let home = folder.isEmpty ? "." : folder
        guard let place = realpath("\(home)/\(name)", nil) else {
            return "there is no file \"\(name)\" beside this one"
        }
        defer { free(place) }
        guard let root = realpath(home, nil) else { return "the environment's folder cannot be found" }
        defer { free(root) }
        let base = String(cString: root)
        guard String(cString: place).hasPrefix(base.hasSuffix("/") ? base : base + "/") else {
            return "\"\(name)\" is a link that leads out of the environment's folder"
        }
        var status = stat()
        guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "\"\(name)\" is not a file" }
        return nil
    }
}
