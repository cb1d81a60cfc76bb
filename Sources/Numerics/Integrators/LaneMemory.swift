// Memory for computations over lanes: rows of doubles, one element per lane, aligned for vectors of eight.

/// A vector of eight lanes: the unit in which blocks of patients are computed.
public typealias Lanes = SIMD8<Double>

/// Rows × width doubles, 64-byte aligned, zero at first; width is a multiple of 8. Freed with its owner.
public final class LaneMemory {
    public let rows: Int
    public let width: Int
    public let base: UnsafeMutablePointer<Double>

    public init(rows: Int, width: Int) {
        precondition(width > 0 && width % 8 == 0, "lanes come in eights")
        self.rows = rows
        self.width = width
        let bytes = max(64, rows * width * MemoryLayout<Double>.stride)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        base = raw.bindMemory(to: Double.self, capacity: bytes / 8)
        base.initialize(repeating: 0, count: bytes / 8)
    }

    deinit { base.deallocate() }

    /// The first element of a row.
    @inlinable
    public func row(_ index: Int) -> UnsafeMutablePointer<Double> { base + index * width }
}

/// Eight lanes at an address that need not be aligned.
@inlinable @inline(__always)
public func loadLanes(_ address: UnsafePointer<Double>) -> Lanes {
    UnsafeRawPointer(address).loadUnaligned(as: Lanes.self)
}

/// Eight lanes at an address that need not be aligned.
@inlinable @inline(__always)
public func loadLanes(_ address: UnsafeMutablePointer<Double>) -> Lanes {
    UnsafeRawPointer(address).loadUnaligned(as: Lanes.self)
}

@inlinable @inline(__always)
public func storeLanes(_ value: Lanes, _ address: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(address).storeBytes(of: value, as: Lanes.self)
}
