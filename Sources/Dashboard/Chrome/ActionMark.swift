import History
import Notifications
import SafeText
import Terminal

/// What the top line and the tab of the actions show where an action needs a person: entries that are dead or uncertain,
/// an action on hold, and one that is behind. It never leaves as the line narrows, but gets shorter.
struct ActionMark {
    let troubles: [ActionTrouble]

    /// Nil where nothing needs anybody.
    init?(_ troubles: [ActionTrouble]) {
        guard !troubles.isEmpty else { return nil }
        self.troubles = troubles
    }

    private func count(_ kind: ActionTrouble.Kind) -> Int {
        let some = troubles.filter { $0.kind == kind }
        return kind == .onHold ? some.count : some.reduce(0) { $0 + $1.count }
    }

    /// How bad it is.
    private var style: Style {
        Style(count(.dead) + count(.onHold) > 0 ? .bad : .warning, bold: true)
    }

    /// Such as `actions: rows on hold, 17 dead`, or `actions: 18 !` where there is little room.
    func line(isShort: Bool) -> StyledLine {
        guard !isShort else {
            let sum = count(.dead) + count(.uncertain) + count(.heldEntries) + count(.onHold)
            return StyledLine(sum > 0 ? "actions \(Wording.short(sum))!" : "actions late", style)
        }
        let held = troubles.filter { $0.kind == .onHold }
        var parts: [SafeText] = []
        if held.count == 1 {
            parts.append(SafeText(cell: held[0].action).clipped(to: 16) + " on hold")
        } else if held.count > 1 {
            parts.append("\(held.count) actions on hold")
        }
        for (kind, word) in [
            (ActionTrouble.Kind.dead, "dead"), (.uncertain, "uncertain"), (.heldEntries, "entries on hold"),
        ]
        where count(kind) > 0 {
            parts.append("\(Wording.short(count(kind))) \(word)")
        }
        if parts.isEmpty { parts.append("\(Wording.short(count(.backlog))) late") }
        return StyledLine("actions: " + parts.joined(separator: ", "), style)
    }

    /// The mark at the tab.
    var tab: StyledLine { StyledLine("!", style) }
}
