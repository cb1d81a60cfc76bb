// The register tiles behind MatrixProduct: six rows by sixteen columns fill twelve of the sixteen AVX registers with
// sums, which hides the latency of the fused multiply-add.

@inline(__always)
func loadUnaligned(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func storeUnaligned<Vector: SIMD>(_ value: Vector, _ pointer: UnsafeMutablePointer<Float>)
where Vector.Scalar == Float {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Vector.self)
}

/// What all tiles of one product share. Rows beyond `rows` repeat the last one and are not stored; columns beyond
/// `width` are computed from whatever lies there and are not stored.
struct Tile {
    let depth: Int
    let aDepth: Int
    let bRow: Int
    let cRow: Int

    /// The first eight or sixteen numbers of a row of what is added, without reading beyond `width` (of a matrix that
    /// is written at the same time).
    @inline(__always)
    private func initial(_ pointer: UnsafePointer<Float>?, _ row: Int, _ stride: Int, _ column: Int, _ width: Int)
        -> SIMD8<Float>
    {
        guard let pointer else { return .zero }
        let place = pointer + row * stride + column
        if column + 8 <= width || stride == 0 { return loadUnaligned(place) }
        var vector = SIMD8<Float>.zero
        for lane in 0..<max(0, width - column) { vector[lane] = place[lane] }
        return vector
    }

    @inline(__always)
    private func store(
        _ value: SIMD8<Float>, _ c: UnsafeMutablePointer<Float>, _ row: Int, _ column: Int, _ width: Int
    ) {
        let place = c + row * cRow + column
        if column + 8 <= width { return storeUnaligned(value, place) }
        for lane in 0..<max(0, width - column) { place[lane] = value[lane] }
    }

    @inline(never)
    func run6x16(
        _ a: UnsafePointer<Float>, _ aRow: Int, _ rows: Int, _ b: UnsafePointer<Float>, _ width: Int,
        _ start: UnsafePointer<Float>?, _ startRow: Int, _ c: UnsafeMutablePointer<Float>
    ) {
        let last = rows - 1
        let (i1, i2, i3, i4, i5) = (min(1, last), min(2, last), min(3, last), min(4, last), min(5, last))
        var s00 = initial(start, 0, startRow, 0, width)
        var s01 = initial(start, 0, startRow, 8, width)
        var s10 = initial(start, i1, startRow, 0, width)
        var s11 = initial(start, i1, startRow, 8, width)
        var s20 = initial(start, i2, startRow, 0, width)
        var s21 = initial(start, i2, startRow, 8, width)
        var s30 = initial(start, i3, startRow, 0, width)
        var s31 = initial(start, i3, startRow, 8, width)
        var s40 = initial(start, i4, startRow, 0, width)
        var s41 = initial(start, i4, startRow, 8, width)
        var s50 = initial(start, i5, startRow, 0, width)
        var s51 = initial(start, i5, startRow, 8, width)
        var p0 = a
        var p1 = a + i1 * aRow
        var p2 = a + i2 * aRow
        var p3 = a + i3 * aRow
        var p4 = a + i4 * aRow
        var p5 = a + i5 * aRow
        var q = b
        for _ in 0..<depth {
            let b0 = loadUnaligned(q)
            let b1 = loadUnaligned(q + 8)
            let x0 = SIMD8(repeating: p0.pointee)
            s00 = s00.addingProduct(x0, b0)
            s01 = s01.addingProduct(x0, b1)
            let x1 = SIMD8(repeating: p1.pointee)
            s10 = s10.addingProduct(x1, b0)
            s11 = s11.addingProduct(x1, b1)
            let x2 = SIMD8(repeating: p2.pointee)
            s20 = s20.addingProduct(x2, b0)
            s21 = s21.addingProduct(x2, b1)
            let x3 = SIMD8(repeating: p3.pointee)
            s30 = s30.addingProduct(x3, b0)
            s31 = s31.addingProduct(x3, b1)
            let x4 = SIMD8(repeating: p4.pointee)
            s40 = s40.addingProduct(x4, b0)
            s41 = s41.addingProduct(x4, b1)
            let x5 = SIMD8(repeating: p5.pointee)
            s50 = s50.addingProduct(x5, b0)
            s51 = s51.addingProduct(x5, b1)
            p0 += aDepth
            p1 += aDepth
            p2 += aDepth
            p3 += aDepth
            p4 += aDepth
            p5 += aDepth
            q += bRow
        }
        store(s00, c, 0, 0, width)
        store(s01, c, 0, 8, width)
        if rows > 1 {
            store(s10, c, 1, 0, width)
            store(s11, c, 1, 8, width)
        }
        if rows > 2 {
            store(s20, c, 2, 0, width)
            store(s21, c, 2, 8, width)
        }
        if rows > 3 {
            store(s30, c, 3, 0, width)
            store(s31, c, 3, 8, width)
        }
        if rows > 4 {
            store(s40, c, 4, 0, width)
            store(s41, c, 4, 8, width)
        }
        if rows > 5 {
            store(s50, c, 5, 0, width)
            store(s51, c, 5, 8, width)
        }
    }

    @inline(never)
    func run6x8(
        _ a: UnsafePointer<Float>, _ aRow: Int, _ rows: Int, _ b: UnsafePointer<Float>, _ width: Int,
        _ start: UnsafePointer<Float>?, _ startRow: Int, _ c: UnsafeMutablePointer<Float>
    ) {
        let last = rows - 1
        let (i1, i2, i3, i4, i5) = (min(1, last), min(2, last), min(3, last), min(4, last), min(5, last))
        var s0 = initial(start, 0, startRow, 0, width)
        var s1 = initial(start, i1, startRow, 0, width)
        var s2 = initial(start, i2, startRow, 0, width)
        var s3 = initial(start, i3, startRow, 0, width)
        var s4 = initial(start, i4, startRow, 0, width)
        var s5 = initial(start, i5, startRow, 0, width)
        var p0 = a
        var p1 = a + i1 * aRow
        var p2 = a + i2 * aRow
        var p3 = a + i3 * aRow
        var p4 = a + i4 * aRow
        var p5 = a + i5 * aRow
        var q = b
        for _ in 0..<depth {
            let b0 = loadUnaligned(q)
            s0 = s0.addingProduct(SIMD8(repeating: p0.pointee), b0)
            s1 = s1.addingProduct(SIMD8(repeating: p1.pointee), b0)
            s2 = s2.addingProduct(SIMD8(repeating: p2.pointee), b0)
            s3 = s3.addingProduct(SIMD8(repeating: p3.pointee), b0)
            s4 = s4.addingProduct(SIMD8(repeating: p4.pointee), b0)
            s5 = s5.addingProduct(SIMD8(repeating: p5.pointee), b0)
            p0 += aDepth
            p1 += aDepth
            p2 += aDepth
            p3 += aDepth
            p4 += aDepth
            p5 += aDepth
            q += bRow
        }
        store(s0, c, 0, 0, width)
        if rows > 1 { store(s1, c, 1, 0, width) }
        if rows > 2 { store(s2, c, 2, 0, width) }
        if rows > 3 { store(s3, c, 3, 0, width) }
        if rows > 4 { store(s4, c, 4, 0, width) }
        if rows > 5 { store(s5, c, 5, 0, width) }
    }

    @inline(never)
    func run2x16(
        _ a: UnsafePointer<Float>, _ aRow: Int, _ rows: Int, _ b: UnsafePointer<Float>, _ width: Int,
        _ start: UnsafePointer<Float>?, _ startRow: Int, _ c: UnsafeMutablePointer<Float>
    ) {
        let second = rows - 1
        var s00 = initial(start, 0, startRow, 0, width)
        var s01 = initial(start, 0, startRow, 8, width)
        var s10 = initial(start, second, startRow, 0, width)
        var s11 = initial(start, second, startRow, 8, width)
        var p0 = a
        var p1 = a + second * aRow
        var q = b
        for _ in 0..<depth {
            let b0 = loadUnaligned(q)
            let b1 = loadUnaligned(q + 8)
            let x0 = SIMD8(repeating: p0.pointee)
            s00 = s00.addingProduct(x0, b0)
            s01 = s01.addingProduct(x0, b1)
            let x1 = SIMD8(repeating: p1.pointee)
            s10 = s10.addingProduct(x1, b0)
            s11 = s11.addingProduct(x1, b1)
            p0 += aDepth
            p1 += aDepth
            q += bRow
        }
        store(s00, c, 0, 0, width)
        store(s01, c, 0, 8, width)
        if rows > 1 {
            store(s10, c, 1, 0, width)
            store(s11, c, 1, 8, width)
        }
    }

    /// One row of sixty-four columns, for a single patient's decision: eight sums at a time hide the latency that one row
    /// of sixteen would wait for.
    @inline(never)
    func run1x64(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ start: UnsafePointer<Float>?,
        _ c: UnsafeMutablePointer<Float>
    ) {
        var s0 = initial(start, 0, 0, 0, 64)
        var s1 = initial(start, 0, 0, 8, 64)
        var s2 = initial(start, 0, 0, 16, 64)
        var s3 = initial(start, 0, 0, 24, 64)
        var s4 = initial(start, 0, 0, 32, 64)
        var s5 = initial(start, 0, 0, 40, 64)
        var s6 = initial(start, 0, 0, 48, 64)
        var s7 = initial(start, 0, 0, 56, 64)
        var p = a
        var q = b
        for _ in 0..<depth {
            let x = SIMD8(repeating: p.pointee)
            s0 = s0.addingProduct(x, loadUnaligned(q))
            s1 = s1.addingProduct(x, loadUnaligned(q + 8))
            s2 = s2.addingProduct(x, loadUnaligned(q + 16))
            s3 = s3.addingProduct(x, loadUnaligned(q + 24))
            s4 = s4.addingProduct(x, loadUnaligned(q + 32))
            s5 = s5.addingProduct(x, loadUnaligned(q + 40))
            s6 = s6.addingProduct(x, loadUnaligned(q + 48))
            s7 = s7.addingProduct(x, loadUnaligned(q + 56))
            p += aDepth
            q += bRow
        }
        storeUnaligned(s0, c)
        storeUnaligned(s1, c + 8)
        storeUnaligned(s2, c + 16)
        storeUnaligned(s3, c + 24)
        storeUnaligned(s4, c + 32)
        storeUnaligned(s5, c + 40)
        storeUnaligned(s6, c + 48)
        storeUnaligned(s7, c + 56)
    }
}
