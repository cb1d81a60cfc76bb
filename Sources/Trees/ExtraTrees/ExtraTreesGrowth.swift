// Grows ensembles of extremely randomised trees: samples are moved, node by node, so that every pass over a node's
// samples reads memory in order, and eight features are compared at once.

import Numerics

extension ExtraTrees {
    /// Grows an ensemble (Geurts, Ernst and Wehenkel 2006, table 1): every tree on all samples; at every node K features
    /// drawn among those that are not constant there, a threshold for each drawn uniformly between the smallest and the
    /// largest value, and the best of these by reduction of variance. A leaf's value is the mean of its targets.
    ///
    /// The result does not depend on `jobs`: tree m draws from the stream `purpose` of index `index · M + m`.
    public static func grow(
        _ rows: FeatureRows, targets: [Double], _ settings: ExtraTreesConfiguration, seed: UInt64,
        purpose: String = "extra-trees", index: Int = 0, jobs: Int = 1
    ) -> GrownTrees {
        precondition(rows.count == targets.count && rows.count > 0, "a target for every row")
        precondition(rows.count <= Node.largestNumber, "more samples than an ensemble can hold")
        let base = RandomStream(seed: seed, purpose: purpose)
        let pieces = max(1, min(jobs, settings.trees))
        let count = rows.count
        let parts = try? Parallel.map(pieces, jobs: jobs) { piece in
            let grower = ExtraTreeGrower(rows, targets, settings)
            let numbers = (settings.trees * piece / pieces)..<(settings.trees * (piece + 1) / pieces)
            var part = ExtraTrees(columns: rows.columns)
            var leafOfSample = Array(repeating: Int32(0), count: numbers.count * count)
            for (place, number) in numbers.enumerated() {
                grower.grow(base.withIndex(UInt64(index * settings.trees + number)))
                grower.append(to: &part)
                leafOfSample.withUnsafeMutableBufferPointer {
                    grower.readLeaves(into: $0.baseAddress! + place * count)
                }
            }
            return GrownTrees(ensemble: part, leafOfSample: leafOfSample)
        }
        guard let parts else { preconditionFailure("growing trees throws no error") }
        guard pieces > 1 else { return parts[0] }
        var whole = ExtraTrees(columns: rows.columns)
        for part in parts { whole.append(part.ensemble) }
        return GrownTrees(ensemble: whole, leafOfSample: parts.flatMap(\.leafOfSample))
    }
}

/// Grows one tree at a time in memory of its own.
private final class ExtraTreeGrower {
    private let rows: FeatureRows
    private let targets: [Double]
    private let minimumSplit: Int
    private let tried: Int
    private let stopsAtConstants: Bool
    private let count: Int
    private let width: Int

    /// Of the tree grown last; there is room for as many as a tree can have.
    private let nodes: UnsafeMutablePointer<ExtraTrees.Node>
    private var nodeCount = 0
    private let values: UnsafeMutablePointer<Float>
    /// Where each leaf's samples end in the order of the grown tree.
    private let leafEnds: UnsafeMutablePointer<Int32>
    private var leafCount = 0

    /// Targets with mean 0 and deviation 1, by which splits are judged.
    private let standardised: [Float]
    // The samples in the tree's order: features, standardised target, number. And as much again to move them by.
    private let features: UnsafeMutablePointer<SIMD8<Float>>
    private let judged: UnsafeMutablePointer<Float>
    private let numbers: UnsafeMutablePointer<Int32>
    private let otherFeatures: UnsafeMutablePointer<SIMD8<Float>>
    private let otherJudged: UnsafeMutablePointer<Float>
    private let otherNumbers: UnsafeMutablePointer<Int32>
    // Per feature, of the node at hand.
    private let lows: UnsafeMutablePointer<SIMD8<Float>>
    private let highs: UnsafeMutablePointer<SIMD8<Float>>
    private let thresholds: UnsafeMutablePointer<SIMD8<Float>>
    private let gains: UnsafeMutablePointer<SIMD8<Float>>
    private let candidates: UnsafeMutablePointer<Int>
    private var pending: [(start: Int, end: Int, parent: Int)] = []
    private var stream = RandomStream(seed: 0, purpose: "")

    init(_ rows: FeatureRows, _ targets: [Double], _ settings: ExtraTreesConfiguration) {
        self.rows = rows
        self.targets = targets
        minimumSplit = max(2, settings.minimumSplit)
        tried = min(settings.features ?? rows.columns, rows.columns)
        // Trees that are to be the same for all targets do not look at them even then.
        stopsAtConstants = tried > 1 && !settings.splitsConstantTargets
        count = rows.count
        width = rows.width
        let mean = targets.reduce(0, +) / Double(count)
        let variance = targets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        let scale = variance > 0 ? 1 / variance.squareRoot() : 0
        standardised = targets.map { Float(($0 - mean) * scale) }
        features = .allocate(capacity: count * width)
        otherFeatures = .allocate(capacity: count * width)
        judged = .allocate(capacity: count)
        otherJudged = .allocate(capacity: count)
        numbers = .allocate(capacity: count)
        otherNumbers = .allocate(capacity: count)
        lows = .allocate(capacity: width)
        highs = .allocate(capacity: width)
        thresholds = .allocate(capacity: width)
        gains = .allocate(capacity: width)
        candidates = .allocate(capacity: 8 * width)
        for memory in [features, otherFeatures] { memory.initialize(repeating: .zero, count: count * width) }
        for memory in [judged, otherJudged] { memory.initialize(repeating: 0, count: count) }
        for memory in [numbers, otherNumbers] { memory.initialize(repeating: 0, count: count) }
        for memory in [lows, highs, thresholds, gains] { memory.initialize(repeating: .zero, count: width) }
        candidates.initialize(repeating: 0, count: 8 * width)
        nodes = .allocate(capacity: 2 * count)
        nodes.initialize(repeating: .leaf(0), count: 2 * count)
        values = .allocate(capacity: count)
        values.initialize(repeating: 0, count: count)
        leafEnds = .allocate(capacity: count)
        leafEnds.initialize(repeating: 0, count: count)
    }

    deinit {
        for memory in [features, otherFeatures, lows, highs, thresholds, gains] { memory.deallocate() }
        for memory in [judged, otherJudged, values] { memory.deallocate() }
        for memory in [numbers, otherNumbers, leafEnds] { memory.deallocate() }
        candidates.deallocate()
        nodes.deallocate()
    }

    func grow(_ stream: RandomStream) {
        self.stream = stream
        nodeCount = 0
        leafCount = 0
        features.update(from: rows.vectors, count: count * width)
        standardised.withUnsafeBufferPointer { judged.update(from: $0.baseAddress!, count: count) }
        for sample in 0..<count { numbers[sample] = Int32(sample) }
        pending.append((0, count, -1))
        while let (start, end, parent) = pending.popLast() {
            if parent >= 0 { nodes[parent].link |= UInt32(nodeCount - parent) << 8 }
            guard end - start >= minimumSplit, let feature = split(start, end) else {
                leaf(start, end)
                continue
            }
            let threshold = thresholds[feature / 8][feature % 8]
            let middle = part(start, end, feature, threshold)
            // The right child waits; the left one is next, so that it follows its parent.
            pending.append((middle, end, nodeCount))
            pending.append((start, middle, -1))
            nodes[nodeCount] = .split(feature: feature, threshold: threshold)
            nodeCount += 1
        }
    }

    func append(to ensemble: inout ExtraTrees) {
        ensemble.append(
            nodes: UnsafeBufferPointer(start: nodes, count: nodeCount),
            values: UnsafeBufferPointer(start: values, count: leafCount))
    }

    private func leaf(_ start: Int, _ end: Int) {
        var sum = 0.0
        for place in start..<end { sum += targets[Int(numbers[place])] }
        nodes[nodeCount] = .leaf(leafCount)
        nodeCount += 1
        values[leafCount] = Float(sum / Double(end - start))
        leafEnds[leafCount] = Int32(truncatingIfNeeded: end)
        leafCount += 1
    }

    /// Which leaf every sample is in.
    func readLeaves(into leaves: UnsafeMutablePointer<Int32>) {
        var place = 0
        for leaf in 0..<leafCount {
            while place < Int(leafEnds[leaf]) {
                leaves[Int(numbers[place])] = Int32(truncatingIfNeeded: leaf)
                place += 1
            }
        }
    }

    /// The feature to split a node on, its threshold in `thresholds`; nil where the node must be a leaf.
    private func split(_ start: Int, _ end: Int) -> Int? {
        if stopsAtConstants, isConstant(start, end) { return nil }
        let found = measure(start, end)
        guard found > 0 else { return nil }
        // A tree that looks at one feature, or has one way to part two samples, need not judge.
        let judging = tried > 1 && found > 1 && end - start > 2
        let used = judging ? min(tried, found) : 1
        let first = drawCandidates(found, used)
        for place in 0..<used { drawThreshold(candidates[(first + place) % found]) }
        guard judging else { return candidates[first] }
        judge(start, end)
        var best = -1
        var bestGain = -Float.infinity
        for place in 0..<used {
            let feature = candidates[(first + place) % found]
            let gain = gains[feature / 8][feature % 8]
            if gain > bestGain {
                best = feature
                bestGain = gain
            }
        }
        return best >= 0 ? best : candidates[first]
    }

    private func isConstant(_ start: Int, _ end: Int) -> Bool {
        let value = judged[start]
        for place in (start + 1)..<end where judged[place] != value { return false }
        return true
    }

    /// Smallest and largest value of every feature; `candidates` are those that vary, whose number is returned.
    private func measure(_ start: Int, _ end: Int) -> Int {
        let width = self.width
        var found = 0
        for vector in 0..<width {
            var low = SIMD8<Float>(repeating: .infinity)
            var high = SIMD8<Float>(repeating: -.infinity)
            var place = features + (start * width + vector)
            for _ in start..<end {
                let row = place.pointee
                low.replace(with: row, where: row .< low)
                high.replace(with: row, where: row .> high)
                place += width
            }
            lows[vector] = low
            highs[vector] = high
            let varies = low .< high
            for lane in 0..<8 where varies[lane] {
                candidates[found] = 8 * vector + lane
                found += 1
            }
        }
        return found
    }

    /// Puts a random choice of the candidates in a row, and returns where it begins; all of them begin anywhere, so that
    /// equally good features have equal chances.
    private func drawCandidates(_ found: Int, _ used: Int) -> Int {
        if used == found { return found == 1 ? 0 : stream.below(found) }
        for place in 0..<used {
            let other = place + stream.below(found - place)
            (candidates[place], candidates[other]) = (candidates[other], candidates[place])
        }
        return 0
    }

    /// Uniform on [low, high): at least one sample goes to either side.
    private func drawThreshold(_ feature: Int) {
        let low = lows[feature / 8][feature % 8]
        let high = highs[feature / 8][feature % 8]
        let share = Float(stream.nextBits() >> 40) * 0x1p-24
        let drawn = low * (1 - share) + high * share
        thresholds[feature / 8][feature % 8] = max(low, drawn < high ? drawn : high.nextDown)
    }

    /// n·(variance − mean variance within) of parting at each threshold, up to a constant: with targets that sum to 0,
    /// S_l²·(1/n_l + 1/n_r). Of features without a threshold it means nothing.
    private func judge(_ start: Int, _ end: Int) {
        let width = self.width
        let samples = Float(end - start)
        var total: Float = 0
        for place in start..<end { total += judged[place] }
        let mean = total / samples
        let zero = SIMD8<Float>.zero
        let one = SIMD8<Float>(repeating: 1)
        for vector in 0..<width {
            let threshold = thresholds[vector]
            var sum = zero
            var left = zero
            var place = features + (start * width + vector)
            for sample in start..<end {
                let isLeft = place.pointee .<= threshold
                sum += zero.replacing(with: SIMD8(repeating: judged[sample] - mean), where: isLeft)
                left += zero.replacing(with: one, where: isLeft)
                place += width
            }
            gains[vector] = sum * sum * (one / left + one / (SIMD8(repeating: samples) - left))
        }
    }

    /// Moves a node's samples: those at most at the threshold first. Returns where the others begin. No branch depends
    /// on a sample: each is written to both sides, and one of the two ends moves on.
    private func part(_ start: Int, _ end: Int, _ feature: Int, _ threshold: Float) -> Int {
        let width = self.width
        let column = UnsafeRawPointer(features).assumingMemoryBound(to: Float.self) + feature
        var left = start
        var right = 0
        for place in start..<end {
            let isLeft = column[8 * width * place] <= threshold ? 1 : 0
            let target = judged[place]
            let number = numbers[place]
            for vector in 0..<width {
                let row = features[place * width + vector]
                features[left * width + vector] = row
                otherFeatures[right * width + vector] = row
            }
            judged[left] = target
            otherJudged[right] = target
            numbers[left] = number
            otherNumbers[right] = number
            left += isLeft
            right += 1 - isLeft
        }
        (features + left * width).update(from: otherFeatures, count: right * width)
        (judged + left).update(from: otherJudged, count: right)
        (numbers + left).update(from: otherNumbers, count: right)
        return left
    }
}
