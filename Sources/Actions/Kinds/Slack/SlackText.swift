internal import History
internal import Notifications

/// A message in Slack: rich text, in which Slack obeys nothing that a value holds, and the same as plain text for
/// notifications and for other services that take Slack's messages.
struct SlackText: Sendable, Hashable {
    /// The longest message that is sent, in characters. Slack itself cuts at 40,000, and shows less.
    static let longest = 3_000
    /// How many events of a digest have a line of their own.
    static let lines = 10
    /// How many kinds of event of a digest are counted apart.
    static let groups = 10

    let elements: [SlackElement]

    /// A message for some events: the template filled in for one; a line each for a few; for more of them, counts and the
    /// first lines.
    init(_ items: [ActionItem], _ template: Template) {
        guard items.count > 1 else {
            elements = Self.cut(items.first.map { SlackMarkup.elements(template.parts($0)) } ?? [], to: Self.longest)
            return
        }
        var lines: [[SlackElement]] = []
        if items.count > Self.lines { lines = Self.counts(items).map { [.text($0, [])] } }
        lines += items.prefix(Self.lines).map { item in
            Self.cut(SlackMarkup.elements(template.parts(item, longestValue: 120)), to: 200)
        }
        if items.count > Self.lines { lines.append([.text("… and \(items.count - Self.lines) more", [])]) }
        elements = Self.cut(Array(lines.joined(separator: [.text("\n", [])])), to: Self.longest)
    }

    /// The message as plain text, its values escaped: a name in it calls nobody and is not a link.
    var text: String {
        elements.reduce(into: "") { text, element in
            switch element {
            case .text(let plain, _): text += Self.escaped(plain)
            case .link(let url, let label, _):
                text += label == url ? "<\(url)>" : "<\(url)|\(Self.escaped(label).replacing("|", with: "¦"))>"
            case .emoji(let name, let tone): text += ":\(name):" + (tone.map { ":skin-tone-\($0):" } ?? "")
            case .broadcast(let range): text += "<!\(range)>"
            case .user(let id): text += "<@\(id)>"
            case .group(let id): text += "<!subteam^\(id)>"
            case .channel(let id): text += "<#\(id)>"
            }
        }
    }

    /// The message as Slack takes it. No link in it is unfolded.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.syntax("{")
        if !elements.isEmpty {
            writer.syntax(
                "\"blocks\":[{\"type\":\"rich_text\",\"elements\":[{\"type\":\"rich_text_section\",\"elements\":[")
            for (index, element) in elements.enumerated() {
                if index > 0 { writer.syntax(",") }
                Self.write(element, to: &writer)
            }
            writer.syntax("]}]}],")
        }
        writer.syntax("\"text\":")
        writer.string(text)
        writer.syntax(",\"mrkdwn\":false,\"unfurl_links\":false,\"unfurl_media\":false}")
        return writer.bytes
    }

    private static func write(_ element: SlackElement, to writer: inout JSONWriter) {
        func field(_ start: StaticString, _ value: String) {
            writer.syntax(start)
            writer.string(value)
        }
        switch element {
        case .text(let text, let style):
            field("{\"type\":\"text\",\"text\":", text)
            write(style, to: &writer)
        case .link(let url, let text, let style):
            field("{\"type\":\"link\",\"url\":", url)
            if !text.isEmpty { field(",\"text\":", text) }
            write(style, to: &writer)
        case .emoji(let name, let tone):
            field("{\"type\":\"emoji\",\"name\":", name)
            if let tone {
                writer.syntax(",\"skin_tone\":")
                writer.integer(tone)
            }
        case .broadcast(let range): field("{\"type\":\"broadcast\",\"range\":", range)
        case .user(let id): field("{\"type\":\"user\",\"user_id\":", id)
        case .group(let id): field("{\"type\":\"usergroup\",\"usergroup_id\":", id)
        case .channel(let id): field("{\"type\":\"channel\",\"channel_id\":", id)
        }
        writer.syntax("}")
    }

    private static func write(_ style: SlackStyle, to writer: inout JSONWriter) {
        let names: [(SlackStyle, String)] = [
            (.bold, "bold"), (.italic, "italic"), (.strike, "strike"), (.code, "code"),
        ]
        for (index, name) in names.filter({ style.contains($0.0) }).map(\.1).enumerated() {
            writer.syntax(index == 0 ? ",\"style\":{" : ",")
            writer.string(name)
            writer.syntax(":true")
        }
        if !style.isEmpty { writer.syntax("}") }
    }

    /// What makes a value plain text to Slack: with `<!channel>` an object's name would call everybody.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
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
            let name = ReadableText.isolated(ReadableText.shown(key, atMost: 100))
            lines.append("\(counts[key] ?? 0) × \(name)")
        }
        if ranked.count > groups { lines.append("and \(ranked.count - groups) other kinds") }
        return lines
    }

    /// The start of a message; what does not fit is cut from its end, and `…` says so.
    private static func cut(_ elements: [SlackElement], to limit: Int) -> [SlackElement] {
        guard elements.reduce(0, { $0 + length(of: $1) }) > limit else { return elements }
        // Room for what says that it was cut, and for the end of an isolate that is cut through.
        var left = limit - 2
        var kept: [SlackElement] = []
        for element in elements {
            let length = length(of: element)
            if length <= left {
                kept.append(element)
                left -= length
                continue
            }
            guard case .text(let text, let style) = element else { return kept + [.text("…", [])] }
            var room = left
            var head = String(
                text.prefix { character in
                    room -= character.unicodeScalars.count
                    return room >= 0
                })
            let isolates = head.unicodeScalars
            if isolates.count(where: { $0 == "\u{2068}" }) > isolates.count(where: { $0 == "\u{2069}" }) {
                head += "\u{2069}"
            }
            return kept + [.text(head + "…", style)]
        }
        return kept
    }

    private static func length(of element: SlackElement) -> Int {
        switch element {
        case .text(let text, _), .link(_, let text, _): text.unicodeScalars.count
        default: 1
        }
    }
}
