import Notifications
import SafeText
import Terminal

/// The Body tab: the bytes as text, as laid out JSON, or in hex.
struct BodyDocument {
    let delivery: Delivery
    let form: BodyForm
    let columns: Int

    var lines: [StyledLine] {
        notes + content
    }

    private var content: [StyledLine] {
        if delivery.body.isEmpty { return [StyledLine("The body is empty.", Style(.secondary))] }
        switch form {
        case .raw: return raw
        case .hex: return HexDump(bytes: delivery.body, columns: columns).lines
        case .pretty:
            guard let json = try? PrettyJSON(delivery.body) else { return raw }
            return JSONLines.lines(of: json, columns: columns)
        }
    }

    private var notes: [StyledLine] {
        var notes: [StyledLine] = []
        if delivery.isCut {
            let text = "Only the first \(delivery.body.count) of \(delivery.bodyLength) bytes were kept."
            notes += Prose.lines(text, columns: columns, style: Style(.notice))
        } else if !delivery.body.isEmpty, case .notJSON(let error) = Payload(scanning: delivery.body) {
            let text = "Not JSON: \(error) (\(place(of: error.offset)))."
            notes += Prose.lines(text, columns: columns, style: Style(.warning))
        }
        return notes
    }

    private func place(of offset: Int) -> String {
        let before = delivery.body.prefix(offset)
        let newline = UInt8(ascii: "\n")
        let line = before.reduce(1) { $1 == newline ? $0 + 1 : $0 }
        let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        return "line \(line), byte \(offset - start + 1) of it"
    }

    private var raw: [StyledLine] {
        delivery.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .flatMap { SafeText(utf8: $0).wrapped(to: columns) }
            .map { StyledLine($0) }
    }
}

/// Laid out JSON in the styles of its tokens.
enum JSONLines {
    static func lines(of json: PrettyJSON, columns: Int) -> [StyledLine] {
        json.lines.flatMap { line in
            // What is too long for one line goes on below its own beginning.
            let indent = min(line.level * 2, columns / 2)
            var styled = StyledLine()
            for token in line.tokens { styled.append(SafeText(token.text), style(of: token.kind)) }
            return styled.wrapped(to: columns - indent).map { StyledLine(.spaces(indent)) + $0 }
        }
    }

    private static func style(of kind: PrettyJSON.Kind) -> Style {
        switch kind {
        case .name: Style(.accent)
        case .punctuation: Style(.secondary)
        case .string, .number, .word: .plain
        }
    }
}
