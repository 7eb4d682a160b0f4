/// What may have happened to a body between signing and arrival: one step from the body received to the body signed.
public enum BodyVariant: Codable, Sendable, Hashable {
    case withNewline, withReturn, withoutFinalNewlines, withoutNewlines, trimmed
    case linesEndLF, linesEndCRLF
    case withByteOrderMark, withoutByteOrderMark
    /// Nothing: a signature that was made before the body was read.
    case empty
    /// Its newlines were taken out on the way. Not tried, for nobody knows where they were: it is found where the JSON
    /// laid out anew shows it.
    case newlinesTakenOut
    /// The same JSON written another way.
    case rewritten(JSONForm)

    /// The steps that cost no more than a copy, in the order in which they are tried.
    static let cheap: [BodyVariant] = [
        .withoutFinalNewlines, .withNewline, .withReturn, .linesEndLF, .linesEndCRLF, .withoutByteOrderMark,
        .withByteOrderMark, .trimmed, .withoutNewlines, .empty,
    ]

    /// All of them, the simplest first.
    static let all: [BodyVariant] = cheap + JSONForm.all.map(BodyVariant.rewritten)

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The body that this step makes of another, or nil where it cannot be taken.
    ///
    /// - Parameter tree: The same body's JSON, read once for all of its forms.
    func applied(to body: [UInt8], tree: JSONTree?) -> [UInt8]? {
        switch self {
        case .withNewline: return body + [0x0A]
        case .withReturn: return body + [0x0D, 0x0A]
        case .withoutFinalNewlines: return trimmed(body[...]) { $0 == 0x0A || $0 == 0x0D }
        case .trimmed:
            let start = body.drop { Self.isSpace($0) }
            return trimmed(start, Self.isSpace)
        case .withoutNewlines: return body.filter { $0 != 0x0A && $0 != 0x0D }
        case .linesEndLF: return Self.withLF(body)
        case .linesEndCRLF:
            return Self.withLF(body).reduce(into: []) { $0 += $1 == 0x0A ? [0x0D, 0x0A] : [$1] }
        case .withByteOrderMark: return body.starts(with: Self.mark) ? nil : Self.mark + body
        case .withoutByteOrderMark: return body.starts(with: Self.mark) ? Array(body.dropFirst(3)) : nil
        case .empty: return []
        case .newlinesTakenOut: return nil
        case .rewritten(let form): return tree?.written(form)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func withLF(_ body: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(body.count)
        for (index, byte) in body.enumerated() {
            if byte == 0x0D, index + 1 < body.count, body[index + 1] == 0x0A { continue }
            text.append(byte)
        }
        return text
    }

    private func trimmed(_ body: ArraySlice<UInt8>, _ goes: (UInt8) -> Bool) -> [UInt8] {
        var rest = body
        while let last = rest.last, goes(last) { rest.removeLast() }
        return Array(rest)
    }

    /// How the body signed differs from the one received by these steps: goes behind “for the body”.
    static func phrase(_ steps: [BodyVariant]) -> String {
        switch steps {
        case [.withNewline, .withNewline]: "with two newlines at its end"
        case [.withReturn, .withReturn]: "with two CR LF at its end"
        default: steps.map(\.phrase).joined(separator: " and ")
        }
    }

    private var phrase: String {
        switch self {
        case .withNewline: "with a newline at its end"
        case .withReturn: "with CR LF at its end"
        case .withoutFinalNewlines: "without the newline at its end"
        case .trimmed: "without the white space at its ends"
        case .withoutNewlines: "without its newlines"
        case .linesEndLF: "with lines that end in LF, not CR LF"
        case .linesEndCRLF: "with lines that end in CR LF, not LF"
        case .withByteOrderMark: "with a byte-order mark before it"
        case .withoutByteOrderMark: "without the byte-order mark before it"
        case .empty: "left empty"
        case .newlinesTakenOut: "with its newlines, which were taken out"
        case .rewritten(let form): form.phrase
        }
    }

    /// What to do about it.
    var advice: String {
        switch self {
        case .withNewline, .withReturn, .withoutFinalNewlines, .trimmed:
            "Sign and send the same bytes: printf %s and curl --data-binary neither add nor strip a newline; nor may"
                + " anything on the way."
        case .withoutNewlines, .newlinesTakenOut:
            "Sign and send the same bytes: curl --data, also -d @file, strips newlines; --data-binary does not."
        case .linesEndLF, .linesEndCRLF:
            "Line ends were converted on the way, or in the file that was signed: send the bytes that were signed."
        case .withByteOrderMark, .withoutByteOrderMark:
            "An editor or a proxy added or took the mark: sign and send the body without one, as B2 does."
        case .empty:
            "The sender signs before it has the body: have it sign the bytes that it sends."
        case .rewritten:
            "Something parsed the JSON and wrote it anew, between signing and here: have it pass the body on byte for"
                + " byte."
        }
    }
}
