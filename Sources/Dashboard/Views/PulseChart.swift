import Base
import History
import Notifications
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

// MARK: - Layers

/// A layer of a bar: verdicts that mean the same to who looks, with a glyph of its own, so that it is told from the others
/// without colours too.
struct PulseLayer {
    let verdicts: [SignatureVerdict]
    let glyph: SafeText
    let style: Style
    /// Whether its height is drawn in eighths of a cell. There are such glyphs for whole blocks alone: the top cell of any
    /// other layer is drawn whole, since what it is matters more than how much of it.
    let hasEighths: Bool

    private init(_ verdicts: SignatureVerdict..., glyph: SafeText, hasEighths: Bool = false) {
        self.verdicts = verdicts
        self.glyph = glyph
        self.hasEighths = hasEighths
        style = verdicts[0].style
    }

    /// From the bottom of a bar to its top: problems are where they are seen.
    static let all = [
        PulseLayer(.unjudged, glyph: "·"), PulseLayer(.valid, glyph: "█", hasEighths: true),
        PulseLayer(.unverified, .unsigned, .reconciled, glyph: "░"),
        PulseLayer(.removed, .missing, .malformed, .unsupported, glyph: "▒"),
        PulseLayer(.invalid, glyph: "▓"),
    ]

    /// What a cell of it shows.
    func glyph(eighths: Int) -> SafeText {
        guard hasEighths, (1..<8).contains(eighths) else { return glyph }
        return SafeText(String("▁▂▃▄▅▆▇".dropFirst(eighths - 1).prefix(1)))
    }

    /// Which glyph stands for what, of all that is in the bars.
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

/// The columns of the bars. All of the plot is theirs, so where it is no multiple of their number some are a column wider
/// than others.
struct PulsePlot {
    private let bars: Int
    private let columns: Int

    init(bars: Int, columns: Int) {
        self.bars = max(1, bars)
        // Those of a wider screen, as long as nothing else is counted, run over the edge.
        self.columns = max(columns, self.bars)
    }

    /// The columns of a bar with the gap behind it.
    func columns(of bar: Int) -> Range<Int> { bar * columns / bars..<(bar + 1) * columns / bars }

    /// How many columns of a bar are drawn: a gap tells bars apart where there is room for one.
    func width(of bar: Int) -> Int {
        let width = columns(of: bar).count
        return columns / bars > 2 ? width - 1 : width
    }

    /// The bar of a column, which may lie behind the last one.
    func bar(at column: Int) -> Int { ((column + 1) * bars - 1) / columns }

    /// How many bars have so many columns together, at least one.
    func bars(in columns: Int) -> Int { max(1, columns * bars / self.columns) }
}

// MARK: - Times

/// Moments as the axis and the line below the bars say them.
enum PulseTime {
    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// Below the axis: a time, or a date where one is a day or more from the next.
    static func tick(_ moment: Timestamp, barWidth: Int64, distance: Int64, clock: WallClock) -> SafeText? {
        guard let time = clock.time(moment) else { return nil }
        if distance >= day { return "\(time.date)" }
        // Above an hour a bar, midnight says which day begins.
        if barWidth >= 60 * minute { return time.isMidnight ? "\(time.date)" : "\(String(time.timeOfDay.prefix(5)))" }
        return "\(barWidth >= minute ? String(time.timeOfDay.prefix(5)) : time.timeOfDay)"
    }

    /// Such as `Tue 24 November 2026 02:14 to 02:15`, or short, `2026-11-24 02:14 to 02:15`.
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
