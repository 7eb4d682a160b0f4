/// Checked JSON whose tokens are as received, to be written in another form.
struct JSONTree {
    /// Each with its place in the body.
    private indirect enum Node {
        case object([Member], Range<Int>)
        case array([Node], Range<Int>)
        case string(Range<Int>)
        /// A number or a word.
        case other(Range<Int>)

        var range: Range<Int> {
            switch self {
            case .object(_, let range), .array(_, let range), .string(let range), .other(let range): range
            }
        }
    }

    private struct Member {
        let name: Range<Int>
        let value: Node
    }

    /// The deepest nesting that is taken: notifications have four levels.
    private static let maximumDepth = 64

    private let body: [UInt8]
    private let root: Node

    /// Nil where the body is not JSON, or too deep.
    init?(_ body: [UInt8]) {
        let root = body.withUnsafeBufferPointer { bytes -> Node? in
            var scanner = JSONScanner(bytes)
            guard let root = try? Self.node(&scanner, depth: 0), scanner.peek() == nil else { return nil }
            return root
        }
        guard let root else { return nil }
        self.body = body
        self.root = root
    }

    private static func node(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> Node {
        guard depth < maximumDepth else { throw JSONError(offset: scanner.index, problem: .tooDeep) }
        let first = scanner.peek()
        let start = scanner.index
        switch first {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            try scanner.members { (scanner, name) throws(JSONError) in
                members.append(Member(name: name, value: try node(&scanner, depth: depth + 1)))
            }
            return .object(members, start..<scanner.index)
        case UInt8(ascii: "["):
            var elements: [Node] = []
            try scanner.elements { scanner throws(JSONError) in
                elements.append(try node(&scanner, depth: depth + 1))
            }
            return .array(elements, start..<scanner.index)
        case UInt8(ascii: "\""): return .string(try scanner.string())
        default: return .other(try scanner.value(depth: depth))
        }
    }

    /// The JSON in the given form.
    func written(_ form: JSONForm) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count * 2)
        if let layout = form.layout {
            write(root, form, layout, level: 0, to: &output)
        } else {
            output += body[..<root.range.lowerBound]
            copy(root, form, to: &output)
            output += body[root.range.upperBound...]
        }
        return output
    }

    private func ordered(_ members: [Member], _ form: JSONForm) -> [Member] {
        guard form.sortsKeys else { return members }
        return members.sorted { body[$0.name].lexicographicallyPrecedes(body[$1.name]) }
    }

    private func write(_ node: Node, _ form: JSONForm, _ layout: JSONForm.Layout, level: Int, to output: inout [UInt8])
    {
        switch node {
        case .object(let members, _):
            write(ordered(members, form), "{", "}", layout, level: level, to: &output) { member, output in
                string(member.name, form.text, to: &output)
                output += layout == .compact ? Array(":".utf8) : Array(": ".utf8)
                write(member.value, form, layout, level: level + 1, to: &output)
            }
        case .array(let elements, _):
            write(elements, "[", "]", layout, level: level, to: &output) { element, output in
                write(element, form, layout, level: level + 1, to: &output)
            }
        case .string(let range): string(range, form.text, to: &output)
        case .other(let range): output += body[range]
        }
    }

    private func write<Item>(
        _ items: [Item], _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ layout: JSONForm.Layout, level: Int,
        to output: inout [UInt8], _ write: (Item, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: open))
        for (index, item) in items.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            layout.breakLine(level: level + 1, isFirst: index == 0, to: &output)
            write(item, &output)
        }
        if !items.isEmpty { layout.breakLine(level: level, isFirst: true, to: &output) }
        output.append(UInt8(ascii: close))
    }

    /// Writes a node with the white space that it came with.
    private func copy(_ node: Node, _ form: JSONForm, to output: inout [UInt8]) {
        var end = node.range.lowerBound
        switch node {
        case .object(let members, _):
            // Each place keeps what stands around it, whichever member comes there.
            for (place, member) in zip(members, ordered(members, form)) {
                output += body[end..<place.name.lowerBound]
                string(member.name, form.text, to: &output)
                output += body[member.name.upperBound..<member.value.range.lowerBound]
                copy(member.value, form, to: &output)
                end = place.value.range.upperBound
            }
        case .array(let elements, _):
            for element in elements {
                output += body[end..<element.range.lowerBound]
                copy(element, form, to: &output)
                end = element.range.upperBound
            }
        case .string(let range):
            string(range, form.text, to: &output)
            end = range.upperBound
        case .other: break
        }
        output += body[end..<node.range.upperBound]
    }

    private func string(_ range: Range<Int>, _ text: JSONForm.Text, to output: inout [UInt8]) {
        guard text != .asReceived else { return output += body[range] }
        let decoded = body.withUnsafeBufferPointer { JSONString.decode($0[range]) }
        output.append(UInt8(ascii: "\""))
        for scalar in decoded.unicodeScalars { text.write(scalar, to: &output) }
        output.append(UInt8(ascii: "\""))
    }
}

extension JSONForm.Layout {
    /// What stands before an item, or before the bracket behind the last one.
    fileprivate func breakLine(level: Int, isFirst: Bool, to output: inout [UInt8]) {
        switch self {
        case .compact: return
        case .spaced: if !isFirst { output.append(0x20) }
        case .two: output += [0x0A] + [UInt8](repeating: 0x20, count: 2 * level)
        case .four: output += [0x0A] + [UInt8](repeating: 0x20, count: 4 * level)
        case .tabs: output += [0x0A] + [UInt8](repeating: 0x09, count: level)
        }
    }
}

extension JSONForm.Text {
    fileprivate func write(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
        switch scalar {
        case "\"", "\\": output += [0x5C, UInt8(scalar.value)]
        case "\n": output += Array("\\n".utf8)
        case "\r": output += Array("\\r".utf8)
        case "\t": output += Array("\\t".utf8)
        case "\u{8}": output += Array("\\b".utf8)
        case "\u{C}": output += Array("\\f".utf8)
        case "/" where self == .slashes || self == .slashesEscaped: output += Array("\\/".utf8)
        default:
            let isOfHTML = self == .htmlEscaped && "&<>\u{2028}\u{2029}".unicodeScalars.contains(scalar)
            let escapes = scalar.value < 0x20 || isOfHTML || (!scalar.isASCII && escapesNonASCII)
            if !escapes { return output += Array(UTF8.encode(scalar) ?? .init()) }
            for unit in UTF16.encode(scalar) ?? .init() {
                let digits = String(unit, radix: 16, uppercase: self == .escapedUpper)
                output += Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.utf8.count).utf8)
                output += Array(digits.utf8)
            }
        }
    }
}
