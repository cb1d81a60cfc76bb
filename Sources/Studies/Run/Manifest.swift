// What ran, with which inputs, and the hash of everything that came of it. No times, hosts, paths or job counts.

import Foundation
import PositionedJSON

/// `manifest.json`
public struct Manifest: Sendable {
    public static let format = 1
    public static let fileName = "manifest.json"

    public var program: String
    public var study: JSONValue
    /// Something that results depend on besides the study.
    public struct Source: Sendable, Equatable {
        /// `environment` or `table`.
        public var kind: String
        public var name: String
        /// SHA-256.
        public var hash: String
    }
    public var sources: [Source]
    /// Names of what numbers may depend on besides the study, such as the processor kernel of OpenBLAS.
    public var platform: [JSONField]
    /// SHA-256 by path, relative to the run directory.
    public var artefacts: [String: String]
    /// Other builds of the program that made some of it, where the user had those parts kept.
    public var otherBuilds: [String]
    /// What a calibration of the patients did, where there was one.
    public var calibration: JSONValue?

    public init(
        program: String, study: JSONValue, sources: [Source], platform: [JSONField],
        artefacts: [String: String], otherBuilds: [String] = []
    ) {
        self.program = program
        self.study = study
        self.sources = sources
        self.platform = platform
        self.artefacts = artefacts
        self.otherBuilds = otherBuilds
    }

    public func json() -> JSONValue {
        var fields = [
            JSONField("format", .integer(Manifest.format)), JSONField("program", .string(program)),
        ]
        fields += sources.map { JSONField($0.kind, ["name": .string($0.name), "hash": .string($0.hash)]) }
        fields += [
            JSONField("platform", .object(platform)), JSONField("study", study),
            JSONField(
                "artefacts",
                .object(artefacts.sorted { $0.key < $1.key }.map { JSONField($0.key, .string($0.value)) })),
        ]
        if let calibration { fields.append(JSONField("calibration", calibration)) }
        if !otherBuilds.isEmpty { fields.append(JSONField("other_builds", .strings(otherBuilds))) }
        return .object(fields)
    }

    public static func read(run: String) throws(Diagnostics) -> Manifest {
        let node = try JSONParser.parse(contentsOf: PathLookup.join(run, fileName))
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the manifest", complaints: complaints)
        if let format = reader.integer("format"), format > Manifest.format {
            reader.complain("this run was made by a newer version of the program (format \(format))")
        }
        var manifest = Manifest(
            program: reader.string("program") ?? "", study: reader.child("study")?.plain ?? .null,
            sources: ["environment", "table"].compactMap { kind in
                reader.optionalObject(kind, what: "the \(kind)").map {
                    Source(kind: kind, name: $0.string("name") ?? "", hash: $0.string("hash") ?? "")
                }
            },
            platform: [], artefacts: [:])
        if case .object(let fields)? = reader.child("platform")?.plain { manifest.platform = fields }
        manifest.calibration = reader.optionalChild("calibration")?.plain
        manifest.otherBuilds = reader.optionalStrings("other_builds") ?? []
        if case .object(let members)? = reader.child("artefacts")?.value {
            for member in members {
                if case .string(let hash) = member.node.value { manifest.artefacts[member.key] = hash }
            }
        }
        try complaints.throwIfAny()
        return manifest
    }
}
