import Actions
import ArgumentParser
import History
import Notifications
import SafeText

/// Shows what did not work and waits for a person.
struct ActionsDeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Lists the entries that failed for good or may have been done, with reasons.",
        discussion: """
            A line for each: its number, its action, dead, uncertain or on hold, since when, after how many attempts, and the \
            event; the reason stands on the line below it. Retry them with b2watch actions retry NUMBER…, or decide that \
            they are not to be done with b2watch actions skip NUMBER….
            """)

    @Argument(help: "Only those of this action.")
    var name: String?

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            if let name {
                let names = try history.reader.actions().map(\.name)
                guard names.contains(name) else { throw UnknownAction(name, among: names) }
            }
            try history.reader.entries(of: name, in: [.dead, .uncertain, .onHold]) { rows in
                try output.write(rows.flatMap(Self.lines))
            }
        }
    }

    private static func lines(_ row: OutboxRow) -> [SafeText] {
        let entry = row.entry
        let attempts = entry.attempts == 1 ? "1 attempt" : "\(entry.attempts) attempts"
        let event = "\(row.event.eventType.text) \(row.event.objectName.text)"
        let head =
            "\(entry.id)  \(entry.action)  \(entry.state.word)  \(entry.changedAt.rfc3339)  \(attempts)  \(event)"
        return [SafeText(head), "    \(SafeText(entry.reason ?? "no reason is known"))"]
    }
}

extension HistoryReader {
    /// All entries in some states, the oldest first, in steps.
    ///
    /// - Parameter action: The name of one; nil for all.
    func entries(of action: String?, in states: Set<EntryState>, _ take: ([OutboxRow]) throws -> Void) throws {
        let step = 500
        var request = OutboxRequest(action: action, states: states, .oldest, before: 0, after: step)
        var last: Int64 = 0
        while true {
            let window = try outbox(request)
            // The one that the stretch begins with was there before.
            let rows = window.rows.filter { $0.id > last }
            if !rows.isEmpty { try take(rows) }
            guard window.hasNewer, let end = rows.last?.id else { return }
            last = end
            request.anchor = .entry(end)
        }
    }
}
