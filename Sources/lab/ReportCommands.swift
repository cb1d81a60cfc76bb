// `lab plot` and `lab export`.

import PositionedJSON
import Reports
import Studies

enum ReportCommands {
    static let plot = Command(
        specification: CommandSpecification(
            "lab plot", "Draws the figures of a finished run again.",
            examples: [
                ArgumentExample("lab plot runs/immuno", "PNG and SVG, for instance after editing plots/comparison.gp"),
                ArgumentExample("lab plot runs/immuno --format pdf", "PDF files beside the others"),
                ArgumentExample("lab plot runs/immuno --format terminal", "in the terminal, as text"),
            ],
            positionals: [PositionalSpecification("RUN", "the run directory")],
            options: [
                .option(
                    "--format", "FORMAT", "png, svg, pdf or terminal (default: png and svg)",
                    kind: .choice(RunFigures.Format.allCases.map(\.rawValue)))
            ])
    ) { arguments in
        let run = try Shared.runFolder(arguments.text("RUN") ?? "", command: "lab plot")
        let format = arguments.text("--format").flatMap { RunFigures.Format(rawValue: $0) }
        for result in try RunFigures.draw(run: run, format: format, width: min(Terminal.width, 140)) {
            Terminal.print(result)
        }
        return ExitCode.done
    }

    static let export = Command(
        specification: CommandSpecification(
            "lab export", "Writes a tree of a run for people or other programs.",
            examples: [
                ArgumentExample("lab export runs/immuno --format html --out tree.html", "the best tree on one page"),
                ArgumentExample("lab export runs/immuno --tree viper/seed-2 --format text", "another one, as rules"),
            ],
            positionals: [PositionalSpecification("RUN", "the run directory")],
            options: [
                .option("--tree", "NAME[/seed-N]", "default: the winner on validation patients"),
                .option(
                    "--format", "FORMAT", Exporters.all.map(\.format).joined(separator: ", ") + " (default text)",
                    kind: .choice(Exporters.all.map(\.format))),
                .option("--out", "FILE", "where to write it (default: standard output)"),
            ])
    ) { arguments in
        let run = try Shared.runFolder(arguments.text("RUN") ?? "", command: "lab export")
        let subject = try RunReader(folder: run).treeSubject(arguments.text("--tree"), home: Shared.home)
        let format = arguments.text("--format") ?? "text"
        guard let exporter = Exporters.named(format) else {
            throw UsageError(command: "lab export", problems: ["there is no format \(format)"])
        }
        let bytes = exporter.write(subject)
        if let path = arguments.text("--out"), path != "-" {
            try AtomicFile.write(bytes, to: path)
            Terminal.note("\(subject.title) of \(run): \(path)")
        } else {
            Terminal.print(String(decoding: bytes, as: UTF8.self))
        }
        return ExitCode.done
    }
}
