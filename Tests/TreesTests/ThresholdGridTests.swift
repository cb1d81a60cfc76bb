import Numerics
import Testing
import Trees

@Suite struct ThresholdGridTests {
    @Test func roundsToWhatCanBeWritten() {
        let grid = ThresholdGrid(steps: [0.1, 5, 1, nil, -1])
        #expect(grid.nearest(6.32, feature: 0) == 6.3)
        #expect(grid.nearest(82.5, feature: 1) == 80)  // between 80 and 85: at most 80
        #expect(grid.nearest(0.5, feature: 2) == 0)
        #expect(grid.nearest(0.123, feature: 3) == 0.123 && grid.nearest(0.123, feature: 4) == 0.123)
        #expect(grid.neighbour(of: 6.3, feature: 0, up: true) == 6.4)
        #expect(grid.neighbour(of: 80, feature: 1, up: false) == 75)
        #expect(grid.neighbour(of: 1, feature: 3, up: true) == nil)
        #expect(grid.cell(.infinity, feature: 0) == .infinity && grid.cell(.nan, feature: 0).isNaN)
    }

    @Test func cellsAgreeWithThresholds() {
        var stream = RandomStream(seed: 2, purpose: "test.grid")
        for step in [0.1, 0.01, 0.3, 1, 5, 1.0 / 7] {
            let grid = ThresholdGrid(steps: [step])
            for _ in 0..<2000 {
                // Values on the grid and off it; thresholds of the grid.
                let steps = Double(stream.below(400)) - 200
                let value = stream.below(2) == 0 ? grid.nearest(steps * step, feature: 0) : steps * step * 1.0037
                let threshold = grid.nearest((Double(stream.below(400)) - 200) * step, feature: 0)
                #expect((value <= threshold) == (grid.cell(value, feature: 0) <= threshold))
            }
        }
    }

    @Test func treesOnTheGridDecideAlike() {
        var stream = RandomStream(seed: 6, purpose: "test.grid")
        var samples = TreeSamples(features: ["x", "y"], actions: ["a", "b", "c"])
        for _ in 0..<800 {
            let row = [stream.uniform(), Double(stream.below(30)) / 2]
            let label = Int32(min(2, Int(row[0] * 2 + row[1] / 9)))
            row.withUnsafeBufferPointer { samples.append($0.baseAddress!, label: label, weight: 1) }
        }
        let grid = ThresholdGrid(steps: [0.05, 0.5])
        let coarse = samples.onGrid(grid)
        let tree = TreeInduction(mergesSameActions: false).fit(coarse)
        let rounded = tree.rounded(to: grid)
        for row in 0..<samples.count {
            let fine = Array(samples.values[row * 2..<row * 2 + 2])
            let cell = Array(coarse.values[row * 2..<row * 2 + 2])
            #expect(tree.leaf(of: cell) == rounded.leaf(of: fine))
        }
        for number in 0..<rounded.nodeCount {
            guard case .split(let feature, let threshold, _, _, _) = rounded.node(number) else { continue }
            #expect(grid.nearest(threshold, feature: feature) == threshold)
        }
    }
}
