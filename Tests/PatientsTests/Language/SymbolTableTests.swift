// Definitions in any order, cycles, faults that are reported once, and calls with handlers.

import Patients
import Testing

@Suite struct SymbolTableTests {
    private func definition(_ name: String, _ text: String, _ unit: String? = nil) throws -> Definition {
        Definition(
            name: name, formula: try Formula(parsing: text), unit: try unit.map { try PhysicalUnit(parsing: $0) })
    }

    @Test func definitionsMayComeInAnyOrder() throws {
        var table = SymbolTable()
        table.declare("x", slot: 0, unit: try PhysicalUnit(parsing: "mg"))
        table.declare("two", constant: 2, unit: .dimensionless)
        let errors = table.define([
            try definition("c", "b + b"), try definition("b", "a*two", "mg"), try definition("a", "x + 1[mg]"),
        ])
        #expect(errors.isEmpty)
        let c = try #require(table.quantity("c"))
        #expect(table.graph.evaluate(c.term) { _ in 3 } == 16)
        #expect(c.unit.description == "mg")
        #expect(table.names == ["a", "b", "c", "two", "x"])
    }

    @Test func everyFaultIsReportedOnce() throws {
        var table = SymbolTable()
        table.declare("x", slot: 0, unit: try PhysicalUnit(parsing: "mg"))
        let errors = table.define([
            try definition("bad", "x + 1"), try definition("user", "bad*2"), try definition("x", "1"),
            try definition("loop", "1 + pool"), try definition("pool", "loop"), try definition("victim", "pool + 1"),
            try definition("self", "self"), try definition("wrong", "x", "d"),
        ])
        #expect(errors.map(\.index) == [0, 2, 3, 4, 6, 7])
        #expect(errors[0].error.utf8Offset == 2)
        #expect(errors[1].error.message.contains("taken"))
        #expect(errors[2].error.message == "'loop' is defined by itself: loop → pool → loop")
        #expect(errors[2].error.utf8Offset == 4)
        #expect(errors[4].error.message == "'self' is defined by itself: self → self")
        #expect(errors[5].error.message.contains("d") && errors[5].error.message.contains("mg"))
        #expect(mistake("victim + 1", in: table)?.isConsequence == true)
        #expect(mistake("x", in: table) == nil)
    }

    @Test func longChainsOfDefinitionsAreNoTrouble() throws {
        var table = SymbolTable()
        table.declare("d0", slot: 0, unit: .dimensionless)
        let chain = try (1...3000).map { try definition("d\($0)", "0.5*sin(d\($0 - 1)) + d\($0 - 1)*d\($0 - 1)") }
        #expect(table.define(chain.reversed()).isEmpty)
        let last = try #require(table.quantity("d3000"))
        let graph = table.graph
        let slope = graph.derivative(of: last.term, withRespectTo: 0)
        #expect(graph.evaluate(slope) { _ in 0 }.isFinite)
        #expect(graph.nodeCount < 40_000)
        let text = graph.text(last.term, limit: 500) { _ in "x" }
        #expect(text.contains("…") && text.utf8.count <= 500)
        var builder = ProgramBuilder(graph: graph)
        builder.add(last.term)
        let program = builder.finish()
        #expect(program.registerCount < 8)
        #expect(run(program, [[0.001]])[0][0].isFinite)
    }

    @Test func handlersGiveCallsTheirMeaning() throws {
        var table = SymbolTable()
        let perLitre = try PhysicalUnit(parsing: "mg/L")
        table.declare("C", slot: 0, unit: perLitre)
        let graph = table.graph
        table.handleCalls(of: "count") { (call, _) throws(ExpressionError) in
            guard call.arguments.count == 1, let action = call.arguments[0].plainName, action == "chemo" else {
                throw ExpressionError(utf8Offset: call.utf8Offset, message: "count takes an action")
            }
            return Quantity(term: graph.input(10), unit: .dimensionless)
        }
        table.handleCalls(of: "lowest") { (call, table) throws(ExpressionError) in
            let inner = try table.resolve(call.arguments[0])
            return Quantity(term: graph.input(11), unit: inner.unit)
        }
        let value = try table.resolve(try Formula(parsing: "lowest(C)/1[mg/L] + 2*count(chemo)"))
        #expect(graph.evaluate(value.term) { Double($0) } == 31)
        #expect(try table.resolve(try Formula(parsing: "lowest(2*C)")).unit == perLitre)
        #expect(mistake("1 + count(tea)", in: table)?.utf8Offset == 4)
        // Places inside arguments are places in the whole text.
        #expect(mistake("1 + lowest(C + 1)", in: table)?.utf8Offset == 13)
        #expect(mistake("cuont(chemo)", in: table)?.remedy == "did you mean count?")
    }

    @Test func namesAreChecked() {
        for name in ["T", "K_T", "r1", "_x", "initial.T", "if_not"] {
            #expect(SymbolTable.objection(toName: name) == nil)
        }
        for name in ["", "1x", "a b", "a-b", "and", "if", "é", "a.", "x[mg]", String(repeating: "x", count: 65)] {
            #expect(SymbolTable.objection(toName: name) != nil, "\(name)")
        }
        var table = SymbolTable()
        let first = table.declare("x", slot: 0, unit: .dimensionless)
        let second = table.declare("x", slot: 1, unit: .dimensionless)
        #expect(first && !second)
        table.elsewhere["tox"] = "is a reward and cannot be used in a rate"
        #expect(mistake("tox", in: table)?.message == "'tox' is a reward and cannot be used in a rate")
    }

    @Test func simplificationAndText() throws {
        var table = SymbolTable()
        for (slot, name) in ["x", "y", "z"].enumerated() { table.declare(name, slot: slot, unit: .dimensionless) }
        func text(_ source: String) throws -> String {
            table.graph.text(try table.resolve(try Formula(parsing: source)).term) { ["x", "y", "z"][$0] }
        }
        for (source, expected) in [
            ("x*1 + 0*y", "x"), ("x - x", "0"), ("x/x", "1"), ("x*y/y", "x"), ("x*x*x", "x^3"), ("x^3/x", "x^2"),
            ("2*3*x", "6*x"), ("x + x", "2*x"), ("-(-x)", "x"), ("(-x)*(-y)", "x*y"), ("x - -y", "x + y"),
            ("log(exp(x))", "x"),
            ("exp(x)^y", "exp(x*y)"), ("x^0.5", "sqrt(x)"), ("if(1 < 2, x, y)", "x"), ("x/4", "x*0.25"), ("x^1", "x"),
            ("x^0", "1"), ("min(x, x)", "x"), ("x < x", "0"), ("not x < y", "not x < y"), ("(x - y)/z", "(x - y)/z"),
            ("2^3", "8"), ("x^-2", "1/x^2"), ("(x/y)*y", "x"), ("x*(1/y)", "x/y"), ("x > 1 and 1 < 2", "1 < x"),
        ] {
            let shown = try text(source)
            // Operands of commuting operations stand in the order in which they were first seen.
            #expect(Set(shown) == Set(expected) && shown.count == expected.count, "\(source) became \(shown)")
        }
        let slope = table.graph.derivative(
            of: try table.resolve(try Formula(parsing: "x^3*y + exp(x)")).term, withRespectTo: 0)
        #expect(table.graph.evaluate(slope) { [2, 5, 0][$0] } == 60 + ExpressionGraphValue.exp2)
    }
}

/// e², for the derivative above.
private enum ExpressionGraphValue {
    static var exp2: Double { 7.389056098930650 }
}
