import Base
import History
import Notifications
import Terminal

/// A bar chart of deliveries over time. Verdicts are stacked, with problems at the top, where they are most visible.
struct PulseChart {
    let pulse: Pulse
    let selectedBar: Int?
    let hasKeys: Bool
    let clock: WallClock

    /// The width of the scale on the left.
    private static let scaleColumns = 7
    /// The minimum distance between two times below the axis.
    private static let tickColumns = 12

    /// Returns the width that is left for bars in the given width.
    static func plotColumns(in columns: Int) -> Int { max(0, columns - scaleColumns - 1) }

    /// Returns the bar at a column of the chart; nil outside the bars.
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
            // Put the label in the row in which a bar of that count ends.
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

/// The cells of one bar, from bottom to top.
struct PulseColumn: Hashable {
    struct Cell: Hashable {
        let layer: Int
        /// The filled part of the cell in eighths, from 1 to 8.
        let eighths: Int
    }

    let cells: [Cell]

    /// Divides the height of a bar among its layers.
    ///
    /// - Parameters:
    ///   - counts: The count of each layer, from bottom to top.
    ///   - most: The count of a bar that fills the height.
    init(counts: [Int], most: Int, height: Int) {
        let total = counts.reduce(0, +)
        guard total > 0, most > 0, height > 0 else {
            cells = []
            return
        }
        let eighths = max(1, min(height * 8, Int((Double(total) / Double(most) * Double(height * 8)).rounded())))
        let count = (eighths + 7) / 8
        // Each layer gets its share of the cells. Layers that are not empty get at least one, with priority for the
        // upper ones.
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

// MARK: - Layers

/// A layer of a bar: verdicts of similar meaning. Its own symbol identifies it without colours.
struct PulseLayer {
    let verdicts: [SignatureVerdict]
    let glyph: SafeText
    let style: Style
    /// Whether the height is drawn in eighths of a cell, which only the full block has symbols for. The top cell of any
    /// other layer is drawn whole, because its kind is more important than its exact height.
    let hasEighths: Bool

    private init(_ verdicts: SignatureVerdict..., glyph: SafeText, hasEighths: Bool = false) {
        self.verdicts = verdicts
        self.glyph = glyph
        self.hasEighths = hasEighths
        style = verdicts[0].style
    }

    /// All layers, from the bottom of a bar to its top. Problems are at the top, where they are most visible.
    static let all = [
        PulseLayer(.unjudged, glyph: "·"), PulseLayer(.valid, glyph: "█", hasEighths: true),
        PulseLayer(.unverified, .unsigned, .reconciled, glyph: "░"),
        PulseLayer(.removed, .missing, .malformed, .unsupported, glyph: "▒"),
        PulseLayer(.invalid, glyph: "▓"),
    ]

    /// Returns the symbol of a cell.
    func glyph(eighths: Int) -> SafeText {
        guard hasEighths, (1..<8).contains(eighths) else { return glyph }
        return SafeText(String("▁▂▃▄▅▆▇".dropFirst(eighths - 1).prefix(1)))
    }

    /// Returns the legend of the layers that occur in the bars.
    static func legend(_ pulse: Pulse) -> StyledLine {
        all.reduce(StyledLine()) { line, layer in
            let present = layer.verdicts.filter { verdict in
                pulse.bars.contains { $0[verdict.rawValue] > 0 }
            }
            guard !present.isEmpty else { return line }
            let words = present.map { SafeText($0.title) }.joined(separator: ", ")
            return line + StyledLine("  ") + StyledLine(layer.glyph, layer.style)
                + StyledLine(" " + words, Style(.secondary))
        }
    }
}

// MARK: - Plots

/// The columns of the bars. The bars fill the whole width, so some are one column wider than others.
struct PulsePlot {
    private let bars: Int
    private let columns: Int

    init(bars: Int, columns: Int) {
        self.bars = max(1, bars)
        // Right after the width has been reduced, the bars of the wider screen are clipped at the edge.
        self.columns = max(columns, self.bars)
    }

    /// Returns the columns of a bar, including the gap after it.
    func columns(of bar: Int) -> Range<Int> { bar * columns / bars..<(bar + 1) * columns / bars }

    /// Returns the drawn width of a bar. Bars are separated by a gap if there is room.
    func width(of bar: Int) -> Int {
        let width = columns(of: bar).count
        return columns / bars > 2 ? width - 1 : width
    }

    /// Returns the bar at a column, which may be after the last one.
    func bar(at column: Int) -> Int { ((column + 1) * bars - 1) / columns }

    /// Returns the number of bars in the given width, but at least 1.
    func bars(in columns: Int) -> Int { max(1, columns * bars / self.columns) }
}

// MARK: - Times

/// The formats of times on the axis and in the description of the selection.
enum PulseTime {
    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// Returns a time for the axis, or a date if the labels are a day or more apart.
    static func tick(_ moment: Timestamp, barWidth: Int64, distance: Int64, clock: WallClock) -> SafeText? {
        guard let time = clock.time(moment) else { return nil }
        if distance >= day { return "\(time.date)" }
        // If a bar covers an hour or more, midnight is shown as the date that begins.
        if barWidth >= 60 * minute { return time.isMidnight ? "\(time.date)" : "\(String(time.timeOfDay.prefix(5)))" }
        return "\(barWidth >= minute ? String(time.timeOfDay.prefix(5)) : time.timeOfDay)"
    }

    /// Returns a time range such as `Tue 24 November 2026 02:14 to 02:15`, or in short form `2026-11-24 02:14 to
    /// 02:15`.
    static func stretch(_ stretch: Range<Timestamp>, clock: WallClock, isShort: Bool = false) -> SafeText {
        func day(_ time: CalendarTime) -> String { isShort ? time.date : time.dayName }
        guard let start = clock.time(stretch.lowerBound), let end = clock.time(stretch.upperBound) else { return "?" }
        let width = stretch.upperBound.milliseconds - stretch.lowerBound.milliseconds
        if width >= Self.day {
            let last = clock.time(Timestamp(milliseconds: stretch.upperBound.milliseconds - 1)) ?? end
            let zone = clock.zone(at: stretch.lowerBound)
            return start.isSameDay(as: last) ? "\(day(start)) \(zone)" : "\(day(start)) to \(day(last)) \(zone)"
        }
        let digits = width >= minute ? 5 : 8
        let (first, last) = (start.timeOfDay.prefix(digits), end.timeOfDay.prefix(digits))
        return "\(day(start)) \(String(first)) to \(String(last)) \(clock.zone(at: stretch.lowerBound))"
    }
}

extension CalendarTime {
    fileprivate var isMidnight: Bool { hour == 0 && minute == 0 && second == 0 }
}
