// Files are found whatever the case of their path.

import Studies
import Testing

@Suite struct PathLookupTests {
    @Test func caseDoesNotMatter() throws {
        let folder = try TemporaryFolder()
        try folder.write("{}", to: "Experiments/Immuno.json")
        try folder.write("{}", to: "experiments-old/x.json")
        let root = folder.path
        #expect(PathLookup.find(root + "/Experiments/Immuno.json") == root + "/Experiments/Immuno.json")
        #expect(PathLookup.find(root + "/experiments/immuno.JSON") == root + "/Experiments/Immuno.json")
        #expect(PathLookup.find(root + "/experiments//IMMUNO.json") == root + "/Experiments/Immuno.json")
        #expect(PathLookup.find(root + "/experiments/hiv.json") == nil)
        #expect(PathLookup.find("") == nil)
        #expect(PathLookup.hint(for: root + "/experiments/imuno.json") == root + "/Experiments/Immuno.json")
        #expect(PathLookup.hint(for: root + "/nowhere/imuno.json") == nil)
    }

    @Test func theExactNameWins() throws {
        let folder = try TemporaryFolder()
        try folder.write("1", to: "A/x.json")
        try folder.write("2", to: "a/x.json")
        #expect(PathLookup.find(folder.path + "/a/x.json") == folder.path + "/a/x.json")
        #expect(PathLookup.find(folder.path + "/A/X.json") == folder.path + "/A/x.json")
    }
}
