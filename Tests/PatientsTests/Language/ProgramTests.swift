// Compiled programs against scalar evaluation, differences and a right-hand side written by hand.

import Foundation
import Numerics
import Testing

import Patients

/// Runs a program on rows of inputs: [lane][slot] to [lane][output].
func run(_ program: Program, _ inputs: [[Double]], scratch: ProgramScratch? = nil) -> [[Double]] {
    let width = max(8, (inputs.count + 7) & ~7)
    let table = LaneMemory(rows: max(1, program.inputCount), width: width)
    for (lane, row) in inputs.enumerated() {
        for slot in 0..<min(program.inputCount, row.count) { table.row(slot)[lane] = row[slot] }
    }
    let results = LaneMemory(rows: max(1, program.outputCount), width: width)
    program.evaluate(
        inputs: table.base, inputStride: width, outputs: results.base, outputStride: width, lanes: inputs.count,
        scratch: scratch ?? program.makeScratch())
    return inputs.indices.map { lane in (0..<program.outputCount).map { results.row($0)[lane] } }
}

@Suite struct ProgramTests {
    @Test func randomExpressionsCompileToWhatTheyEvaluateTo() throws {
        var stream = RandomStream(seed: 1, purpose: "test.language.compile")
        for _ in 0..<300 {
            let formula = try Formula(parsing: RandomExpression.text(depth: 5, &stream))
            let graph = ExpressionGraph()
            var table = SymbolTable(graph: graph)
            for (slot, name) in RandomExpression.names.enumerated() {
                table.declare(name, slot: slot, unit: .dimensionless)
            }
            let term = try table.resolve(formula).term
            var builder = ProgramBuilder(graph: graph)
            builder.add(term)
            let lanes = (0..<11).map { _ in RandomExpression.names.map { _ in stream.uniform(0.5, 2) } }
            let results = run(builder.finish(inputCount: RandomExpression.names.count), lanes)
            for (lane, values) in lanes.enumerated() {
                let byGraph = graph.evaluate(term) { values[$0] }
                let byName = try formula.evaluate(Dictionary(uniqueKeysWithValues: zip(RandomExpression.names, values)))
                #expect(abs(results[lane][0] - byGraph) <= 1e-13 * (1 + abs(byGraph)), "\(formula)")
                #expect(abs(byName - byGraph) <= 1e-13 * (1 + abs(byGraph)), "\(formula)")
            }
        }
    }

    /// Every operation that can take over the result of the one before, in each of its operands, on full tiles and on
    /// what is left over of one.
    @Test func resultsTakenOverFromTheStepBefore() throws {
        let expressions = [
            "-(x * y)", "(x - y) * (x - y)", "(x - y) + z", "z + (x - y)", "(x * y) / z - y", "(x / y) - z",
            "z - (x / y)", "(x - y) * z", "(x - y) / z", "z / (x - y)", "(x - y) * z + w", "x * y + (z - w)",
            "(x - y) * z - w", "x * y - (z - w)", "w - (x - y) * z", "(z - w) - x * y", "(x - y) / z - w * (x - y)",
            "exp(x - y) * z", "z / log(x)", "min(x, y) - z", "if(x < y, x, y) * z", "sqrt(x) + y", "(x < y) + z",
        ]
        let names = ["x", "y", "z", "w"]
        let graph = ExpressionGraph()
        var table = SymbolTable(graph: graph)
        for (slot, name) in names.enumerated() { table.declare(name, slot: slot, unit: .dimensionless) }
        var builder = ProgramBuilder(graph: graph)
        var terms: [Term] = []
        for expression in expressions {
            terms.append(try table.resolve(Formula(parsing: expression)).term)
            builder.add(terms.last!)
        }
        var stream = RandomStream(seed: 7, purpose: "test.language.chains")
        let lanes = (0..<45).map { _ in names.map { _ in stream.uniform(0.5, 2) } }
        let program = builder.finish(inputCount: names.count)
        let results = run(program, lanes)
        for (index, term) in terms.enumerated() {
            for (lane, values) in lanes.enumerated() {
                let expected = graph.evaluate(term) { values[$0] }
                let text = Comment(rawValue: expressions[index])
                #expect(abs(results[lane][index] - expected) <= 1e-14 * (10 + abs(expected)), text)
            }
        }
        let alone = run(program, [lanes[44]])
        #expect(alone[0] == results[44])
    }

    /// Lanes in the middle of long rows: their neighbours' results stay what they were.
    @Test func writesNoOtherLanes() throws {
        let graph = ExpressionGraph()
        var builder = ProgramBuilder(graph: graph)
        builder.add(graph.product(graph.input(0), graph.input(1)))
        builder.add(graph.exp(graph.input(0)))
        let program = builder.finish(inputCount: 2)
        let inputs = LaneMemory(rows: 2, width: 48)
        let outputs = LaneMemory(rows: 2, width: 48)
        for lanes in stride(from: 8, through: 40, by: 8) {
            outputs.base.update(repeating: -7, count: 2 * 48)
            program.evaluate(
                inputs: inputs.base + 8, inputStride: 48, outputs: outputs.base + 8, outputStride: 48, lanes: lanes,
                scratch: program.makeScratch())
            for row in 0..<2 {
                for lane in 0..<48 {
                    let isOurs = (8..<(8 + lanes)).contains(lane)
                    #expect(outputs.row(row)[lane] == (isOurs ? Double(row) : -7))
                }
            }
        }
    }

    @Test func derivativesAgreeWithDifferences() throws {
        var stream = RandomStream(seed: 2, purpose: "test.language.derivative")
        var kinks = 0
        for _ in 0..<300 {
            let formula = try Formula(parsing: RandomExpression.text(depth: 4, &stream))
            let graph = ExpressionGraph()
            var table = SymbolTable(graph: graph)
            for (slot, name) in RandomExpression.names.enumerated() {
                table.declare(name, slot: slot, unit: .dimensionless)
            }
            let term = try table.resolve(formula).term
            let values = RandomExpression.names.map { _ in stream.uniform(0.5, 2) }
            for slot in values.indices {
                func value(_ shift: Double) -> Double {
                    graph.evaluate(term) { values[$0] + ($0 == slot ? shift : 0) }
                }
                func central(_ h: Double) -> Double { (value(h) - value(-h)) / (2 * h) }
                // Richardson's extrapolation; a kink nearby shows as disagreement between the two steps.
                let (coarse, fine) = (central(2e-4), central(1e-4))
                let scale = 1 + abs(fine) + abs(value(0))
                if abs(coarse - fine) > 1e-4 * scale {
                    kinks += 1
                    continue
                }
                let derivative = graph.evaluate(graph.derivative(of: term, withRespectTo: slot)) { values[$0] }
                #expect(abs(derivative - (4 * fine - coarse) / 3) <= 1e-7 * scale, "\(formula) by \(slot)")
            }
        }
        #expect(kinks < 60)
    }

    @Test func resultsDoNotDependOnPositionOrNumberOfLanes() throws {
        let model = try ImmunoModel()
        let program = model.jacobianProgram
        var stream = RandomStream(seed: 3, purpose: "test.language.lanes")
        let patients = (0..<77).map { _ in
            ImmunoModel.inputs(
                state: [
                    stream.uniform(0, 20), stream.uniform(0, 1e5), stream.uniform(0, 1e4), stream.uniform(1e8, 1e11),
                    stream.uniform(0, 5), stream.uniform(0, 1e6),
                ], doses: [5, 1e9, 0])
        }
        let scratch = program.makeScratch()
        let together = run(program, patients, scratch: scratch)
        for lane in [0, 1, 7, 8, 31, 32, 63, 76] {
            let alone = run(program, [patients[lane]], scratch: scratch)[0]
            #expect(alone.map(\.bitPattern) == together[lane].map(\.bitPattern))
            let shifted = run(program, Array(patients[max(0, lane - 5)...lane]), scratch: program.makeScratch())
            #expect(shifted.last!.map(\.bitPattern) == together[lane].map(\.bitPattern))
        }
    }

    @Test func ratesAreTheSameWithAndWithoutTheJacobian() throws {
        let model = try ImmunoModel()
        let inputs = [ImmunoModel.inputs(state: [14, 1e4, 1e3, 1e10, 2, 1e3], doses: [5, 0, 10])]
        let rates = run(model.rateProgram, inputs)[0]
        let both = run(model.jacobianProgram, inputs)[0]
        #expect(rates.map(\.bitPattern) == both.prefix(6).map(\.bitPattern))
    }

    @Test func theTumourModelMatchesItsEquations() throws {
        let model = try ImmunoModel()
        #expect(model.definitionErrors.isEmpty)
        let program = model.jacobianProgram
        let pattern = model.pattern
        var stream = RandomStream(seed: 4, purpose: "test.language.immuno")
        for _ in 0..<50 {
            let state = [
                stream.uniform(2, 20), stream.uniform(10, 1e5), stream.uniform(1, 1e5), stream.uniform(1e8, 1e11),
                stream.uniform(0.1, 5), stream.uniform(1, 1e6),
            ]
            let inputs = ImmunoModel.inputs(state: state, doses: [5, 1e9, 5e6])
            let values = run(program, [inputs])[0]
            let expected = ImmunoModel.byHand(inputs)
            for row in 0..<6 {
                #expect(
                    abs(values[row] - expected[row]) <= 1e-12 * abs(expected[row]) + 1e-4 * abs(expected[row]) * 1e-8)
            }
            for (entry, place) in pattern.enumerated() {
                func shifted(_ h: Double) -> [Double] {
                    var moved = inputs
                    moved[place.column] += h
                    return ImmunoModel.byHand(moved)
                }
                let h = 1e-4 * max(1e-3, abs(inputs[place.column]))
                func central(_ h: Double) -> Double {
                    (shifted(h)[place.row] - shifted(-h)[place.row]) / (2 * h)
                }
                let difference = (4 * central(h / 2) - central(h)) / 3
                let noise = abs(expected[place.row]) * 1e-11 / h
                #expect(abs(values[6 + entry] - difference) <= 1e-6 * abs(difference) + noise, "\(place)")
            }
        }
    }

    @Test func theJacobianHasTheRightPattern() throws {
        let pattern = try ImmunoModel().pattern.map { [$0.row, $0.column] }
        let expected = [
            [0, 0], [0, 1], [0, 2], [0, 4], [1, 0], [1, 1], [1, 3], [1, 4], [2, 0], [2, 1], [2, 2], [2, 3], [2, 4],
            [2, 5], [3, 3], [3, 4], [4, 4], [5, 5],
        ]
        #expect(pattern == expected)
    }

    @Test func divisionByAFactorLeavesNoQuotient() throws {
        let graph = ExpressionGraph()
        var table = SymbolTable(graph: graph)
        for (slot, name) in ["T", "a", "b", "c", "N", "S"].enumerated() {
            table.declare(name, slot: slot, unit: .dimensionless)
        }
        func term(_ text: String) throws -> Term { try table.resolve(try Formula(parsing: text)).term }
        #expect(graph.divide(try term("a*T*(1 - b*T) - c*N*T"), by: 0) == (try term("a*(1 - b*T) - c*N")))
        #expect(graph.divide(try term("T^2*a - T/b"), by: 0) == (try term("T*a - 1/b")))
        #expect(graph.divide(try term("if(a > 1, T, -b*T)"), by: 0) == (try term("if(a > 1, 1, -b)")))
        #expect(graph.divide(try term("a*T + S"), by: 0) == (try term("a + S/T")))
        #expect(graph.divide(try term("S"), by: 0) == (try term("S/T")))
        #expect(graph.divide(try term("T^a"), by: 0) == (try term("T^(a - 1)")))
    }

    @Test func powersOfZeroAndOfNegativeNumbers() throws {
        let graph = ExpressionGraph()
        let (x, y) = (graph.input(0), graph.input(1))
        var builder = ProgramBuilder(graph: graph)
        builder.add(graph.power(x, y))
        builder.add(graph.power(x, graph.constant(3)))
        builder.add(graph.power(x, graph.constant(101)))
        builder.add(graph.power(x, graph.constant(1.5)))
        builder.add(graph.power(x, graph.constant(-2)))
        let results = run(builder.finish(), [[0, 2], [0, 0], [0, -1], [-2, 2], [2, 0.5], [-1, 0]])
        #expect(results[0][0] == 0 && results[1][0] == 1 && results[2][0] == .infinity)
        #expect(results[3][0].isNaN && results[5][0] == 1)
        #expect(abs(results[4][0] - 2.0.squareRoot()) < 1e-15)
        #expect(results[3][1] == -8 && results[5][2] == -1 && results[0][3] == 0 && results[3][4] == 0.25)
    }

    @Test func aProgramOfConstantsInputsAndRepeatedOutputs() throws {
        let graph = ExpressionGraph()
        let double = graph.product(graph.input(2), graph.constant(2))
        var builder = ProgramBuilder(graph: graph)
        for term in [graph.constant(7), graph.input(1), double, double] { builder.add(term) }
        let program = builder.finish(inputCount: 5)
        #expect(program.inputCount == 5)
        #expect(run(program, [[0, 10, 20, 0, 0]])[0] == [7, 10, 40, 40])
        #expect(ProgramBuilder(graph: graph).finish().outputCount == 0)
    }
}
