// Runs the stages of a study, each as soon as its inputs are there, and none whose result is there already.

import Foundation
import PositionedJSON

/// What happens during a run, for whoever shows it.
public enum RunEvent: Sendable {
    case started(stage: String)
    case progress(stage: String, done: Double, total: Double, unit: String)
    case finished(stage: String, seconds: Double, wasCached: Bool)
    case warning(String)
}

/// How a run ended, other than by being done.
public enum RunFailure: Error, Sendable, CustomStringConvertible {
    /// The user asked to stop; finished stages are kept.
    case interrupted
    /// Another program works in the directory.
    case busy(String)
    case stage(name: String, reason: String)
    case graph(String)

    public var description: String {
        switch self {
        case .interrupted: "stopped; finished stages are kept, and the same command goes on from here"
        case .busy(let folder): "another run is working in \(folder); try again when it has finished"
        case .stage(let name, let reason): "stage \(name) failed: \(reason)"
        case .graph(let reason): reason
        }
    }
}

/// How long a stage took.
public struct StageTiming: Sendable {
    public var stage: String
    public var seconds: Double
    public var wasCached: Bool
}

/// What a graph of stages made.
public struct StageResults: Sendable {
    /// SHA-256 of every artefact by path.
    public var artefacts: [String: String] = [:]
    /// In the order of the graph.
    public var timings: [StageTiming] = []
    /// Builds other than this one that made some of it, ascending.
    public var otherBuilds: [String] = []
}

/// Executes a graph of stages on this machine.
public struct StageRunner: Sendable {
    public var folder: String
    public var jobs: Int
    /// Identifies the program; stages made by another one are run again, unless `keepsAnyBuild`.
    public var program: String
    /// Whether stages count as done that another build finished.
    public var keepsAnyBuild = false
    /// Runs every stage even if its result is there.
    public var force = false
    public var report: @Sendable (RunEvent) -> Void
    public var isInterrupted: @Sendable () -> Bool

    public init(
        folder: String, jobs: Int, program: String, force: Bool = false, keepsAnyBuild: Bool = false,
        report: @escaping @Sendable (RunEvent) -> Void = { _ in },
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) {
        self.folder = folder
        self.jobs = max(1, jobs)
        self.program = program
        self.force = force
        self.keepsAnyBuild = keepsAnyBuild
        self.report = report
        self.isInterrupted = isInterrupted
    }

    /// Runs the graph.
    ///
    /// - Throws: `RunFailure`. When a stage fails no further one is started; those that run are finished first.
    public func run(_ stages: [Stage]) throws -> StageResults {
        try StageRunner.check(stages)
        try Folders.make(folder)
        let board = StageBoard(stages)
        let workers = min(jobs, stages.count)
        let group = DispatchGroup()
        for _ in 0..<max(1, workers) {
            // Own threads with a roomy stack: stages parse, integrate and recurse over trees.
            let thread = Thread {
                work(board)
                group.leave()
            }
            thread.stackSize = 8 << 20
            group.enter()
            thread.start()
        }
        group.wait()
        if let failure = board.failure { throw failure }
        guard board.isDone else { throw RunFailure.interrupted }
        return board.results(stages, program: program)
    }

    static func check(_ stages: [Stage]) throws {
        var known: Set<String> = []
        for stage in stages {
            for input in stage.inputs where !known.contains(input) {
                throw RunFailure.graph("stage \(stage.name) needs \(input), which does not come before it")
            }
            guard known.insert(stage.name).inserted else {
                throw RunFailure.graph("two stages are called \(stage.name)")
            }
        }
    }

    /// One worker: takes stages until none is left.
    private func work(_ board: StageBoard) {
        while true {
            switch board.take(unless: isInterrupted) {
            case .finished: return
            case .stage(let stage, let inputs, let running):
                do {
                    board.finish(stage.name, try carryOut(stage, inputs, jobs: max(1, jobs - running)))
                } catch {
                    board.fail(.stage(name: stage.name, reason: "\(error)"))
                }
            }
        }
    }

    private func carryOut(_ stage: Stage, _ inputs: [String: String], jobs: Int) throws -> StageBoard.Outcome {
        let clock = ContinuousClock()
        let began = clock.now
        func seconds() -> Double {
            let parts = (clock.now - began).components
            return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
        }
        let key = stage.key(inputHashes: inputs)
        let (verdict, before) = verdict(stage, key: key)
        if verdict == .kept, let record = before {
            report(.finished(stage: stage.name, seconds: seconds(), wasCached: true))
            return StageBoard.Outcome(
                artefacts: record.artefacts, program: record.program, seconds: seconds(), wasCached: true)
        }
        if case .damaged(let files) = verdict {
            let more = files.count > 1 ? " and \(files.count - 1) more of its files are" : " is"
            report(
                .warning(
                    "\(folder)/\(files[0])\(more) lost or not what stage \(stage.name) wrote; it is run again"))
        }
        report(.started(stage: stage.name))
        let context = StageContext(
            jobs: jobs, inputs: inputs, folder: folder,
            progress: { report(.progress(stage: stage.name, done: $0, total: $1, unit: $2)) },
            warn: { report(.warning($0)) })
        let artefacts = try stage.body(context)
        var hashes: [String: String] = [:]
        for artefact in artefacts {
            let path = PathLookup.join(folder, artefact.path)
            try Folders.makeParent(of: path)
            try AtomicFile.write(artefact.bytes, to: path)
            hashes[artefact.path] = SHA256.hex(artefact.bytes)
        }
        // What an earlier version of the stage made and this one does not.
        for old in before?.artefacts.keys.sorted() ?? [] where hashes[old] == nil {
            unlink(PathLookup.join(folder, old))
        }
        try StageRecord(key: key, program: program, artefacts: hashes).write(stage.name, in: folder)
        StageTimes.add(stage, seconds: seconds(), run: folder)
        report(.finished(stage: stage.name, seconds: seconds(), wasCached: false))
        return StageBoard.Outcome(artefacts: hashes, program: program, seconds: seconds(), wasCached: false)
    }
}
