// Times trees: induction on the rows that scikit-learn is given, and decisions of a tree of 16 leaves. One line of JSON
// for Benchmarks/run.
//
//     lab-trees fit DATA LEAVES [REPEATS] [entropy] [weighted] [exact]     LEAVES 0: no limit
//     lab-trees decide DATA

import Foundation
import Glibc
import Numerics
import PositionedJSON
import Trees

let columns = 10
let classes = 4

/// CPU time of the calling thread: what other programs use does not count.
func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// What `peers/sklearn_.py data` wrote.
func read(_ file: String, weighted: Bool) throws -> TreeSamples {
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let rows = data.count / (8 * columns + 4)
    return data.withUnsafeBytes { bytes in
        var stream = RandomStream(seed: 0, purpose: "benchmark.weights")
        return TreeSamples(
            features: (0..<columns).map { "x\($0)" }, actions: (0..<classes).map { "class \($0)" },
            values: (0..<rows * columns).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) },
            labels: (0..<rows).map { bytes.loadUnaligned(fromByteOffset: 8 * rows * columns + 4 * $0, as: Int32.self) },
            weights: (0..<rows).map { _ in weighted ? -Foundation.log(1 - stream.uniform()) : 1 })
    }
}

func leastSeconds(_ repeats: Int, _ work: () -> Void) -> Double {
    (0..<repeats).map { _ in
        let begin = threadSeconds()
        work()
        return threadSeconds() - begin
    }.min() ?? 0
}

func fit(_ samples: TreeSamples, leaves: Int, repeats: Int, words: [String]) -> JSONValue {
    let induction = TreeInduction(
        maximumLeaves: leaves > 0 ? leaves : nil, criterion: words.contains("entropy") ? .entropy : .gini,
        mergesSameActions: false, splits: words.contains("exact") ? .exact : .binned)
    var tree: DecisionTree?
    let seconds = leastSeconds(repeats) { tree = induction.fit(samples) }
    return [
        "maximum_leaves": .integer(leaves), "cpu_seconds": .number(seconds), "repeats": .integer(repeats),
        "leaves": .integer(tree!.leafCount), "depth": .integer(tree!.depth),
        "accuracy": .number(samples.accuracy(of: tree!)),
    ]
}

/// Everything allowed; and with a quarter of the actions forbidden at random, as masks of an environment do.
func decide(_ samples: TreeSamples) -> JSONValue {
    let tree = TreeInduction(criterion: .gini, mergesSameActions: false).fit(samples)
    var stream = RandomStream(seed: 1, purpose: "benchmark.masks")
    let free = Array(repeating: true, count: samples.count * classes)
    let masked = free.indices.map { $0 % classes == 0 || stream.uniform() > 1.0 / 3 }
    var chosen = Array(repeating: Int32(0), count: samples.count)
    let nanoseconds = [free, masked].map { (allowed: [Bool]) -> Double in
        return 1e9 / Double(samples.count)
            * leastSeconds(30) {
                tree.act(
                    observations: samples.values, allowed: allowed, count: samples.count, actions: &chosen)
            }
    }
    return [
        "leaves": .integer(tree.leafCount), "depth": .integer(tree.depth), "rows": .integer(samples.count),
        "nanoseconds": .number(nanoseconds[0]), "nanoseconds_masked": .number(nanoseconds[1]),
    ]
}

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "fit" where words.count >= 3:
    let samples = try read(words[1], weighted: words.contains("weighted"))
    let repeats = words.count > 3 ? Int(words[3]) ?? 5 : 5
    print(fit(samples, leaves: Int(words[2]) ?? 16, repeats: repeats, words: words).text(pretty: false))
case "decide" where words.count == 2:
    print(decide(try read(words[1], weighted: false)).text(pretty: false))
default:
    print("usage: lab-trees fit DATA LEAVES [REPEATS] [entropy] [weighted] [exact] | decide DATA")
}
