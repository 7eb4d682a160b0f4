import History
import Notifications
import SafeText
import Terminal

/// The Actions tab: what has become of each action for the event, and which have nothing to do with it.
struct ActionsDocument {
    /// What is recorded of the event.
    struct Source: Sendable {
        var entries: [OutboxEntry] = []
        var actions: [ActionStatus] = []
    }

    let source: Source
    let columns: Int
    let clock: WallClock

    var lines: [StyledLine] {
        var fields = FieldList(columns: columns)
        for entry in source.entries {
            fields.head("\(entry.action)")
            fields.add("State", StyledLine("\(entry.state.glyph) \(entry.state.word)", entry.state.style))
            fields.add("Since", time(entry.changedAt))
            fields.add("Attempts", "\(Wording.grouped(entry.attempts))")
            if let reason = entry.reason { fields.add("Why", prose: reason) }
            if let next = entry.nextTry { fields.add("Next try", time(next)) }
            fields.add("Entry", "\(entry.id)", Style(.secondary))
        }
        let named = Set(source.entries.map(\.action))
        let others = source.actions.filter { $0.isDeclared && !named.contains($0.name) }
        if !others.isEmpty {
            fields.head(source.entries.isEmpty ? "No action has taken this event up" : "Nothing for this event")
            let names = others.map { SafeText(cell: $0.name).clipped(to: max(8, columns / 2)) }
            let width = names.map(\.width).max() ?? 0
            fields.add(
                zip(names, others).map { name, action in
                    (StyledLine(name.padded(to: width + 2))
                        + StyledLine(SafeText(cell: action.summary), Style(.secondary))).clipped(to: columns)
                })
        }
        if source.entries.isEmpty, others.isEmpty {
            fields.add([StyledLine("No actions are declared: the screen Actions tells how.", Style(.secondary))])
        }
        return fields.lines
    }

    private func time(_ moment: Timestamp) -> SafeText {
        clock.time(moment).map { "\($0.date) \($0.timeOfDay) \(clock.zone(at: moment))" } ?? "\(moment.milliseconds) ms"
    }
}
