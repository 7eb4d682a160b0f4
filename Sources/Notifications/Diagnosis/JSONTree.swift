/// Checked JSON whose tokens are as received, to be written in another form.
struct JSONTree {
    private indirect enum Node {
        case object([(name: Range<Int>, value: Node)])
        case array([Node])
        case string(Range<Int>)
        /// A number or a word.
        case other(Range<Int>)
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
        switch scanner.peek() {
        case UInt8(ascii: "{"):
            var members: [(name: Range<Int>, value: Node)] = []
            try scanner.members { (scanner, name) throws(JSONError) in
                members.append((name, try node(&scanner, depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [Node] = []
            try scanner.elements { scanner throws(JSONError) in
                elements.append(try node(&scanner, depth: depth + 1))
            }
            return .array(elements)
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
            var end = 0
            rewriteStrings(of: root, form.text, from: &end, to: &output)
            output += body[end...]
        }
        return output
    }

    private func write(_ node: Node, _ form: JSONForm, _ layout: JSONForm.Layout, level: Int, to output: inout [UInt8])
    {
        switch node {
        case .object(let members):
            let ordered =
                form.sortsKeys
                ? members.sorted { body[$0.name].lexicographicallyPrecedes(body[$1.name]) } : members
            write(ordered, "{", "}", layout, level: level, to: &output) { member, output in
                string(member.name, form.text, to: &output)
                output += layout == .compact ? Array(":".utf8) : Array(": ".utf8)
                write(member.value, form, layout, level: level + 1, to: &output)
            }
        case .array(let elements):
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

    /// Copies all up to the end of the last string in `node`, each string written anew.
    private func rewriteStrings(of node: Node, _ text: JSONForm.Text, from end: inout Int, to output: inout [UInt8]) {
        func copy(_ range: Range<Int>) {
            output += body[end..<range.lowerBound]
            string(range, text, to: &output)
            end = range.upperBound
        }
        switch node {
        case .object(let members):
            for member in members {
                copy(member.name)
                rewriteStrings(of: member.value, text, from: &end, to: &output)
            }
        case .array(let elements):
            for element in elements { rewriteStrings(of: element, text, from: &end, to: &output) }
        case .string(let range): copy(range)
        case .other: break
        }
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
            let escapes = scalar.value < 0x20 || (!scalar.isASCII && self != .plain && self != .slashes)
            if !escapes { return output += Array(UTF8.encode(scalar) ?? .init()) }
            for unit in UTF16.encode(scalar) ?? .init() {
                let digits = String(unit, radix: 16, uppercase: self == .escapedUpper)
                output += Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.utf8.count).utf8)
                output += Array(digits.utf8)
            }
        }
    }
}
