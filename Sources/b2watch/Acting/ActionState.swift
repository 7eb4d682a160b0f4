import Foundation
import History
import Notifications

/// How an action stands, as the control socket and `actions list --format json` have it.
struct ActionState: Codable, Sendable, Hashable {
    var name: String
    var kind: String
    /// `on`, `paused`, `on-hold`, `failing`, `limit` or `not-declared`.
    var state: String
    /// Why it is on hold, or waits.
    var reason: String?
    /// When it was put on hold, and when the next entry is tried; RFC 3339.
    var since: String?
    var nextTry: String?
    /// How many entries are in which state.
    var entries: [String: Int]
    /// When the oldest entry was added that waits; RFC 3339.
    var oldestWaiting: String?
    /// What a person should see to: `on-hold`, `dead`, `uncertain`, `backlog`.
    var troubles: [String]
    var lastError: String?
    var what: String

    init(_ status: ActionStatus, at now: Timestamp) {
        name = status.name
        kind = status.kind
        let hold = status.hold.flatMap { $0.kind == .onHold || $0.until > now ? $0 : nil }
        state = Self.word(status, hold)
        reason = hold?.reason
        since = hold?.since?.rfc3339
        nextTry = hold?.until.rfc3339
        entries = Dictionary(uniqueKeysWithValues: EntryState.allCases.map { ($0.word, status[$0]) })
        oldestWaiting = status.oldestWaiting?.rfc3339
        troubles = status.troubles(at: now).map(\.kind.rawValue)
        lastError = status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0 ? status.lastReason : nil
        what = status.summary
    }

    private static func word(_ status: ActionStatus, _ hold: ActionHold?) -> String {
        guard status.isDeclared else { return "not-declared" }
        if status.isPaused { return "paused" }
        guard let hold, status.waiting > 0 else { return hold?.kind == .onHold ? "on-hold" : "on" }
        return switch hold.kind {
        case .onHold: "on-hold"
        case .failing, .order: "failing"
        case .limit: "limit"
        }
    }

    /// One line of JSON, its keys in order.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var json = JSONWriter()
            json.compact(try encoder.encode(self))
            return String(decoding: json.bytes, as: UTF8.self)
        }
    }
}
