// What a command takes, as data: the parser and the help text are both made from it.

/// What a value must be.
public enum ArgumentKind: Sendable, Equatable {
    case text
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case choice([String])
}

/// A named option. Without a placeholder it is a switch.
public struct OptionSpecification: Sendable {
    /// With its dashes: `--out`.
    public var name: String
    /// Such as `DIR`; nil for a switch.
    public var placeholder: String?
    public var kind: ArgumentKind
    public var isRequired: Bool
    public var repeats: Bool
    public var help: String

    public static func flag(_ name: String, _ help: String) -> OptionSpecification {
        OptionSpecification(
            name: name, placeholder: nil, kind: .text, isRequired: false, repeats: false, help: help)
    }

    public static func option(
        _ name: String, _ placeholder: String, _ help: String, kind: ArgumentKind = .text, required: Bool = false,
        repeats: Bool = false
    ) -> OptionSpecification {
        OptionSpecification(
            name: name, placeholder: placeholder, kind: kind, isRequired: required, repeats: repeats, help: help)
    }
}

/// An argument known by its place.
public struct PositionalSpecification: Sendable {
    /// Such as `FILE`.
    public var name: String
    public var help: String
    public var isOptional: Bool
    /// Takes all that follow as well.
    public var repeats: Bool

    public init(_ name: String, _ help: String, optional: Bool = false, repeats: Bool = false) {
        self.name = name
        self.help = help
        isOptional = optional
        self.repeats = repeats
    }
}

/// An example for the help text.
public struct ArgumentExample: Sendable {
    public var command: String
    public var meaning: String

    public init(_ command: String, _ meaning: String) {
        self.command = command
        self.meaning = meaning
    }
}

/// A command.
public struct CommandSpecification: Sendable {
    /// As typed, such as `lab env list`.
    public var name: String
    public var summary: String
    public var examples: [ArgumentExample]
    public var positionals: [PositionalSpecification]
    public var options: [OptionSpecification]
    /// Further paragraphs for the help text.
    public var notes: [String]

    public init(
        _ name: String, _ summary: String, examples: [ArgumentExample], positionals: [PositionalSpecification] = [],
        options: [OptionSpecification] = [], notes: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.examples = examples
        self.positionals = positionals
        self.options = options
        self.notes = notes
    }

    /// The line that shows the order of arguments.
    public var usage: String {
        var words = [name]
        for positional in positionals {
            let text = positional.name + (positional.repeats ? "…" : "")
            words.append(positional.isOptional ? "[\(text)]" : text)
        }
        for option in options {
            let text = option.name + (option.placeholder.map { " \($0)" } ?? "") + (option.repeats ? " …" : "")
            words.append(option.isRequired ? text : "[\(text)]")
        }
        return words.joined(separator: " ")
    }

    /// The help text, examples first.
    public var help: String {
        var text = "\(summary)\n"
        if !examples.isEmpty {
            text += "\nExamples\n"
            for example in examples { text += "  \(example.command)\n      \(example.meaning)\n" }
        }
        text += "\nUsage\n  \(HelpText.wrap(usage, indentation: 6, used: 2))\n"
        let arguments = positionals.map { ($0.name, $0.help) }
        if !arguments.isEmpty { text += "\nArguments\n" + HelpText.table(arguments) }
        let rows = options.map { ($0.name + ($0.placeholder.map { " \($0)" } ?? ""), $0.help) }
        text += "\nOptions\n" + HelpText.table(rows + [("--help", "this text")])
        for note in notes { text += "\n\(HelpText.wrap(note, indentation: 0))\n" }
        return text
    }
}

/// Layout of help texts.
public enum HelpText {
    static let width = 100

    /// Rows of a name and what it is for, the second column aligned.
    public static func table(_ rows: [(String, String)]) -> String {
        let widest = min(26, rows.map(\.0.count).max() ?? 0)
        var text = ""
        for (name, meaning) in rows {
            let padding = String(repeating: " ", count: max(2, widest + 2 - name.count))
            text += "  " + name + padding + wrap(meaning, indentation: widest + 4, used: widest + 4) + "\n"
        }
        return text
    }

    /// A paragraph broken to lines.
    public static func paragraph(_ text: String, indentation: Int = 0) -> String {
        wrap(text, indentation: indentation, used: indentation)
    }

    /// Breaks a paragraph at spaces; lines after the first are indented.
    static func wrap(_ text: String, indentation: Int, used: Int = 0) -> String {
        var result = ""
        var column = used
        for word in text.split(separator: " ") {
            if column + word.count + 1 > width, column > indentation {
                result += "\n" + String(repeating: " ", count: indentation)
                column = indentation
            } else if !result.isEmpty {
                result += " "
                column += 1
            }
            result += word
            column += word.count
        }
        return result
    }
}
