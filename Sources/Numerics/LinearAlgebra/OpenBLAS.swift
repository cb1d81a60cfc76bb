// OpenBLAS as the lab uses it: on one thread, since parallelism is over seeds and patients and since its results
// differ between one and two threads.

import COpenBLAS

/// The BLAS and LAPACK library.
public enum OpenBLAS {
    /// Runs once, before the first call into the library.
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// To be called before any other function of the library; cheap when repeated.
    static func prepare() { _ = oneThread }

    /// The kernel that OpenBLAS has chosen for this processor, such as `Zen`; its sums differ in the last bits from
    /// one kernel to another.
    public static var kernelName: String {
        prepare()
        return openblas_get_corename().map { String(cString: $0) } ?? "unknown"
    }

    /// c = a·b + c·keep, all row-major Float32.
    ///
    /// - Parameters:
    ///   - transposeA: whether `a` is stored depth × rows rather than rows × depth.
    ///   - transposeB: whether `b` is stored columns × depth rather than depth × columns.
    ///   - keep: what `c` is multiplied with first; 0 overwrites.
    public static func multiply(
        rows: Int, columns: Int, depth: Int, a: UnsafePointer<Float>, transposeA: Bool = false,
        b: UnsafePointer<Float>, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, keep: Float = 0
    ) {
        guard rows > 0, columns > 0 else { return }
        prepare()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            Int32(rows), Int32(columns), Int32(depth), 1, a, Int32(transposeA ? rows : max(1, depth)), b,
            Int32(transposeB ? max(1, depth) : columns), keep, c, Int32(columns))
    }
}
