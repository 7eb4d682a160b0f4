/// Writes JSON on many lines, indented by two spaces, and escapes only what must be escaped: what B2 sends.
struct IndentedJSON {
    private(set) var bytes: [UInt8] = []
    private var depth = 0
    private var isFirst = true

    mutating func object(_ members: (inout IndentedJSON) -> Void) {
        enclose("{", "}", members)
    }

    mutating func array<Element>(
        _ name: String, of elements: [Element], _ write: (inout IndentedJSON, Element) -> Void
    ) {
        member(name)
        guard !elements.isEmpty else { return append("[]") }
        enclose("[", "]") { writer in
            for element in elements {
                writer.item()
                write(&writer, element)
            }
        }
    }

    mutating func string(_ name: String, _ value: String) {
        member(name)
        quote(value)
    }

    mutating func integer(_ name: String, _ value: Int64) {
        member(name)
        append(String(value))
    }

    private mutating func enclose(_ open: String, _ close: String, _ inside: (inout IndentedJSON) -> Void) {
        append(open)
        depth += 1
        isFirst = true
        inside(&self)
        depth -= 1
        isFirst = false
        newLine()
        append(close)
    }

    private mutating func member(_ name: String) {
        item()
        quote(name)
        append(": ")
    }

    private mutating func item() {
        if !isFirst { append(",") }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        append("\n" + String(repeating: "  ", count: depth))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func quote(_ text: String) {
        append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0..<0x20:
                append(byte < 0x10 ? "\\u000" : "\\u00")
                append(String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        append("\"")
    }
}
