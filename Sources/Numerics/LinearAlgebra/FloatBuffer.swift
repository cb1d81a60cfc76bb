// A zeroed, aligned run of Float32 that vector kernels may read a little beyond.

/// Memory for kernels: `count` zeros, aligned to 64 bytes, followed by `slack` more that may be read (and, by
/// element-wise kernels, overwritten) but mean nothing.
///
/// Owned by whoever does the arithmetic and never shared while it is written.
public final class FloatBuffer {
    /// Floats beyond `count` that a kernel may touch.
    public static let slack = 16

    public let count: Int
    /// The first element.
    public let start: UnsafeMutablePointer<Float>

    public init(_ count: Int) {
        self.count = count
        let bytes = (count + FloatBuffer.slack) * MemoryLayout<Float>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        start = memory.initializeMemory(as: Float.self, repeating: 0, count: count + FloatBuffer.slack)
    }

    deinit { start.deallocate() }

    /// The elements without the slack.
    public var elements: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: start, count: count) }

    public func zero() { start.update(repeating: 0, count: count) }
}
