// Reading expressions: precedence, rendering, every kind of mistake with its place, and hostile input.

import Numerics
import Patients
import Testing

/// The error that reading, or resolving against a few names, ends in.
func mistake(_ text: String, in table: SymbolTable? = nil) -> ExpressionError? {
    do {
        let formula = try Formula(parsing: text)
        if let table { _ = try table.resolve(formula) }
        return nil
    } catch { return error }
}

@Suite struct FormulaTests {
    @Test(arguments: [
        ("1 + 2*3", 7), ("(1 + 2)*3", 9), ("2^3^2", 512), ("-2^2", -4), ("(-2)^2", 4), ("2^-1", 0.5), ("2*-3", -6),
        ("10 - 4 - 3", 3), ("16/4/2", 2), ("--3", 3), ("+3", 3), ("2^-2^2", 0.0625), ("1 < 2", 1), ("2 <= 1", 0),
        ("2 > 1 and 1 >= 1", 1), ("1 == 2 or 1 != 2", 1), ("not 1 == 2", 1), ("1 or 0 and 0", 1), ("not 0 and 0", 0),
        ("1 + 1 < 3 - 0.5", 1), ("if(1 > 2, 10, 20)", 20), ("min(3, 1, 2)", 1), ("max(1, 3, 2)", 3),
        ("clamp(7, 0, 5)", 5), ("mod(26.5, 24)", 2.5), ("mod(-1, 24)", 23), ("abs(-2)", 2), ("sign(-0.1)", -1),
        ("floor(-1.5)", -2), ("ceil(1.2)", 2), ("round(2.5)", 2), ("sqrt(9)", 3), ("log10(1000)", 3), ("exp(0)", 1),
        ("log(1)", 0), (".5e1 + 1.", 6), ("1e3", 1000), ("2E-2", 0.02), ("cos(0) + sin(0) + tan(0) + tanh(0)", 1),
        ("pi > 3.14", 1), ("1 - 2 + 3", 2), ("2*3^2", 18), ("6/2*3", 9), ("1 - -1", 2),
    ])
    func precedence(text: String, expected: Double) throws {
        let formula = try Formula(parsing: text)
        #expect(try formula.evaluate([:]) == expected)
        let again = try Formula(parsing: formula.description)
        #expect(try again.evaluate([:]) == expected)
        #expect(again.description == formula.description)
    }

    @Test(arguments: [
        ("a*T*(1-b*T)-c*N*T", "a*T*(1 - b*T) - c*N*T"), ("((a))+((b*c))", "a + b*c"), ("a-(b-c)", "a - (b - c)"),
        ("a/(b*c)", "a/(b*c)"), ("(a^b)^c", "(a^b)^c"), ("a^(b^c)", "a^b^c"), ("(-a)^2", "(-a)^2"),
        ("-(a+b)", "-(a + b)"),
        ("exp( -M/1[ mg/L ] )", "exp(-M/1[mg/L])"), ("not(a and b)or c", "not (a and b) or c"),
        ("if(a<b,1[1/(cell*d)],0)", "if(a < b, 1[1/(cell d)], 0)"), ("0.5[1/d]*x", "0.5[1/d]*x"),
        ("(a<b)==(c<d)", "(a < b) == (c < d)"), ("a^-b", "a^-b"), ("a*(-b)", "a*-b"), ("initial.T+1", "initial.T + 1"),
    ])
    func rendering(text: String, expected: String) throws {
        #expect(try Formula(parsing: text).description == expected)
    }

    @Test func namesAndPlainParts() throws {
        let formula = try Formula(parsing: "a + exp(bb*a)")
        #expect(formula.names.map(\.name) == ["a", "bb", "a"])
        #expect(formula.names.map(\.utf8Offset) == [0, 8, 11])
        #expect(try Formula(parsing: " T ").plainName == "T")
        #expect(try Formula(parsing: "(5[mg])").plainNumber?.value == 5)
        #expect(try Formula(parsing: "T + 1").plainName == nil)
        #expect(try Formula(parsing: "x/y").evaluate(["x": 3, "y": 2]) == 1.5)
        #expect(throws: ExpressionError.self) { try Formula(parsing: "x/z").evaluate(["x": 3]) }
    }

    @Test(arguments: [
        ("", 0, "empty"), ("  ", 2, "empty"), ("a +", 3, "ends where"), ("a b", 2, "operator is missing"),
        ("2 x", 2, "operator is missing"), ("2e", 1, "operator is missing"), ("a(1)(2)", 4, "operator is missing"),
        ("(a + b", 0, "not closed"), ("exp(a", 3, "not closed"), ("a + b)", 5, "closes nothing"),
        ("a, b", 1, "comma"), ("a * * b", 4, "value is expected"), ("a ** b", 2, "not an operator"),
        ("a = b", 2, "not an operator"), ("a && b", 2, "not an operator"), ("!a", 0, "not an operator"),
        ("a < b < c", 6, "chained"), ("a + not b", 4, "binds looser"), ("1.2.3", 3, "one decimal point"),
        ("1e999", 0, "too large"), ("5[mg", 1, "closing bracket"), ("T[mg]", 1, "belongs to a number"),
        ("1 + 3[mgg]", 6, "not a known unit"), ("α + 1", 0, "cannot be used"), ("a + 😀", 4, "cannot be used"),
        ("a ? b", 2, "cannot be used"), ("f()", 2, ""), ("exp(,1)", 4, "value is expected"),
        ("max(1,)", 6, "value is expected"), ("3[1/cell d]", 9, "ambiguous"), ("3[mg//L]", 5, "cannot stand"),
        ("3[mg^x]", 5, "exponent"), ("3[(mg]", 5, "parenthesis is missing"), ("1[mg/]", 5, "too early"),
        ("and", 0, "value is expected"), ("a\u{0}b", 1, "control character"),
    ])
    func mistakesHaveTheirPlace(text: String, offset: Int, message: String) throws {
        if message.isEmpty {
            #expect(mistake(text) == nil)
            return
        }
        let error = try #require(mistake(text))
        #expect(error.utf8Offset == offset, "\(error)")
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func boundsOfLengthAndDepth() throws {
        #expect(mistake(String(repeating: "(", count: 100_000))?.utf8Offset == 4096)
        #expect(mistake(String(repeating: "(", count: 4000))?.message.contains("deeper") == true)
        #expect(mistake(String(repeating: "-", count: 4000) + "x")?.message.contains("deeper") == true)
        #expect(mistake(String(repeating: "2^", count: 2000) + "2")?.message.contains("deeper") == true)
        #expect(mistake(String(repeating: "exp(", count: 1000))?.message.contains("deeper") == true)
        #expect(mistake(String(repeating: "not ", count: 1000))?.message.contains("deeper") == true)
        let deep = String(repeating: "(", count: 128) + "x" + String(repeating: ")", count: 128)
        #expect(mistake(deep) == nil)
        #expect(mistake("(" + deep + ")")?.message.contains("deeper") == true)
        // A long sum is not deep.
        let sum = String(repeating: "x+", count: 2047) + "x"
        #expect(try Formula(parsing: sum).evaluate(["x": 1]) == 2048)
        #expect(try Formula(parsing: sum).description.count == 2047 * 4 + 1)
        #expect(mistake(sum + "+x") != nil)
        let name = String(repeating: "x", count: 4000)
        #expect(mistake(name, in: SymbolTable())?.message.count ?? 1000 < 200)
        #expect(mistake(name + "(1)", in: SymbolTable())?.message.count ?? 1000 < 200)
    }

    @Test func randomBytesNeverCrash() {
        var stream = RandomStream(seed: 5, purpose: "test.language.fuzz")
        let pieces = [
            "(", ")", "[", "]", "+", "-", "*", "/", "^", "<", "=", "!", ",", "1", "2e", "1[mg/L]", "x", "exp(", "if(",
            "and",
            "or", "not", "min(", " ", ".", "é", "\u{0}", "1e5", "[1/(cell d)]", "²", "pi", "mod(x,",
        ]
        var table = SymbolTable()
        table.declare("x", slot: 0, unit: .dimensionless)
        var valid = 0
        for _ in 0..<20_000 {
            let text: String
            if stream.uniform() < 0.3 {
                text = String(decoding: (0..<stream.below(40)).map { _ in UInt8(stream.below(256)) }, as: UTF8.self)
            } else {
                text = (0..<stream.below(16)).map { _ in pieces[stream.below(pieces.count)] }.joined()
            }
            if let error = mistake(text, in: table) {
                if error.utf8Offset < 0 || error.utf8Offset > text.utf8.count { Issue.record("\(text): \(error)") }
            } else {
                valid += 1
            }
            _ = try? PhysicalUnit(parsing: text)
        }
        #expect(valid > 100)
    }
}
