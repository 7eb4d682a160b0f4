import History
import Notifications
import SafeText
import Terminal

/// Amounts of time as a picture: columns that stand for ever longer times, and below them where the percentiles are, the
/// times at both ends, and that of the limit.
struct PulseHistogram {
    let histogram: TimeHistogram
    /// What must not be exceeded, in the histogram's unit.
    let limit: Int?
    /// An amount as it is said.
    let text: (Int) -> SafeText

    private static let tallest = 8
    /// Where a few buckets hold all, each may be that wide.
    private static let widest = 4

    func draw(on surface: inout Surface) {
        let (rows, columns) = (surface.size.rows, surface.size.columns)
        guard let scale = Scale(histogram, limit: limit, columns: columns), rows > 0 else { return }
        // Low, it has no percentiles; lower still, no times either.
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

    /// The percentiles by their numbers, the first ones first where they would stand in one another's place.
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
}

extension PulseHistogram {
    /// Which buckets stand in which column: from the first that holds something to the last, or to the limit.
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

/// Words below an axis. What comes first has its place; what would touch it is left out.
private struct AxisMarks {
    let columns: Int
    private var taken: [(text: SafeText, column: Int)] = []

    init(columns: Int) {
        self.columns = columns
    }

    /// Adds a word that begins at a column, or as near to it as the edge lets it.
    mutating func add(_ text: SafeText, at column: Int) {
        let column = max(0, min(column, columns - text.width))
        let isFree = taken.allSatisfy { column > $0.column + $0.text.width || column + text.width < $0.column }
        if isFree, text.width <= columns { taken.append((text, column)) }
    }

    func draw(row: Int, on surface: inout Surface) {
        for mark in taken { surface.put(mark.text, at: Point(column: mark.column, row: row), style: Style(.secondary)) }
    }
}
