// Inverses and solutions multiply back to what they were made from.

import Numerics
import Testing

@Suite struct LinearSolveTests {
    private static func random(_ count: Int, _ seed: UInt64) -> [Double] {
        var stream = RandomStream(seed: seed, purpose: "test.linear")
        return (0..<count).map { _ in stream.uniform() - 0.5 }
    }

    @Test func inverseAndSolution() throws {
        let n = 7
        var matrix = Self.random(n * n, 1)
        for index in 0..<n { matrix[index * n + index] += 2 }
        let inverted = try #require(inverse(matrix, n))
        var product = Array(repeating: 0.0, count: n * n)
        addProduct(matrix, inverted, to: &product, m: n, n: n, k: n)
        for row in 0..<n {
            for column in 0..<n { #expect(abs(product[row * n + column] - (row == column ? 1 : 0)) < 1e-13) }
        }
        let right = Self.random(n * 3, 2)
        let solution = try #require(solveLinear(matrix, n, right, columns: 3))
        var back = Array(repeating: 0.0, count: n * 3)
        addProduct(matrix, solution, to: &back, m: n, n: 3, k: n)
        #expect(zip(back, right).allSatisfy { abs($0 - $1) < 1e-13 })
    }

    @Test func singular() {
        #expect(inverse([1, 2, 2, 4], 2) == nil)
        #expect(solveLinear([1, 2, 2, 4], 2, [1, 1]) == nil)
        #expect(inverse([.nan], 1) == nil)
    }
}
