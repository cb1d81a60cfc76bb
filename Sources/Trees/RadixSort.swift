// Numbers in order, by their digits: several times as fast as comparing them.

enum RadixSort {
    private static let bits = 11
    private static let passes = 6

    /// A key that orders as its number does; −0 and 0 have the same. Not for NaN.
    @inline(__always)
    static func key(_ value: Double) -> UInt64 {
        let pattern = (value + 0).bitPattern
        return pattern >> 63 == 1 ? ~pattern : pattern | 1 << 63
    }

    @inline(__always)
    static func value(_ key: UInt64) -> Double {
        Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key)
    }

    /// Sorts keys, stably, least digit first; each keeps its item.
    static func sort(_ keys: inout [UInt64], carrying items: inout [Int32]) {
        precondition(keys.count == items.count, "an item per key")
        let digits = 1 << bits
        let count = keys.count
        var starts = Array(repeating: 0, count: passes * digits)
        for key in keys {
            for pass in 0..<passes { starts[pass &* digits &+ digit(key, pass)] &+= 1 }
        }
        var otherKeys = keys
        var otherItems = items
        for pass in 0..<passes {
            // A digit that all share orders nothing.
            guard let first = keys.first, starts[pass * digits + digit(first, pass)] < count else { continue }
            var sum = 0
            for place in pass * digits..<(pass + 1) * digits {
                let own = starts[place]
                starts[place] = sum
                sum += own
            }
            starts.withUnsafeMutableBufferPointer { starts in
                otherKeys.withUnsafeMutableBufferPointer { otherKeys in
                    otherItems.withUnsafeMutableBufferPointer { otherItems in
                        for index in 0..<count {
                            let place = pass &* digits &+ digit(keys[index], pass)
                            otherKeys[starts[place]] = keys[index]
                            otherItems[starts[place]] = items[index]
                            starts[place] &+= 1
                        }
                    }
                }
            }
            swap(&keys, &otherKeys)
            swap(&items, &otherItems)
        }
    }

    @inline(__always)
    private static func digit(_ key: UInt64, _ pass: Int) -> Int {
        Int(truncatingIfNeeded: key &>> UInt64(pass &* bits)) & (1 << bits - 1)
    }
}
