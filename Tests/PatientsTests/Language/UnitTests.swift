// Units: their algebra, their spelling, and what they forbid.

import Patients
import Testing

@Suite struct UnitTests {
    private func unit(_ text: String) throws -> PhysicalUnit { try PhysicalUnit(parsing: text) }

    private var table: SymbolTable {
        get throws {
            var table = SymbolTable()
            let names = [
                ("t", "d"), ("hours", "h"), ("M", "mg/L"), ("T", "cell"), ("l", "1"), ("dose", "mg"), ("a", "1/d"),
                ("V", "L"), ("share", "%"), ("weight", "kg"), ("virus", "copy"),
            ]
            for (slot, (name, text)) in names.enumerated() { table.declare(name, slot: slot, unit: try unit(text)) }
            return table
        }
    }

    @Test(arguments: [
        ("mg/L", "ug/mL"), ("1/(cell d)", "1/(cell*d)"), ("cell^2/d^2", "(cell/d)^2"), ("cells", "cell"), ("", "1"),
        ("mL", "cm^3"), ("mL", "cm3"), ("L", "dm^3"), ("mL/min/kg", "mL/(min kg)"), ("1e9/L", "10^9/L"),
        ("cells/ml/d", "cell/(mL d)"), ("µg", "ug"), ("m²", "m^2"), ("d^-1", "1/d"), ("IU", "U"), ("mg·d", "mg d"),
        ("week", "7 d"), ("%", "0.01"), ("kg^0.75", "(kg^3)^0.25"),
    ])
    func sameUnits(a: String, b: String) throws {
        #expect(try unit(a) == unit(b))
        #expect(try unit(unit(a).description) == unit(a))
    }

    @Test(arguments: [
        ("d", "h"), ("mg", "mL"), ("cell", "copy"), ("%", "1"), ("mg/L", "mg/dL"), ("d", "1/d"), ("m", "m2"),
    ])
    func differentUnits(a: String, b: String) throws {
        #expect(try unit(a) != unit(b))
    }

    @Test(arguments: [
        ("mgg", 0), ("parsec", 0), ("mg/", 3), ("-1", 0), ("0", 0), ("/d", 0), ("mg^", 3), ("mg)", 2), ("()", 1),
        ("5L", 1), ("1/cell d", 7), ("\u{0}", 0), ("mg^99", 3), ("(((((((((((((((((((((d", 16), ("1e-400", 0),
        ("mg^^2", 3), ("L L L L L L L L /", 17),
    ])
    func badUnits(text: String, offset: Int) throws {
        let error = try #require(throws: ExpressionError.self) { try unit(text) }
        #expect(error.utf8Offset == offset, "\(error)")
        if text == "mgg" { #expect(error.remedy == "did you mean mg?") }
    }

    @Test func descriptions() throws {
        #expect(try (unit("mg") / unit("L")).description == "mg/L")
        #expect(try (unit("mg/L") * unit("L")).description == "mg")
        #expect(try (unit("1/d") / unit("cell")).description == "1/(d cell)")
        #expect(PhysicalUnit.dimensionless.description == "1")
        #expect(try unit("cell^2").raised(to: 0.5).description == "cell")
        #expect(try unit("d").ratio(to: unit("h")) == 24)
    }

    @Test(arguments: [
        "exp(-M / 1[mg/L])", "(T/1[cell])^l", "T^2", "T^0.5", "T^(2/3)", "T^-1", "t + 0", "0 - t", "max(0, M)",
        "if(T > 0, t, 0)",
        "sqrt(T^2) + T", "a*t", "exp(a*t)", "dose/V + M", "mod(t, 1[d])", "M < 3[mg/L] and T > 1[cell]", "l*T + T",
        "abs(t)", "clamp(t, 0, 3[d])", "t + hours*1[d]/24[h]", "0*T + t", "sign(t)", "min(t, 3[d], 2*t)",
        "M + 1[ug/mL]",
        "5*(T < 1[cell])", "log10(max(T, 1[cell])/1[cell])", "(weight/70[kg])^0.75", "not (T > 1[cell])",
    ])
    func allowed(text: String) throws {
        #expect(mistake(text, in: try table) == nil)
    }

    @Test(arguments: [
        ("t + dose", 2, "cannot add d and mg"), ("t - hours", 2, "cannot subtract d and h"), ("exp(-M)", 0, "mg/L"),
        ("T^l", 1, "raised to a number"), ("2^t", 1, "exponent"), ("t < dose", 2, "cannot compare d and mg"),
        ("t + 1", 2, "d and no unit"), ("1 + t*a*hours", 2, "no unit and h"), ("log(T)", 0, "cell"),
        ("if(T, 1, 2)", 0, "condition"),
        ("if(T > 1, 1, 2)", 5, "cannot compare cell and no unit"), ("if(l > 1, t, dose)", 0, "choose between d and mg"),
        ("min(t, T)", 0, "cannot compare d and cell"), ("mod(t, hours)", 0, "d and h"), ("tanh(share)", 0, "%"),
        ("T + virus", 2, "cannot add cell and copy"), ("not T", 0, "condition"), ("T and l", 2, "condition"),
        ("floor(t)", 0, "d"), ("exp(hours/t)", 0, "h/d"), ("T^20", 1, "at most 16"), ("x + 1", 0, "nothing is called"),
        ("Tt + 1", 0, "nothing is called"), ("exp", 0, "needs its argument"), ("exp(1, 2)", 0, "one argument"),
        ("if(l, 1)", 0, "three arguments"), ("min(l)", 0, "two arguments"), ("ln(l)", 0, "no function"),
        ("a(T)", 0, "no function"),
    ])
    func refused(text: String, offset: Int, message: String) throws {
        let error = try #require(mistake(text, in: try table), "\(text)")
        #expect(error.utf8Offset == offset, "\(error)")
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func remedies() throws {
        let table = try table
        #expect(mistake("t + hours", in: table)?.remedy?.contains("divide by 24[h/d]") == true)
        #expect(mistake("hours + t", in: table)?.remedy?.contains("multiply by 24[h/d]") == true)
        #expect(mistake("exp(-M)", in: table)?.remedy?.contains("1[mg/L]") == true)
        #expect(mistake("T^l", in: table)?.remedy?.contains("(x / 1[cell])^y") == true)
        #expect(mistake("wieght", in: table)?.remedy == "did you mean weight?")
        #expect(mistake("m", in: table)?.remedy == "did you mean M?")
        #expect(mistake("ln(l)", in: table)?.remedy == "write log")
        #expect(mistake("tnah(l)", in: table)?.remedy == "did you mean tanh?")
        #expect(mistake("a(t)", in: table)?.remedy?.contains("a*(") == true)
        // The remedy works.
        #expect(mistake("t + hours/24[h/d]", in: table) == nil)
        #expect(mistake("hours + t*24[h/d]", in: table) == nil)
    }

    @Test func expectedUnits() throws {
        let table = try table
        let perDay = try unit("cell/d")
        _ = try table.resolve(try Formula(parsing: "a*T"), expecting: perDay, what: "the rate of T")
        _ = try table.resolve(try Formula(parsing: "0"), expecting: perDay, what: "the rate of T")
        do {
            _ = try table.resolve(try Formula(parsing: " T"), expecting: perDay, what: "the rate of T")
            Issue.record("a rate in cells was accepted")
        } catch {
            #expect(error.utf8Offset == 1)
            #expect(error.message == "the rate of T is to be in cell/d, but this is in cell")
        }
    }
}
