import History
import Notifications
import SafeText
import Terminal

/// Amounts of time as percentiles and as a picture, whose columns stand for ever longer times.
struct PulseTimings {
    let histogram: TimeHistogram
    let isComplete: Bool
    let microsecondsPerUnit: Int
    /// What must not be exceeded, in the histogram's unit.
    var limit: Int?

    func draw(on surface: inout Surface) {
        guard histogram.count > 0 else {
            let text: SafeText = isComplete ? "none known" : "counting…"
            surface.put(text, at: Point(column: 0, row: 0), style: Style(.secondary))
            return
        }
        for (row, line) in lines(columns: surface.size.columns).prefix(surface.size.rows).enumerated() {
            surface.put(line.clipped(to: surface.size.columns), at: Point(column: 0, row: row))
        }
    }

    private func lines(columns: Int) -> [StyledLine] {
        let amounts = [
            amount("p50", histogram.percentile(50)), amount("p90", histogram.percentile(90)),
            amount("p99", histogram.percentile(99)), amount("most", histogram.largest),
        ]
        let (first, second) = (amounts[0] + amounts[1], amounts[2] + amounts[3])
        let together = first + second
        return (together.width <= columns ? [together] : [first, second]) + [picture(columns: columns)]
            + [remark].compactMap(\.self)
    }

    private func amount(_ name: SafeText, _ value: Int) -> StyledLine {
        StyledLine(name + " ", Style(.secondary)) + StyledLine(SafeText(text(value) + "  "))
    }

    private var remark: StyledLine? {
        if let limit {
            let over = histogram.countAbove(limit)
            return over == 0 ? nil : StyledLine("✗ \(Wording.grouped(over)) beyond the limit", Style(.bad, bold: true))
        }
        guard histogram.negative > 0 else { return nil }
        return StyledLine("! \(Wording.grouped(histogram.negative)) before they happened", Style(.warning))
    }

    /// From the first bucket that holds something to the last, or to the limit.
    private func picture(columns: Int) -> StyledLine {
        let counts = histogram.counts
        guard columns > 0, let first = counts.firstIndex(where: { $0 > 0 }),
            let last = counts.lastIndex(where: { $0 > 0 })
        else { return StyledLine() }
        let limitBucket = limit.map { TimeBuckets.bucket(of: $0) }
        let end = max(last, limitBucket ?? last)
        let bucketsPerColumn = max(1, (end - first + columns) / columns)
        let sums = stride(from: first, through: end, by: bucketsPerColumn).map { start in
            counts[start...min(end, start + bucketsPerColumn - 1)].reduce(0, +)
        }
        let most = sums.max() ?? 1
        return sums.enumerated().reduce(StyledLine()) { line, sum in
            let start = first + sum.offset * bucketsPerColumn
            let isBeyond = limitBucket.map { start > $0 } ?? false
            let isLimit = limitBucket.map { (start..<start + bucketsPerColumn).contains($0) } ?? false
            guard sum.element > 0 else { return line + StyledLine(isLimit ? "│" : " ", Style(.secondary)) }
            let level = max(1, sum.element * 8 / most)
            let glyph = SafeText(String("▁▂▃▄▅▆▇█".dropFirst(level - 1).prefix(1)))
            return line + StyledLine(glyph, isBeyond ? Style(.bad) : Style(.accent))
        }
    }

    private func text(_ amount: Int) -> String {
        Wording.span(microseconds: amount.multipliedReportingOverflow(by: microsecondsPerUnit).partialValue)
    }
}
