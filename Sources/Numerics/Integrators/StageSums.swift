// Weighted sums of the rates of a Runge–Kutta method's stages: beside the rates themselves what a step costs most.

/// Lists of weights of stages, those of 0 left out, as plain memory.
final class StageSums {
    private struct Term {
        var offset: Int
        var weight: Double
    }
    private let terms: UnsafeMutablePointer<Term>
    /// Where the terms of each list begin, and where the last one's end.
    private let starts: UnsafeMutablePointer<Int>

    /// - Parameters:
    ///   - lists: by list, the weight of each stage.
    ///   - apart: doubles between the rates of a stage and the next one's.
    init(_ lists: [[Double]], apart: Int) {
        let all = lists.map { list in
            list.enumerated().filter { $0.element != 0 }.map { Term(offset: $0.offset * apart, weight: $0.element) }
        }
        let flat = all.flatMap { $0 }
        terms = .allocate(capacity: max(1, flat.count))
        terms.initialize(from: flat, count: flat.count)
        starts = .allocate(capacity: lists.count + 1)
        var next = 0
        for (index, list) in all.enumerated() {
            (starts + index).initialize(to: next)
            next += list.count
        }
        (starts + lists.count).initialize(to: next)
    }

    deinit {
        terms.deallocate()
        starts.deallocate()
    }

    /// Calls `body` with the sums of a list for every eight lanes. `rates` are those of the first stage. Four vectors at
    /// a time stay in registers, so that a weight is fetched once for 32 lanes.
    @inline(__always)
    func forEach(
        _ list: Int, _ rates: UnsafeMutablePointer<Double>, _ lanes: Int, _ body: (_ lane: Int, _ sum: Lanes) -> Void
    ) {
        let begin = terms + starts[list]
        let end = terms + starts[list + 1]
        var lane = 0
        while lane + 32 <= lanes {
            var term = begin
            var place = rates + term.pointee.offset + lane
            var s0 = term.pointee.weight * loadLanes(place)
            var s1 = term.pointee.weight * loadLanes(place + 8)
            var s2 = term.pointee.weight * loadLanes(place + 16)
            var s3 = term.pointee.weight * loadLanes(place + 24)
            term += 1
            while term != end {
                let weight = Lanes(repeating: term.pointee.weight)
                place = rates + term.pointee.offset + lane
                s0 = s0.addingProduct(weight, loadLanes(place))
                s1 = s1.addingProduct(weight, loadLanes(place + 8))
                s2 = s2.addingProduct(weight, loadLanes(place + 16))
                s3 = s3.addingProduct(weight, loadLanes(place + 24))
                term += 1
            }
            body(lane, s0)
            body(lane + 8, s1)
            body(lane + 16, s2)
            body(lane + 24, s3)
            lane += 32
        }
        while lane < lanes {
            var term = begin
            var sum = term.pointee.weight * loadLanes(rates + term.pointee.offset + lane)
            term += 1
            while term != end {
                sum = sum.addingProduct(
                    Lanes(repeating: term.pointee.weight), loadLanes(rates + term.pointee.offset + lane))
                term += 1
            }
            body(lane, sum)
            lane += 8
        }
    }
}
