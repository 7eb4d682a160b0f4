import Base
import Notifications
import Terminal

/// The Body tab, which shows the body as text, as formatted JSON, or in hexadecimal.
struct BodyDocument {
    let delivery: Delivery
    let form: BodyForm
    let columns: Int
    /// The position of the selected event in the delivery.
    var position: Int?
    var wraps = true
    var showsNumbers = true

    /// The greatest number of events that are all unfolded at first. With more, only the selected event is.
    private static let unfoldedEvents = 3

    var content: DocumentContent {
        let payload = Payload(scanning: delivery.body)
        var content = body(payload)
        content.note(notes(payload))
        return content
    }

    private func body(_ payload: Payload) -> DocumentContent {
        if delivery.body.isEmpty {
            return DocumentContent(lines: [StyledLine("The body is empty.", Style(.secondary))])
        }
        switch form {
        case .raw: return raw(payload)
        case .hex: return hex
        case .pretty:
            guard let json = try? PrettyJSON(delivery.body) else {
                // Text contains neither zero bytes nor invalid UTF-8. As text, such a body would consist mostly of
                // escapes.
                let isBinary = delivery.body.contains(0) || String(validating: delivery.body, as: UTF8.self) == nil
                return isBinary ? hex : raw(payload)
            }
            return pretty(json, payload.events)
        }
    }

    private var hex: DocumentContent {
        DocumentContent(lines: HexDump(bytes: delivery.body, columns: columns).lines)
    }

    private func notes(_ payload: Payload) -> [StyledLine] {
        if delivery.isCut {
            let text = "Only the first \(delivery.body.count) of \(delivery.bodyLength) bytes were kept."
            return Prose.lines(text, columns: columns, style: Style(.notice))
        }
        guard !delivery.body.isEmpty, case .notJSON(let error) = payload else { return [] }
        let place = BytePlace(error.offset, in: delivery.body)
        let isAtEnd = if case .ended = error.problem { true } else { false }
        let byte = isAtEnd ? "after byte \(place.offset)" : "byte \(place.offset + 1)"
        let text = "Not JSON: \(error) (line \(place.line + 1), \(byte) of it)."
        return Prose.lines(text, columns: columns, style: Style(.warning))
    }

    private func pretty(_ json: PrettyJSON, _ events: [NotificationEvent]) -> DocumentContent {
        var content = DocumentContent()
        content.layout.sourceCount = json.lines.count
        content.layout.isNumbered = showsNumbers
        content.layout.hasCursor = true
        content.layout.folds = json.folds
        let folds = EventFolds(json, events)
        content.layout.groups = folds.groups
        if let position, events.count > 1 {
            content.layout.event = folds.lines(of: position)
            if events.count > Self.unfoldedEvents {
                content.layout.startsFolded = Set(folds.groups).subtracting(
                    content.layout.event.map { [$0.lowerBound] } ?? [])
            }
        }
        let room = wraps ? max(8, columns - content.layout.gutter) : nil
        for (index, line) in json.lines.enumerated() {
            content.add(source: index, JSONLines.lines(of: line, columns: room))
        }
        return content
    }

    private func raw(_ payload: Payload) -> DocumentContent {
        let lines = delivery.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var content = DocumentContent()
        content.layout.sourceCount = lines.count
        content.layout.isNumbered = showsNumbers
        var bad: BytePlace?
        if !delivery.isCut, case .notJSON(let error) = payload { bad = BytePlace(error.offset, in: delivery.body) }
        content.layout.badLine = bad?.line
        let room = max(8, columns - content.layout.gutter)
        for (index, line) in lines.enumerated() {
            let styled = bad?.line == index ? Self.marked(line, at: bad?.offset ?? 0) : StyledLine(SafeText(utf8: line))
            content.add(source: index, wraps ? styled.wrapped(to: room) : [styled])
        }
        return content
    }

    /// Returns a line with the invalid byte marked.
    private static func marked(_ line: ArraySlice<UInt8>, at offset: Int) -> StyledLine {
        let bad = line.dropFirst(offset)
        // Extend the mark to the end of the character, if it is complete.
        let rest = bad.dropFirst().drop { $0 & 0xc0 == 0x80 }
        var styled = StyledLine(SafeText(utf8: line.prefix(offset)))
        let text = SafeText(utf8: bad[..<rest.startIndex])
        styled.append(text.isEmpty ? "◂" : text, Style(.bad, bold: true, underlined: true))
        if !rest.isEmpty { styled.append(SafeText(utf8: rest)) }
        return styled
    }
}

/// The position of a byte as a line and an offset in that line, both from 0.
struct BytePlace {
    let line: Int
    let offset: Int

    init(_ offset: Int, in bytes: [UInt8]) {
        let before = bytes.prefix(offset)
        let newline = UInt8(ascii: "\n")
        line = before.reduce(0) { $1 == newline ? $0 + 1 : $0 }
        self.offset = offset - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0)
    }
}

/// The positions of a notification's events in its formatted JSON.
struct EventFolds {
    private let json: PrettyJSON
    private let events: [NotificationEvent]
    /// The first lines of the events or, without events, of the children of the outermost container.
    let groups: [Int]

    init(_ json: PrettyJSON, _ events: [NotificationEvent]) {
        self.json = json
        self.events = events
        let starts = Set(events.map(\.range.lowerBound))
        let opening = json.folds.map(\.lines.lowerBound)
        let ofEvents = opening.filter { starts.contains(json.lines[$0].value.lowerBound) }
        groups = ofEvents.isEmpty ? opening.filter { json.lines[$0].level == 1 } : ofEvents
    }

    /// Returns the lines of an event.
    func lines(of position: Int) -> ClosedRange<Int>? {
        guard events.indices.contains(position) else { return nil }
        let range = events[position].range
        guard let first = json.lines.firstIndex(where: { !$0.value.isEmpty && $0.value == range }) else { return nil }
        return json.folds.first { $0.lines.lowerBound == first }?.lines ?? first...first
    }
}

// MARK: - JSON

/// JSON formatted with a style for each kind of token.
enum JSONLines {
    static func lines(of json: PrettyJSON, columns: Int) -> [StyledLine] {
        json.lines.flatMap { lines(of: $0, columns: columns) }
    }

    /// Returns the lines for one line of JSON. If `columns` is nil, the line does not wrap.
    static func lines(of line: PrettyJSON.Line, columns: Int?) -> [StyledLine] {
        // A wrapped line continues at its own indentation.
        let indent = columns.map { min(line.level * 2, $0 / 2) } ?? line.level * 2
        var styled = StyledLine()
        for token in line.tokens { styled.append(SafeText(token.text), style(of: token.kind)) }
        let parts = columns.map { styled.wrapped(to: $0 - indent) } ?? [styled]
        return parts.map { StyledLine(.spaces(indent)) + $0 }
    }

    private static func style(of kind: PrettyJSON.Kind) -> Style {
        switch kind {
        case .name: Style(.accent)
        case .punctuation: Style(.secondary)
        case .string: Style(.good)
        case .number, .word: Style(.notice)
        }
    }
}

// MARK: - Hex

/// A hexadecimal dump: offsets, bytes in hexadecimal, and ASCII.
struct HexDump {
    let bytes: [UInt8]
    let columns: Int

    /// The number of bytes in a line. 16 bytes need 76 columns; narrower panes show 8 or 4 bytes.
    private var bytesPerLine: Int {
        [16, 8].first { 10 + $0 * 4 + 1 <= columns } ?? 4
    }

    var lines: [StyledLine] {
        stride(from: 0, to: bytes.count, by: bytesPerLine).map { start in
            line(at: start, bytes[start..<min(bytes.count, start + bytesPerLine)])
        }
    }

    private func line(at offset: Int, _ part: ArraySlice<UInt8>) -> StyledLine {
        let position = String(offset, radix: 16)
        var line = StyledLine(
            "\(String(repeating: "0", count: max(0, 8 - position.utf8.count)) + position)  ", Style(.secondary))
        let hex = part.map { Hex.encode([$0]) }.joined(separator: " ")
        line.append(SafeText(hex).padded(to: bytesPerLine * 3 + 1))
        let ascii = part.map { (0x20...0x7e).contains($0) ? Character(Unicode.Scalar($0)) : "." }
        line.append(SafeText(String(ascii)), Style(.secondary))
        return line
    }
}
