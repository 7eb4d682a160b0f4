import History
import Notifications
import Terminal

@testable import Dashboard

// The actions of somebody at the keyboard.
extension User {
    /// Somebody who looks at a history with actions.
    static func acting(
        _ rows: [EventRow] = (1...20).map { Make.row($0) }, size: Size = Size(columns: 100, rows: 30),
        actions: [ListedAction] = [Make.action("rows", [.done: 3, .queued: 1])], entries: [OutboxRow] = []
    ) -> User {
        var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
        user.model.session.canAct = true
        user.actions = actions
        user.entries = entries
        // As if they had been so from the start.
        user.model.actions = ActionsScreen()
        user.arrive(rows)
        user.outboxMoves()
        return user
    }

    /// The outbox has changed.
    mutating func outboxMoves() {
        now += .seconds(2)
        change.outbox += 1
        tell(.historyChanged(change))
    }

    mutating func act(_ effect: Effect) {
        switch effect {
        case .readActions(let generation): tell(.actionsRead(.success(actions), generation: generation))
        case .readEntries(let ticket):
            let listed = entries.filter {
                $0.entry.action == ticket.action && (ticket.states?.contains($0.entry.state) ?? true)
            }
            tell(
                .entriesRead(
                    .success(WindowAnswer<OutboxRow>(listed, ticket.window.request)),
                    generation: ticket.window.generation))
        case .readEntry(let id):
            let content = entries.first { $0.id == id }.map { TextPage.Content.entry($0, exchanges[id]) }
            tell(.entryRead(.success(content ?? .nothing("This entry is no longer recorded.")), of: id))
        case .callAction(let call):
            // What nobody has asked for.
            if case .missed(let name, .seen) = call { glances.append(name) } else { actionCalls.append(call) }
            if let result = answer?(call) { tell(.actionAnswered(call, result)) }
        case .act(let request):
            acts.append(request)
            if let outcome { tell(.acted(request, .success(outcome(request)))) }
        case .cancelActing: cancelledActs += 1
        default: break
        }
    }

    func actionsSource(_ request: DocumentRequest) -> ActionsDocument.Source {
        ActionsDocument.Source(
            entries: entries.filter { $0.event.id == request.rowID }.map(\.entry), actions: actions.map(\.status))
    }
}

extension Make {
    static func action(
        _ name: String, _ counts: [EntryState: Int] = [:], kind: String = "csv", isPaused: Bool = false,
        isDeclared: Bool = true, oldest: Int64? = nil, reason: String? = nil, due: Int64? = nil
    ) -> ListedAction {
        ListedAction(
            status: ActionStatus(
                id: Int64(name.utf8.reduce(0) { $0 + Int($1) }), name: name, kind: kind,
                summary: "events.csv, the sheet's five columns", isPaused: isPaused, isDeclared: isDeclared,
                counts: counts, oldestWaiting: oldest.map { Timestamp(milliseconds: start + $0) }, lastReason: reason),
            nextDue: due.map { Timestamp(milliseconds: start + $0) })
    }

    static func entry(
        _ id: Int64, of action: String = "rows", row: EventRow? = nil, _ state: EntryState = .done, attempts: Int = 1,
        due: Int64? = nil, reason: String? = nil
    ) -> OutboxRow {
        let event = row ?? Make.row(id)
        return OutboxRow(
            entry: OutboxEntry(
                id: id, action: action, row: event.id, state: state, attempts: attempts,
                due: due.map { Timestamp(milliseconds: start + $0) }, addedAt: event.receivedAt, reason: reason,
                batch: attempts > 0 ? 7 : nil),
            event: event)
    }

    static let exchange = OutboxExchange(
        startedAt: Timestamp(milliseconds: start + 61_000), duration: 184_000,
        request: Array(
            "POST /v4/spreadsheets/1AbC:batchUpdate HTTP/1.1\nAuthorization: ***\n\n{\"requests\": []}".utf8),
        outcome: "503 Service Unavailable", answer: Array("{\"error\": {\"code\": 503}}\u{1B}[31m".utf8))
}
