import Base
import History
import Sending
import Terminal

/// The line for the target of a replay. It begins empty; ↑ brings back earlier targets.
struct ReplayPrompt: Prompt {
    private(set) var editor = LineEditor("")
    let rows: ActedRows
    private var past: PastTexts

    /// Creates the prompt.
    ///
    /// - Parameter targets: URLs of earlier replays, the newest first.
    init(_ rows: ActedRows, targets: [String]) {
        self.rows = rows
        past = PastTexts(targets)
    }

    var place: Place { .replay }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let before = editor.text
        _ = editor.update(.key(key))
        if editor.text != before { past.leave() }
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) {
        editor.insert(text)
        past.leave()
    }

    /// Puts an earlier or a later target into the line.
    mutating func recall(older isOlder: Bool) {
        if let text = past.step(older: isOlder, from: editor.text) { editor = LineEditor(text) }
    }

    /// The URL in the line; nil, which means this listener, if the line is empty.
    var url: String? {
        let text = editor.text.filter { !$0.isWhitespace }
        return text.isEmpty ? nil : text
    }

    /// Returns a sentence about what is wrong with a target; nil if it is valid.
    static func fault(of url: String?) -> String? {
        guard let url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) else { return nil }
        return "Write a URL, such as http://127.0.0.1:9000/, or nothing for this listener."
    }

    func height(_ model: DashboardModel, columns: Int) -> Int { past.texts.isEmpty ? 2 : 3 }

    /// Draws the line with its explanation below, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("replay to", editor, Style(.plain), on: &surface)
        var lines: [SafeText] = [" Sends \(rows.deliveryWords) again, as received. Empty: to this listener."]
        if !past.texts.isEmpty {
            let targets = past.texts.prefix(3).map { Masking.masked.target($0) }.joined(separator: "  ")
            lines.append(SafeText(" \(model.bindings.name(of: .olderTarget)) \(targets)"))
        }
        for (index, line) in lines.enumerated() {
            surface.put(
                line.clipped(to: surface.size.columns), at: Point(column: 0, row: 1 + index), style: Style(.secondary))
        }
        return cursor
    }
}

// MARK: - Counts

/// The number of replayed deliveries by outcome.
public struct ReplayCount: Sendable, Hashable, CustomStringConvertible {
    /// The outcome for one delivery.
    public enum Outcome: Sendable, Hashable {
        /// The delivery was answered with this status.
        case answered(Int)
        /// The delivery was sent but not answered; the sentence gives the reason.
        case unanswered(String)
        /// The delivery was not sent; the sentence gives the reason.
        case refused(String)

        /// Whether the delivery was answered with a status below 400.
        public var isGood: Bool {
            if case .answered(let status) = self { status < 400 } else { false }
        }
    }

    /// The target URL with its credentials masked; nil until it is known.
    public private(set) var target: String?
    /// The number of deliveries without an answer or with an answer that reports a problem.
    public private(set) var bad = 0
    private var answered: [Int: Int] = [:]
    private var unanswered = 0
    private var refused = 0
    /// The reason why the last delivery without an answer has none.
    private var lastReason: String?

    /// - Parameter target: The target URL.
    public init(to target: String? = nil) {
        self.target = target.map { Masking.masked.target($0) }
    }

    public mutating func add(_ outcome: Outcome) {
        if !outcome.isGood { bad += 1 }
        switch outcome {
        case .answered(let status): answered[status, default: 0] += 1
        case .unanswered(let reason):
            unanswered += 1
            lastReason = reason
        case .refused(let reason):
            refused += 1
            lastReason = reason
        }
    }

    public mutating func add(_ other: ReplayCount) {
        target = other.target ?? target
        bad += other.bad
        answered.merge(other.answered, uniquingKeysWith: +)
        unanswered += other.unanswered
        refused += other.refused
        lastReason = other.lastReason ?? lastReason
    }

    /// The number of all deliveries counted.
    public var total: Int { sent + refused }

    private var sent: Int { answered.values.reduce(unanswered, +) }

    /// The counts in words, such as `3 sent: 2 answered 200, 1 answered 401; 1 not sent`.
    public var description: String {
        var parts = answered.sorted { $0.key < $1.key }.map { "\(Wording.grouped($0.value)) answered \($0.key)" }
        if unanswered > 0 { parts.append("\(Wording.grouped(unanswered)) not answered") }
        var halves = sent > 0 ? ["\(Wording.grouped(sent)) sent: \(parts.joined(separator: ", "))"] : []
        if refused > 0 { halves.append("\(Wording.grouped(refused)) not sent") }
        return halves.isEmpty ? "nothing was sent" : halves.joined(separator: "; ")
    }

    /// The target and the counts.
    public var result: String { "\(target.map { "Replay to \($0)" } ?? "Replay"): \(self)" }

    /// The result and the reason of the last failure. The screen shows it because it has no line for each delivery.
    var sentence: String { lastReason.map { "\(result); \($0)" } ?? result }
}
