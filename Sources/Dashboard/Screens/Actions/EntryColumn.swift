import History
import Notifications
import SafeText
import Terminal

/// The columns of an action's entries, from left to right. As the list narrows NEXT leaves first, then TRIES and WHY.
enum EntryColumn: Int, CaseIterable {
    case time, state, tries, next, object, why

    var title: SafeText {
        switch self {
        case .time: "TIME"
        case .state: "STATE"
        case .tries: "TRIES"
        case .next: "NEXT"
        case .object: "OBJECT"
        case .why: "WHY"
        }
    }

    func column(holding widths: TextWidths) -> Column {
        let width = widths[rawValue]
        return switch self {
        case .time: Column(title, minimum: 8)
        case .state: Column(title, minimum: width)
        case .tries: Column(title, minimum: width, leaveOrder: 2, alignment: .right)
        case .next: Column(title, minimum: width, leaveOrder: 1)
        case .object: Column(title, minimum: 14, ideal: min(width, 40), weight: 1, cut: .middle)
        case .why: Column(title, minimum: 16, ideal: min(width, 60), weight: 1, leaveOrder: 3)
        }
    }
}

/// An entry as text.
struct EntryLine: CellLine {
    let row: OutboxRow
    let clock: RowClock
    /// Now, by the calendar.
    let now: Timestamp

    private var entry: OutboxEntry { row.entry }

    func cell(_ column: EntryColumn, width: Int) -> (text: SafeText, style: Style) {
        switch column {
        case .time: (clock.text(entry.addedAt, columns: width), .plain)
        case .state: ("\(entry.state.glyph) \(entry.state.word)", entry.state.style)
        case .tries: ("\(Wording.grouped(entry.attempts))", Style(.secondary))
        case .next:
            (
                entry.nextTry.map { $0 > now ? ActionLine.soon($0, now, clock.clock) : "due" } ?? .empty,
                Style(.secondary)
            )
        case .object: (object, .plain)
        case .why: (SafeText(cell: entry.reason.map(EntryReason.brief) ?? ""), Style(.secondary))
        }
    }

    private var object: SafeText { Self.name(of: row.event) }

    /// The event's object, or what the request was.
    static func name(of event: EventRow) -> SafeText {
        if let note = EventLine.note(event) { return note }
        let name = event.objectName.text
        return SafeText(cell: name.isEmpty ? EventType(event.eventType.text).shortName : name)
    }
}
