// Eigenvalues of a general real matrix, by LAPACK.

import COpenBLAS

/// A complex number as LAPACK returns it.
public struct Eigenvalue: Sendable, Equatable {
    public var real: Double
    public var imaginary: Double

    public init(real: Double, imaginary: Double) {
        self.real = real
        self.imaginary = imaginary
    }

    public var magnitude: Double { (real * real + imaginary * imaginary).squareRoot() }
}

/// All eigenvalues, in no particular order; nil where the matrix holds what is not a finite number or the iteration
/// does not converge.
///
/// - Parameters:
///   - matrix: row-major, n × n.
///   - n: the order.
public func eigenvalues(_ matrix: [Double], _ n: Int) -> [Eigenvalue]? {
    guard matrix.count == n * n, matrix.allSatisfy(\.isFinite) else { return nil }
    guard n > 0 else { return [] }
    OpenBLAS.prepare()
    var copy = matrix
    var real = Array(repeating: 0.0, count: n)
    var imaginary = real
    // 0x4e is the letter N: no eigenvectors. Columns instead of rows make no difference to eigenvalues.
    let status = LAPACKE_dgeev(
        LAPACK_COL_MAJOR, 0x4e, 0x4e, Int32(n), &copy, Int32(n), &real, &imaginary, nil, 1, nil, 1)
    guard status == 0 else { return nil }
    return zip(real, imaginary).map { Eigenvalue(real: $0, imaginary: $1) }
}
