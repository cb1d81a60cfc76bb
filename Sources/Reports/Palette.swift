// Colours that people with any colour vision can tell apart: Okabe and Ito, "Color universal design" (2008).

/// The colours of figures and trees.
public enum Palette {
    /// In the order in which series and actions use them.
    public static let series = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A4C93", "#000000"]
    /// Reference lines and source data.
    public static let reference = "#666666"

    /// The colour of a series, round and round.
    public static func series(_ index: Int) -> String { series[index % series.count] }

    /// The colours of actions: grey for the first, which is doing nothing where there is such an action. Darker than
    /// the palette's, so that white letters on them have a contrast of at least 4.5 (WCAG 2.2, criterion 1.4.3).
    public static let actions = [
        "#6B6B6B", "#0063A0", "#B84F00", "#6A4C93", "#00755A", "#866100", "#A3467A", "#1A1A1A",
    ]

    public static func action(_ index: Int) -> String { actions[max(0, index) % actions.count] }
}
