import History
import Notifications
import SafeText

/// A row in words, on one line.
struct PlainRow {
    let row: EventRow
    let clock: RowClock

    /// By what it is asked for: the delivery's number, and behind a point which of its events it is.
    static func number(_ row: EventRow) -> SafeText {
        guard let position = row.position, row.eventCount > 1 else { return "\(row.deliveryID)" }
        return "\(row.deliveryID).\(position + 1)"
    }

    /// Such as `16:43:09 invalid Created:Upload photos/dog.jpg, 1.2 MiB, bucket my-bucket, rule allEvents, delivery 7`.
    var announcement: SafeText {
        guard let position = row.position, row.eventCount > 1 else { return body + ", delivery \(row.deliveryID)" }
        return body + ", delivery \(row.deliveryID), event \(position + 1) of \(row.eventCount)"
    }

    /// The same as a line of a list, which begins with its number.
    var listed: SafeText { Self.number(row) + ": " + body }

    private var body: SafeText {
        let texts = EventLine(row: row, clock: clock, columns: [.time, .type, .size, .bucket, .rule]).texts
        let start: SafeText = (texts[0] ?? "?") + " \(row.verdict.title) "
        if let note = EventLine.note(row) { return start + note }
        var parts = [(texts[1] ?? "?") + " " + Self.name(row.objectName.text)]
        for (name, text) in zip(["", "bucket ", "rule "] as [SafeText], texts.dropFirst(2)) {
            if let text, !text.isEmpty { parts.append(name + text) }
        }
        if row.isDuplicate { parts.append("duplicate") }
        if let state = row.actions { parts.append("actions \(state.word)") }
        return start + parts.joined(separator: ", ")
    }

    /// A name as it is, or in quotes where it could be taken for something else than a name.
    static func name(_ text: String) -> SafeText {
        guard !text.isEmpty else { return "without a name" }
        guard text.contains(where: { ",;\"".contains($0) || $0.isWhitespace }) else { return SafeText(cell: text) }
        return "\"" + SafeText(cell: text.replacing("\"", with: "\\\"")) + "\""
    }
}
