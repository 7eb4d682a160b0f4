import History
import SafeText

/// What an action would send for rows, and what it would not.
struct DryRun: Sendable, Hashable {
    /// As text to read, its secrets masked; empty where nothing would be sent.
    var text: [UInt8]
    /// How many rows it is of.
    var shown = 1
    /// How many would be sent.
    var count = 1
    /// Events for which the action is done, or waits anyway. A single row is shown all the same.
    var there = 0
    /// Rows with the event of another one.
    var repeated = 0
    /// Rows without an event.
    var unfit = 0
    /// Whether there were more rows than were looked at.
    var isStart = false

    /// What is to be said before it, in sentences.
    func words(_ action: String) -> String {
        if shown == 1, count == 0 {
            return
                "“\(action)” is done for this event already, or waits: this would not be sent again. Nothing was sent."
        }
        var parts = [
            count == 0 ? "“\(action)” would send nothing for these." : "What “\(action)” would send. Nothing was sent."
        ]
        if count > shown { parts.append("These are the first \(Wording.grouped(shown)) of \(number).") }
        if !left.isEmpty { parts.append("Left out: \(left.joined(separator: ", ")).") }
        if isStart { parts.append("Only the first events were looked at.") }
        return parts.joined(separator: " ")
    }

    private var number: String { Wording.grouped(count) + (isStart ? " or more" : "") }

    private var left: [String] {
        [
            (there, "done or waiting already"), (repeated, "the same event again"), (unfit, "without an event"),
        ].filter { $0.0 > 0 }.map { "\(Wording.grouped($0.0)) \($0.1)" }
    }
}
