// `lab env new`: a small environment to begin from, which passes `lab env check` as it stands.

import Foundation
import PositionedJSON

/// The files of a new environment.
public enum Skeleton {
    /// Writes the folder `directory/name`.
    ///
    /// - Returns: the folder.
    /// - Throws: `UsageError` for a name that cannot be one or a folder that is there already.
    public static func write(name: String, in directory: String) throws -> String {
        func wrong(_ problem: String) -> UsageError { UsageError(command: "lab env new", problems: [problem]) }
        let letters = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard letters, let first = name.utf8.first, first >= UInt8(ascii: "a"), name.utf8.count <= 60 else {
            throw wrong("\"\(name)\" cannot be a name: small letters, digits and - are allowed, a letter first")
        }
        let folder = PathLookup.join(directory, name)
        guard !FileManager.default.fileExists(atPath: folder) else {
            throw wrong("\(folder) is there already; nothing was written")
        }
        try Folders.make("\(folder)/trajectories")
        try AtomicFile.write(model(name), to: "\(folder)/environment.json")
        try AtomicFile.write(readme(name), to: "\(folder)/README.md")
        try AtomicFile.write(index, to: "\(folder)/trajectories/index.json")
        try AtomicFile.write(trajectory, to: "\(folder)/trajectories/daily.csv")
        return folder
    }

    /// What to do with it.
    public static func nextSteps(_ folder: String) -> String {
        let shown = folder.contains("/") ? folder : "./\(folder)"
        return """
            \(shown)/ holds a small environment that works. From here:
              lab env check \(shown)         tests it
              lab env show \(shown)          tells what it says
              lab env show \(shown) --plot   draws a treated and an untreated patient
              $EDITOR \(shown)/environment.json, with its README.md beside it; check again after each change

            """
    }

    private static let index = """
        {
          "format": 1,
          "trajectories": [
            { "file": "daily.csv",
              "patient": { "weight": 70, "V": 49, "k": 0.5 },
              "schedule": [{ "time": 0, "dose.impulse": 20, "every": 1, "until": 10 }],
              "tolerance": { "*": { "relative": 1e-6, "absolute": 1e-9 } },
              "meaning": "20 mg a day for ten days, in the middle of each day, by the closed form" }
          ]
        }

        """

    /// A(t) = Σ 20 mg · exp(−k (t − tᵢ)) over the doses given so far; C = A/V.
    private static var trajectory: String {
        var text = "time,A,C\n"
        for day in 0..<15 {
            let time = Double(day) + 0.5
            var amount = 0.0
            for dose in 0...min(day, 9) { amount += 20 * exp(-0.5 * (time - Double(dose))) }
            text += "\(time),\(amount),\(amount / 49)\n"
        }
        return text
    }

    private static func readme(_ name: String) -> String {
        """
        # \(name): a drug that holds a marker down

        *A research simulator. Not a medical device; nothing here is for clinical use.*

        This folder was made by `lab env new`. It is a working example: replace it part by part with your disease, and
        run `lab env check` after each part. The language is explained on one page, `Environments/README.md`.

        **What it models.** A drug given by mouth or vein as daily amounts, eliminated at a constant rate, and a marker
        whose production it slows. Once a day a policy chooses 0, 10, 20 or 40 mg.

        **Source.** None: the numbers are invented. Name here the publication, its DOI, and which numbers are its own
        and which are yours.

        **Limits.** What it leaves out, and what must not be concluded from it. Here: everything.

        ## How the file is built

        | part | here | change it when |
        |---|---|---|
        | `covariates` | `weight` | something is known of each patient: age, genotype (`categories`) |
        | `parameters` | `V`, `k`, `made`, … | always; `value` is a number or an expression over what stands above it |
        | `variability` | of `weight`, `V`, `k`, `lost` | patients differ: what is drawn, and around what |
        | `states` | `A`, `M` | always; `initial` is a number or an expression |
        | `inputs`, `doses`, `actions` | `dose`, `drug`, four levels | always: an input enters the rates, a dose says how much and how long, an action which doses |
        | `random` | `assay` | something is left to chance: here the error of a measurement |
        | `definitions` | `C` | an expression deserves a name; `"output": true` prints it |
        | `rates` | of `A` and `M` | always: change per time unit; units are checked |
        | `decisions` | daily, 60 times | always |
        | `forbid` | much drug in the blood | a dose must not be given; the policy then cannot choose it |
        | `endings` | `toxic` | a course ends early |
        | `reward` | `in_range`, `burden` | always: what is good, decision by decision |
        | `observations` | what a policy sees | always; never what a clinic could not know |
        | `outcomes` | what a clinician would report | always |
        | `protocols` | `none`, `fixed`, `adjusted` | always: what a learner is compared with |
        | `plausible` | a raised marker | draws that are no patients are to be drawn again |
        | `steady_states` | `untreated` | a fact that the equations must meet is known |
        | `trajectories/` | `daily.csv`, closed form | another implementation, a table or a closed form can be compared with |
        | `variants` | `slow` | the same disease with other numbers or conventions: `\(name)@slow` |
        """ + "\n"
    }
}
