// What a policy relies on: how much worse patients fare when it sees one observation wrong.

import Numerics
import PositionedJSON

/// How far the return falls when an observation is shuffled, for every observation of one policy.
public struct PermutationImportance: Sendable, Equatable {
    public struct Feature: Sendable, Equatable {
        public var name: String
        /// Mean fall of the return over patients, with a 95 % interval.
        public var drop: Estimate

        public init(name: String, drop: Estimate) {
            self.name = name
            self.drop = drop
        }
    }

    public var policy: String
    public var kind: PolicyKind
    public var seed: Int
    public var patients: Int
    /// Mean return of the same patients when nothing is shuffled.
    public var meanReturn: Double
    /// In the order of the task's observations.
    public var features: [Feature]

    public init(policy: String, kind: PolicyKind, seed: Int, patients: Int, meanReturn: Double, features: [Feature]) {
        self.policy = policy
        self.kind = kind
        self.seed = seed
        self.patients = patients
        self.meanReturn = meanReturn
        self.features = features
    }

    /// A line per policy and observation, with a header.
    public static func csv(_ all: [PermutationImportance]) -> String {
        var text = "policy,kind,seed,feature,drop,low,high,patients\n"
        for importance in all {
            for feature in importance.features {
                text += CSV.line(
                    [importance.policy, importance.kind.rawValue, "\(importance.seed)", feature.name]
                        + [feature.drop.value, feature.drop.low, feature.drop.high].map(CSV.number)
                        + ["\(importance.patients)"])
            }
        }
        return text
    }

    /// `{"format": 1, "kind": "permutation_importance", "policies": […]}`
    public static func file(_ all: [PermutationImportance]) -> JSONValue {
        [
            "format": 1, "kind": "permutation_importance",
            "policies": .array(
                all.map { importance in
                    [
                        "policy": .string(importance.policy), "kind": .string(importance.kind.rawValue),
                        "seed": .integer(importance.seed), "patients": .integer(importance.patients),
                        "mean_return": .number(importance.meanReturn),
                        "features": .array(
                            importance.features.map {
                                .object([JSONField("name", .string($0.name)), JSONField("drop", $0.drop.json)])
                            }),
                    ]
                }),
        ]
    }

    /// Reads what `file` writes.
    public static func read(_ node: JSONNode, complaints: Complaints) -> [PermutationImportance] {
        let reader = ObjectReader(node, what: "the importance of observations", complaints: complaints)
        _ = reader.integer("format", in: 1...1)
        _ = reader.choice("kind", of: ["permutation_importance"])
        let all = reader.objects("policies", what: "a policy").map { part -> PermutationImportance in
            let kind = part.choice("kind", of: PolicyKind.allCases.map(\.rawValue)) ?? ""
            let importance = PermutationImportance(
                policy: part.string("policy") ?? "", kind: PolicyKind(rawValue: kind) ?? .tree,
                seed: part.integer("seed") ?? 0, patients: part.integer("patients") ?? 0,
                meanReturn: part.nullableNumber("mean_return") ?? .nan,
                features: part.objects("features", what: "an observation").map { item in
                    let name = item.string("name") ?? ""
                    guard let drop = item.object("drop", what: "the drop") else {
                        return Feature(name: name, drop: .undefined)
                    }
                    defer {
                        drop.finish()
                        item.finish()
                    }
                    return Feature(name: name, drop: Estimate(drop))
                })
            part.finish()
            return importance
        }
        reader.finish()
        return all
    }
}
