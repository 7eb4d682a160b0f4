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
