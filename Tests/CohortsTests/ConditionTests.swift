// Conditions as text: what they mean, and what is wrong with them.

import Foundation
import PositionedJSON
import Testing

import Cohorts

@Suite struct ConditionTests {
    static let columns = [
        TableColumn(schema: ColumnSchema(name: "age", type: .integer), values: [], decimals: 0),
        TableColumn(schema: ColumnSchema(name: "weight", type: .continuous), values: [], decimals: 1),
        TableColumn(schema: ColumnSchema(name: "score", type: .continuous), values: []),
        TableColumn(schema: ColumnSchema(name: "arm", type: .categorical), categories: ["a", "b", "c"], values: []),
        TableColumn(schema: ColumnSchema(name: "stage", type: .ordinal), categories: ["I", "II", "III"], values: []),
    ]

    static func requirements(_ texts: String...) throws -> [String: ColumnRequirement] {
        let found = try CohortConditions(texts, name: "--where").requirements(columns)
        return Dictionary(
            uniqueKeysWithValues: zip(columns, found).compactMap { column, item in item.map { (column.name, $0) } })
    }

    @Test func intervalsEndOnValuesTheColumnCanHold() throws {
        let end = Double.greatestFiniteMagnitude
        #expect(try Self.requirements("age>60") == ["age": .interval(61...end)])
        #expect(try Self.requirements("age > 59.5") == ["age": .interval(60...end)])
        #expect(try Self.requirements("age>=60", "age < 70") == ["age": .interval(60...69)])
        #expect(try Self.requirements("weight<70.2") == ["weight": .interval(-end...70.1)])
        #expect(try Self.requirements("weight<=70.25") == ["weight": .interval(-end...70.2)])
        #expect(try Self.requirements("weight = 70.2") == ["weight": .interval(70.2...70.2)])
        #expect(try Self.requirements("score>0.5") == ["score": .interval((0.5).nextUp...end)])
        #expect(try Self.requirements("score>=-1e-3") == ["score": .interval(-1e-3...end)])
    }

    @Test func categoriesAreSets() throws {
        #expect(try Self.requirements("arm=a|c") == ["arm": .categories([0, 2])])
        #expect(try Self.requirements("arm!= b ") == ["arm": .categories([0, 2])])
        #expect(try Self.requirements("arm!=b", "arm!=c") == ["arm": .categories([0])])
        #expect(try Self.requirements("stage>=II") == ["stage": .categories([1, 2])])
        #expect(try Self.requirements("stage<II", "age=50") == ["stage": .categories([0]), "age": .interval(50...50)])
    }

    @Test(arguments: [
        ("age", "1:1", "compares nothing"), ("age=>60", "1:5", "second comparison"), ("age==60", "1:5", "single ="),
        ("age!60", "1:4", "alone"), ("  >60", "1:1", "names no column"), ("age>", "1:5", "lacks a value"),
        ("arm=a||b", "1:7", "lacks a value"), ("weigth<70", "1:1", "did you mean \"weight\""),
        ("age>old", "1:5", "is not a number"), ("age=60|70", "1:5", "compared with one"),
        ("age!=60", "1:6", "is compared by"), ("age=60.5", "1:5", "as fine as"), ("arm=d", "1:5", "its categories are"),
        ("arm>a", "1:5", "no order"), ("stage>III", "1:7", "no category"), ("age>nan", "1:5", "is not a number"),
    ])
    func mistakesHaveAPlace(text: String, place: String, words: String) {
        do {
            _ = try Self.requirements(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect("\(error)".hasPrefix("--where:\(place): error: "), "\(error)")
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    @Test func everyMistakeIsTold() {
        do {
            _ = try Self.requirements("age", "arm", "weight>")
            Issue.record("taken")
        } catch let error as Diagnostics {
            #expect(error.items.count == 3)
        } catch { Issue.record("\(error)") }
        #expect(throws: Diagnostics.self) { try Self.requirements("age>60", "age<50") }
        #expect(throws: Diagnostics.self) { try Self.requirements("arm=a", "arm=b") }
    }

    @Test func conditionsOfAStudyPointIntoTheirFile() throws {
        func read(_ text: String) throws -> CohortConditions {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "s.json", text: text))
            let conditions = CohortConditions(node, complaints: complaints)
            try complaints.throwIfAny()
            return conditions
        }
        #expect(try read(#"["age > 60", "arm=a|b"]"#) == CohortConditions(["age>60", "arm = a | b"], name: "x"))
        #expect(try read(#"["age > 60"]"#).description == "age > 60")
        for (text, place) in [(#"["age > 60", "arm ~ a"]"#, "1:15"), ("[3]", "1:2"), ("{}", "1:1")] {
            do {
                _ = try read(text)
                Issue.record("\(text) was taken")
            } catch { #expect("\(error)".hasPrefix("s.json:\(place)"), "\(error)") }
        }
        do {
            _ = try read("[\n  \"agee > 60\"]").requirements(Self.columns)
            Issue.record("taken")
        } catch { #expect("\(error)".hasPrefix("s.json:2:4: error: there is no column"), "\(error)") }
    }
}
