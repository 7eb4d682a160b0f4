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
        /// The depth of the line; two columns each.
        public var level: Int
        public var tokens: [Token]
        /// The bytes of the value that begins on the line; empty where a container only ends.
        public var value: Range<Int> = 0..<0
    }

    /// An array or object that goes over several lines.
    public struct Fold: Sendable, Hashable {
        /// The line on which it opens, and the one on which it closes.
        public var lines: ClosedRange<Int>
        /// The number of its elements or members.
        public var count: Int
        /// Whether these are members with names.
        public var isObject: Bool
    }

    public let lines: [Line]
    /// In the order in which they open.
    public let folds: [Fold]

    /// - Throws: `JSONError` where the body is not JSON.
    public init(_ body: [UInt8]) throws(JSONError) {
        if case .notJSON(let error) = Payload(scanning: body) { throw error }
        var layout = Layout()
        body.withUnsafeBufferPointer { layout.read($0) }
        lines = layout.lines
        folds = layout.folds
    }

    /// Lays out text that has been checked, token by token.
    private struct Layout {
        var lines: [Line] = [Line(level: 0, tokens: [])]
        var folds: [Fold] = []
        /// The places in `folds` of what is open, the innermost last.
        private var open: [Int] = []
        private var level: Int { open.count }

        mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
            var scanner = JSONScanner(bytes)
            while let byte = scanner.peek() {
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    let close = byte + 2
                    let start = scanner.index
                    _ = scanner.accept(byte)
                    if scanner.accept(close) {
                        add(.punctuation, byte == UInt8(ascii: "{") ? "{}" : "[]")
                        lines[lines.count - 1].value = start..<scanner.index
                    } else {
                        add(.punctuation, byte == UInt8(ascii: "{") ? "{" : "[")
                        lines[lines.count - 1].value = start..<scanner.index
                        begin(isObject: byte == UInt8(ascii: "{"))
                    }
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    _ = scanner.accept(byte)
                    end(at: scanner.index)
                    add(.punctuation, byte == UInt8(ascii: "}") ? "}" : "]")
                case UInt8(ascii: ","):
                    _ = scanner.accept(byte)
                    add(.punctuation, ",")
                    if let fold = open.last { folds[fold].count += 1 }
                    newLine()
                case UInt8(ascii: ":"):
                    _ = scanner.accept(byte)
                    add(.punctuation, ": ")
                default:
                    guard let range = try? scanner.value(depth: 0) else { return }
                    let text = String(decoding: bytes[range], as: UTF8.self)
                    add(kind(of: byte, isName: scanner.peek() == UInt8(ascii: ":")), text)
                    lines[lines.count - 1].value = range
                }
            }
        }

        private mutating func begin(isObject: Bool) {
            let line = lines.count - 1
            open.append(folds.count)
            folds.append(Fold(lines: line...line, count: 1, isObject: isObject))
            newLine()
        }

        private mutating func end(at index: Int) {
            guard let fold = open.popLast() else { return }
            let first = folds[fold].lines.lowerBound
            newLine()
            folds[fold].lines = first...(lines.count - 1)
            lines[first].value = lines[first].value.lowerBound..<index
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
