// The immuno model as a programmer would write it in Swift for speed: rates and Jacobian worked out on paper, eight
// patients to a vector, everything shared that can be, nothing in memory in between.

import Numerics

/// The rates of `Environments/immuno/environment.json`, T integrated in its logarithm.
final class ImmunoByHand: LaneSystem {
    let stateCount = 6
    let inputCount: Int
    let timeInput: Int? = nil
    let jacobianPattern: [(row: Int, column: Int)] = [
        (0, 0), (0, 1), (0, 2), (0, 4),
        (1, 0), (1, 1), (1, 3), (1, 4),
        (2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5),
        (3, 3), (3, 4), (4, 4), (5, 5),
    ]

    // Patient 9's values, where patients do not differ; units as in the environment's file.
    private let a = 0.431
    private let b = 1.02e-9
    private let c = 6.41e-11
    private let e = 2.08e-7
    private let f = 4.12e-2
    private let g = 1.25e-2
    private let h = 2.02e7
    private let j = 2.49e-2
    private let r1 = 1.10e-7
    private let r2 = 6.50e-11
    private let u = 3.00e-10
    private let kT = 0.9
    private let kN = 0.6
    private let kL = 0.6
    private let kC = 0.6
    private let gamma = 0.9
    private let pI = 0.125
    private let gI = 2.0e7
    private let muI = 10.0

    init(inputCount: Int) { self.inputCount = inputCount }

    /// Rows of the inputs: six states, the nine parameters in which patients differ, three infusions.
    private enum Row {
        static let d = 6, l = 7, s = 8, p = 9, m = 10, k = 11, q = 12, alpha = 13, beta = 14
        static let vM = 15, vL = 16, vI = 17
    }

    /// What rates and Jacobian share.
    private struct Parts {
        var tumour, killers, cd8, lymphocytes, drug, il2: Lanes
        /// e^−M, 1 − e^−M
        var spared, kill: Lanes
        /// 1 / (1 + s·(T/L)^l), and the killing rate D
        var w, killing: Lanes
        var tumourSquared, overH, lysed, overK, overI: Lanes
    }

    @inline(__always)
    private func parts(_ x: UnsafePointer<Double>, _ n: Int) -> Parts {
        let one = Lanes(repeating: 1)
        let z = loadLanes(x)
        let cd8 = loadLanes(x + 2 * n)
        let drug = loadLanes(x + 4 * n)
        let il2 = loadLanes(x + 5 * n)
        let tumour = LaneMath.exp(z)
        let spared = LaneMath.exp(-drug)
        let power = LaneMath.exp(loadLanes(x + Row.l * n) * (z - LaneMath.log(cd8)))
        let w = one / one.addingProduct(loadLanes(x + Row.s * n), power)
        let killing = Lanes(repeating: 0).replacing(with: loadLanes(x + Row.d * n) * w, where: cd8 .> 1e-100)
        let tumourSquared = tumour * tumour
        let lysed = killing * killing * tumourSquared
        return Parts(
            tumour: tumour, killers: loadLanes(x + n), cd8: cd8, lymphocytes: loadLanes(x + 3 * n), drug: drug,
            il2: il2, spared: spared, kill: one - spared,
            w: w, killing: killing, tumourSquared: tumourSquared, overH: one / (tumourSquared + h), lysed: lysed,
            overK: one / (loadLanes(x + Row.k * n) + lysed),
            overI: one / (il2 + gI))
    }

    @inline(__always)
    private func rates(_ v: Parts, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ n: Int) {
        let p = loadLanes(x + Row.p * n)
        let q = loadLanes(x + Row.q * n)
        let m = loadLanes(x + Row.m * n)
        storeLanes(a * (1 - b * v.tumour) - c * v.killers - v.killing - kT * v.kill, out)
        storeLanes(
            e * v.lymphocytes + v.killers * (g * v.tumourSquared * v.overH - f - p * v.tumour - kN * v.kill), out + n)
        let own = j * v.lysed * v.overK - m - q * v.tumour - u * v.killers * v.cd8 - kL * v.kill + pI * v.il2 * v.overI
        storeLanes(
            v.cd8 * own + (r1 * v.killers + r2 * v.lymphocytes) * v.tumour + loadLanes(x + Row.vL * n), out + 2 * n)
        storeLanes(
            loadLanes(x + Row.alpha * n) - v.lymphocytes * (loadLanes(x + Row.beta * n) + kC * v.kill), out + 3 * n)
        storeLanes(loadLanes(x + Row.vM * n) - gamma * v.drug, out + 4 * n)
        storeLanes(loadLanes(x + Row.vI * n) - muI * v.il2, out + 5 * n)
    }

    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        var lane = 0
        while lane < lanes {
            let x = inputs + lane
            self.rates(parts(x, stride), x, rates + lane, stride)
            lane += 8
        }
    }

    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride n: Int, lanes: Int
    ) {
        var lane = 0
        while lane < lanes {
            let x = inputs + lane
            let v = parts(x, n)
            rates(v, x, values + lane, n)
            let jacobian = values + lane + 6 * n
            // ln D falls by l·(1 − w) as ln T rises by one, and rises by as much with ln L.
            let slope = loadLanes(x + Row.l * n) * (1 - v.w)
            let perL = slope / v.cd8
            let dDdz = -(v.killing * slope)
            storeLanes(-(a * b) * v.tumour - dDdz, jacobian)
            storeLanes(Lanes(repeating: -c), jacobian + n)
            storeLanes(-(v.killing * perL), jacobian + 2 * n)
            storeLanes(-kT * v.spared, jacobian + 3 * n)
            let p = loadLanes(x + Row.p * n)
            let q = loadLanes(x + Row.q * n)
            let share = v.tumourSquared * v.overH
            storeLanes(v.killers * (2 * g * share * (h * v.overH) - p * v.tumour), jacobian + 4 * n)
            storeLanes(g * share - f - p * v.tumour - kN * v.kill, jacobian + 5 * n)
            storeLanes(Lanes(repeating: e), jacobian + 6 * n)
            storeLanes(-kN * v.spared * v.killers, jacobian + 7 * n)
            let recruitment = v.lysed * v.overK
            let twice = 2 * j * recruitment * (loadLanes(x + Row.k * n) * v.overK)  // j·dH/d ln G, twice
            let source = r1 * v.killers + r2 * v.lymphocytes
            storeLanes(v.cd8 * (twice * (1 - slope) - q * v.tumour) + source * v.tumour, jacobian + 8 * n)
            storeLanes(r1 * v.tumour - u * v.cd8 * v.cd8, jacobian + 9 * n)
            let fixed = j * recruitment - loadLanes(x + Row.m * n) - q * v.tumour - kL * v.kill
            storeLanes(fixed + twice * slope - 2 * u * v.killers * v.cd8 + pI * v.il2 * v.overI, jacobian + 10 * n)
            storeLanes(r2 * v.tumour, jacobian + 11 * n)
            storeLanes(-kL * v.spared * v.cd8, jacobian + 12 * n)
            storeLanes(pI * v.cd8 * gI * v.overI * v.overI, jacobian + 13 * n)
            storeLanes(-loadLanes(x + Row.beta * n) - kC * v.kill, jacobian + 14 * n)
            storeLanes(-kC * v.spared * v.lymphocytes, jacobian + 15 * n)
            storeLanes(Lanes(repeating: -gamma), jacobian + 16 * n)
            storeLanes(Lanes(repeating: -muI), jacobian + 17 * n)
            lane += 8
        }
    }
}
