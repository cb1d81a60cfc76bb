// Files of a single patient's course: columns go by their own names or the model's, impulses are told from rates, and
// numbers are written so that they read back exactly.

import Foundation
import Patients
import PositionedJSON
import Studies
import Testing

@Suite struct CourseFileTests {
    private func model() throws -> EnvironmentModel {
        try SmallEnvironment.model([
            ("\"inputs\": { \"v\": {", "\"inputs\": { \"v\": { \"column\": \"u\","),
            ("\"M\": { \"initial\": 20,", "\"M\": { \"initial\": 20, \"column\": \"y1\","),
            (
                "\"rates\": {",
                "\"definitions\": { \"share\": { \"expression\": \"C/(half + C)\", \"unit\": \"1\", \"output\": true } }, \"rates\": {"
            ),
        ])
    }

    @Test func columnsHaveTheNamesOfTheFile() throws {
        let model = try model()
        #expect(
            CourseFiles.csv(model, [0.1], [[1.0 / 3, 2e-17, 0.25]])
                == "time,C,y1,share\n0.1,0.3333333333333333,2e-17,0.25\n")
        // Every number reads back to the same bits and has at most 17 digits.
        let values = [0.1 + 0.2, 1e300 / 3, -2.5e-308, 123_456_789.123_456_789]
        for value in values {
            let text = CourseFiles.csv(model, [0], [[value]]).split(separator: "\n")[1].split(separator: ",")[1]
            #expect(Double(text) == value)
            #expect(text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }.count <= 17)
        }
    }

    /// A category by its text or number; a state by its name or its column's.
    @Test func patientsGoByNameOrColumn() throws {
        let model = try SmallEnvironment.model([
            ("\"M\": { \"initial\": 20,", "\"M\": { \"initial\": 20, \"column\": \"y1\","),
            (
                "\"parameters\": {",
                "\"covariates\": { \"type\": { \"categories\": [\"a\", \"b\"] } }, \"parameters\": {"
            ),
        ])
        func patient(_ text: String) throws -> [String: Double] {
            try CourseFiles.patient(JSONParser.parse(SourceText(name: "p.json", text: text)), model)
        }
        #expect(try patient("{ \"type\": \"b\", \"y1\": 3 }") == ["type": 1, "M": 3])
        #expect(try patient("{ \"type\": 1, \"M\": 3 }") == ["type": 1, "M": 3])
        #expect(throws: Diagnostics.self) { try patient("{ \"type\": \"c\" }") }
        #expect(throws: Diagnostics.self) { try patient("{ \"type\": 2 }") }
        #expect(throws: Diagnostics.self) { try patient("{ \"y1\": 3, \"M\": 3 }") }
    }

    @Test(arguments: ["v", "u"])
    func schedulesGoByNameOrColumn(name: String) throws {
        let rows = try CourseFiles.schedule(
            SourceText(name: "s.csv", text: "time,\(name),\(name).impulse\n0,2,5\n"), model())
        #expect(rows.count == 1 && rows[0].rates == ["v": 2] && rows[0].impulses == ["v": 5])
    }

    @Test(arguments: [
        ("time,w\n0,1\n", "small has no dose input \"w\""),
        ("time,u,v\n0,1,1\n", "\"v\" is the input of another column too"),
        ("u\n1\n", "there is no column \"time\""), ("time,u\n1,0\n0,0\n", "times must not decrease"),
        ("time,u\n0,x\n", "not a number"), ("time,u.impulses\n0,1\n", "small has no dose input \"u.impulses\""),
    ])
    func mistakesAreTold(text: String, message: String) throws {
        let error = #expect(throws: Diagnostics.self) {
            try CourseFiles.schedule(SourceText(name: "s.csv", text: text), model())
        }
        #expect(error?.items.contains { $0.message.contains(message) } ?? false, "\(String(describing: error))")
    }
}
