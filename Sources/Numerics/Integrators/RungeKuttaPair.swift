// The coefficients of explicit Runge–Kutta pairs whose last stage is the next step's first.

/// An explicit pair: two solutions from the same stages, of which the difference measures the error. The last stage's
/// states are those of the solution a step goes on with, so that its rates are the first of the next step.
public struct RungeKuttaPair: Sendable {
    /// Times of the stages, in steps.
    let c: [Double]
    /// By stage, weights of the earlier stages' rates in its states; the last stage's are those of the solution.
    let a: [[Double]]
    /// The two solutions' weights, the one less the other.
    let e: [Double]
    /// Of the solution that a step goes on with.
    public let order: Int
    /// The error measured goes with this power of the step: the order of the other solution and one.
    let errorExponent: Double
    /// How far the region of stability reaches along the negative real axis: step times fastest rate.
    public let stabilityLimit: Double

    var stages: Int { a.count }

    /// Order 5(4), six evaluations a step. Dormand and Prince, "A family of embedded Runge–Kutta formulae", J. Comp. Appl.
    /// Math. 6 (1980) 19–26; Hairer, Nørsett and Wanner, "Solving Ordinary Differential Equations I" (2nd ed. 1993), table
    /// II.5.2.
    public static let dormandPrince54 = RungeKuttaPair(
        c: [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1],
        a: [
            [],
            [1.0 / 5],
            [3.0 / 40, 9.0 / 40],
            [44.0 / 45, -56.0 / 15, 32.0 / 9],
            [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
            [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
            [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
        ],
        e: [71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40],
        order: 5, errorExponent: 5, stabilityLimit: 3.3)

    /// Order 6(5), eight evaluations a step: Verner's "most efficient" pair, RKV65.IIIXb of his collection; how such pairs
    /// are found: "Numerically optimal Runge–Kutta pairs with interpolants", Numer. Algorithms 53 (2010) 383–396.
    public static let verner65 = RungeKuttaPair(
        c: [0, 0.06, 1439.0 / 15000, 1439.0 / 10000, 0.4973, 0.9725, 0.9995, 1, 1],
        a: [
            [],
            [0.06],
            [519479.0 / 27000000, 2070721.0 / 27000000],
            [1439.0 / 40000, 0, 4317.0 / 40000],
            [109225017611.0 / 82828840000, 0, -417627820623.0 / 82828840000, 43699198143.0 / 10353605000],
            [-41.87259166432751, 0, 159.43256216313748, -122.11921356501004, 5.531743066200053],
            [
                -54.430156935316504, 0, 207.06725136501848, -158.61081378459, 6.991816585950242,
                -0.01859723106220323,
            ],
            [
                -54.66374178728198, 0, 207.95280625538936, -159.2889574744995, 7.018743740796944,
                -0.018338785905045722, -0.0005119484997882099,
            ],
            [
                0.03438957868357036, 0, 0, 0.25826245556335037, 0.4209371189673537, 4.40539646966931,
                -176.48311902429865, 172.36413340141507,
            ],
        ],
        e: [
            0.008623404282200854, 0, 0, -0.019434029953152708, 0.028450072588037983, -2.1097110610652914,
            103.45854289996397, -101.39980461914912, 1.0 / 30,
        ],
        order: 6, errorExponent: 6, stabilityLimit: 4.85)
}
