// Runs that are killed, whose last file is cut off, who meet a full disk or each other: they go on to the same bytes.

import Foundation
import Numerics
import TestSupport
import Testing

private let program: String? = {
    guard let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    let path = (tests as NSString).deletingLastPathComponent + "/lab"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

/// A study of one to two seconds.
private let study = """
    {
      "format": 1, "name": "killed", "environment": "immuno", "seed": 3, "seeds": 2,
      "cohort": { "source_patients": 300, "generator": { "type": "copula" }, "train": 100, "validation": 40, "test": 60 },
      "agents": { "grid": { "algorithm": "q_learning", "decisions": 60000, "grid": { "features": ["day"] } } },
      "trees": {
        "viper": { "method": "viper", "iterations": 2, "patients_per_iteration": 40, "selection_patients": 40 },
        "refined": { "method": "refine", "from": "viper", "maximum_episodes": 2000 }
      },
      "evaluation": { "bootstrap": 50 }
    }
    """

@Suite(.enabled(if: program != nil), .serialized) struct KilledRunTests {
    private func start(_ folder: TemporaryFolder, _ out: String, _ more: [String] = []) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(program))
        process.arguments = ["run", "study.json", "--out", out, "--jobs", "2"] + more
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        var environment = ProcessInfo.processInfo.environment
        environment["LAB_HOME"] = RepositoryFiles.root.path
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        let errors = folder.path + "/errors"
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        return process
    }

    /// Every file that is a result: all but times and what begins with a dot. gnuplot's pictures are among them.
    private func results(_ folder: TemporaryFolder, _ run: String) throws -> [String: Data] {
        let root = URL(fileURLWithPath: folder.path + "/" + run)
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            let hidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.path + "/" + name, isDirectory: &isFolder)
            guard !hidden, !isFolder.boolValue, name != "timings.json" else { continue }
            files[name] = try Data(contentsOf: root.appendingPathComponent(name))
        }
        return files
    }

    /// The file of a run that was written last, cut in half: what a power loss may leave.
    private func cutLast(_ folder: TemporaryFolder, _ run: String) throws {
        let root = folder.path + "/" + run
        var last: (path: String, date: Date)?
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? [] {
            let path = root + "/" + name
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType == .typeRegular, !name.hasSuffix("/lock"),
                let date = attributes[.modificationDate] as? Date
            else { continue }
            if last == nil || date > last!.date { last = (path, date) }
        }
        guard let last else { return }
        let whole = try Data(contentsOf: URL(fileURLWithPath: last.path))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: last.path))
    }

    @Test func fiftyKillsAndCutFilesEndInTheSameBytes() throws {
        let folder = try TemporaryFolder()
        try folder.write(study, to: "study.json")
        let began = Date()
        let whole = try start(folder, "whole")
        whole.waitUntilExit()
        try #require(whole.terminationStatus == 0)
        let length = Date().timeIntervalSince(began)
        let expected = try results(folder, "whole")
        #expect(expected["manifest.json"] != nil && expected["report.html"] != nil)

        var stream = RandomStream(seed: 50, purpose: "kills")
        var kills = 0
        var runs = 0
        while kills < 50 {
            // A run goes on until it is done; then another is begun anew.
            let run = "run-\(runs)"
            let process = try start(folder, run)
            let deadline = Date().addingTimeInterval(stream.uniform() * 0.6 * length)
            while process.isRunning, Date() < deadline { usleep(2000) }
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                kills += 1
                if stream.uniform() < 0.5 { try cutLast(folder, run) }
                continue
            }
            #expect(process.terminationStatus == 0)
            #expect(try results(folder, run) == expected)
            try FileManager.default.removeItem(atPath: folder.path + "/" + run)
            runs += 1
        }
        let last = try start(folder, "run-\(runs)")
        last.waitUntilExit()
        #expect(last.terminationStatus == 0)
        #expect(try results(folder, "run-\(runs)") == expected)
        #expect(runs >= 3, "of 50 kills none was followed by an end")
    }

    /// The first run is this test: it holds the directory's lock.
    @Test func twoRunsInOneDirectory() throws {
        let folder = try TemporaryFolder()
        try folder.write(study, to: "study.json")
        try folder.write("", to: "run/.stages/lock")
        let lock = open(folder.path + "/run/.stages/lock", O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let second = try start(folder, "run")
        second.waitUntilExit()
        #expect(second.terminationStatus == 75)
        #expect(try folder.read("errors").contains("another run is working in run; try again"))
        let third = try start(folder, "run", ["--wait"])
        while third.isRunning, try !folder.read("errors").contains("waiting for it to end") { usleep(10_000) }
        #expect(third.isRunning)
        flock(lock, LOCK_UN)
        third.waitUntilExit()
        #expect(third.terminationStatus == 0)
        #expect(folder.exists("run/manifest.json"))
    }

    /// A disk of half a megabyte, where this machine lets us mount one.
    @Test func aFullDiskLosesNothing() throws {
        let folder = try TemporaryFolder()
        try folder.write(study, to: "study.json")
        let disk = folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        func system(_ words: [String]) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = words
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        guard try system(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk]) == 0 else {
            print("skipped: this user may not mount a small disk")
            return
        }
        defer { _ = try? system(["umount", disk]) }
        let full = try start(folder, "disk/run")
        full.waitUntilExit()
        #expect(full.terminationStatus == 1)
        #expect(try folder.read("errors").contains("No space left on device"))
        #expect(try system(["mount", "-o", "remount,size=64m", disk]) == 0)
        let rest = try start(folder, "disk/run")
        rest.waitUntilExit()
        #expect(rest.terminationStatus == 0)
        let whole = try start(folder, "whole")
        whole.waitUntilExit()
        #expect(try results(folder, "disk/run") == results(folder, "whole"))
    }
}
