import Terminal

/// Which part of the view shows what. On a low screen the bars come first, and there are no panels.
struct PulseParts {
    /// Bars, axis and times.
    let chart: Rect
    /// The selected bar in words.
    let readout: Rect
    /// A rule with the glyphs' meanings.
    let legend: Rect
    /// Shares and timings; no rows where there is no room for a title and what it is of.
    let panels: Rect

    private static let leastPanelRows = 2

    init(_ bounds: Rect) {
        let rows = bounds.rows
        var chartRows = rows < 14 ? max(5, rows - 6) : rows * 45 / 100 + 1
        if rows - chartRows - 2 < Self.leastPanelRows { chartRows = rows < 6 ? rows - 1 : rows - 2 }
        var rest: Rect
        (chart, rest) = bounds.splitTop(chartRows)
        (readout, rest) = rest.splitTop(1)
        (legend, panels) = rest.splitTop(1)
    }
}
