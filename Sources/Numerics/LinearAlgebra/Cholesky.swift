// The Cholesky factor of a symmetric positive definite matrix, by LAPACK.

import COpenBLAS

/// What can go wrong in a factorisation.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
    /// The leading minor of this order (from 1) is not positive.
    case notPositiveDefinite(order: Int)
    /// The number of elements is not the square of the order.
    case wrongShape(elements: Int, order: Int)

    public var description: String {
        switch self {
        case .notPositiveDefinite(let order):
            "the matrix is not positive definite: its leading minor of order \(order) is not positive"
        case .wrongShape(let elements, let order):
            "a matrix of order \(order) has \(order * order) elements, not \(elements)"
        }
    }
}

/// The lower triangular L with L·Lᵀ = matrix.
///
/// - Parameters:
///   - matrix: row-major, n × n; only the lower triangle is read.
///   - n: the order.
/// - Returns: row-major, n × n, zeros above the diagonal.
public func cholesky(_ matrix: [Double], _ n: Int) throws(LinearAlgebraError) -> [Double] {
    guard matrix.count == n * n else { throw .wrongShape(elements: matrix.count, order: n) }
    guard n > 0 else { return [] }
    OpenBLAS.prepare()
    var factor = matrix
    // 0x4c is the letter L, the lower triangle. NaN on the diagonal must not pass: LAPACKE's own check of its input reports it as a bad argument (negative).
    let status = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 0x4c, Int32(n), &factor, Int32(n))
    guard status == 0 else { throw .notPositiveDefinite(order: max(1, Int(status))) }
    for row in 0..<n {
        for column in (row + 1)..<max(n, row + 1) { factor[row * n + column] = 0 }
    }
    return factor
}
