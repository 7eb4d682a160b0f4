internal import History
internal import Notifications
internal import Sending

/// A message in Slack: rich text, in which values have no effect as markup, and the same as plain text for
/// notifications and for other services that accept Slack's messages.
struct SlackText: Sendable, Hashable {
    /// The longest message that is sent, in characters. Slack itself cuts at 40,000, and shows less.
    static let longest = 3_000
    /// The number of events of a digest with their own line.
    static let lines = 10
    /// The number of kinds of event of a digest with their own count.
    static let groups = 10

    let elements: [SlackElement]

    /// Creates a message for some events: the template filled in for one; a line each for a few; for more of them,
    /// counts and the first lines.
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

    /// The message as plain text, its values escaped: a name in it notifies nobody and is not a link.
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

    /// The message in Slack's format. Links in it are not unfolded.
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

    /// Escapes a value as plain text for Slack: with `<!channel>` an object's name would notify everybody.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Returns lines such as `25 events`, and below it `20 × Created:Upload in photos`.
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

    /// Returns the start of a message; the rest is cut, and `…` marks the cut.
    private static func cut(_ elements: [SlackElement], to limit: Int) -> [SlackElement] {
        guard elements.reduce(0, { $0 + length(of: $1) }) > limit else { return elements }
        // Room for the mark of the cut, and for the end of an isolate that is cut.
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

// MARK: - Markup

/// A piece of a message as Slack's rich text has it: nothing in a text is obeyed.
enum SlackElement: Sendable, Hashable {
    case text(String, SlackStyle)
    case link(url: String, text: String, SlackStyle)
    case emoji(String, skinTone: Int?)
    /// Calls `here`, `channel` or `everyone`.
    case broadcast(String)
    case user(String)
    case group(String)
    case channel(String)

    /// Its appearance in plain text.
    var plain: String {
        switch self {
        case .text(let text, _), .link(_, let text, _): text
        case .emoji(let name, _): ":\(name):"
        case .broadcast(let name), .user(let name), .group(let name): "@\(name)"
        case .channel(let name): "#\(name)"
        }
    }
}

/// The style of a text.
struct SlackStyle: OptionSet, Sendable, Hashable {
    let rawValue: Int

    static let bold = SlackStyle(rawValue: 1)
    static let italic = SlackStyle(rawValue: 2)
    static let strike = SlackStyle(rawValue: 4)
    static let code = SlackStyle(rawValue: 8)
}

/// Reads a template in Slack's `mrkdwn`: `*bold*`, `_italic_`, `~struck~`, `` `code` ``, `:emoji:`, links, and
/// `<!here>` or `<@U123>`. Values of an event are plain texts in it, whatever they contain.
struct SlackMarkup {
    /// A part of the text, before styles are searched.
    private enum Unit {
        case character(Character)
        case value(String)
        case element(SlackElement)

        var character: Character? { if case .character(let character) = self { character } else { nil } }
        /// Whether a `*` next to it belongs to a word.
        var isWord: Bool {
            switch self {
            case .character(let character): character.isLetter || character.isNumber
            case .value: true
            case .element: false
            }
        }
        var isBlank: Bool { character?.isWhitespace ?? false }
    }

    /// The longest address of a link.
    private static let longestURL = 2_000

    private let source: [Unit]
    private var units: [Unit] = []

    /// Returns the elements of a text that was filled in.
    static func elements(_ parts: [Template.Part]) -> [SlackElement] {
        var markup = SlackMarkup(parts)
        markup.findElements()
        return merged(styled(markup.units[...], []))
    }

    private init(_ parts: [Template.Part]) {
        source = parts.flatMap { part -> [Unit] in
            switch part {
            case .text(let text): text.map { .character($0) }
            case .value(let value): [.value(value)]
            }
        }
    }

    // MARK: - Links, emoji and mentions

    private mutating func findElements() {
        var index = 0
        while index < source.count {
            if let (unit, length) = element(at: index) {
                units.append(unit)
                index += length
            } else {
                units.append(source[index])
                index += 1
            }
        }
    }

    private func element(at index: Int) -> (Unit, length: Int)? {
        switch source[index].character {
        case "<": reference(at: index)
        case "&": entity(at: index)
        case ":": emoji(at: index)
        case "h": bareLink(at: index)
        default: nil
        }
    }

    private func entity(at index: Int) -> (Unit, length: Int)? {
        for (name, character) in [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] as [(String, Character)]
        where text(from: index).hasPrefix(name) {
            return (.character(character), name.count)
        }
        return nil
    }

    private func emoji(at index: Int) -> (Unit, length: Int)? {
        guard index == 0 || !source[index - 1].isWord else { return nil }
        guard let name = emojiName(at: index) else { return nil }
        let length = name.count + 2
        guard index + length < source.count, let tone = emojiName(at: index + length), tone.hasPrefix("skin-tone-"),
            let number = Int(tone.dropFirst(10)), (2...6).contains(number)
        else { return (.element(.emoji(name, skinTone: nil)), length) }
        return (.element(.emoji(name, skinTone: number)), length + tone.count + 2)
    }

    private func emojiName(at index: Int) -> String? {
        let text = text(from: index)
        guard text.first == ":" else { return nil }
        let name = text.dropFirst().prefix { character in
            character.isASCII && (character.isLowercase || character.isNumber || "_+-'".contains(character))
        }
        guard text.dropFirst(name.count + 1).first == ":" else { return nil }
        // A time such as 10:30:00 is not one.
        return name.contains(where: \.isLetter) || ["+1", "-1", "100", "1234"].contains(name) ? String(name) : nil
    }

    /// Returns a reference `<…>`, which may contain values, as part of a link's address or label.
    private func reference(at index: Int) -> (Unit, length: Int)? {
        guard let end = source[(index + 1)...].firstIndex(where: { $0.character == ">" }) else { return nil }
        let inner = source[(index + 1)..<end]
        guard !inner.contains(where: { $0.character == "<" || $0.character?.isNewline == true }) else { return nil }
        let bar = inner.firstIndex { $0.character == "|" }
        let target = inner[..<(bar ?? end)]
        let label = bar.map { inner[($0 + 1)...] } ?? []
        let element: SlackElement?
        if target.allSatisfy({ $0.character != nil }) {
            element = mention(String(target.compactMap(\.character)), label: label)
        } else {
            element = nil
        }
        guard let found = element ?? link(to: target, label: label) else { return nil }
        return (.element(found), end + 1 - index)
    }

    private func mention(_ target: String, label: ArraySlice<Unit>) -> SlackElement? {
        func id(_ prefix: String, _ first: String) -> String? {
            let id = target.dropFirst(prefix.count)
            let isID =
                id.first.map(first.contains) ?? false && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
            return target.hasPrefix(prefix) && isID ? String(id) : nil
        }
        if ["!here", "!channel", "!everyone"].contains(target) { return .broadcast(String(target.dropFirst())) }
        if let id = id("!subteam^", "S") { return .group(id) }
        if let id = id("@", "UWB") { return .user(id) }
        if let id = id("#", "CG") { return .channel(id) }
        if target.hasPrefix("!date^"), !label.isEmpty { return .text(Self.shown(label), []) }
        if target.hasPrefix("mailto:") {
            let text = label.isEmpty ? String(target.dropFirst(7)) : Self.shown(label)
            return .link(url: target, text: text, [])
        }
        return nil
    }

    private func link(to target: ArraySlice<Unit>, label: ArraySlice<Unit>) -> SlackElement? {
        guard let url = Self.url(target) else { return nil }
        return .link(url: url, text: Self.shown(label.isEmpty ? target : label), [])
    }

    /// Returns an address in the text without markup.
    private func bareLink(at index: Int) -> (Unit, length: Int)? {
        guard index == 0 || !source[index - 1].isWord else { return nil }
        let text = text(from: index)
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return nil }
        var target = source[index...].prefix { unit in
            unit.character.map { !$0.isWhitespace && !"<>|\"`*_~".contains($0) } ?? true
        }
        while let last = target.last?.character, ".,;:!?)".contains(last) { target.removeLast() }
        // A value may follow the host, and not be it.
        if Self.url(target) == nil { target = target.prefix { $0.character != nil } }
        guard let url = Self.url(target) else { return nil }
        return (.element(.link(url: url, text: Self.shown(target), [])), target.count)
    }

    /// Returns the address that some units make; values in it are percent-encoded, and allowed only after the host.
    private static func url(_ units: ArraySlice<Unit>) -> String? {
        let head = String(units.prefix { $0.character != nil }.compactMap(\.character))
        guard let scheme = ["https://", "http://"].first(where: head.hasPrefix) else { return nil }
        let host = head.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isWhole = units.count == head.count || host.count < head.count - scheme.count
        guard !host.isEmpty, isWhole else { return nil }
        let url = units.reduce(into: "") { url, unit in
            switch unit {
            case .character(let character): url.append(character)
            case .value(let value): url += value.percentEncoded.replacing("%2F", with: "/")
            case .element: break
            }
        }
        return url.count <= longestURL ? url : nil
    }

    private static func shown(_ units: ArraySlice<Unit>) -> String {
        units.reduce(into: "") { text, unit in
            switch unit {
            case .character(let character): text.append(character)
            case .value(let value): text += ReadableText.isolated(value)
            case .element(let element): text += element.plain
            }
        }
    }

    /// Returns the template's own text from a place to the next value, at most as long as the longest name to look for.
    private func text(from index: Int) -> String {
        String(source[index...].prefix(80).prefix { $0.character != nil }.compactMap(\.character))
    }

    // MARK: - Styles

    private static let styles: [Character: SlackStyle] = ["*": .bold, "_": .italic, "~": .strike, "`": .code]

    private static func styled(_ units: ArraySlice<Unit>, _ style: SlackStyle) -> [SlackElement] {
        var elements: [SlackElement] = []
        var index = units.startIndex
        while index < units.endIndex {
            if let character = units[index].character, let added = styles[character],
                let end = end(of: character, from: index, in: units)
            {
                let inner = units[(index + 1)..<end]
                elements +=
                    added == .code ? [.text(shown(inner), style.union(.code))] : styled(inner, style.union(added))
                index = end + 1
                continue
            }
            switch units[index] {
            case .character(let character): elements.append(.text(String(character), style))
            case .value(let value): elements.append(.text(ReadableText.isolated(value), style))
            case .element(.link(let url, let text, _)): elements.append(.link(url: url, text: text, style))
            case .element(.text(let text, _)): elements.append(.text(text, style))
            case .element(let element): elements.append(element)
            }
            index += 1
        }
        return elements
    }

    /// Returns the end, on the same line, of a style that a character begins; nil if it begins none.
    private static func end(of mark: Character, from start: Int, in units: ArraySlice<Unit>) -> Int? {
        let isOpen = start == units.startIndex || !units[start - 1].isWord
        guard isOpen, start + 1 < units.endIndex, !units[start + 1].isBlank, units[start + 1].character != mark else {
            return nil
        }
        for index in (start + 2)..<max(start + 2, units.endIndex) {
            guard units[index].character?.isNewline != true else { return nil }
            let isClosed = index + 1 == units.endIndex || !units[index + 1].isWord
            if units[index].character == mark, isClosed, !units[index - 1].isBlank { return index }
        }
        return nil
    }

    /// Merges neighbouring texts of the same style, and removes empty ones, which Slack refuses.
    private static func merged(_ elements: [SlackElement]) -> [SlackElement] {
        elements.reduce(into: []) { merged, element in
            guard case .text(let text, let style) = element else { return merged.append(element) }
            if text.isEmpty { return }
            if case .text(let before, style)? = merged.last {
                merged[merged.count - 1] = .text(before + text, style)
            } else {
                merged.append(element)
            }
        }
    }
}
