// Eigenvalues and eigenvectors of a symmetric matrix, by LAPACK.

import COpenBLAS

/// Eigenvalues in falling order, each with its eigenvector of length one.
public struct SymmetricEigen: Sendable {
    public var values: [Double]
    /// One vector per eigenvalue.
    public var vectors: [[Double]]

    /// nil where the matrix holds what is not a finite number or the iteration does not converge.
    ///
    /// - Parameters:
    ///   - matrix: row-major, n × n; only one triangle is read.
    ///   - n: the order.
    public init?(_ matrix: [Double], _ n: Int) {
        guard matrix.count == n * n, matrix.allSatisfy(\.isFinite) else { return nil }
        guard n > 0 else {
            values = []
            vectors = []
            return
        }
        OpenBLAS.prepare()
        var copy = matrix
        var ascending = [Double](repeating: 0, count: n)
        // 0x56 is the letter V: with vectors. 0x55 is U: the upper triangle.
        let status = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 0x56, 0x55, Int32(n), &copy, Int32(n), &ascending)
        guard status == 0 else { return nil }
        values = ascending.reversed()
        vectors = (0..<n).reversed().map { Array(copy[($0 * n)..<(($0 + 1) * n)]) }
    }
}
