// Linear equations and inverses of general real matrices, by LAPACK.

import COpenBLAS

/// The inverse of a matrix; nil where it is singular or holds what is not a finite number.
///
/// - Parameters:
///   - matrix: row-major, n × n.
///   - n: the order.
public func inverse(_ matrix: [Double], _ n: Int) -> [Double]? {
    precondition(matrix.count == n * n, "a matrix of order n has n² elements")
    guard matrix.allSatisfy(\.isFinite) else { return nil }
    guard n > 0 else { return [] }
    OpenBLAS.prepare()
    var result = matrix
    var pivots = Array(repeating: Int32(0), count: n)
    // Columns for rows: the inverse of the transpose is the transpose of the inverse.
    guard LAPACKE_dgetrf(LAPACK_COL_MAJOR, Int32(n), Int32(n), &result, Int32(n), &pivots) == 0,
        LAPACKE_dgetri(LAPACK_COL_MAJOR, Int32(n), &result, Int32(n), &pivots) == 0
    else { return nil }
    return result
}

/// Solves matrix · X = right; nil where the matrix is singular or something is not a finite number.
///
/// - Parameters:
///   - matrix: row-major, n × n.
///   - right: row-major, n × columns.
public func solveLinear(_ matrix: [Double], _ n: Int, _ right: [Double], columns: Int = 1) -> [Double]? {
    precondition(matrix.count == n * n && right.count == n * columns, "matrix and right sides of one order")
    guard n > 0, columns > 0 else { return [] }
    OpenBLAS.prepare()
    var factors = matrix
    var solution = right
    var pivots = Array(repeating: Int32(0), count: n)
    let status = LAPACKE_dgesv(
        LAPACK_ROW_MAJOR, Int32(n), Int32(columns), &factors, Int32(n), &pivots, &solution, Int32(columns))
    return status == 0 ? solution : nil
}

/// target += left · right, all row-major: m × k, k × n, m × n.
public func addProduct(_ left: [Double], _ right: [Double], to target: inout [Double], m: Int, n: Int, k: Int) {
    precondition(left.count == m * k && right.count == k * n && target.count == m * n, "shapes of a product")
    guard m > 0, n > 0, k > 0 else { return }
    OpenBLAS.prepare()
    cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, left, Int32(k), right, Int32(n), 1,
        &target, Int32(n))
}
