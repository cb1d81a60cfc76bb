// Command-line arguments to values; every mistake is reported at once.

import PositionedJSON

/// Everything wrong with a command line. Exit code 2.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
    public var command: String
    public var problems: [String]

    public init(command: String, problems: [String]) {
        self.command = command
        self.problems = problems
    }

    public var description: String {
        problems.map { "\(command): \($0)" }.joined(separator: "\n") + "\nsee: \(command) --help"
    }
}

/// The arguments of a command, each already of its kind.
public struct ParsedArguments: Sendable, Equatable {
    var values: [String: [String]] = [:]
    public var wantsHelp = false

    /// The value of an option or positional; the last where it may repeat.
    public func text(_ name: String) -> String? { values[name]?.last }

    /// All values of an option or positional that may repeat.
    public func texts(_ name: String) -> [String] { values[name] ?? [] }

    public func integer(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    public func number(_ name: String) -> Double? { text(name).flatMap { Double($0) } }

    /// Whether a switch was given.
    public func has(_ name: String) -> Bool { values[name] != nil }
}

public enum ArgumentParser {
    /// Understands `--name value`, `--name=value`, switches, and `--` after which everything is positional.
    ///
    /// - Throws: every mistake: unknown options with the nearest known one, missing or malformed values, too many or
    ///   too few arguments.
    public static func parse(
        _ arguments: [String], _ specification: CommandSpecification
    ) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments()
        var problems: [String] = []
        var positionals: [String] = []
        var index = 0
        var onlyPositionals = false
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if onlyPositionals || argument == "-" || !argument.hasPrefix("-") || Double(argument) != nil {
                positionals.append(argument)
                continue
            }
            if argument == "--" {
                onlyPositionals = true
                continue
            }
            if argument == "--help" || argument == "-h" {
                parsed.wantsHelp = true
                continue
            }
            let (name, attached) = split(argument)
            guard let option = specification.options.first(where: { $0.name == name }) else {
                problems.append(unknown(name, specification))
                // What follows an unknown option may be its value; guessing keeps the other complaints right.
                if attached == nil, looksLikeItsValue(name, arguments, index, specification) { index += 1 }
                continue
            }
            if option.placeholder == nil {
                if attached != nil { problems.append("\(name) takes no value") }
                parsed.values[name, default: []].append("")
                continue
            }
            var value = attached
            if value == nil, index < arguments.count, isValue(arguments[index]) {
                value = arguments[index]
                index += 1
            }
            guard let value else {
                problems.append("\(name) needs a value: \(name) \(option.placeholder!)")
                continue
            }
            if let problem = check(value, option.kind, name) { problems.append(problem) }
            if parsed.values[name] != nil, !option.repeats { problems.append("\(name) is given twice") }
            parsed.values[name, default: []].append(value)
        }
        if parsed.wantsHelp { return parsed }
        place(positionals, specification, &parsed, &problems)
        for option in specification.options where option.isRequired && parsed.values[option.name] == nil {
            problems.append("\(option.name) \(option.placeholder ?? "") is missing: \(option.help)")
        }
        if !problems.isEmpty { throw UsageError(command: specification.name, problems: problems) }
        return parsed
    }

    private static func split(_ argument: String) -> (String, String?) {
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return (argument, nil) }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }

    private static func isValue(_ argument: String) -> Bool {
        argument == "-" || !argument.hasPrefix("-") || Double(argument) != nil
    }

    private static func unknown(_ name: String, _ specification: CommandSpecification) -> String {
        let names = specification.options.map(\.name) + ["--help"]
        let remedy = DidYouMean.closest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
        return "unknown option \(name)\(remedy)"
    }

    private static func looksLikeItsValue(
        _ name: String, _ arguments: [String], _ index: Int, _ specification: CommandSpecification
    ) -> Bool {
        guard index < arguments.count, isValue(arguments[index]) else { return false }
        let meant = DidYouMean.closest(to: name, among: specification.options.map(\.name))
        return specification.options.contains { $0.name == meant && $0.placeholder != nil }
    }

    /// A complaint about a value that is not of its kind.
    private static func check(_ value: String, _ kind: ArgumentKind, _ name: String) -> String? {
        switch kind {
        case .text: return value.isEmpty ? "\(name) needs a value that is not empty" : nil
        case .integer(let bounds):
            guard let number = Int(value) else { return "\(name) must be a whole number, not \"\(value)\"" }
            if bounds.contains(number) { return nil }
            return bounds.upperBound == .max
                ? "\(name) must be at least \(bounds.lowerBound), not \(value)"
                : "\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound), not \(value)"
        case .number(let bounds):
            guard let number = Double(value), number.isFinite else {
                return "\(name) must be a number, not \"\(value)\""
            }
            return bounds.contains(number) ? nil : "\(name) is out of range: \(value)"
        case .choice(let words):
            if words.contains(value) { return nil }
            let remedy = DidYouMean.closest(to: value, among: words).map { "did you mean \($0)?" }
            return "\(name) cannot be \"\(value)\"; \(remedy ?? "it is one of " + words.joined(separator: ", "))"
        }
    }

    private static func place(
        _ given: [String], _ specification: CommandSpecification, _ parsed: inout ParsedArguments,
        _ problems: inout [String]
    ) {
        var rest = given[...]
        for positional in specification.positionals {
            if positional.repeats, !rest.isEmpty {
                parsed.values[positional.name] = Array(rest)
                rest = []
            } else if let value = rest.popFirst() {
                parsed.values[positional.name] = [value]
            } else if !positional.isOptional {
                problems.append("\(positional.name) is missing: \(positional.help)")
            }
        }
        for extra in rest { problems.append("unexpected argument \"\(extra)\"") }
    }
}
