import History
import Notifications
import SafeText
import Terminal

/// A row of the delivery list as text.
struct DeliveryLine: CellLine {
    /// From here on an answer is slow, in microseconds.
    static let slow = 1_000_000
    /// From here on B2 has given up, in microseconds.
    static let late = 3_000_000

    let row: DeliveryRow
    let clock: RowClock

    private var first: EventRow { row.first }

    /// What is no notification is dim.
    private var quiet: Style { first.verdict == .unjudged ? Style(.secondary) : .plain }

    func cell(_ column: DeliveryColumn, width: Int) -> (text: SafeText, style: Style) {
        switch column {
        case .id: ("\(row.id)", Style(.secondary))
        case .time: (clock.text(first.receivedAt, columns: width), quiet)
        case .signature: ("\(first.verdict.glyph) \(first.verdict.title)", first.verdict.style)
        case .status: ("\(first.status)", statusStyle)
        case .answer: answer
        case .bytes: ("\(Wording.bytes(Int64(first.bodyLength)))", quiet)
        case .events: (first.verdict == .unjudged ? .empty : "\(Wording.grouped(first.eventCount))", quiet)
        case .also: (others, Style(.notice))
        case .from: (SafeText(cell: row.remoteAddress), Style(.secondary))
        case .object: (object, first.position == nil ? Style(.secondary) : .plain)
        }
    }

    private var statusStyle: Style {
        switch first.status {
        case 500...: Style(.bad)
        case 400..<500 where first.verdict != .unjudged: Style(.warning)
        default: quiet
        }
    }

    private var answer: (text: SafeText, style: Style) {
        guard let time = row.answerTime else { return ("–", Style(.secondary)) }
        let style = time >= Self.late ? Style(.bad, bold: true) : time >= Self.slow ? Style(.warning) : quiet
        return ("\(Wording.duration(microseconds: time))", style)
    }

    /// How many other deliveries hold the same event, such as `3×`.
    private var others: SafeText {
        switch row.others {
        case 0: .empty
        case ...DeliveryRow.mostOthers: "\(row.others)×"
        default: "\(DeliveryRow.mostOthers)+×"
        }
    }

    /// The first event's object, or what the request was.
    private var object: SafeText {
        if first.verdict == .unjudged { return SafeText(cell: "\(first.method) \(first.target)") }
        guard first.position != nil else { return "no events" }
        let name = first.objectName.text
        let shown = SafeText(cell: name.isEmpty ? EventType(first.eventType.text).shortName : name)
        return first.eventCount > 1 ? shown + " +\(Wording.grouped(first.eventCount - 1))" : shown
    }
}
