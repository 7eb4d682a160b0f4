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

    /// In one line, or in two where one has no room; low, some of it, for the picture needs two lines too.
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
