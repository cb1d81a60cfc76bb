// How long stages took, for estimates: a line per finished stage, in the run directory, part of no result.

import Foundation
import PositionedJSON

#if canImport(Glibc)
    import Glibc
#endif

/// Durations of stages, by what they were: the same stage of another seed, or of another run, takes about as long.
struct StageTimes {
    /// Seconds, in the order of the runs.
    private var seconds: [String: [Double]] = [:]

    static let file = "\(StageRecord.folder)/times.csv"
    /// Runs beside this one that are looked at, and how much of each record.
    private static let maximumRuns = 200
    private static let maximumBytes = 4 << 20

    /// Of the last so many equal stages the mean counts.
    private static let remembered = 5

    /// What a stage is, whatever its seed: its name without the seed's number, and its configuration.
    static func kind(_ stage: Stage) -> String {
        let name = stage.name.split(separator: "/").filter { !$0.hasPrefix("seed-") }.joined(separator: "/")
        return String(SHA256.hex(name + "\n" + stage.configuration.text(pretty: false)).prefix(16))
    }

    /// Adds a line. A lost one only makes an estimate worse, so that failures are not told.
    static func add(_ stage: Stage, seconds: Double, run: String) {
        let descriptor = open("\(run)/\(file)", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        let line = Array("\(kind(stage)),\((seconds * 1000).rounded() / 1000)\n".utf8)
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        close(descriptor)
    }

    /// Of a run, and of the runs that lie beside it.
    static func read(run: String) -> StageTimes {
        var times = StageTimes()
        let url = URL(fileURLWithPath: run).standardizedFileURL
        let parent = url.deletingLastPathComponent().path
        let beside = ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).sorted()
            .map { PathLookup.join(parent, $0) }.filter { $0 != url.path }
        // The run itself last: what is newest counts.
        for folder in beside.prefix(maximumRuns) + [url.path] {
            guard let text = try? SourceText(contentsOf: "\(folder)/\(file)", maximumBytes: maximumBytes) else {
                continue
            }
            for line in String(decoding: text.bytes, as: UTF8.self).split(separator: "\n") {
                let parts = line.split(separator: ",")
                // The last line of a run that was killed may be half a line.
                guard parts.count == 2, parts[0].utf8.count == 16, let value = Double(parts[1]), value >= 0,
                    value.isFinite
                else { continue }
                times.seconds[String(parts[0]), default: []].append(value)
            }
        }
        return times
    }

    func seconds(of stage: Stage) -> Double? {
        guard let last = seconds[StageTimes.kind(stage)]?.suffix(StageTimes.remembered) else { return nil }
        return last.reduce(0, +) / Double(last.count)
    }
}
