// The matrix exponential of eight small matrices at a time, one per lane.

/// For x′ = A·x + b over a time h: e^{hA} and w = h·φ₁(hA)·b, where φ₁(z) = (eᶻ − 1)/z, so that x(h) = e^{hA}·x(0) + w.
///
/// Scaling and squaring (Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM J. Matrix
/// Anal. Appl. 26 (2005) 1179–1193; Moler and Van Loan, "Nineteen dubious ways to compute the exponential of a matrix,
/// twenty-five years later", SIAM Rev. 45 (2003) 3–49): h is halved until the norm of Z = hA is at most θ, φ₁ is summed
/// there, and the time is doubled as often as it was halved. In lanes a Taylor polynomial is better than a quotient,
/// which would need a linear solver with pivots (Al-Mohy and Higham, SIAM J. Sci. Comput. 33 (2011) 488–511, sum it
/// likewise); it is evaluated with few products (Paterson and Stockmeyer 1973).
///
/// Two things differ from the textbook, for the sake of compartments whose rates lie far apart. Squared as it stands, a
/// slow decay loses digits with every doubling, for e^{−ε} is rounded near 1; so X = e^Z − 1 is kept beside it on the
/// diagonal and doubled as X(2 + X). And e^Z is not replaced by 1 + X where it is small, so a fast decay keeps its
/// digits too: where A has no negative entry beyond the diagonal, all sums run over terms of one sign, and amounts in
/// compartments stay at or above zero. Entries that are zero in every power of A are never computed.
final class LaneExponential {
    let size: Int
    /// Where each entry of the given pattern lives in the generator.
    let entries: [Int]

    /// Sum over k of left(i, k)·right(k, j), as a range of terms.
    private struct Entry {
        var row: Int
        var column: Int
        var terms: Range<Int>
    }
    private struct Term {
        var left: Int32
        var right: Int32
    }
    /// All entries of a product of two matrices of the pattern; an entry's place is its slot.
    private let product: [Entry]
    private let productTerms: [Term]
    /// The same without the terms that contain a diagonal entry.
    private let doubling: [Entry]
    private let doublingTerms: [Term]
    private let count: Int
    /// Slots of each row's entries beyond the diagonal.
    private let beyondDiagonal: [Range<Int>]

    /// A, then Z = hA; its slots are those of the diagonal, then those beyond it.
    let generator: LaneMemory
    private let square: LaneMemory
    private let cube: LaneMemory
    private let sum: LaneMemory
    /// What is doubled: X on the diagonal, e^Z beyond it (`count` rows), e^Z on the diagonal, w (`size` rows each).
    private var current: LaneMemory
    private var next: LaneMemory

    /// - Parameter pattern: the (row, column) of the structurally non-zero entries of A.
    init(size: Int, pattern: [(row: Int, column: Int)]) {
        self.size = size
        var reaches = Array(repeating: Array(repeating: false, count: size), count: size)
        for index in 0..<size { reaches[index][index] = true }
        for (row, column) in pattern { reaches[row][column] = true }
        for k in 0..<size {
            for row in 0..<size where reaches[row][k] {
                for column in 0..<size where reaches[k][column] { reaches[row][column] = true }
            }
        }
        var places = (0..<size).map { ($0, $0) }
        var ranges: [Range<Int>] = []
        for row in 0..<size {
            let first = places.count
            for column in 0..<size where row != column && reaches[row][column] { places.append((row, column)) }
            ranges.append(first..<places.count)
        }
        beyondDiagonal = ranges
        var slot = Array(repeating: Array(repeating: -1, count: size), count: size)
        for (index, place) in places.enumerated() { slot[place.0][place.1] = index }
        entries = pattern.map { slot[$0.row][$0.column] }
        count = places.count
        func plan(_ diagonal: Bool) -> ([Entry], [Term]) {
            var list: [Entry] = []
            var terms: [Term] = []
            for (row, column) in places {
                let first = terms.count
                for k in 0..<size where slot[row][k] >= 0 && slot[k][column] >= 0 {
                    if !diagonal, k == row || k == column { continue }
                    terms.append(Term(left: Int32(slot[row][k]), right: Int32(slot[k][column])))
                }
                list.append(Entry(row: row, column: column, terms: first..<terms.count))
            }
            return (list, terms)
        }
        (product, productTerms) = plan(true)
        (doubling, doublingTerms) = plan(false)
        generator = LaneMemory(rows: count, width: 8)
        square = LaneMemory(rows: count, width: 8)
        cube = LaneMemory(rows: count, width: 8)
        sum = LaneMemory(rows: count, width: 8)
        current = LaneMemory(rows: count + 2 * size, width: 8)
        next = LaneMemory(rows: count + 2 * size, width: 8)
    }

    /// Norm up to which the polynomial is used: the first neglected term of φ₁, θ¹²/13!, is below 2⁻⁵³.
    static let theta = 0.3
    /// Halvings beyond which a lane is refused; 2⁶⁴ times the shortest time constant is more than anybody asks for.
    static let maximumHalvings = 64
    /// 1/(k + 1)!, the coefficients of φ₁.
    static let coefficients: [Double] = (0..<12).map { 1 / (1...($0 + 1)).map(Double.init).reduce(1, *) }

    /// Given A in `generator`, computes e^{hA} and w for the first `lanes` of eight lanes. Where a lane's step is too long
    /// by far or a number is not finite, the result of that lane is not finite.
    ///
    /// - Parameter constant: b, one row per state, `stride` doubles apart.
    func compute(step: Lanes, constant: UnsafePointer<Double>, stride: Int, lanes: Int) {
        let (halvings, most) = halve(step, lanes)
        let short = step * LaneMath.powerOfTwo(-halvings)
        for slot in 0..<count { storeLanes(loadLanes(generator.row(slot)) * short, generator.row(slot)) }
        sumPolynomial()
        // w, X = Z·φ₁(Z), and e^Z on the diagonal.
        apply(sum.base, to: constant, stride: stride, scale: short)
        multiply(generator.base, sum.base, into: current.base)
        for index in 0..<size { storeLanes(1 + loadLanes(current.row(index)), current.row(count + index)) }
        for round in 0..<most { double(where: halvings .> Double(round)) }
        let refused = halvings .> Double(LaneExponential.maximumHalvings)
        if refused != SIMDMask(repeating: false) {
            let row = current.row(count)
            storeLanes(loadLanes(row).replacing(with: Lanes(repeating: .nan), where: refused), row)
        }
    }

    /// e^{hA}·x + w for one state.
    func result(_ row: Int, _ states: UnsafePointer<Double>, stride: Int) -> Lanes {
        var value = loadLanes(current.row(count + size + row))
        value = value.addingProduct(loadLanes(current.row(count + row)), loadLanes(states + row * stride))
        for slot in beyondDiagonal[row] {
            value = value.addingProduct(
                loadLanes(current.row(slot)), loadLanes(states + product[slot].column * stride))
        }
        return value
    }

    /// How often each lane's step is halved, and the most of the lanes that count.
    private func halve(_ step: Lanes, _ lanes: Int) -> (halvings: Lanes, most: Int) {
        var norm = Lanes(repeating: 0)
        for column in 0..<size {
            storeLanes(LaneMath.abs(loadLanes(generator.row(column))), next.row(column))
        }
        for slot in size..<count {
            let sum = next.row(product[slot].column)
            storeLanes(loadLanes(sum) + LaneMath.abs(loadLanes(generator.row(slot))), sum)
        }
        for column in 0..<size { norm = LaneMath.maximum(loadLanes(next.row(column)), norm) }
        norm *= LaneMath.abs(step)
        var halvings = Lanes(repeating: 0)
        var most = 0
        for lane in 0..<lanes {
            let excess = norm[lane] / LaneExponential.theta
            guard excess > 1 else { continue }
            let needed = excess.isFinite ? Int(excess.exponent) + 1 : Int.max
            let allowed = min(needed, LaneExponential.maximumHalvings + 1)
            halvings[lane] = Double(allowed)
            if needed == allowed { most = max(most, needed) }
        }
        return (halvings, min(most, LaneExponential.maximumHalvings))
    }

    /// φ₁(Z) = Σ Zᵏ/(k + 1)!, k < 12, in `sum`: four groups of three powers, Horner's rule in Z³.
    private func sumPolynomial() {
        multiply(generator.base, generator.base, into: square.base)
        multiply(square.base, generator.base, into: cube.base)
        LaneExponential.coefficients.withUnsafeBufferPointer { c in
            for slot in 0..<count {
                storeLanes(group(c, 9, slot), sum.row(slot))
            }
            for first in [6, 3, 0] {
                multiply(sum.base, cube.base, into: next.base)
                for slot in 0..<count {
                    storeLanes(loadLanes(next.row(slot)) + group(c, first, slot), sum.row(slot))
                }
            }
        }
    }

    @inline(__always)
    private func group(_ c: UnsafeBufferPointer<Double>, _ first: Int, _ slot: Int) -> Lanes {
        var value = c[first + 1] * loadLanes(generator.row(slot))
        value = value.addingProduct(Lanes(repeating: c[first + 2]), loadLanes(square.row(slot)))
        return slot < size ? value + c[first] : value
    }

    /// target = left·right
    private func multiply(
        _ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>,
        into target: UnsafeMutablePointer<Double>
    ) {
        product.withUnsafeBufferPointer { product in
            productTerms.withUnsafeBufferPointer { terms in
                for slot in 0..<count {
                    var value = Lanes(repeating: 0)
                    for index in product[slot].terms {
                        let a = loadLanes(left + 8 * Int(terms[index].left))
                        value = value.addingProduct(a, loadLanes(right + 8 * Int(terms[index].right)))
                    }
                    storeLanes(value, target + 8 * slot)
                }
            }
        }
    }

    /// w = scale·matrix·constant
    private func apply(
        _ matrix: UnsafeMutablePointer<Double>, to constant: UnsafePointer<Double>, stride: Int, scale: Lanes
    ) {
        for row in 0..<size {
            let value = loadLanes(matrix + 8 * row) * loadLanes(constant + row * stride)
            storeLanes(value, current.row(count + size + row))
        }
        for slot in size..<count {
            let target = current.row(count + size + product[slot].row)
            let factor = loadLanes(constant + product[slot].column * stride)
            storeLanes(loadLanes(target).addingProduct(loadLanes(matrix + 8 * slot), factor), target)
        }
        for row in 0..<size {
            let target = current.row(count + size + row)
            storeLanes(loadLanes(target) * scale, target)
        }
    }

    /// Doubles the time in some lanes. With d = 1 + x on the diagonal and e beyond it:
    /// x ← x(1 + d) + Σ e·e, d ← 1 + x or, where that would lose digits, d² + Σ e·e; e ← e(dᵢ + dⱼ) + Σ e·e; w ← w + (e, d)·w.
    private func double(where active: SIMDMask<SIMD8<Int64>>) {
        let old = current.base
        let new = next.base
        let diagonal = old + 8 * count
        let vector = diagonal + 8 * size
        let newDiagonal = new + 8 * count
        let newVector = newDiagonal + 8 * size
        for row in 0..<size {
            let w = loadLanes(vector + 8 * row)
            storeLanes(w.addingProduct(w, loadLanes(diagonal + 8 * row)), newVector + 8 * row)
        }
        doubling.withUnsafeBufferPointer { doubling in
            doublingTerms.withUnsafeBufferPointer { terms in
                for slot in 0..<count {
                    let entry = doubling[slot]
                    var value = Lanes(repeating: 0)
                    for index in entry.terms {
                        let a = loadLanes(old + 8 * Int(terms[index].left))
                        value = value.addingProduct(a, loadLanes(old + 8 * Int(terms[index].right)))
                    }
                    let before = loadLanes(old + 8 * slot)
                    let d = loadLanes(diagonal + 8 * entry.row)
                    let after: Lanes
                    if slot < size {
                        after = value.addingProduct(before, 1 + d)
                        let direct = value.addingProduct(d, d)
                        let better = direct.replacing(with: 1 + after, where: after .> -0.5)
                        storeLanes(d.replacing(with: better, where: active), newDiagonal + 8 * slot)
                    } else {
                        after = value.addingProduct(before, d + loadLanes(diagonal + 8 * entry.column))
                        let target = newVector + 8 * entry.row
                        storeLanes(
                            loadLanes(target).addingProduct(before, loadLanes(vector + 8 * entry.column)), target)
                    }
                    storeLanes(before.replacing(with: after, where: active), new + 8 * slot)
                }
            }
        }
        for row in 0..<size {
            let target = newVector + 8 * row
            storeLanes(loadLanes(vector + 8 * row).replacing(with: loadLanes(target), where: active), target)
        }
        swap(&current, &next)
    }
}
