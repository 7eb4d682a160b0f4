/// JSON laid out for reading: two spaces a level, as B2 sends it; every token as received.
public struct PrettyJSON: Sendable {
    public enum Kind: Sendable, Hashable {
        case name, string, number, word, punctuation
    }

    /// A token, with the text as it was received: not escaped for any output.
    public struct Token: Sendable, Hashable {
        public let kind: Kind
        public let text: String
    }

    public struct Line: Sendable, Hashable {
        /// How deep it stands; two columns each.
        public var level: Int
        public var tokens: [Token]
    }

    public let lines: [Line]

    /// - Throws: `JSONError` where the body is not JSON.
    public init(_ body: [UInt8]) throws(JSONError) {
        if case .notJSON(let error) = Payload(scanning: body) { throw error }
        var layout = Layout()
        body.withUnsafeBufferPointer { layout.read($0) }
        lines = layout.lines
    }

    /// Lays out text that has been checked, token by token.
    private struct Layout {
        var lines: [Line] = [Line(level: 0, tokens: [])]
        private var level = 0

        mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
            var scanner = JSONScanner(bytes)
            while let byte = scanner.peek() {
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    let close = byte + 2
                    _ = scanner.take(byte)
                    if scanner.take(close) {
                        add(.punctuation, byte == UInt8(ascii: "{") ? "{}" : "[]")
                    } else {
                        add(.punctuation, byte == UInt8(ascii: "{") ? "{" : "[")
                        level += 1
                        newLine()
                    }
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    _ = scanner.take(byte)
                    level -= 1
                    newLine()
                    add(.punctuation, byte == UInt8(ascii: "}") ? "}" : "]")
                case UInt8(ascii: ","):
                    _ = scanner.take(byte)
                    add(.punctuation, ",")
                    newLine()
                case UInt8(ascii: ":"):
                    _ = scanner.take(byte)
                    add(.punctuation, ": ")
                default:
                    guard let range = try? scanner.value(depth: 0) else { return }
                    let text = String(decoding: bytes[range], as: UTF8.self)
                    add(kind(of: byte, isName: scanner.peek() == UInt8(ascii: ":")), text)
                }
            }
        }

        private func kind(of byte: UInt8, isName: Bool) -> Kind {
            switch byte {
            case UInt8(ascii: "\""): isName ? .name : .string
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): .word
            default: .number
            }
        }

        private mutating func newLine() {
            lines.append(Line(level: level, tokens: []))
        }

        private mutating func add(_ kind: Kind, _ text: String) {
            lines[lines.count - 1].tokens.append(Token(kind: kind, text: text))
        }
    }
}
