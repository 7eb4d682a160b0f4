import Base
import Foundation
import History
import Notifications
import Terminal

// MARK: - The actions

extension ListedAction: WindowedRow {
    var id: String { status.name }
    var moment: Timestamp? { nil }
    var number: Int64 { 0 }
}

extension ActionsScreen {
    /// The columns of the list of actions, from left to right. As the list narrows, columns that are empty or zero for
    /// all actions are hidden first, then KIND, OLDEST and LAST ERROR. A count other than zero is never hidden.
    static let actionColumns: [ListColumn<ListedAction>] =
        [
            ListColumn(
                name: "action", title: "ACTION",
                room: {
                    Column($0.title, minimum: min($0.width, 12), ideal: min($0.width, 32), weight: 1, cut: .middle)
                },
                cell: { action, _, _ in Cell(SafeText(cell: action.status.name)) }),
            ListColumn(
                name: "kind", title: "KIND", room: { Column($0.title, minimum: $0.width, leaveOrder: 22) },
                cell: { action, _, _ in Cell(SafeText(cell: action.status.kind), Style(.secondary)) }),
            ListColumn(
                name: "state", title: "STATE",
                room: { Column($0.title, minimum: min($0.width, 14), ideal: min($0.width, 26)) },
                cell: { action, context, width in
                    let state = ActionLine(action, context).state(in: width)
                    return Cell(state.text, state.style)
                }),
            count("queued", "QUEUED", .queued, .plain), count("done", "DONE", .done, Style(.good)),
            count("failed", "FAILED", .failed, Style(.warning)), count("dead", "DEAD", .dead, Style(.bad)),
            count("uncertain", "UNCERTAIN", .uncertain, Style(.notice)),
            count("on-hold", "ON HOLD", .onHold, Style(.warning)), count("skipped", "SKIPPED", .skipped, .plain),
            ListColumn(
                name: "oldest", title: "OLDEST",
                room: { Column($0.title, minimum: $0.width, leaveOrder: 24, alignment: .right) },
                cell: { action, context, _ in
                    action.status.oldestWaiting.map { _ in Cell(ActionLine(action, context).oldest) }
                }),
            ListColumn(
                name: "error", title: "LAST ERROR",
                room: { Column($0.title, minimum: 16, ideal: min($0.width, 60), weight: 1, leaveOrder: 26) },
                cell: { action, context, _ in
                    ActionLine(action, context).error.map {
                        Cell(SafeText(cell: EntryReason.brief($0)), Style(.secondary))
                    }
                }),
        ]

    private static func count(
        _ name: String, _ title: SafeText, _ state: EntryState, _ style: Style
    ) -> ListColumn<ListedAction> {
        ListColumn(
            name: name, title: title, room: { Column($0.title, minimum: $0.width, alignment: .right) },
            cell: { action, _, _ in
                let count = action.status[state]
                return Cell("\(Wording.short(count))", count == 0 ? Style(.secondary) : style)
            })
    }

    /// Returns whether a column is empty or zero for all actions.
    static func isSilent(_ column: ListColumn<ListedAction>, _ actions: [ListedAction], _ context: ListContext) -> Bool
    {
        guard !["action", "kind", "state"].contains(column.name) else { return false }
        return actions.allSatisfy { column.cell($0, context, .max).map { $0.text == "0" } ?? true }
    }
}

/// The texts that describe an action.
struct ActionLine {
    let action: ListedAction
    let clock: WallClock
    /// The current wall-clock time.
    let now: Timestamp

    init(action: ListedAction, clock: WallClock, now: Timestamp) {
        (self.action, self.clock, self.now) = (action, clock, now)
    }

    init(_ action: ListedAction, _ context: ListContext) {
        self.init(action: action, clock: context.clock.clock, now: context.now)
    }

    private var status: ActionStatus { action.status }

    /// The present state in a word or two, with its style.
    var state: (text: SafeText, style: Style) { state(in: .max) }

    /// Returns the state in the given width. A text that is too long loses words instead of being cut.
    func state(in width: Int) -> (text: SafeText, style: Style) {
        if !status.isDeclared { return ("not in config.yaml", Style(.notice)) }
        if status.isPaused { return ("paused", Style(.notice)) }
        if status[.running] > 0, !status.isOnHold { return ("running", Style(.good)) }
        let next = action.goesOn.flatMap { $0 > now ? Self.soon($0, now, clock) : nil }
        if status.isOnHold { return (Self.fitting("on hold", "retry", next, in: width), Style(.bad)) }
        guard status[.queued] > 0 || status[.failed] > 0 else { return ("idle", Style(.secondary)) }
        guard let next else { return ("waiting", .plain) }
        return status.hold?.kind == .limit
            ? (Self.fitting("limit", "next", next, in: width), Style(.notice))
            : ([("retry " + next), next].first { $0.width <= width } ?? "waiting", Style(.warning))
    }

    /// Returns a text such as `on hold, retry in 4 min`, `on hold, in 4 min` or `on hold`: the longest that fits.
    private static func fitting(_ word: SafeText, _ verb: SafeText, _ next: SafeText?, in width: Int) -> SafeText {
        guard let next else { return word }
        return [word + ", " + verb + " " + next, word + ", " + next].first { $0.width <= width } ?? word
    }

    /// The reason why the action is delayed, or its last error; nil if nothing is wrong now.
    var error: String? {
        if status.isOnHold || status.waiting > 0, let reason = status.hold?.reason { return reason }
        let isWrong = status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0
        return isWrong ? status.lastReason.flatMap { $0.isEmpty ? nil : $0 } : nil
    }

    var oldest: SafeText {
        status.oldestWaiting.map { "\(Self.age(now.milliseconds - $0.milliseconds))" } ?? .empty
    }

    /// Returns an age in whole minutes, hours or days.
    static func age(_ milliseconds: Int64) -> String {
        switch milliseconds / 60_000 {
        case ..<1: "< 1 min"
        case let minutes where minutes < 60: "\(minutes) min"
        case let minutes where minutes < 48 * 60: "\(minutes / 60) h"
        case let minutes: "\(minutes / 1_440) days"
        }
    }

    /// Returns the time until a moment as a short text: in minutes, as a time of day, or in days.
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
}

// MARK: - Entries

extension ActionsScreen {
    /// The columns of an action's entries, from left to right. As the list narrows, NEXT is hidden first, then TRIES
    /// and WHY.
    static let entryColumns: [ListColumn<OutboxRow>] = [
        ListColumn(
            name: "time", title: "TIME", key: { .number($0.entry.addedAt.milliseconds) }, moment: { $0.entry.addedAt },
            room: { Column($0.title, minimum: 8) },
            cell: { row, context, width in Cell(context.clock.text(row.entry.addedAt, columns: width)) }),
        ListColumn(
            name: "state", title: "STATE", key: { .text($0.entry.state.word) },
            room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in Cell("\(row.entry.state.glyph) \(row.entry.state.word)", row.entry.state.style) }),
        ListColumn(
            name: "tries", title: "TRIES", key: { .number(Int64($0.entry.attempts)) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 2, alignment: .right) },
            cell: { row, _, _ in Cell("\(Wording.grouped(row.entry.attempts))", Style(.secondary)) }),
        ListColumn(
            name: "next", title: "NEXT", key: { $0.entry.nextTry.map { .number($0.milliseconds) } },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 1) },
            cell: { row, context, _ in
                let next = row.entry.nextTry.map { next -> SafeText in
                    next > context.now ? ActionLine.soon(next, context.now, context.clock.clock) : "due"
                }
                return Cell(next ?? .empty, Style(.secondary))
            }),
        ListColumn(
            name: "object", title: "OBJECT", key: { .text($0.event.objectName.text) },
            room: { Column($0.title, minimum: 14, ideal: min($0.width, 40), weight: 1, cut: .middle) },
            cell: { row, _, _ in Cell(objectName(row.event)) }),
        ListColumn(
            name: "why", title: "WHY", key: { $0.entry.reason.map { .text($0) } },
            room: { Column($0.title, minimum: 16, ideal: min($0.width, 60), weight: 1, leaveOrder: 3) },
            cell: { row, _, _ in
                Cell(SafeText(cell: row.entry.reason.map(EntryReason.brief) ?? ""), Style(.secondary))
            }),
    ]

    /// Returns the name of the event's object, or a description of the request if it contains no event.
    static func objectName(_ event: EventRow) -> SafeText {
        if let note = EventsScreen.note(event) { return note }
        let name = event.objectName.text
        return SafeText(cell: name.isEmpty ? EventType(event.eventType.text).shortName : name)
    }
}

// MARK: - States

extension EntryState {
    /// The symbol of the state, one cell wide.
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

    /// The style of the state. The symbol and the word carry the same information without colour.
    var style: Style {
        switch self {
        case .queued, .running, .skipped: Style(.secondary)
        case .done: Style(.good)
        case .failed, .onHold: Style(.warning)
        case .dead: Style(.bad)
        case .uncertain: Style(.notice)
        }
    }

    /// The word for the state in the SHEET column.
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

/// The short form of an entry's reason, which begins with the cause instead of an introduction.
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
