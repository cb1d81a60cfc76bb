// Writes a cohort if it may be written, and beside it what is to be known of its privacy.

import PositionedJSON

enum PrivacyRecord {
    /// Writes patients, unless they fail the checks and nobody insists.
    ///
    /// A file `OUT.privacy.json` is written beside patients that were forced, and beside those with differential privacy.
    ///
    /// - Throws: `PrivacyRefusal`.
    static func write(
        _ verdict: PrivacyVerdict?, of generator: any CohortGenerator, force: Bool, beside out: String,
        _ patients: () throws -> Void
    ) throws {
        if let verdict, !verdict.passed, !force { throw PrivacyRefusal(verdict: verdict, out: out) }
        try patients()
        let forced = force && verdict?.passed == false
        guard forced || generator.privacy != nil else { return }
        var record: JSONValue = ["format": 1, "generator": .string(generator.kind), "forced": .bool(forced)]
        if let privacy = generator.privacy { record["privacy"] = privacy.json() }
        if let verdict { record["privacy_checks"] = verdict.json() }
        try AtomicFile.write(record.text(), to: out + ".privacy.json")
    }
}
