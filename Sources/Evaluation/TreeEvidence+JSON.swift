// The evidence of a tree as a file: `{"format": 1, "source": …, "leaves": […]}`.

import Numerics
import PositionedJSON

extension TreeEvidence {
    public func json() -> JSONValue {
        .object([
            JSONField("format", 1),
            JSONField("kind", "tree_evidence"),
            JSONField("source", .string(source)),
            JSONField("patients", .integer(patients)),
            JSONField("decisions", .integer(decisions)),
            JSONField("teacher", teacher.map { .string($0) } ?? .null),
            JSONField("agreement", .optional(agreement)),
            JSONField("inputs", .array(inputs.map { $0.json() })),
            JSONField("leaves", .array(leaves.map { $0.json() })),
        ])
    }

    /// Nil if anything is wrong; what, is in the complaints.
    public init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the evidence of a tree", complaints: complaints)
        _ = reader.integer("format", in: 1...1)
        _ = reader.choice("kind", of: ["tree_evidence"])
        source = reader.string("source") ?? ""
        patients = reader.integer("patients", in: 0...Int.max) ?? 0
        decisions = reader.integer("decisions", in: 0...Int.max) ?? 0
        teacher = reader.absentOrNullString("teacher")
        agreement = reader.absentOrNullNumber("agreement")
        inputs = reader.objects("inputs", what: "the range of an input").map { InputRange($0) }
        leaves = reader.objects("leaves", what: "a leaf").map { LeafSummary($0) }
        reader.finish()
        guard complaints.items.count == before else { return nil }
    }
}

extension LeafSummary {
    public func json() -> JSONValue {
        .object([
            JSONField("leaf", .integer(leaf)),
            JSONField("action", .string(action)),
            JSONField("abstains", abstains.map { .string($0) } ?? .null),
            JSONField("visits", .integer(visits)),
            JSONField("patients", .integer(patients)),
            JSONField("share_of_decisions", .number(shareOfDecisions)),
            JSONField("share_of_time", shareOfTime.json),
            JSONField("return", meanReturn.json),
            JSONField(
                "outcomes",
                .array(outcomes.map { .object([JSONField("name", .string($0.name))] + $0.estimate.fields) })),
            JSONField("agreement", .optional(agreement)),
            JSONField("regret", .optional(regret)),
            JSONField("teacher_gain", teacherGain.json),
            JSONField("runner_up", runnerUp.map { .string($0) } ?? .null),
            JSONField("runner_up_share", .optional(runnerUpShare)),
            JSONField("runner_up_gain", runnerUpGain.json),
            JSONField("runner_up_probability", .optional(runnerUpProbability)),
            JSONField("fallback", fallback.map { .string($0) } ?? .null),
            JSONField("fallback_share", .number(fallbackShare)),
            JSONField("inputs", .array(inputs.map { $0.json() })),
        ])
    }

    init(_ reader: ObjectReader) {
        leaf = reader.integer("leaf", in: 0...Int.max) ?? 0
        action = reader.string("action") ?? ""
        visits = reader.integer("visits", in: 0...Int.max) ?? 0
        patients = reader.integer("patients", in: 0...Int.max) ?? 0
        shareOfDecisions = reader.nullableNumber("share_of_decisions") ?? .nan
        if let part = reader.object("return", what: "the return of a leaf") {
            meanReturn = Estimate(part)
            part.finish()
        } else {
            meanReturn = .undefined
        }
        func estimate(_ key: String) -> Estimate {
            guard let part = reader.optionalObject(key, what: "the \(key) of a leaf") else { return .undefined }
            defer { part.finish() }
            return Estimate(part)
        }
        outcomes = reader.objects("outcomes", what: "an outcome of a leaf").map { part in
            let outcome = LeafOutcome(name: part.string("name") ?? "", estimate: Estimate(part))
            part.finish()
            return outcome
        }
        agreement = reader.absentOrNullNumber("agreement")
        regret = reader.absentOrNullNumber("regret")
        runnerUp = reader.absentOrNullString("runner_up")
        runnerUpShare = reader.absentOrNullNumber("runner_up_share")
        shareOfTime = estimate("share_of_time")
        teacherGain = estimate("teacher_gain")
        runnerUpGain = estimate("runner_up_gain")
        runnerUpProbability = reader.absentOrNullNumber("runner_up_probability")
        abstains = reader.absentOrNullString("abstains")
        fallback = reader.absentOrNullString("fallback")
        fallbackShare = reader.absentOrNullNumber("fallback_share") ?? 0
        inputs = reader.objects("inputs", what: "the range of an input").map { InputRange($0) }
        reader.finish()
    }
}

extension InputRange {
    public func json() -> JSONValue {
        .object([
            JSONField("name", .string(name)), JSONField("low", .number(low)), JSONField("median", .number(median)),
            JSONField("high", .number(high)), JSONField("missing", .number(missing)),
        ])
    }

    init(_ reader: ObjectReader) {
        name = reader.string("name") ?? ""
        low = reader.nullableNumber("low") ?? .nan
        median = reader.nullableNumber("median") ?? .nan
        high = reader.nullableNumber("high") ?? .nan
        missing = reader.nullableNumber("missing") ?? .nan
        reader.finish()
    }
}
