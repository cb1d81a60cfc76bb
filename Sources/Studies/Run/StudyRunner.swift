// Runs a study in a directory, and again to see whether it comes out the same.

import Foundation
import Numerics
import PositionedJSON

/// How a study is run.
public struct RunOptions: Sendable {
    public var jobs: Int
    /// Runs every stage even if its result is there.
    public var force: Bool
    /// Keeps what another build of the program finished; the manifest names that build.
    public var keepsAnyBuild: Bool
    /// Waits where another process works in the directory.
    public var waits: Bool
    public var report: @Sendable (RunEvent) -> Void
    public var isInterrupted: @Sendable () -> Bool

    public init(
        jobs: Int, force: Bool = false, keepsAnyBuild: Bool = false, waits: Bool = false,
        report: @escaping @Sendable (RunEvent) -> Void = { _ in },
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) {
        self.jobs = jobs
        self.force = force
        self.keepsAnyBuild = keepsAnyBuild
        self.waits = waits
        self.report = report
        self.isInterrupted = isInterrupted
    }
}

/// The result of a run.
public struct RunResult: Sendable {
    public var folder: String
    public var manifest: Manifest
    public var timings: [StageTiming]
    public var seconds: Double
}

public enum StudyRunner {
    public static func run(_ study: Study, folder: String, options: RunOptions) throws -> RunResult {
        try run(.treatment(study), folder: folder, options: options)
    }

    /// Runs a study; finished stages of an earlier run in the same directory are kept where nothing they depend on has
    /// changed.
    ///
    /// - Throws: `RunFailure`, `StageError`, `FileError`.
    public static func run(_ study: AnyStudy, folder: String, options: RunOptions) throws -> RunResult {
        let began = Date()
        let clock = ContinuousClock()
        let start = clock.now
        var hasWaited = false
        let directory = try RunDirectory(path: folder) {
            guard options.waits, !options.isInterrupted() else { return false }
            if !hasWaited { options.report(.warning("another run is working in \(folder); waiting for it to end")) }
            hasWaited = true
            return true
        }
        let stages = study.stages
        let status = StatusWriter(folder: folder, jobs: options.jobs, stages: stages)
        let runner = StageRunner(
            folder: directory.path, jobs: options.jobs, program: ProgramVersion.identity, force: options.force,
            keepsAnyBuild: options.keepsAnyBuild,
            report: {
                status.receive($0)
                options.report($0)
            }, isInterrupted: options.isInterrupted)
        let results: StageResults
        do { results = try runner.run(stages) } catch {
            status.end(error)
            throw error
        }
        directory.removeStages(except: Set(stages.map(\.name)), artefacts: Set(results.artefacts.keys))
        var manifest = Manifest(
            program: ProgramVersion.text, study: study.resolved, sources: study.sources, platform: platform,
            artefacts: results.artefacts, otherBuilds: results.otherBuilds)
        if results.artefacts[CalibrationRecord.path] != nil {
            manifest.calibration = try JSONParser.parse(contentsOf: "\(folder)/\(CalibrationRecord.path)").plain
        }
        try AtomicFile.write(manifest.json().text(), to: "\(folder)/\(Manifest.fileName)")
        let parts = (clock.now - start).components
        let seconds = Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
        let record = TimingRecord(began: began, seconds: seconds, jobs: options.jobs, stages: results.timings)
        try AtomicFile.write(record.json().text(), to: "\(folder)/timings.json")
        status.end(nil)
        return RunResult(folder: folder, manifest: manifest, timings: results.timings, seconds: seconds)
    }

    /// What `run` would do in a directory, which need not be there, without doing any of it.
    public static func plan(
        _ study: AnyStudy, folder: String, force: Bool = false, keepsAnyBuild: Bool = false
    ) throws -> [PlannedStage] {
        try StageRunner(
            folder: folder, jobs: 1, program: ProgramVersion.identity, force: force, keepsAnyBuild: keepsAnyBuild
        ).plan(study.stages)
    }

    /// What the bytes of a result may depend on besides study, seed and program.
    public static var platform: [JSONField] {
        #if arch(x86_64)
            let architecture = "x86_64"
        #elseif arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "other"
        #endif
        return [
            JSONField("architecture", .string(architecture)), JSONField("blas_core", .string(OpenBLAS.kernelName)),
            JSONField("gnuplot", GnuplotTool.version.map { .string($0) } ?? .null),
        ]
    }
}

/// When, where and how long: everything that may differ between two runs of the same study.
struct TimingRecord {
    var began: Date
    var seconds: Double
    var jobs: Int
    var stages: [StageTiming]

    func json() -> JSONValue {
        return [
            "format": 1, "began": .string(began.formatted(.iso8601)), "host": .string(ProcessInfo.processInfo.hostName),
            "jobs": .integer(jobs), "seconds": .number(rounded(seconds)),
            "peak_memory_mib": .integer(TimingRecord.peakMemory),
            "stages": .array(
                stages.map {
                    [
                        "stage": .string($0.stage), "seconds": .number(rounded($0.seconds)),
                        "kept": .bool($0.wasCached),
                    ]
                }),
        ]
    }

    /// The most memory this process has held, in MiB; 0 where the system does not tell.
    private static var peakMemory: Int {
        guard let status = try? SourceText(contentsOf: "/proc/self/status") else { return 0 }
        for line in String(decoding: status.bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmHWM:")
        {
            return (line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) / 1024
        }
        return 0
    }

    private func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}

/// Which program this is.
public enum ProgramVersion {
    public static let text = "0.1.0"

    /// The version and the hash of the executable: stages made by another build are made again.
    public static let identity: String = {
        let path = "/proc/self/exe"
        guard let bytes = try? SourceText(contentsOf: path, maximumBytes: 1 << 30).bytes else { return text }
        return text + "+" + SHA256.hex(bytes).prefix(16)
    }()
}
