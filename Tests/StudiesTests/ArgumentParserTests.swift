// Command lines: what is understood, and that every mistake is named at once.

import Studies
import Testing

private let specification = CommandSpecification(
    "lab run", "Runs a study.", examples: [ArgumentExample("lab run a.json", "runs it")],
    positionals: [PositionalSpecification("FILE", "the study")],
    options: [
        .option("--out", "DIR", "where results go"),
        .option("--jobs", "N", "threads", kind: .integer(1...512)),
        .option("--set", "PATH=VALUE", "changes a value", repeats: true),
        .option("--format", "NAME", "of plots", kind: .choice(["png", "svg"])),
        .option("--tolerance", "X", "relative", kind: .number(0...1)),
        .flag("--quick", "small budgets"),
    ])

private func problems(_ arguments: [String]) -> [String] {
    do {
        _ = try ArgumentParser.parse(arguments, specification)
        return []
    } catch {
        return error.problems
    }
}

@Suite struct ArgumentParserTests {
    @Test func everyForm() throws {
        let parsed = try ArgumentParser.parse(
            ["--out", "x y", "s.json", "--jobs=3", "--set", "a=1", "--set=b=--x", "--quick", "--tolerance", "1e-3"],
            specification)
        #expect(parsed.text("FILE") == "s.json")
        #expect(parsed.text("--out") == "x y")
        #expect(parsed.integer("--jobs") == 3)
        #expect(parsed.texts("--set") == ["a=1", "b=--x"])
        #expect(parsed.has("--quick"))
        #expect(!parsed.has("--force"))
        #expect(parsed.number("--tolerance") == 1e-3)
        let afterDashes = try ArgumentParser.parse(["--", "--odd"], specification)
        #expect(afterDashes.text("FILE") == "--odd")
        let help = try ArgumentParser.parse(["--help", "--nonsense", "a", "b"], specification)
        #expect(help.wantsHelp)
    }

    @Test func everyMistakeAtOnce() {
        #expect(
            problems(["--jbos", "2", "--jobs", "0", "--format", "pgn", "a", "b", "--tolerance", "x", "--out"]) == [
                "unknown option --jbos; did you mean --jobs?",
                "--jobs must be from 1 to 512, not 0",
                "--format cannot be \"pgn\"; did you mean png?",
                "--tolerance must be a number, not \"x\"",
                "--out needs a value: --out DIR",
                "unexpected argument \"b\"",
            ])
    }

    @Test func smallMistakes() {
        #expect(problems([]) == ["FILE is missing: the study"])
        #expect(problems(["a", "--quick=1"]) == ["--quick takes no value"])
        #expect(problems(["a", "--out", "--quick"]) == ["--out needs a value: --out DIR"])
        #expect(problems(["a", "--out", "b", "--out", "c"]) == ["--out is given twice"])
        #expect(problems(["a", "--zzz"]) == ["unknown option --zzz"])
    }

    @Test func helpBeginsWithExamples() {
        #expect(
            specification.help == """
                Runs a study.

                Examples
                  lab run a.json
                      runs it

                Usage
                  lab run FILE [--out DIR] [--jobs N] [--set PATH=VALUE …] [--format NAME] [--tolerance X] [--quick]

                Arguments
                  FILE  the study

                Options
                  --out DIR         where results go
                  --jobs N          threads
                  --set PATH=VALUE  changes a value
                  --format NAME     of plots
                  --tolerance X     relative
                  --quick           small budgets
                  --help            this text

                """)
    }
}
