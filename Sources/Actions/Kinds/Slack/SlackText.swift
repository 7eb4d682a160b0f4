internal import History
internal import Notifications

/// What a message in Slack says.
struct SlackText: Sendable, Hashable {
    /// The longest message that is sent, in characters. Slack itself cuts at 40,000, and shows less.
    static let longest = 3_000
    /// How many events of a digest have a line of their own.
    static let lines = 10
    /// How many kinds of event of a digest are counted apart.
    static let groups = 10

    let text: String

    /// A message for some events: the template filled in for one; a line each for a few; for more of them, counts and the
    /// first lines.
    init(_ items: [ActionItem], _ template: Template) {
        func line(_ item: ActionItem, _ longest: Int) -> String {
            template.render(item, longestValue: longest, escape: Self.escaped)
        }
        guard items.count > 1 else {
            text = Self.cut(items.first.map { line($0, Template.longestValue) } ?? "", to: Self.longest)
            return
        }
        var parts: [String] = []
        if items.count > Self.lines { parts = Self.counts(items) }
        parts += items.prefix(Self.lines).map { Self.cut(line($0, 120), to: 200) }
        if items.count > Self.lines { parts.append("… and \(items.count - Self.lines) more") }
        text = Self.cut(parts.joined(separator: "\n"), to: Self.longest)
    }

    /// The message as Slack takes it. No name in it becomes a link to a person or a channel, and no URL is shown as what it
    /// leads to.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.syntax("{\"text\":")
        writer.string(text)
        writer.syntax(",\"unfurl_links\":false,\"unfurl_media\":false}")
        return writer.bytes
    }

    /// What makes a value plain text to Slack: with `<!channel>` an object's name would call everybody.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Such as `25 events`, and below it `20 × Created:Upload in photos`.
    private static func counts(_ items: [ActionItem]) -> [String] {
        var counts: [String: Int] = [:]
        var order: [String] = []
        for item in items {
            let bucket = item.row.bucketName.text
            let type = EventType(item.row.eventType.text).shortName
            let key = (type.isEmpty ? "no type" : type) + (bucket.isEmpty ? "" : " in \(bucket)")
            if counts[key] == nil { order.append(key) }
            counts[key, default: 0] += 1
        }
        let ranked = order.enumerated().sorted { one, other in
            let (first, second) = (counts[one.element] ?? 0, counts[other.element] ?? 0)
            return first != second ? first > second : one.offset < other.offset
        }.map(\.element)
        var lines = ["\(items.count) events"]
        for key in ranked.prefix(groups) {
            let name = SafeName.shown(key, atMost: 100)
            lines.append("\(counts[key] ?? 0) × \(escaped(name))")
        }
        if ranked.count > groups { lines.append("and \(ranked.count - groups) other kinds") }
        return lines
    }

    /// The start of a text, without half an escape at its end.
    private static func cut(_ text: String, to limit: Int) -> String {
        guard text.unicodeScalars.count > limit else { return text }
        var head = String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 1)))
        if let and = head.lastIndex(of: "&"), !head[and...].contains(";") { head = String(head[..<and]) }
        return head + "…"
    }
}
