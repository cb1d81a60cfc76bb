// Products, element-wise functions and factorisation against plain loops in double precision.

import Numerics
import Testing

@Suite struct LinearAlgebraTests {
    /// Shapes that meet every tile and every remainder.
    static let shapes = [
        (1, 1, 1), (1, 4, 8), (2, 16, 3), (3, 17, 5), (5, 8, 1), (6, 16, 64), (7, 9, 2), (8, 64, 64), (13, 31, 7),
        (64, 64, 64), (64, 4, 64), (19, 40, 33), (12, 32, 5), (22, 70, 9), (31, 64, 4), (25, 96, 3),
    ]

    @Test(arguments: shapes, [false, true])
    func productMatchesPlainLoop(shape: (Int, Int, Int), transposed: Bool) {
        let (rows, columns, depth) = shape
        var stream = RandomStream(seed: 1, purpose: "test.product", index: UInt64(rows * 10_000 + columns))
        let a = FloatBuffer(rows * depth)
        let b = FloatBuffer(depth * columns)
        let bias = FloatBuffer(columns)
        let c = FloatBuffer(rows * columns + 7)
        for buffer in [a, b, bias, c] {
            for index in 0..<buffer.count { buffer.start[index] = Float(stream.normal()) }
        }
        let before = Array(c.elements)
        let view = transposed ? MatrixView(a.start, row: 1, depth: rows) : MatrixView(a.start, row: depth)
        for start in 0..<3 {
            c.start.update(from: before, count: c.count)
            let mode: MatrixProduct.Start = start == 0 ? .zero : start == 1 ? .bias(bias.start) : .accumulate
            MatrixProduct.multiply(
                rows: rows, columns: columns, depth: depth, a: view, b: b.start, bRow: columns, start: mode,
                c: c.start, cRow: columns)
            for row in 0..<rows {
                for column in 0..<columns {
                    var expected = 0.0
                    if start == 1 { expected = Double(bias.start[column]) }
                    if start == 2 { expected = Double(before[row * columns + column]) }
                    for k in 0..<depth {
                        expected +=
                            Double(transposed ? a.start[k * rows + row] : a.start[row * depth + k])
                            * Double(b.start[k * columns + column])
                    }
                    #expect(abs(Double(c.start[row * columns + column]) - expected) < 1e-5 * Double(depth + 4))
                }
            }
            for index in (rows * columns)..<c.count { #expect(c.start[index] == before[index]) }
        }
    }

    /// Tiles of every size add in the same order: a row is the same to the bit however many come with it.
    @Test(arguments: [7, 12, 16, 23, 24, 31, 43], [false, true])
    func rowsDoNotDependOnTheirCompany(rows: Int, accumulates: Bool) {
        let (columns, depth) = (75, 37)
        var stream = RandomStream(seed: 3, purpose: "test.product", index: UInt64(rows))
        let a = FloatBuffer(rows * depth)
        let b = FloatBuffer(depth * columns)
        let start = FloatBuffer(rows * columns)
        for buffer in [a, b, start] {
            for index in 0..<buffer.count { buffer.start[index] = Float(stream.normal()) }
        }
        let together = FloatBuffer(rows * columns)
        let alone = FloatBuffer(rows * columns)
        for buffer in [together, alone] { buffer.start.update(from: start.start, count: start.count) }
        func multiply(_ first: Int, _ count: Int, _ c: FloatBuffer) {
            MatrixProduct.multiply(
                rows: count, columns: columns, depth: depth, a: MatrixView(a.start + first * depth, row: depth),
                b: b.start, bRow: columns, start: accumulates ? .accumulate : .bias(start.start),
                c: c.start + first * columns, cRow: columns)
        }
        multiply(0, rows, together)
        for row in 0..<rows { multiply(row, 1, alone) }
        #expect(Array(together.elements) == Array(alone.elements))
    }

    @Test func largeProductsAgreeWithTiles() {
        let (rows, columns, depth) = (330, 320, 320)
        var stream = RandomStream(seed: 2, purpose: "test.product")
        let a = FloatBuffer(rows * depth)
        let b = FloatBuffer(depth * columns)
        for buffer in [a, b] {
            for index in 0..<buffer.count { buffer.start[index] = Float(stream.normal()) }
        }
        let byBLAS = FloatBuffer(rows * columns)
        let byTiles = FloatBuffer(rows * columns)
        MatrixProduct.multiply(
            rows: rows, columns: columns, depth: depth, a: MatrixView(a.start, row: depth), b: b.start, bRow: columns,
            c: byBLAS.start, cRow: columns)
        for row in stride(from: 0, to: rows, by: 66) {
            MatrixProduct.multiply(
                rows: 66, columns: columns, depth: depth, a: MatrixView(a.start + row * depth, row: depth),
                b: b.start, bRow: columns, c: byTiles.start + row * columns, cRow: columns)
        }
        var worst: Float = 0
        for index in 0..<byBLAS.count { worst = max(worst, abs(byBLAS.start[index] - byTiles.start[index])) }
        #expect(worst < 1e-3)
    }

    @Test(arguments: [(1, 1), (4, 4), (5, 3), (3, 5), (64, 17)])
    func transposeMovesEveryElement(shape: (Int, Int)) {
        let (rows, columns) = shape
        let source = (0..<(rows * columns)).map { Float($0) }
        let target = FloatBuffer(rows * columns)
        MatrixProduct.transpose(source, rows: rows, columns: columns, into: target.start)
        for row in 0..<rows {
            for column in 0..<columns {
                #expect(target.start[column * rows + row] == source[row * columns + column])
            }
        }
    }

    @Test func hyperbolicTangentIsAccurate() {
        let count = 40_001
        let buffer = FloatBuffer(count)
        for index in 0..<count { buffer.start[index] = Float(index - 20_000) * 6e-4 }
        let inputs = Array(buffer.elements)
        Elementwise.tanh(buffer.start, count: count)
        var worst = 0.0
        for (index, input) in inputs.enumerated() where input != 0 {
            let exact = 1 - 2 / (exponential(2 * Double(input)) + 1)
            worst = max(worst, abs(Double(buffer.start[index]) / exact - 1))
        }
        #expect(worst < 6e-7)
        #expect(buffer.start[20_000] == 0)
        #expect(abs(buffer.start[0]) <= 1 && abs(buffer.start[count - 1]) <= 1)
    }

    /// e^x by its series on a reduced argument: independent of the library under test.
    private func exponential(_ x: Double) -> Double {
        let reduced = x / 1024
        var term = 1.0
        var sum = 1.0
        for k in 1..<12 {
            term *= reduced / Double(k)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }

    @Test func choleskyFactorReproducesTheMatrix() throws {
        let n = 7
        var stream = RandomStream(seed: 3, purpose: "test.cholesky")
        let root = (0..<(n * n)).map { _ in stream.normal() }
        var matrix = Array(repeating: 0.0, count: n * n)
        for i in 0..<n {
            for j in 0..<n {
                for k in 0..<n { matrix[i * n + j] += root[i * n + k] * root[j * n + k] }
            }
        }
        let factor = try cholesky(matrix, n)
        for i in 0..<n {
            for j in 0..<n {
                var product = 0.0
                for k in 0..<n { product += factor[i * n + k] * factor[j * n + k] }
                #expect(abs(product - matrix[i * n + j]) < 1e-12 * 100)
                if j > i { #expect(factor[i * n + j] == 0) }
            }
        }
    }

    @Test func choleskyRefusesWhatIsNotPositive() {
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) { try cholesky([1, 2, 2, 1], 2) }
        #expect(throws: LinearAlgebraError.wrongShape(elements: 3, order: 2)) { try cholesky([1, 2, 2], 2) }
        #expect(throws: (any Error).self) { try cholesky([.nan, 0, 0, 1], 2) }
    }

    @Test func blasNamesItsKernel() {
        #expect(!OpenBLAS.kernelName.isEmpty)
    }
}
