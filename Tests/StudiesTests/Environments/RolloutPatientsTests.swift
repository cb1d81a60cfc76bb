// Tables of patients that a user brings: categories by name, columns of other programs, misspelt ones.

import Patients
import PositionedJSON
import TestSupport
import Testing

import Studies

@Suite struct RolloutPatientsTests {
    static func read(
        _ name: String, _ text: String, count: Int, note: (String) -> Void = { _ in }
    ) throws -> CohortTable {
        let model = try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load(name)
        return try RolloutPatients.make(
            model, source: SourceText(name: "patients.csv", bytes: Array(text.utf8)), count: count, seed: 1, note: note)
    }

    static func complaints(_ name: String, _ text: String) throws -> [String] {
        do {
            _ = try read(name, text, count: 1)
            return []
        } catch let error as Diagnostics {
            return error.items.map(\.message)
        }
    }

    @Test func categoriesStandByNameOrNumber() throws {
        let table = try Self.read(
            "warfarin", "patient,age,CYP2C9,VKORC1\n0,50,*1/*3,1\n1,71,0,AA\n2,60,1,GG\n", count: 2)
        #expect(table.names == ["age", "CYP2C9", "VKORC1"])
        #expect(table.rows == [[50, 2, 1], [71, 0, 2]])
        #expect(try Self.complaints("warfarin", "CYP2C9\n*1/*4\n").count == 1)
        #expect(try Self.complaints("warfarin", "CYP2C9\n6\n").count == 1)
        #expect(try Self.complaints("warfarin", "age\nold\n").count == 1)
    }

    /// The columns of simglucose's `vpatient_params.csv`, among them a name in words and numbers the model has no use
    /// for.
    @Test func columnsOfAnotherProgramAreLeftOutAndNamed() throws {
        let header =
            "Name,i,x0_ 1,x0_ 2,x0_ 3,x0_ 4,x0_ 5,x0_ 6,x0_ 7,x0_ 8,x0_ 9,x0_10,x0_11,x0_12,x0_13,BW,EGPb,Gb,Ib,kabs,"
            + "kmax,kmin,b,d,Vg,Vi,Ipb,Vmx,Km0,k2,k1,p2u,m1,m5,CL,HEb,m2,m4,m30,Ilb,ki,kp2,kp3,f,Gpb,ke1,ke2,Fsnc,Gtb,"
            + "Vm0,Rdb,PCRb,kd,ksc,ka1,ka2,dosekempt,u2ss,isc1ss,isc2ss,kp1,patient_history"
        let columns = header.split(separator: ",")
        let row = "adult#901," + columns.dropFirst().map { _ in "0.5" }.joined(separator: ",")
        var notes: [String] = []
        let table = try Self.read("diabetes", header + "\n" + row + "\n", count: 1) { notes.append($0) }
        #expect(table.names.count == 39 && table.names.first == "BW" && table.names.last == "kp1")
        #expect(notes.count == 1 && notes[0].contains("Name, i, x0_ 1") && notes[0].contains("patient_history"))
    }

    @Test func misspeltColumnsAreRefused() throws {
        #expect(try Self.complaints("warfarin", "age,weigth\n70,80\n").count == 1)
        #expect(try Self.complaints("warfarin", "name,note\na,b\n").count == 2)
    }
}
