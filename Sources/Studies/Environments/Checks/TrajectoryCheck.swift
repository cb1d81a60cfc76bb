// Simulates every declared reference trajectory and holds it against its file, column by column.

import Evaluation
import Foundation
import Patients
import PositionedJSON

struct TrajectoryCheck {
    /// The largest error of a column, as a multiple of what is allowed.
    struct ColumnError: Sendable {
        var column: String
        /// At most 1 where the trajectory is met.
        var share: Double
        var time: Double
        var wanted: Double
        var found: Double
    }

    let folder: String
    /// The environment's file, read again for each variant that a trajectory names.
    let file: String
    let model: EnvironmentModel

    /// Tolerance of the simulation: a hundredth of the finest that a file is likely to be held to.
    static let tolerance = 1e-10

    func run() throws(Diagnostics) -> [CheckFinding] {
        let index = "\(folder)/trajectories/index.json"
        guard FileManager.default.fileExists(atPath: index) else {
            return [
                CheckFinding(
                    "trajectories", .note,
                    "no trajectories/index.json: nothing says that another implementation gives the same")
            ]
        }
        let list = try ReferenceTrajectory.readIndex(try SourceText(contentsOf: index, maximumBytes: 4 << 20))
        var findings: [CheckFinding] = []
        for trajectory in list where trajectory.variant ?? "" == model.variant || model.variant.isEmpty {
            findings.append(try check(trajectory))
        }
        return findings
    }

    private func check(_ trajectory: ReferenceTrajectory) throws(Diagnostics) -> CheckFinding {
        let errors: [ColumnError]
        do {
            errors = try compare(trajectory)
        } catch let error as SimulationError {
            return CheckFinding("trajectories", .problem, "\(trajectory.file): \(error)")
        } catch let error as Diagnostics {
            throw error
        } catch {
            return CheckFinding("trajectories", .problem, "\(trajectory.file): \(error)")
        }
        guard let worst = errors.max(by: { $0.share < $1.share }) else {
            return CheckFinding("trajectories", .problem, "\(trajectory.file): no column is a state or output")
        }
        let missed = errors.filter { !($0.share <= 1) }
        guard let first = missed.first else {
            return CheckFinding(
                "trajectories", .fine,
                "\(trajectory.file): \(errors.count) columns within tolerance; nearest to it \(worst.column) with "
                    + "\(worst.share.shown) of what is allowed")
        }
        return CheckFinding(
            "trajectories", .problem,
            "\(trajectory.file): \(CheckFinding.list(missed.map(\.column))) off; \(first.column) at time "
                + "\(first.time.shown) is \(NumberText.significant(first.found, 8)), not "
                + "\(NumberText.significant(first.wanted, 8)): \(first.share.shown) times what is allowed")
    }

    /// The largest error of every column that is a state or output.
    func compare(_ trajectory: ReferenceTrajectory) throws -> [ColumnError] {
        let path = "\(folder)/trajectories/\(trajectory.file)"
        let complaints = Complaints()
        guard FileManager.default.fileExists(atPath: path), FolderFiles.isInside(path, folder) else {
            complaints.add(
                trajectory.node,
                FileManager.default.fileExists(atPath: path)
                    ? "\"\(trajectory.file)\" leads out of the folder: \(FolderFiles.folderMessage)"
                    : "there is no file trajectories/\(trajectory.file)")
            throw complaints.sorted
        }
        let model = try variant(trajectory)
        let table = try NumericTable.read(SourceText(contentsOf: path, maximumBytes: 16 << 20), allowsEmpty: true)
        guard let timeColumn = table.column(trajectory.timeColumn) else {
            complaints.add(
                in: table.source, at: .start, "there is no column \"\(trajectory.timeColumn)\"")
            throw complaints.sorted
        }
        let times = timeColumn.map { $0 * trajectory.timeFactor }
        let patient = try trajectory.patient.map { try CourseFiles.patient($0, model) } ?? [:]
        let schedule =
            trajectory.schedule.map { TrajectorySchedule.rows($0, model, until: times.last ?? 0, complaints) }
            ?? TrajectorySchedule.rows(table, times, model)
        try complaints.throwIfAny()
        let course = try CourseSimulator.simulate(
            model, values: patient, schedule: schedule, times: times, tolerance: TrajectoryCheck.tolerance)
        let names = CourseFiles.columns(model)
        return table.names.indices.compactMap { column -> ColumnError? in
            let name = table.names[column]
            guard name != trajectory.timeColumn else { return nil }
            let target = trajectory.columns[name] ?? name
            guard let place = names.firstIndex(where: { $0.name == target || $0.column == target }),
                place < course.first?.count ?? 0
            else { return nil }
            let allowed = trajectory.tolerance(name)
            var worst = ColumnError(column: name, share: 0, time: 0, wanted: 0, found: 0)
            for row in times.indices where !table.rows[row][column].isNaN {
                let wanted = table.rows[row][column]
                let found = course[row][place]
                let share = TrajectoryCheck.share(wanted, found, allowed)
                if !(share <= worst.share) || row == 0 {
                    worst = ColumnError(column: name, share: share, time: times[row], wanted: wanted, found: found)
                }
            }
            return worst
        }
    }

    /// The error as a multiple of what is allowed.
    static func share(_ wanted: Double, _ found: Double, _ allowed: ReferenceTrajectory.Tolerance) -> Double {
        if wanted == found { return 0 }
        if let limit = allowed.log {
            guard wanted > allowed.above else {
                // Below it only that the value is below as well is asked.
                return found <= allowed.above * (1 + limit) ? 0 : .infinity
            }
            return found > 0 ? abs(log(found) - log(wanted)) / limit : .infinity
        }
        return abs(found - wanted) / (allowed.relative * abs(wanted) + allowed.absolute)
    }

    private func variant(_ trajectory: ReferenceTrajectory) throws -> EnvironmentModel {
        guard let name = trajectory.variant, name != model.variant else { return model }
        return try LoadedEnvironment(file: file, variant: name).model
    }
}
