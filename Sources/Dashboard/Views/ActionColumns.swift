import Foundation
import History
import Notifications
import SafeText
import Terminal

/// The columns of the list of actions, from left to right. As it narrows those leave first that are empty, or zero, for all
/// actions; then KIND, OLDEST and LAST ERROR. A count that is not zero stays.
enum ActionColumn: Int, CaseIterable {
    case name, kind, state, queued, done, failed, dead, uncertain, onHold, skipped, oldest, error

    var title: SafeText {
        switch self {
        case .name: "ACTION"
        case .kind: "KIND"
        case .state: "STATE"
        case .queued: "QUEUED"
        case .done: "DONE"
        case .failed: "FAILED"
        case .dead: "DEAD"
        case .uncertain: "UNCERTAIN"
        case .onHold: "ON HOLD"
        case .skipped: "SKIPPED"
        case .oldest: "OLDEST"
        case .error: "LAST ERROR"
        }
    }

    /// - Parameter saysNothing: Whether no action has anything in it.
    func column(holding widths: TextWidths, saysNothing: Bool) -> Column {
        let width = widths[rawValue]
        var column = column(width)
        if saysNothing { column.leaveOrder = Self.allCases.count - rawValue }
        return column
    }

    private func column(_ width: Int) -> Column {
        switch self {
        case .name: Column(title, minimum: min(width, 12), ideal: min(width, 32), weight: 1, cut: .middle)
        case .kind: Column(title, minimum: width, leaveOrder: 22)
        case .state: Column(title, minimum: min(width, 14), ideal: min(width, 26))
        case .queued, .done, .failed, .dead, .uncertain, .onHold, .skipped:
            Column(title, minimum: width, alignment: .right)
        case .oldest: Column(title, minimum: width, leaveOrder: 24, alignment: .right)
        case .error: Column(title, minimum: 16, ideal: min(width, 60), weight: 1, leaveOrder: 26)
        }
    }
}

/// An action as text.
struct ActionLine: CellLine {
    let action: ListedAction
    let clock: WallClock
    /// Now, by the calendar.
    let now: Timestamp

    private var status: ActionStatus { action.status }

    /// What it does now, in a word or two.
    var state: (text: SafeText, style: Style) { state(in: .max) }

    /// The same in so many columns: what is too long gives way word by word, and is not cut.
    private func state(in width: Int) -> (text: SafeText, style: Style) {
        if !status.isDeclared { return ("not in config.yaml", Style(.notice)) }
        if status.isPaused { return ("paused", Style(.notice)) }
        if status[.running] > 0, !status.isOnHold { return ("running", Style(.good)) }
        let next = action.goesOn.flatMap { $0 > now ? Self.soon($0, now, clock) : nil }
        if status.isOnHold {
            return (Self.fitting("on hold", "retry", next, in: width), Style(.bad))
        }
        guard status[.queued] > 0 || status[.failed] > 0 else { return ("idle", Style(.secondary)) }
        guard let next else { return ("waiting", .plain) }
        return status.hold?.kind == .limit
            ? (Self.fitting("limit", "next", next, in: width), Style(.notice))
            : ([("retry " + next), next].first { $0.width <= width } ?? "waiting", Style(.warning))
    }

    /// Such as `on hold, retry in 4 min`, `on hold, in 4 min` or `on hold`.
    private static func fitting(_ word: SafeText, _ verb: SafeText, _ next: SafeText?, in width: Int) -> SafeText {
        guard let next else { return word }
        return [word + ", " + verb + " " + next, word + ", " + next].first { $0.width <= width } ?? word
    }

    /// Whether this action has nothing in a column.
    func saysNothing(in column: ActionColumn) -> Bool {
        switch column {
        case .name, .kind, .state: false
        case .queued: status[.queued] == 0
        case .done: status[.done] == 0
        case .failed: status[.failed] == 0
        case .dead: status[.dead] == 0
        case .uncertain: status[.uncertain] == 0
        case .onHold: status[.onHold] == 0
        case .skipped: status[.skipped] == 0
        case .oldest: status.oldestWaiting == nil
        case .error: error == nil
        }
    }

    func cell(_ column: ActionColumn, width: Int = .max) -> (text: SafeText, style: Style) {
        switch column {
        case .name: (SafeText(cell: status.name), .plain)
        case .kind: (SafeText(cell: status.kind), Style(.secondary))
        case .state: state(in: width)
        case .queued: count(.queued, .plain)
        case .done: count(.done, Style(.good))
        case .failed: count(.failed, Style(.warning))
        case .dead: count(.dead, Style(.bad))
        case .uncertain: count(.uncertain, Style(.notice))
        case .onHold: count(.onHold, Style(.warning))
        case .skipped: count(.skipped, .plain)
        case .oldest: (oldest, .plain)
        case .error: (SafeText(cell: error.map(EntryReason.brief) ?? ""), Style(.secondary))
        }
    }

    /// Why it does not go on, or what went wrong last; nil where nothing is wrong now.
    private var error: String? {
        if status.isOnHold || status.waiting > 0, let reason = status.hold?.reason { return reason }
        let isWrong = status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0
        return isWrong ? status.lastReason.flatMap { $0.isEmpty ? nil : $0 } : nil
    }

    private func count(_ state: EntryState, _ style: Style) -> (text: SafeText, style: Style) {
        let count = status[state]
        return ("\(Wording.short(count))", count == 0 ? Style(.secondary) : style)
    }

    private var oldest: SafeText {
        status.oldestWaiting.map { "\(Self.age(now.milliseconds - $0.milliseconds))" } ?? .empty
    }

    /// An age in whole minutes, hours or days.
    static func age(_ milliseconds: Int64) -> String {
        switch milliseconds / 60_000 {
        case ..<1: "< 1 min"
        case let minutes where minutes < 60: "\(minutes) min"
        case let minutes where minutes < 48 * 60: "\(minutes / 60) h"
        case let minutes: "\(minutes / 1_440) days"
        }
    }

    /// How soon something is, in a few letters: in minutes, as a time of day, or in days.
    static func soon(_ moment: Timestamp, _ now: Timestamp, _ clock: WallClock) -> SafeText {
        let seconds = (moment.milliseconds - now.milliseconds + 999) / 1_000
        switch seconds {
        case ..<60: return "in < 1 min"
        case ..<3_600: return "in \((seconds + 59) / 60) min"
        case ..<82_800:
            guard let time = clock.time(moment) else { return "?" }
            return "\(String(time.timeOfDay.prefix(5)))"
        case ..<172_800: return "in \(seconds / 3_600) h"
        default: return "in \(seconds / 86_400) days"
        }
    }

    /// A time of day; with the date where it is not today's.
    static func moment(_ moment: Timestamp, _ now: Timestamp, _ clock: WallClock) -> SafeText {
        guard let time = clock.time(moment) else { return "?" }
        let isToday = clock.time(now).map { $0.isSameDay(as: time) } ?? false
        return isToday ? "\(time.timeOfDay)" : "\(time.date) \(time.timeOfDay)"
    }
}

// MARK: - What is queued

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

// MARK: - States

extension EntryState {
    /// The state in one cell.
    var glyph: String {
        switch self {
        case .queued, .running: "○"
        case .done: "●"
        case .failed: "!"
        case .dead: "✗"
        case .skipped: "–"
        case .uncertain: "?"
        case .onHold: "⊘"
        }
    }

    /// How the state looks; its glyph and word say the same without colour.
    var style: Style {
        switch self {
        case .queued, .running, .skipped: Style(.secondary)
        case .done: Style(.good)
        case .failed, .onHold: Style(.warning)
        case .dead: Style(.bad)
        case .uncertain: Style(.notice)
        }
    }

    /// What it means for a row of a sheet.
    var sheetWord: String {
        switch self {
        case .queued, .running: "pending"
        case .done: "written"
        case .failed, .dead: "failed"
        case .skipped: "skipped"
        case .uncertain: "uncertain"
        case .onHold: "on hold"
        }
    }
}

// MARK: - Reasons

/// The reason of an entry where there is little room: what went wrong first, and then who said so.
enum EntryReason {
    static func brief(_ reason: String) -> String {
        for wrapper in ["refused, while others were done: ", "so it seems to be the action: "] {
            if let range = reason.range(of: wrapper) { return brief(String(reason[range.upperBound...])) }
        }
        if reason.hasPrefix("given up after "), let colon = reason.range(of: ": ") {
            return "given up: " + brief(String(reason[colon.upperBound...]))
        }
        if let range = reason.range(of: " that verified it was deleted as leaked"), reason.hasPrefix("the secret ") {
            return "secret leaked: " + reason[..<range.lowerBound].dropFirst("the secret ".count)
        }
        // `Slack answered 403 Forbidden: …`
        for verb in [" answered ", " answers "] {
            if let range = reason.range(of: verb), reason[range.upperBound...].first?.isNumber == true {
                return String(reason[range.upperBound...])
            }
        }
        // `/usr/local/bin/make ended with status 3: …`
        for (verb, word) in [(" ended with status ", "status "), (" was ended by signal ", "signal ")] {
            if let range = reason.range(of: verb) { return word + reason[range.upperBound...] }
        }
        // `/srv/events.csv cannot be written: …`
        guard reason.hasPrefix("/") || reason.hasPrefix("~/"), let blank = reason.firstIndex(of: " ") else {
            return reason
        }
        return String(reason[reason.index(after: blank)...])
    }
}
