// A calibration in the report: the visual predictive check, and in words.

import PositionedJSON
import Reports

extension StudyStages {
    /// Nil where nothing was calibrated.
    func calibrationFigure(_ context: StageContext) throws -> Figure? {
        guard context.has(CalibrationRecord.path),
            case .array(let targets)? = try context.json(CalibrationRecord.path)["targets"]?.value
        else { return nil }
        func interval(_ node: JSONNode?) -> CalibrationPanel.Interval? {
            guard case .array(let items)? = node?.value else { return nil }
            return CalibrationPanel.Interval(
                items.compactMap { if case .number(let value, _) = $0.value { value } else { nil } })
        }
        func text(_ node: JSONNode?) -> String { if case .string(let text)? = node?.value { text } else { "" } }
        let panels = targets.compactMap { target -> CalibrationPanel? in
            guard let published = interval(target["published_interval"]) else { return nil }
            return CalibrationPanel(
                name: text(target["name"]), unit: text(target["unit"]), published: published,
                before: interval(target["before"]?["measured_interval"]),
                after: interval(target["after"]?["measured_interval"]))
        }
        return Figure.calibration(
            title: "Simulated and published outcomes of \(study.environment.model.fullName)", panels: panels)
    }

    func calibrationWords(_ context: StageContext) throws -> [String] {
        guard context.has(CalibrationRecord.path) else { return [] }
        let node = try context.json(CalibrationRecord.path)
        guard case .string(let method)? = node["method"]?.value,
            case .number(let share, _)? = node["share_accepted"]?.value
        else { return [] }
        return [method + " Accepted: \(Int((100 * share).rounded())) % of plausible draws."]
    }
}
