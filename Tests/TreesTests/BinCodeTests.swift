// Codes of columns against counting the cuts, with the vectors of every processor and with those of AVX-512.

import CLanes
import Numerics
import Testing

@Suite struct BinCodeTests {
    @Test(arguments: [1, 2, 15, 16, 17, 100, 254])
    func codesCountTheCutsBelow(count: Int) {
        var stream = RandomStream(seed: 1, purpose: "test.codes", index: UInt64(count))
        let cuts = (0..<count).map { _ in Double(stream.below(1000)) }.sorted()
        let table = cuts + Array(repeating: Double.infinity, count: 256 - count)
        let sixteenths = stride(from: 15, to: 256, by: 16).map { table[$0] }
        let columns = 3
        var values = (0..<600).map { _ in Double(stream.below(1000)) + Double(stream.below(2)) / 2 }
        values[3] = .nan
        values[7] = .infinity
        values[9] = -.infinity
        let rows = (0..<200 as Range<Int32>).reversed().map { $0 }
        let ways = [lab_codes_narrow] + (lab_has_wide_vectors() != 0 ? [lab_codes_wide] : [])
        for way in ways {
            for column in 0..<columns {
                var codes = Array(repeating: UInt8(0), count: 600)
                var low = Array(repeating: Double.infinity, count: 256)
                var high = Array(repeating: -Double.infinity, count: 256)
                values.withUnsafeBufferPointer { values in
                    codes.withUnsafeMutableBufferPointer { codes in
                        way(
                            values.baseAddress! + column, columns, rows, 200, sixteenths, table, &low, &high,
                            codes.baseAddress! + column)
                    }
                }
                for (place, row) in rows.enumerated() {
                    let value = values[Int(row) * columns + column]
                    let code = Int(codes[place * columns + column])
                    #expect(code == (value.isNaN ? 255 : cuts.count { $0 < value }))
                    guard !value.isNaN else { continue }
                    let finite = max(-Double.greatestFiniteMagnitude, min(.greatestFiniteMagnitude, value))
                    #expect(low[code] <= finite && finite <= high[code])
                }
            }
        }
    }
}
