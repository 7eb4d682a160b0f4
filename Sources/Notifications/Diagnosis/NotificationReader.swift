/// Reads a notification out of text in whatever notation it was turned into: form fields, XML, YAML, a table, or how
/// Python, Ruby, PHP or JavaScript print values. It looks for the names that B2 gives and for what follows each.
///
/// It may read wrongly: only a digest that matches proves that it did not.
enum NotificationReader {
    private static let maximumEvents = 200
    /// In bytes; object names have 1,024 at most. It keeps the work linear in the text.
    private static let longestValue = 4096

    private enum Notation {
        case form, markup, lines, brackets
    }

    /// Returns the notification, its members in B2's order; nil where too few of B2's names are found.
    static func read(_ text: [UInt8]) -> JSONNode? {
        guard text.count <= 256 << 10 else { return nil }
        var events = table(text)
        if events.isEmpty { events = fields(text) }
        events = events.filter { $0.count >= 3 }
        guard !events.isEmpty, events.count <= maximumEvents else { return nil }
        return .object([
            JSONMember("events", .array(events.map { .object(B2Format.ordered($0)) }))
        ])
    }

    // MARK: - Names and values

    private static let plainNames: [[UInt8]: String] = Dictionary(
        uniqueKeysWithValues: B2Format.names.map { (Array(B2Format.plain($0).utf8), $0) })

    private static func fields(_ text: [UInt8]) -> [[JSONMember]] {
        let notation = notation(of: text)
        if notation == .form { return formFields(text) }
        var events: [[JSONMember]] = []
        var current: [JSONMember] = []
        var index = 0
        while index < text.count, events.count < maximumEvents {
            guard isNameByte(text[index]) else {
                index += 1
                continue
            }
            var end = index
            while end < text.count, isNameByte(text[end]) { end += 1 }
            let word = text[index..<end]
            // The tag's start, behind a prefix such as `ns:`.
            let tag = text[..<index].suffix(32).lastIndex(of: UInt8(ascii: "<"))
            let isClosing = tag.map { text[$0 + 1] == UInt8(ascii: "/") && !text[$0..<index].contains(0x3E) } ?? false
            index = end
            guard !isClosing, let name = name(endingIn: word),
                let (value, next) = value(in: text, from: end, notation)
            else { continue }
            if current.contains(where: { $0.key == name }) {
                events.append(current)
                current = []
            }
            current.append(JSONMember(name, node(value, for: name)))
            index = next
        }
        return current.isEmpty ? events : events + [current]
    }

    /// Reads `events[0][accountId]=…&…`, encoded or not.
    private static func formFields(_ text: [UInt8]) -> [[JSONMember]] {
        var events: [[JSONMember]] = []
        var current: [JSONMember] = []
        for pair in text.split(separator: UInt8(ascii: "&")).prefix(maximumEvents * B2Format.names.count) {
            guard let end = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let words = Percent.decode(pair[..<end], plusIsSpace: true).split { !isNameByte($0) }
            guard let word = words.last(where: { !$0.isEmpty }), let name = name(endingIn: word) else { continue }
            let value = Percent.decode(pair[end...].dropFirst(), plusIsSpace: true)
            if current.contains(where: { $0.key == name }) {
                events.append(current)
                current = []
            }
            current.append(JSONMember(name, node((value, false), for: name)))
        }
        return current.isEmpty ? events : events + [current]
    }

    /// Returns B2's name that a word is or ends in, such as `events_0_account_id`.
    private static func name(endingIn word: ArraySlice<UInt8>) -> String? {
        guard word.count >= 7, word.count <= 64 else { return nil }
        let plain = Array(B2Format.plain(String(decoding: word, as: UTF8.self)).utf8)
        if let name = plainNames[plain] { return name }
        guard plain.starts(with: Array("event".utf8)) else { return nil }
        // Behind `events` and a number, or without one.
        var rest = plain.dropFirst(5)
        if rest.first == UInt8(ascii: "s") { rest.removeFirst() }
        rest = rest.drop { (0x30...0x39).contains($0) }
        return plainNames[Array(rest)]
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func notation(of text: [UInt8]) -> Notation {
        let start = text.drop(while: BodyUndo.isSpace).first
        if start == UInt8(ascii: "<") || text.firstRange(of: Array("</".utf8)) != nil { return .markup }
        if text.contains(UInt8(ascii: "&")), !text.contains(where: { "{\" \n".utf8.contains($0) }) { return .form }
        return text.contains(UInt8(ascii: "{")) || text.contains(UInt8(ascii: "(")) ? .brackets : .lines
    }

    /// Returns the value behind a name that ends at `start`, with what is between, and where it ends; nil where none
    /// follows.
    private static func value(
        in text: [UInt8], from start: Int, _ notation: Notation
    ) -> (value: (text: [UInt8], isQuoted: Bool), end: Int)? {
        var index = start
        func peek() -> UInt8? { index < text.count ? text[index] : nil }
        func skip(_ bytes: String) { while let byte = peek(), bytes.utf8.contains(byte) { index += 1 } }
        // What closes the name.
        skip("\"'`])")
        skip(" \t")
        switch notation {
        case .markup:
            if peek() == UInt8(ascii: "=") {
                index += 1
                guard let quote = peek(), "\"'".utf8.contains(quote),
                    let end = text[(index + 1)...].prefix(longestValue).firstIndex(of: quote)
                else { return nil }
                return ((Entities.decode(Array(text[(index + 1)..<end])), false), end + 1)
            }
            // Attributes, such as a type, precede the content.
            guard let open = text[index...].prefix(200).firstIndex(of: UInt8(ascii: ">")),
                let end = text[(open + 1)...].prefix(longestValue).firstIndex(of: UInt8(ascii: "<"))
            else { return nil }
            if text[open - 1] == UInt8(ascii: "/") { return (([], false), open + 1) }
            return ((Entities.decode(Array(text[(open + 1)..<end])), false), end)
        case .form, .lines, .brackets: break
        }
        if peek() == UInt8(ascii: ";") {
            // PHP's serialize: `s:9:"accountId";s:12:"…";`, `i:1;`.
            index += 1
            guard let kind = peek(), "sid".utf8.contains(kind) else { return nil }
            index += 1
            if kind == UInt8(ascii: "s") { skip(":0123456789") } else { skip(":") }
            if kind != UInt8(ascii: "s") {
                let digits = text[index...].prefix(32).prefix { (0x2D...0x39).contains($0) }
                return ((Array(digits), false), digits.endIndex)
            }
            guard peek() == UInt8(ascii: "\""),
                let end = text[(index + 1)...].prefix(longestValue).firstRange(of: Array("\";".utf8))
            else { return nil }
            return ((Array(text[(index + 1)..<end.lowerBound]), true), end.upperBound)
        }
        guard let separator = peek(), ":=".utf8.contains(separator) else { return nil }
        skip(":=>")
        skip(" \t")
        if let quote = peek(), "\"'`".utf8.contains(quote) {
            var end = index + 1
            let limit = min(text.count, end + longestValue)
            while end < limit, text[end] != quote { end += text[end] == UInt8(ascii: "\\") ? 2 : 1 }
            guard end < limit else { return nil }
            return ((BodyUndo.unescaped(text[(index + 1)..<end]), true), end + 1)
        }
        var end = index
        let stops = notation == .brackets ? ",\n}])" : text.contains(0x0A) ? "\n" : "\n "
        let limit = min(text.count, end + longestValue)
        while end < limit, !stops.utf8.contains(text[end]) { end += 1 }
        return ((BodyUndo.trimmed(text[index..<end], BodyUndo.isSpace), false), end)
    }

    private static func node(_ value: (text: [UInt8], isQuoted: Bool), for name: String) -> JSONNode {
        let text = String(decoding: value.text, as: UTF8.self)
        let isNothing = ["null", "None", "nil", "~", "undefined", "NULL"].contains(text)
        if !value.isQuoted, isNothing || (name == "objectSize" && text.isEmpty) { return .token("null") }
        if B2Format.numberNames.contains(name) {
            if let number = Numbers.integer(text) { return .token(number) }
            if let number = Int64(text.filter { !",_'n".contains($0) }) { return .token("\(number)") }
        }
        return .string(of: text)
    }

    // MARK: - Tables

    /// Reads a table whose first row has B2's names, separated by commas, semicolons, bars or tabs.
    private static func table(_ text: [UInt8]) -> [[JSONMember]] {
        let text = BodyUndo.withLF(text)
        guard let end = text.firstIndex(of: 0x0A), end <= 1024 else { return [] }
        for separator in [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")] {
            let names = row(text[..<end], separator).map { B2Format.name(for: $0.text) }
            guard names.compactMap(\.self).count >= 3 else { continue }
            return text[end...].split(separator: 0x0A).prefix(maximumEvents).map { line in
                zip(names, row(line, separator)).compactMap { name, cell in
                    guard let name, !(cell.text.isEmpty && !cell.isQuoted) else { return nil }
                    return JSONMember(name, node((Array(cell.text.utf8), cell.isQuoted), for: name))
                }
            }
        }
        return []
    }

    private static func row(_ line: ArraySlice<UInt8>, _ separator: UInt8) -> [(text: String, isQuoted: Bool)] {
        var cells: [(text: String, isQuoted: Bool)] = []
        var cell: [UInt8] = []
        var isInQuotes = false
        var isQuoted = false
        var rest = line
        func close() {
            cells.append((String(decoding: cell, as: UTF8.self), isQuoted))
            cell = []
            isQuoted = false
        }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                if isInQuotes, rest.first == byte {
                    cell.append(byte)
                    rest.removeFirst()
                } else {
                    isInQuotes.toggle()
                    isQuoted = true
                }
            } else if byte == separator, !isInQuotes {
                close()
            } else {
                cell.append(byte)
            }
        }
        close()
        return cells
    }
}

// MARK: - The format of B2

/// The form in which B2 writes a notification, as far as it is known: two spaces a level, members in alphabetical order,
/// integers, no newline at the end. The source is a captured delivery and the test data of Backblaze's Java SDK.
enum B2Format {
    /// The members of an event, in B2's order.
    static let names = [
        "accountId", "bucketId", "bucketName", "eventId", "eventTimestamp", "eventType", "eventVersion",
        "matchedRuleName", "objectName", "objectSize", "objectVersionId",
    ]
    static let numberNames: Set<String> = ["eventTimestamp", "eventVersion", "objectSize"]
    /// The members that every event has.
    static let requiredNames = [
        "accountId", "bucketId", "bucketName", "eventTimestamp", "eventType", "eventVersion", "matchedRuleName",
    ]

    private static let byPlainName = Dictionary(uniqueKeysWithValues: names.map { (plain($0), $0) })

    /// Letters and digits in lower case: what is left of a name whatever convention it was changed to.
    static func plain(_ name: String) -> String {
        String(
            decoding: name.utf8.compactMap { byte -> UInt8? in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                default: nil
                }
            }, as: UTF8.self)
    }

    /// Returns B2's name of a member that may have been renamed: `account_id`, `AccountID`.
    static func name(for name: String) -> String? { byPlainName[plain(name)] }

    static func isEvent(_ node: JSONNode) -> Bool {
        guard let members = node.members else { return false }
        let known = members.lazy.map(\.key).filter(names.contains).prefix(4)
        return known.count >= 3 || (known.contains("eventType") && known.count >= 2)
    }

    static func areEvents(_ elements: [JSONNode]) -> Bool {
        !elements.isEmpty && elements.allSatisfy(isEvent)
    }

    /// Returns the events of a notification; nil if they are not in their place.
    static func events(of root: JSONNode) -> [JSONNode]? {
        guard let elements = root["events"]?.elements, areEvents(elements) else { return nil }
        return elements
    }

    /// Returns an event with its members in B2's order; others keep theirs, behind those.
    static func ordered(_ members: [JSONMember]) -> [JSONMember] {
        let places = members.map { names.firstIndex(of: $0.key) ?? names.count }
        return members.indices.sorted { (places[$0], $0) < (places[$1], $1) }.map { members[$0] }
    }
}
