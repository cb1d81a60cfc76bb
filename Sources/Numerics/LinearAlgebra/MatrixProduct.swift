// Products of the small matrices that dense networks are made of: register tiles over contiguous rows, no packing, no
// allocation, and the same bits on every processor. Large products go to OpenBLAS.

import CLanes

/// A matrix as a kernel reads it: element (i, k) is `start[i·row + k·depth]`, so that a transposed matrix needs no copy.
public struct MatrixView {
    public var start: UnsafePointer<Float>
    /// Floats from one row to the next.
    public var row: Int
    /// Floats from one element of a row to the next.
    public var depth: Int

    public init(_ start: UnsafePointer<Float>, row: Int, depth: Int = 1) {
        self.start = start
        self.row = row
        self.depth = depth
    }
}

/// c = a·b with what `c` starts from.
public enum MatrixProduct {
    /// What is added to the product.
    public enum Start {
        case zero
        /// One row, added to every row: a layer's bias. Needs `FloatBuffer.slack` readable floats behind it.
        case bias(UnsafePointer<Float>)
        /// What is in `c` already.
        case accumulate
    }

    /// Above this many multiplications OpenBLAS is faster than tiles without packing; below it tiles are, and their
    /// sums do not depend on the processor.
    static let largeProduct = 1 << 25

    /// Whether the processor has AVX-512, whose tiles are about twice as fast; results are the same.
    static let hasWideTiles = lab_has_wide_vectors() != 0
    static let wideRows = 12
    static let wideColumns = 32

    /// c (rows × columns) = start + a (rows × depth) · b (depth × columns), Float32.
    ///
    /// Every sum runs over the depth in order with fused multiply-add. `b` and `c` have contiguous rows.
    /// - Parameters:
    ///   - a: any strides.
    ///   - b: row-major, `bRow` floats from row to row; `FloatBuffer.slack` floats behind its last row must be readable.
    ///   - c: row-major, `cRow` floats from row to row; nothing beyond `columns` of a row is written.
    public static func multiply(
        rows: Int, columns: Int, depth: Int, a: MatrixView, b: UnsafePointer<Float>, bRow: Int,
        start: Start = .zero, c: UnsafeMutablePointer<Float>, cRow: Int
    ) {
        if rows * columns * depth >= largeProduct, bRow == columns, cRow == columns {
            if a.depth == 1, a.row == depth {
                return large(rows, columns, depth, a.start, false, b, start, c)
            }
            if a.row == 1, a.depth == rows {
                return large(rows, columns, depth, a.start, true, b, start, c)
            }
        }
        let task = TiledProduct(
            a: a, b: b, start: start, c: c, cRow: cRow,
            tile: Tile(depth: depth, aDepth: a.depth, bRow: bRow, cRow: cRow))
        guard hasWideTiles, rows >= wideRows, columns >= wideColumns else {
            return task.run(rows: 0..<rows, columns: 0..<columns)
        }
        let edge = columns - columns % wideColumns
        let done = task.runWide(rows: rows, columns: edge)
        if done < rows { task.run(rows: done..<rows, columns: 0..<edge) }
        if edge < columns { task.run(rows: 0..<rows, columns: edge..<columns) }
    }

    private static func large(
        _ rows: Int, _ columns: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ transposed: Bool,
        _ b: UnsafePointer<Float>, _ start: Start, _ c: UnsafeMutablePointer<Float>
    ) {
        var keep: Float = 1
        switch start {
        case .zero: keep = 0
        case .accumulate: break
        case .bias(let bias):
            for row in 0..<rows { (c + row * columns).update(from: bias, count: columns) }
        }
        OpenBLAS.multiply(
            rows: rows, columns: columns, depth: depth, a: a, transposeA: transposed, b: b, c: c, keep: keep)
    }

    /// Writes the transpose of a (rows × columns) row-major matrix.
    public static func transpose(
        _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>
    ) {
        var row = 0
        while row + 4 <= rows {  // four rows at a time: short runs of contiguous writes
            let r0 = matrix + row * columns
            let r1 = r0 + columns
            let r2 = r1 + columns
            let r3 = r2 + columns
            var place = target + row
            for column in 0..<columns {
                storeUnaligned(SIMD4(r0[column], r1[column], r2[column], r3[column]), place)
                place += rows
            }
            row += 4
        }
        while row < rows {
            for column in 0..<columns { target[column * rows + row] = matrix[row * columns + column] }
            row += 1
        }
    }
}

/// One product, part by part.
private struct TiledProduct {
    let a: MatrixView
    let b: UnsafePointer<Float>
    let start: MatrixProduct.Start
    let c: UnsafeMutablePointer<Float>
    let cRow: Int
    let tile: Tile

    /// What a tile starts from, and floats from one of its rows to the next.
    @inline(__always)
    private func initial(_ row: Int, _ column: Int) -> (start: UnsafePointer<Float>?, row: Int) {
        switch start {
        case .zero: (nil, 0)
        case .bias(let bias): (bias + column, 0)
        case .accumulate: (UnsafePointer(c + row * cRow + column), cRow)
        }
    }

    /// Tiles of 6 × 16 and less, which every processor has.
    func run(rows: Range<Int>, columns: Range<Int>) {
        var column = columns.lowerBound
        if rows.count == 1 {
            while column + 64 <= columns.upperBound {
                tile.run1x64(
                    a.start + rows.lowerBound * a.row, b + column, initial(rows.lowerBound, column).start,
                    c + rows.lowerBound * cRow + column)
                column += 64
            }
        }
        while column < columns.upperBound {
            let width = min(16, columns.upperBound - column)
            let panel = b + column
            var row = rows.lowerBound
            while row < rows.upperBound {
                let left = rows.upperBound - row
                let target = c + row * cRow + column
                let source = a.start + row * a.row
                let first = initial(row, column)
                if left <= 2 {
                    tile.run2x16(source, a.row, left, panel, width, first.start, first.row, target)
                } else if width > 8 {
                    tile.run6x16(source, a.row, min(6, left), panel, width, first.start, first.row, target)
                } else {
                    tile.run6x8(source, a.row, min(6, left), panel, width, first.start, first.row, target)
                }
                row += left <= 2 ? 2 : 6
            }
            column += 16
        }
    }

    /// Tiles of 12 × 32 in AVX-512 over whole columns of tiles; returns how many rows are done.
    func runWide(rows: Int, columns: Int) -> Int {
        let height = MatrixProduct.wideRows
        let whole = rows - rows % height
        // Seven rows or more that are left cost less with some that are done already, where doing these twice does no
        // harm.
        var repeats = rows - whole > 6
        if case .accumulate = start { repeats = false }
        var column = 0
        while column < columns {
            var row = 0
            while row < whole {
                runWide(row, column)
                row += height
            }
            if repeats { runWide(rows - height, column) }
            column += MatrixProduct.wideColumns
        }
        return repeats ? rows : whole
    }

    @inline(__always)
    private func runWide(_ row: Int, _ column: Int) {
        let first = initial(row, column)
        lab_wide_tile(
            a.start + row * a.row, a.row, a.depth, b + column, tile.bRow, tile.depth, first.start, first.row,
            c + row * cRow + column, cRow)
    }
}
