// Rows of numbers as ensembles of regression trees like them: Float32, in runs of eight that one instruction compares.

/// Rows of `columns` numbers each, every row padded to a multiple of eight. Missing values (NaN) stay missing, infinite
/// ones become the largest finite ones.
///
/// Filled by its owner, then only read: by any number of threads.
public final class FeatureRows: @unchecked Sendable {
    // Sendable without being checked: nothing writes once growth or prediction has begun.

    /// The most columns an ensemble can split on.
    public static let mostColumns = 254
    public let columns: Int
    /// Vectors of eight per row.
    let width: Int
    public private(set) var count = 0
    private var capacity: Int
    private(set) var vectors: UnsafeMutablePointer<SIMD8<Float>>

    public init(columns: Int, capacity: Int = 0) {
        precondition(columns > 0 && columns <= FeatureRows.mostColumns, "1 to 254 columns")
        self.columns = columns
        width = (columns + 7) / 8
        self.capacity = max(16, capacity)
        vectors = .allocate(capacity: self.capacity * width)
        vectors.initialize(repeating: .zero, count: self.capacity * width)
    }

    /// - Parameter values: rows × columns, row-major.
    public convenience init(columns: Int, values: [Double]) {
        precondition(values.count % columns == 0, "a value for every row and column")
        self.init(columns: columns, capacity: values.count / columns)
        values.withUnsafeBufferPointer { values in
            for row in 0..<(values.count / columns) { append(values.baseAddress! + row * columns) }
        }
    }

    deinit { vectors.deallocate() }

    /// The numbers of a row, `8 × width` of them.
    func start(ofRow row: Int) -> UnsafePointer<Float> {
        UnsafeRawPointer(vectors + row * width).assumingMemoryBound(to: Float.self)
    }

    public func removeAll() { count = 0 }

    public func append(_ row: UnsafePointer<Double>) {
        if count == capacity { grow() }
        let target = UnsafeMutableRawPointer(vectors + count * width).assumingMemoryBound(to: Float.self)
        for column in 0..<columns {
            let value = Float(row[column])
            target[column] =
                value.isInfinite ? Float(sign: value.sign, exponent: 0, significand: .greatestFiniteMagnitude) : value
        }
        count += 1
    }

    private func grow() {
        let larger = UnsafeMutablePointer<SIMD8<Float>>.allocate(capacity: 2 * capacity * width)
        larger.initialize(repeating: .zero, count: 2 * capacity * width)
        larger.update(from: vectors, count: count * width)
        vectors.deallocate()
        vectors = larger
        capacity *= 2
    }
}
