import History
import Notifications

/// Which entries of an action are listed.
enum EntryChoice: Int, Sendable, Hashable, CaseIterable {
    case all, waiting, troubled, uncertain, done, skipped

    var title: String {
        switch self {
        case .all: "all"
        case .waiting: "waiting"
        case .troubled: "failed"
        case .uncertain: "uncertain"
        case .done: "done"
        case .skipped: "skipped"
        }
    }

    /// The states; nil for any.
    var states: Set<EntryState>? {
        switch self {
        case .all: nil
        case .waiting: [.queued, .running, .failed]
        case .troubled: [.failed, .dead, .uncertain, .onHold]
        case .uncertain: [.uncertain]
        case .done: [.done]
        case .skipped: [.skipped]
        }
    }

    var next: EntryChoice { Self.allCases[(rawValue + 1) % Self.allCases.count] }
}

/// A question for entries on its way.
struct EntriesTicket: Sendable, Hashable {
    var action: String?
    var states: Set<EntryState>?
    var window: WindowTicket<Int64>
}

extension OutboxRow: WindowedRow {
    var moment: Timestamp? { entry.addedAt }
}

extension OutboxRequest {
    init(_ ticket: EntriesTicket) {
        let request = ticket.window.request
        let anchor: Anchor =
            switch request.anchor {
            case .newest: .newest
            case .oldest: .oldest
            case .row(let id): .entry(id)
            }
        self.init(
            action: ticket.action, states: ticket.states, anchor, before: request.before, after: request.after)
    }
}

extension WindowAnswer<OutboxRow> {
    init(_ window: OutboxWindow) {
        self.init(rows: window.rows, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }
}
