// The tumour model of de Pillis, Gu and Radunskaya (2006), written in the language as an environment file would
// write it: a system of realistic size for the tests of this folder.

import Patients
import Foundation

struct ImmunoModel {
    let graph = ExpressionGraph()
    var table: SymbolTable
    /// Rates of ln T, N, L, C, M, I; the first slot holds ln T.
    var rates: [Term] = []
    var definitionErrors: [(index: Int, error: ExpressionError)] = []

    static let states = [("T", "cell"), ("N", "cell"), ("L", "cell"), ("C", "cell"), ("M", "mg/L"), ("I", "IU/L")]
    static let doses = [("vM", "mg/L/d"), ("vL", "cell/d"), ("vI", "IU/L/d")]
    /// Patient 9.
    static let parameters: [(name: String, unit: String, value: Double)] = [
        ("a", "1/d", 0.431), ("b", "1/cell", 1.02e-9), ("c", "1/(cell d)", 6.41e-11), ("d", "1/d", 2.34),
        ("l", "1", 2.09), ("s", "1", 8.39e-2), ("e", "1/d", 2.08e-7), ("f", "1/d", 4.12e-2), ("g", "1/d", 1.25e-2),
        ("h", "cell^2", 2.02e7), ("p", "1/(cell d)", 3.42e-6), ("m", "1/d", 0.204), ("j", "1/d", 2.49e-2),
        ("k", "cell^2/d^2", 3.66e7), ("q", "1/(cell d)", 1.42e-6), ("r1", "1/(cell d)", 1.10e-7),
        ("r2", "1/(cell d)", 6.50e-11), ("u", "1/(cell^2 d)", 3e-10), ("K_T", "1/d", 0.9), ("K_N", "1/d", 0.6),
        ("K_L", "1/d", 0.6), ("K_C", "1/d", 0.6), ("alpha", "cell/d", 7.5e8), ("beta", "1/d", 1.2e-2),
        ("gamma", "1/d", 0.9), ("p_I", "1/d", 0.125), ("g_I", "IU/L", 2e7), ("mu_I", "1/d", 10),
    ]
    static let definitions = [
        ("kill", "1 - exp(-M / 1[mg/L])", "1"),
        ("D", "d*(L / 1[cell])^l / (s*(T / 1[cell])^l + (L / 1[cell])^l)", "1/d"),
    ]
    static let equations = [
        "a*T*(1 - b*T) - c*N*T - D*T - K_T*kill*T",
        "e*C - f*N + g*T^2/(h + T^2)*N - p*N*T - K_N*kill*N",
        "-m*L + j*D^2*T^2/(k + D^2*T^2)*L - q*L*T + (r1*N + r2*C)*T - u*N*L^2 - K_L*kill*L + p_I*L*I/(g_I + I) + vL",
        "alpha - beta*C - K_C*kill*C",
        "-gamma*M + vM",
        "-mu_I*I + vI",
    ]

    init() throws {
        table = SymbolTable(graph: graph)
        var slot = 0
        for (name, unit) in ImmunoModel.states + ImmunoModel.doses + ImmunoModel.parameters.map({ ($0.name, $0.unit) })
        {
            table.declare(name, slot: slot, unit: try PhysicalUnit(parsing: unit))
            slot += 1
        }
        definitionErrors = table.define(
            try ImmunoModel.definitions.map {
                Definition(name: $0.0, formula: try Formula(parsing: $0.1), unit: try PhysicalUnit(parsing: $0.2))
            })
        let perDay = try PhysicalUnit(parsing: "1/d")
        for (index, equation) in ImmunoModel.equations.enumerated() {
            let unit = try PhysicalUnit(parsing: ImmunoModel.states[index].1)
            let rate = try table.resolve(
                try Formula(parsing: equation), expecting: unit * perDay,
                what: "the rate of \(ImmunoModel.states[index].0)")
            rates.append(rate)
        }
        rates[0] = graph.divide(rates[0], by: 0)
        let tumour = graph.exp(graph.input(0))
        rates = rates.map { graph.substitute([0: tumour], in: $0) }
    }

    var pattern: [(row: Int, column: Int)] { graph.jacobianPattern(of: rates, states: Array(0..<6)) }

    var rateProgram: Program {
        var builder = ProgramBuilder(graph: graph)
        for rate in rates { builder.add(rate) }
        return builder.finish()
    }

    var jacobianProgram: Program {
        var builder = ProgramBuilder(graph: graph)
        for rate in rates { builder.add(rate) }
        for (row, column) in pattern { builder.addDerivative(of: rates[row], withRespectTo: column) }
        return builder.finish()
    }

    /// Inputs of one patient: states (ln T first), doses, parameters.
    static func inputs(state: [Double], doses: [Double]) -> [Double] { state + doses + parameters.map(\.value) }

    /// The same right-hand side by hand, as an independent check.
    static func byHand(_ x: [Double]) -> [Double] {
        func p(_ name: String) -> Double { x[9 + parameters.firstIndex { $0.name == name }!] }
        let (t, n, l, c, m, i) = (exp(x[0]), x[1], x[2], x[3], x[4], x[5])
        let kill = 1 - exp(-m)
        let power = pow(l, p("l"))
        let d = p("d") * power / (p("s") * pow(t, p("l")) + power)
        let dt2 = d * d * t * t
        return [
            p("a") * (1 - p("b") * t) - p("c") * n - d - p("K_T") * kill,
            p("e") * c - p("f") * n + p("g") * t * t / (p("h") + t * t) * n - p("p") * n * t - p("K_N") * kill * n,
            -p("m") * l + p("j") * dt2 / (p("k") + dt2) * l - p("q") * l * t + (p("r1") * n + p("r2") * c) * t
                - p("u") * n * l * l - p("K_L") * kill * l + p("p_I") * l * i / (p("g_I") + i) + x[7],
            p("alpha") - p("beta") * c - p("K_C") * kill * c,
            -p("gamma") * m + x[6],
            -p("mu_I") * i + x[8],
        ]
    }
}
