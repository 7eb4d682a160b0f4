import Base
import History
import Notifications
import Terminal

/// The lists and timings below the bars. A narrow screen shows only the one that has the keyboard focus.
struct PulsePanels {
    let screen: PulseScreen
    let pulse: Pulse

    func draw(on surface: inout Surface) {
        guard surface.size.rows > 1 else { return }
        for (section, rect) in Self.parts(of: surface.size, screen) {
            surface.draw(in: rect) { draw(section, on: &$0) }
        }
    }

    /// Returns the visible sections and their areas.
    private static func parts(
        of size: Size, _ screen: PulseScreen
    ) -> [(section: PulseScreen.Section, rect: Rect)] {
        guard size.columns >= 72 else { return [(screen.section == .bars ? .types : screen.section, Rect(size))] }
        // Types are usually the longest names, so they get more room unless there is enough for all.
        let isWide = size.columns >= 100
        let types = isWide ? size.columns / 3 : size.columns * 3 / 8
        let buckets = isWide ? size.columns / 3 : size.columns * 3 / 10
        return [
            (.types, Rect(column: 0, row: 0, columns: types - 2, rows: size.rows)),
            (.buckets, Rect(column: types, row: 0, columns: buckets - 2, rows: size.rows)),
            (
                .timings,
                Rect(
                    column: types + buckets, row: 0, columns: size.columns - types - buckets, rows: size.rows)
            ),
        ]
    }

    /// Returns the section that is visible in a column.
    static func section(atColumn column: Int, _ size: Size, _ screen: PulseScreen) -> PulseScreen.Section? {
        parts(of: size, screen).first { ($0.rect.column..<$0.rect.endColumn).contains(column) }?.section
    }

    private func draw(_ section: PulseScreen.Section, on surface: inout Surface) {
        switch section {
        case .bars, .types: drawShares("EVENTS BY TYPE", pulse.types, section: .types, on: &surface)
        case .buckets: drawShares("EVENTS BY BUCKET", pulse.buckets, section: .buckets, on: &surface)
        case .timings: drawTimings(on: &surface)
        }
    }

    private func title(_ text: SafeText, _ section: PulseScreen.Section, on surface: inout Surface, row: Int = 0) {
        let hasKeys = screen.section == section
        surface.put(
            hasKeys ? "[" + text + "]" : " " + text, at: Point(column: 1, row: row),
            style: hasKeys ? Style(.accent, bold: true) : Style(.secondary, bold: true))
    }

    private func drawShares(
        _ text: SafeText, _ shares: PulseShares, section: PulseScreen.Section, on surface: inout Surface
    ) {
        title(text, section, on: &surface)
        guard pulse.isComplete else {
            surface.put("counting…", at: Point(column: ListRow.margin, row: 1), style: Style(.secondary))
            return
        }
        let all = screen.shares(section)
        let countColumns = all.map { SafeText(Wording.short($0.count)).width }.max() ?? 0
        let list = screen.shareList(section)
        if all.isEmpty { surface.put("no events", at: Point(column: ListRow.margin, row: 1), style: Style(.secondary)) }
        for (index, share) in all.enumerated().dropFirst(list.top).prefix(max(0, surface.size.rows - 1)) {
            let line = index - list.top + 1
            draw(share, of: shares.total, section, countColumns: countColumns, row: line, on: &surface)
            if screen.section == section, index == list.selection {
                ListRow.mark(row: line, hasKeys: true, on: &surface)
            }
        }
    }

    private func draw(
        _ share: (name: String, count: Int), of total: Int, _ section: PulseScreen.Section,
        countColumns: Int, row: Int, on surface: inout Surface
    ) {
        // Columns are as wide as their content, so that the names have as much room as possible.
        let amount =
            SafeText("\(Wording.percent(share.count, of: total)) %").leftPadded(to: 6)
            + SafeText(Wording.short(share.count)).leftPadded(to: countColumns + 2)
        let room = surface.size.columns - ListRow.margin - amount.width
        let name = section == .types ? EventType(share.name).shortName : share.name
        let text: SafeText = name.isEmpty ? "(none)" : SafeText(cell: name)
        surface.put(text.clippedInMiddle(to: max(4, room)), at: Point(column: ListRow.margin, row: row))
        surface.put(amount, at: Point(column: ListRow.margin + room, row: row), style: Style(.secondary))
    }

    private func drawTimings(on surface: inout Surface) {
        let half = max(3, (surface.size.rows + 1) / 2)
        title("DELAY event to arrival", .timings, on: &surface)
        let upper = Rect(
            column: ListRow.margin, row: 1, columns: surface.size.columns - ListRow.margin, rows: half - 1)
        surface.draw(in: upper) {
            PulseTimings(histogram: pulse.delays, isComplete: pulse.isComplete, microsecondsPerUnit: 1_000)
                .draw(on: &$0)
        }
        surface.put(" ANSWER limit 3 s", at: Point(column: 1, row: half), style: Style(.secondary, bold: true))
        let lower = Rect(
            column: ListRow.margin, row: half + 1, columns: surface.size.columns - ListRow.margin,
            rows: surface.size.rows - half - 1)
        surface.draw(in: lower) {
            PulseTimings(
                histogram: pulse.answers, isComplete: true, microsecondsPerUnit: 1, limit: DeliveriesScreen.late
            ).draw(on: &$0)
        }
    }
}

// MARK: - Parts of the screen

/// The layout of the tab. If there are few rows, the bars have priority over the panels.
struct PulseParts {
    /// The area of the bars, the axis and its times.
    let chart: Rect
    /// The line that describes the selection.
    let readout: Rect
    /// The rule with the legend.
    let legend: Rect
    /// The area of the lists and timings; without rows if a title and content do not fit.
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

// MARK: - Answer times

/// A histogram of times. Its columns represent increasingly long times. Below them are marks for the percentiles, and
/// the times at both ends and at the limit.
struct PulseHistogram {
    let histogram: TimeHistogram
    /// The time that should not be exceeded, in the unit of the histogram.
    let limit: Int?
    /// A function that formats a time.
    let text: (Int) -> SafeText

    private static let tallest = 8
    /// The maximum width of a bucket, used if there are only a few.
    private static let widest = 4

    func draw(on surface: inout Surface) {
        let (rows, columns) = (surface.size.rows, surface.size.columns)
        guard let scale = Scale(histogram, limit: limit, columns: columns), rows > 0 else { return }
        // With few rows, leave out the percentiles, and with even fewer also the times.
        let height = min(Self.tallest, max(1, rows - 2))
        for column in 0..<scale.width { draw(scale, column: column, height: height, on: &surface) }
        if rows >= 3 { drawPercentiles(scale, row: height, on: &surface) }
        if rows >= 2 { drawTimes(scale, row: rows >= 3 ? height + 1 : height, on: &surface) }
    }

    private func draw(_ scale: Scale, column: Int, height: Int, on surface: inout Surface) {
        let buckets = scale.buckets(at: column)
        let limitBucket = limit.map(TimeBuckets.bucket)
        if let limitBucket, buckets.contains(limitBucket) {
            for row in 0..<height {
                surface.put("│", at: Point(column: column, row: row), style: Style(.secondary))
            }
        }
        let sum = scale.sum(at: column)
        guard sum > 0 else { return }
        let eighths = max(1, Int((Double(sum) / Double(scale.most) * Double(height * 8)).rounded()))
        let style = Style(limitBucket.map { buckets.lowerBound > $0 } ?? false ? .bad : .accent)
        for row in 0..<(eighths + 7) / 8 {
            let filled = min(8, eighths - row * 8)
            surface.put(
                SafeText(String("▁▂▃▄▅▆▇█".dropFirst(filled - 1).prefix(1))),
                at: Point(column: column, row: height - 1 - row), style: style)
        }
    }

    /// Draws marks for the percentiles. If marks would overlap, the median is shown first, then p99.
    private func drawPercentiles(_ scale: Scale, row: Int, on surface: inout Surface) {
        var marks = AxisMarks(columns: surface.size.columns)
        for percent in [50, 99, 90] {
            let bucket = TimeBuckets.bucket(of: histogram.percentile(percent))
            marks.add("p\(percent)", at: scale.column(of: bucket))
        }
        marks.draw(row: row, on: &surface)
    }

    private func drawTimes(_ scale: Scale, row: Int, on surface: inout Surface) {
        var marks = AxisMarks(columns: surface.size.columns)
        let first = text(TimeBuckets.middle(of: scale.first))
        let last = text(min(TimeBuckets.middle(of: scale.last), max(histogram.largest, limit ?? 0)))
        marks.add(first, at: 0)
        if let limit { marks.add(text(limit), at: scale.column(of: TimeBuckets.bucket(of: limit))) }
        if last != first { marks.add(last, at: scale.width - last.width) }
        marks.draw(row: row, on: &surface)
    }

    // MARK: - The axis

    /// The assignment of buckets to columns, from the first bucket that is not empty to the last one or to the limit.
    private struct Scale {
        let first: Int
        let last: Int
        let width: Int
        private let bucketsPerColumn: Int
        private let columnsPerBucket: Int
        private let counts: [Int]
        private(set) var most = 1

        init?(_ histogram: TimeHistogram, limit: Int?, columns: Int) {
            counts = histogram.counts
            guard columns > 0, let first = counts.firstIndex(where: { $0 > 0 }),
                let filled = counts.lastIndex(where: { $0 > 0 })
            else { return nil }
            let last = max(filled, limit.map(TimeBuckets.bucket) ?? filled)
            let count = last - first + 1
            (self.first, self.last) = (min(first, last), last)
            bucketsPerColumn = (count + columns - 1) / columns
            columnsPerBucket = bucketsPerColumn > 1 ? 1 : min(PulseHistogram.widest, columns / count)
            width = (count + bucketsPerColumn - 1) / bucketsPerColumn * columnsPerBucket
            most = max(1, (0..<width).map { sum(at: $0) }.max() ?? 1)
        }

        func buckets(at column: Int) -> ClosedRange<Int> {
            let start = first + column / columnsPerBucket * bucketsPerColumn
            return start...max(start, min(last, start + bucketsPerColumn - 1))
        }

        func sum(at column: Int) -> Int { counts[buckets(at: column)].reduce(0, +) }

        func column(of bucket: Int) -> Int { (bucket - first) / bucketsPerColumn * columnsPerBucket }
    }
}

/// The labels below an axis. A label that would touch an earlier one is left out.
private struct AxisMarks {
    let columns: Int
    private var taken: [(text: SafeText, column: Int)] = []

    init(columns: Int) {
        self.columns = columns
    }

    /// Adds a label that begins at a column, or as close to it as the edge permits.
    mutating func add(_ text: SafeText, at column: Int) {
        let column = max(0, min(column, columns - text.width))
        let isFree = taken.allSatisfy { column > $0.column + $0.text.width || column + text.width < $0.column }
        if isFree, text.width <= columns { taken.append((text, column)) }
    }

    func draw(row: Int, on surface: inout Surface) {
        for mark in taken { surface.put(mark.text, at: Point(column: mark.column, row: row), style: Style(.secondary)) }
    }
}

// MARK: - Figures

/// Percentiles and a histogram of times.
struct PulseTimings {
    let histogram: TimeHistogram
    let isComplete: Bool
    let microsecondsPerUnit: Int
    /// The time that should not be exceeded, in the unit of the histogram.
    var limit: Int?

    func draw(on surface: inout Surface) {
        guard histogram.count > 0 else {
            let text: SafeText = isComplete ? "none known" : "counting…"
            surface.put(text, at: Point(column: 0, row: 0), style: Style(.secondary))
            return
        }
        let columns = surface.size.columns
        let words = words(columns: columns, rows: surface.size.rows)
        let (upper, rest) = surface.bounds.splitTop(words.count)
        let (middle, lower) = rest.splitTop(rest.rows - (remark == nil ? 0 : 1))
        surface.draw(in: upper) { part in
            for (row, line) in words.enumerated() {
                part.put(line.clipped(to: columns), at: Point(column: 0, row: row))
            }
        }
        surface.draw(in: middle) { PulseHistogram(histogram: histogram, limit: limit, text: text).draw(on: &$0) }
        if let remark {
            surface.draw(in: lower) { $0.put(remark.clipped(to: columns), at: Point(column: 0, row: 0)) }
        }
    }

    /// Returns the percentiles in one line, or in two if the line is too short. With few rows, returns only two of
    /// them, because the histogram also needs two lines.
    private func words(columns: Int, rows: Int) -> [StyledLine] {
        let amounts = [
            amount("p50", histogram.percentile(50)), amount("p90", histogram.percentile(90)),
            amount("p99", histogram.percentile(99)), amount("most", histogram.largest),
        ]
        let gap = StyledLine("  ")
        let (first, second) = (amounts[0] + gap + amounts[1], amounts[2] + gap + amounts[3])
        let together = first + gap + second
        if together.width <= columns { return [together] }
        return rows > 3 ? [first, second] : [amounts[0] + gap + amounts[2]]
    }

    private func amount(_ name: SafeText, _ value: Int) -> StyledLine {
        StyledLine(name + " ", Style(.secondary)) + StyledLine(text(value))
    }

    private var remark: StyledLine? {
        if let limit {
            let over = histogram.countAbove(limit)
            return over == 0 ? nil : StyledLine("✗ \(Wording.grouped(over)) beyond the limit", Style(.bad, bold: true))
        }
        guard histogram.negative > 0 else { return nil }
        return StyledLine("! \(Wording.grouped(histogram.negative)) before they happened", Style(.warning))
    }

    private func text(_ amount: Int) -> SafeText {
        SafeText(Wording.span(microseconds: amount.multipliedReportingOverflow(by: microsecondsPerUnit).partialValue))
    }
}

// MARK: - Shares

/// The selection and scroll position in a list of names.
struct ShareList {
    private(set) var selection = 0
    /// The index of the first name in view.
    private(set) var top = 0
    private var count = 0
    private var height = 0

    mutating func settle(count: Int, height: Int) {
        (self.count, self.height) = (count, max(0, height))
        select(selection)
    }

    /// Selects a name by its index, and scrolls it into view.
    mutating func select(_ index: Int) {
        selection = min(max(0, index), max(0, count - 1))
        top = min(max(0, min(top, selection), selection - height + 1), lastTop)
    }

    /// Scrolls the list. The selection moves only if it would leave the view.
    mutating func scroll(by lines: Int) {
        top = min(max(0, top + lines), lastTop)
        selection = min(max(selection, top), max(top, min(count, top + height) - 1))
    }

    private var lastTop: Int { max(0, count - height) }
}
