// What this machine offers the program.

import Foundation
import Numerics

public enum Doctor {
    public struct Finding: Sendable {
        public var name: String
        public var value: String
        /// What to do, where something is missing.
        public var advice: String?
    }

    public static func examine(home: Home, environment: [String: String]) -> [Finding] {
        let names = home.environmentNames
        let gnuplot = find("gnuplot", environment)
        let data = environment["LAB_DATA"] ?? ""
        return [
            Finding(name: "version", value: ProgramVersion.text),
            Finding(name: "processors", value: "\(ProcessInfo.processInfo.activeProcessorCount)"),
            Finding(name: "OpenBLAS kernel", value: OpenBLAS.kernelName),
            Finding(
                name: "home", value: home.path,
                advice: names.isEmpty ? "holds no environments; set LAB_HOME to the checkout" : nil),
            Finding(name: "environments", value: names.isEmpty ? "none" : names.joined(separator: ", ")),
            Finding(
                name: "gnuplot", value: gnuplot ?? "not found",
                advice: gnuplot == nil ? "figures stay data and scripts; install gnuplot-nox to draw them" : nil),
            Finding(
                name: "LAB_DATA", value: data.isEmpty ? "not set" : data,
                advice: data.isEmpty ? "tests that need tables which are not in the repository are skipped" : nil),
        ]
    }

    /// A program on the path.
    static func find(_ program: String, _ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }
}
