// The figure of synthetic visits beside real ones.

import Cohorts
import Reports

public enum VisitFigure {
    /// Panels drawn at most, those of the columns in the order of the table.
    public static let mostPanels = 9

    /// The courses of columns over time; nil where none is followed over two bins of time or more.
    public static func figure(_ fidelity: VisitFidelity) -> Figure? {
        let panels = fidelity.bands.filter { $0.bins.count > 1 }.prefix(mostPanels).map { band -> TrajectoryPanel in
            func line(_ moment: (TrajectoryBand.Bin) -> TrajectoryBand.Moment) -> TrajectoryPanel.Band {
                let moments = band.bins.map(moment)
                func at(_ place: Int) -> [Double] {
                    moments.map { $0.percentiles.isEmpty || band.isShare ? $0.mean : $0.percentiles[place] }
                }
                return TrajectoryPanel.Band(low: at(0), middle: at(1), high: at(2))
            }
            return TrajectoryPanel(
                name: band.column, unit: band.unit ?? "", times: band.bins.map(\.time), real: line(\.real),
                synthetic: line(\.synthetic))
        }
        guard !panels.isEmpty else { return nil }
        return Figure.trajectories(
            title: "\(fidelity.syntheticPatients) synthetic and \(fidelity.realPatients) real patients over time",
            timeUnit: fidelity.timeUnit ?? "", panels: Array(panels))
    }
}
