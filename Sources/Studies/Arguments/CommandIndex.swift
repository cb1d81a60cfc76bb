// Which command a command line means.

import PositionedJSON

/// The commands of the program, some of them in groups (`lab env list`).
public struct CommandIndex: Sendable {
    public enum Found: Sendable {
        case version
        case help(String)
        case wrong(UsageError)
        /// The place of the command, and the arguments behind its name.
        case command(Int, arguments: [String])
    }

    private let specifications: [CommandSpecification]
    /// Words of each command's name, without the program's.
    private let names: [[String]]

    public init(_ specifications: [CommandSpecification]) {
        self.specifications = specifications
        names = specifications.map { Array($0.name.split(separator: " ").dropFirst().map(String.init)) }
    }

    public func find(_ arguments: [String]) -> Found {
        guard let first = arguments.first, first != "--help", first != "-h" else { return .help(overview) }
        if first == "--version" { return .version }
        if first == "help" { return help(Array(arguments.dropFirst())) }
        if let place = names.firstIndex(of: [first]) {
            return .command(place, arguments: Array(arguments.dropFirst()))
        }
        let group = names.filter { $0.first == first }
        guard !group.isEmpty else { return .wrong(unknown(first, "lab", Set(names.compactMap(\.first)))) }
        guard arguments.count > 1, arguments[1] != "--help", arguments[1] != "-h" else {
            return arguments.count > 1
                ? .help(overview(of: first))
                : .wrong(
                    UsageError(
                        command: "lab",
                        problems: ["\(first) what? one of " + group.map { $0[1] }.joined(separator: ", ")]))
        }
        if let place = names.firstIndex(of: [first, arguments[1]]) {
            return .command(place, arguments: Array(arguments.dropFirst(2)))
        }
        return .wrong(unknown(arguments[1], "lab \(first)", Set(group.compactMap(\.last))))
    }

    private func help(_ words: [String]) -> Found {
        if words.isEmpty { return .help(overview) }
        if let place = names.firstIndex(of: words) { return .help(specifications[place].help) }
        if names.contains(where: { $0.first == words[0] && $0.count > 1 }) { return .help(overview(of: words[0])) }
        return .wrong(unknown(words[0], "lab", Set(names.compactMap(\.first))))
    }

    private func unknown(_ word: String, _ command: String, _ known: Set<String>) -> UsageError {
        let sorted = known.sorted()
        let remedy =
            DidYouMean.closest(to: word, among: sorted).map { "; did you mean \($0)?" }
            ?? "; there are " + sorted.joined(separator: ", ")
        return UsageError(command: command, problems: ["unknown command \"\(word)\"\(remedy)"])
    }

    /// Help of the whole program, examples first.
    public var overview: String {
        """
        lab simulates treatments, lets learners explore them, and distils what they found into trees.

        Examples
          lab run experiments/immuno.json            the whole study, into runs/immuno
          lab run experiments/immuno.json --quick    a look in seconds
          lab compare runs/immuno                    who did best on the test patients
          lab export runs/immuno --out tree.html     the best tree on one page
          lab env show immuno                        what an environment models

        Commands
        \(HelpText.table(specifications.map { (String($0.name.dropFirst(4)), $0.summary) }))
        lab COMMAND --help tells more; lab --version prints the version.
        Exit codes: 0 done, 1 failed, 2 wrong usage, 65 bad input file, 75 try again, 130 interrupted.

        """
    }

    private func overview(of group: String) -> String {
        let members = specifications.filter { $0.name.hasPrefix("lab \(group) ") }
        return HelpText.table(members.map { (String($0.name.dropFirst(4)), $0.summary) })
            + "\nlab \(group) COMMAND --help tells more.\n"
    }
}
