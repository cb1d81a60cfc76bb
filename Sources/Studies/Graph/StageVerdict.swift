// Whether the result of a stage is there already, and if not, why.

/// What a run would do with a stage, and why.
public enum StageVerdict: Sendable, Equatable {
    /// Its result is there.
    case kept
    /// It has no result yet.
    case new
    /// Its result was made from other settings, another seed or other inputs.
    case changed
    /// Another build of the program made its result.
    case otherBuild
    /// These files of its result are lost, or no longer what the stage wrote.
    case damaged([String])
    /// Everything is to be run again.
    case forced
    /// It has a result, and is run unless these stages, which are run before it, come out as they did.
    case follows([String])

    /// In words, for people.
    public var words: String {
        switch self {
        case .kept: "kept"
        case .new: "to run"
        case .changed: "to run: what it depends on has changed"
        case .otherBuild: "to run: another build of the program made it"
        case .damaged(let files): "to run: \(files.first ?? "a file") is not what it wrote"
        case .forced: "to run again"
        case .follows: "to run, unless what it needs comes out as before"
        }
    }

    /// In a word, for programs.
    public var code: String {
        switch self {
        case .kept: "kept"
        case .new: "new"
        case .changed: "changed"
        case .otherBuild: "other_build"
        case .damaged: "damaged"
        case .forced: "forced"
        case .follows: "follows"
        }
    }
}

/// A stage of a study that is about to be run.
public struct PlannedStage: Sendable, Equatable {
    public var name: String
    public var inputs: [String]
    public var verdict: StageVerdict
    /// What its configuration took in earlier runs; nil where it was never timed, or is kept.
    public var seconds: Double?

    public init(name: String, inputs: [String], verdict: StageVerdict, seconds: Double? = nil) {
        self.name = name
        self.inputs = inputs
        self.verdict = verdict
        self.seconds = seconds
    }
}

extension StageRunner {
    /// Whether the result of a stage with this key is there, and what is remembered of it.
    func verdict(_ stage: Stage, key: String) -> (verdict: StageVerdict, record: StageRecord?) {
        let record = StageRecord.read(stage.name, in: folder)
        if force { return (.forced, record) }
        guard let record else {
            let path = StageRecord.relativePath(stage.name)
            return (PathLookup.find(PathLookup.join(folder, path)) == nil ? .new : .damaged([path]), nil)
        }
        guard record.key == key else { return (.changed, record) }
        guard keepsAnyBuild || record.program == program else { return (.otherBuild, record) }
        let damaged = record.damaged(in: folder)
        return (damaged.isEmpty ? .kept : .damaged(damaged), record)
    }

    /// What `run` would do, without doing any of it.
    ///
    /// - Throws: `RunFailure.graph`.
    public func plan(_ stages: [Stage]) throws -> [PlannedStage] {
        try StageRunner.check(stages)
        let times = StageTimes.read(run: folder)
        var made: [String: [String: String]] = [:]
        return stages.map { stage in
            var planned = PlannedStage(name: stage.name, inputs: stage.inputs, verdict: .kept)
            let open = stage.inputs.filter { made[$0] == nil }
            if open.isEmpty {
                var inputs: [String: String] = [:]
                for input in stage.inputs { inputs.merge(made[input]!) { first, _ in first } }
                let found = verdict(stage, key: stage.key(inputHashes: inputs))
                planned.verdict = found.verdict
                if found.verdict == .kept { made[stage.name] = found.record?.artefacts }
            } else {
                let isThere = StageRecord.read(stage.name, in: folder) != nil
                planned.verdict = force ? .forced : isThere ? .follows(open) : .new
            }
            if planned.verdict != .kept { planned.seconds = times.seconds(of: stage) }
            return planned
        }
    }
}

extension [PlannedStage] {
    /// Seconds that the stages to run would take with so many at a time, as far as any of them was timed before; and how
    /// many were not. Stages are taken in order, each by the first worker free after its inputs.
    public func estimate(jobs: Int) -> (seconds: Double, untimed: Int) {
        var free = Array<Double>(repeating: 0, count: Swift.max(1, jobs))
        var ends: [String: Double] = [:]
        var untimed = 0
        for stage in self {
            let ready = stage.inputs.map { ends[$0] ?? 0 }.max() ?? 0
            guard stage.verdict != .kept else {
                ends[stage.name] = ready
                continue
            }
            if stage.seconds == nil { untimed += 1 }
            let worker = free.indices.min { free[$0] < free[$1] } ?? 0
            let end = Swift.max(ready, free[worker]) + (stage.seconds ?? 0)
            free[worker] = end
            ends[stage.name] = end
        }
        return (ends.values.max() ?? 0, untimed)
    }
}
