import History
import Notifications
import SafeText
import Terminal

/// Deliveries over time as bars, the verdicts stacked: problems at the top, where they are seen.
struct PulseChart {
    let pulse: Pulse
    let selectedBar: Int?
    let hasKeys: Bool
    let clock: WallClock

    /// The columns for the numbers of the scale.
    private static let scaleColumns = 7
    /// From one time below the axis to the next, at least.
    private static let tickColumns = 12

    /// How many columns of so many are for bars.
    static func plotColumns(in columns: Int) -> Int { max(0, columns - scaleColumns - 1) }

    /// The bar of a column of the plot; nil outside of them.
    static func bar(atColumn column: Int, of pulse: Pulse, in columns: Int) -> Int? {
        guard column >= scaleColumns else { return nil }
        let bar = plot(pulse, in: columns).bar(at: column - scaleColumns)
        return pulse.bars.indices.contains(bar) ? bar : nil
    }

    private static func plot(_ pulse: Pulse, in columns: Int) -> PulsePlot {
        PulsePlot(bars: pulse.bars.count, columns: plotColumns(in: columns))
    }

    func draw(on surface: inout Surface) {
        let height = surface.size.rows - 2
        guard height > 0 else { return }
        let most = pulse.bars.lazy.map { $0.reduce(0, +) }.max() ?? 0
        drawScale(most, height: height, on: &surface)
        let plot = Self.plot(pulse, in: surface.size.columns)
        for bar in pulse.bars.indices { draw(bar, most: most, plot: plot, height: height, on: &surface) }
        drawAxis(row: height, plot: plot, on: &surface)
    }

    private func drawScale(_ most: Int, height: Int, on surface: inout Surface) {
        func label(_ number: Int, row: Int) {
            let text = SafeText(Wording.short(number)).leftPadded(to: Self.scaleColumns - 1)
            surface.put(text, at: Point(column: 0, row: row), columns: Self.scaleColumns - 1, style: Style(.secondary))
        }
        label(most, row: 0)
        if height >= 6, most >= 4 {
            // In the row where a bar of that number ends.
            let half = most / 2
            label(half, row: height - PulseColumn(counts: [half], most: most, height: height).cells.count)
        }
        label(0, row: height - 1)
    }

    private func draw(_ bar: Int, most: Int, plot: PulsePlot, height: Int, on surface: inout Surface) {
        let cells = PulseColumn(
            counts: PulseLayer.all.map { layer in layer.verdicts.reduce(0) { $0 + pulse[bar, $1] } }, most: most,
            height: height)
        let (column, width) = (Self.scaleColumns + plot.columns(of: bar).lowerBound, plot.width(of: bar))
        for (index, cell) in cells.cells.enumerated() {
            let layer = PulseLayer.all[cell.layer]
            let glyphs = repeatElement(layer.glyph(eighths: cell.eighths), count: width).joined()
            surface.put(glyphs, at: Point(column: column, row: height - 1 - index), style: layer.style)
        }
        guard bar == selectedBar else { return }
        surface.put(
            SafeText(String(repeating: "▲", count: width)), at: Point(column: column, row: height),
            style: Style(.accent, bold: hasKeys))
    }

    private func drawAxis(row: Int, plot: PulsePlot, on surface: inout Surface) {
        for bar in pulse.bars.indices where bar != selectedBar {
            let columns = plot.columns(of: bar)
            surface.put(
                SafeText(String(repeating: "─", count: columns.count)),
                at: Point(column: Self.scaleColumns + columns.lowerBound, row: row), style: Style(.secondary))
        }
        var free = Self.scaleColumns
        let width = pulse.request.barWidth
        let distance = Int64(plot.bars(in: Self.tickColumns)) * width
        for bar in pulse.bars.indices {
            let column = Self.scaleColumns + plot.columns(of: bar).lowerBound
            let moment = Timestamp(milliseconds: pulse.start.milliseconds + Int64(bar) * width)
            guard column >= free, let text = PulseTime.tick(moment, barWidth: width, distance: distance, clock: clock),
                column + text.width <= surface.size.columns
            else { continue }
            surface.put(text, at: Point(column: column, row: row + 1), style: Style(.secondary))
            free = column + max(Self.tickColumns, text.width + 3)
        }
    }
}

/// One bar in cells, from the bottom up.
struct PulseColumn: Hashable {
    struct Cell: Hashable {
        let layer: Int
        /// How much of it is filled, from 1 to 8.
        let eighths: Int
    }

    let cells: [Cell]

    /// - Parameters:
    ///   - counts: Of each layer, from the bottom up.
    ///   - most: What fills all of the height.
    init(counts: [Int], most: Int, height: Int) {
        let total = counts.reduce(0, +)
        guard total > 0, most > 0, height > 0 else {
            cells = []
            return
        }
        let eighths = max(1, min(height * 8, Int((Double(total) / Double(most) * Double(height * 8)).rounded())))
        let count = (eighths + 7) / 8
        // Each layer has its share of the cells; a layer that is there at all shows, the upper ones first.
        var shares = counts.map { Int((Double($0) / Double(total) * Double(count)).rounded(.down)) }
        let present = counts.indices.filter { counts[$0] > 0 }
        for layer in present.reversed() where shares[layer] == 0 { shares[layer] = 1 }
        while shares.reduce(0, +) > count {
            let largest = shares.indices.filter { shares[$0] > 1 }.max { shares[$0] < shares[$1] }
            if let victim = largest ?? shares.indices.first(where: { shares[$0] > 0 }) { shares[victim] -= 1 }
        }
        while shares.reduce(0, +) < count {
            if let largest = present.max(by: { counts[$0] < counts[$1] }) { shares[largest] += 1 }
        }
        let layers = shares.indices.flatMap { Array(repeating: $0, count: shares[$0]) }
        cells = layers.enumerated().map { index, layer in
            Cell(layer: layer, eighths: index == count - 1 ? eighths - (count - 1) * 8 : 8)
        }
    }
}
