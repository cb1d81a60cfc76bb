// A stage of a study: a pure function from configuration, seed and input artefacts to artefacts.

import PositionedJSON

/// A file a stage makes; its path is relative to the run directory.
public struct Artefact: Sendable, Equatable {
    public var path: String
    public var bytes: [UInt8]

    public init(_ path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    public init(_ path: String, _ text: String) {
        self.init(path, bytes: Array(text.utf8))
    }

    public init(_ path: String, _ json: JSONValue) {
        self.init(path, json.text())
    }
}

/// What a stage may use while it runs. Nothing else: no clock, no ambient randomness, no file but its inputs.
public struct StageContext: Sendable {
    /// How many threads it may use; its result must not depend on it.
    public let jobs: Int
    let inputs: [String: String]
    let folder: String
    /// Tells how far it has come: done out of total, and a word such as `decisions` for what is counted.
    public let progress: @Sendable (_ done: Double, _ total: Double, _ unit: String) -> Void
    /// Tells the user something that is not an artefact, once, such as that a tool is missing.
    public let warn: @Sendable (String) -> Void

    /// An artefact of an input stage.
    public func source(_ path: String) throws -> SourceText {
        guard let hash = inputs[path] else {
            throw StageError(message: "the stage asked for \(path), which no input stage made")
        }
        let source = try SourceText(contentsOf: PathLookup.join(folder, path), maximumBytes: 1 << 32)
        // A disk that fails, or somebody else's hand: what is read is what was written, or nothing goes on from it.
        guard SHA256.hex(source.bytes) == hash else {
            throw StageError(
                message: "\(PathLookup.join(folder, path)) is no longer what was written during this run; run it again")
        }
        return source
    }

    /// Whether an input stage made this file.
    public func has(_ path: String) -> Bool { inputs[path] != nil }

    /// An artefact of an input stage, parsed.
    public func json(_ path: String) throws -> JSONNode {
        try JSONParser.parse(try source(path))
    }

    public func text(_ path: String) throws -> String {
        String(decoding: try source(path).bytes, as: UTF8.self)
    }

    /// The paths that input stages made, in order.
    public var paths: [String] { inputs.keys.sorted() }
}

/// Something inside a stage could not go on.
public struct StageError: Error, Sendable, CustomStringConvertible {
    public var message: String
    public init(message: String) { self.message = message }
    public var description: String { message }
}

/// A node of the graph.
public struct Stage: Sendable {
    /// Unique, such as `agents/dqn/seed-3`; also the folder of its record.
    public var name: String
    /// Everything of the study that its result depends on.
    public var configuration: JSONValue
    public var seed: UInt64
    /// The stages whose artefacts it may read.
    public var inputs: [String]
    public var body: @Sendable (StageContext) throws -> [Artefact]

    public init(
        _ name: String, configuration: JSONValue, seed: UInt64, inputs: [String] = [],
        body: @escaping @Sendable (StageContext) throws -> [Artefact]
    ) {
        self.name = name
        self.configuration = configuration
        self.seed = seed
        self.inputs = inputs
        self.body = body
    }

    /// What identifies the stage's result: SHA-256 of name, configuration, seed and the hashes of all input
    /// artefacts.
    func key(inputHashes: [String: String]) -> String {
        let identity: JSONValue = [
            "stage": .string(name), "configuration": configuration,
            "seed": .string("\(seed)"),
            "inputs": .object(
                inputHashes.sorted { $0.key < $1.key }.map { JSONField($0.key, .string($0.value)) }),
        ]
        return SHA256.hex(identity.text(pretty: false))
    }
}
