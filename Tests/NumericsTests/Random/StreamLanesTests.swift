// Eight streams at once draw what each of them draws alone.

import Numerics
import Testing

@Suite struct StreamLanesTests {
    @Test func sameBitsAsAlone() {
        let base = RandomStream(seed: 11, purpose: "lanes")
        let keyed = KeyedNumbers(seed: 11, purpose: "lanes")
        var chooser = RandomStream(seed: 12, purpose: "which")
        for round in 0..<200 {
            var indices = SIMD8<UInt64>()
            var positions = SIMD8<UInt64>()
            for lane in 0..<8 {
                // Small ones, which are the usual, and any, with both halves in use.
                indices[lane] = round % 2 == 0 ? UInt64(round + lane) : chooser.nextBits()
                positions[lane] = round % 3 == 0 ? UInt64(lane) : chooser.nextBits()
            }
            let bits = base.bits(indices: indices, positions: positions)
            for lane in 0..<8 {
                #expect(bits[lane] == keyed.bits(index: indices[lane], position: positions[lane]).first)
            }
        }
    }

    @Test func samePicksAsAlone() {
        let base = RandomStream(seed: 3, purpose: "lanes")
        for count in [1, 2, 25, 1000, Int(UInt32.max)] {
            for round in 0..<50 {
                let indices = SIMD8<UInt64>((0..<8).map { UInt64(round * 8 + $0) << 20 })
                let picks = RandomStream.below(UInt32(count), base.bits(indices: indices, positions: .zero))
                for lane in 0..<8 {
                    var alone = base.withIndex(indices[lane])
                    #expect(Int(picks[lane]) == alone.below(count))
                }
            }
        }
        let most = RandomStream.below(.max, SIMD8(repeating: .max))
        #expect(most[0] == UInt64(UInt32.max) - 1)
    }
}
