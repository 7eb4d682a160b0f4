/// One value of checked JSON, its tokens as they were received.
package indirect enum JSONNode {
    /// With its text, braces included, where it was received so.
    case object([JSONMember], ArraySlice<UInt8>)
    case array([JSONNode], ArraySlice<UInt8>)
    /// With its quotes.
    case string(ArraySlice<UInt8>)
    /// A number or a word.
    case other(ArraySlice<UInt8>)

    /// The text that was received; empty in an object or array that was made here.
    package var source: ArraySlice<UInt8> {
        switch self {
        case .object(_, let source), .array(_, let source), .string(let source), .other(let source): source
        }
    }

    /// The members of an object; nil for anything else.
    package var members: [JSONMember]? {
        if case .object(let members, _) = self { members } else { nil }
    }

    /// The elements of an array; nil for anything else.
    package var elements: [JSONNode]? {
        if case .array(let elements, _) = self { elements } else { nil }
    }

    /// The text of a string; nil for anything else.
    package var text: String? {
        if case .string(let source) = self { JSONNode.decode(source) } else { nil }
    }

    /// The value of the member with this name, in an object that has one.
    subscript(name: String) -> JSONNode? { members?.last { $0.key == name }?.value }

    static func object(_ members: [JSONMember]) -> JSONNode { .object(members, []) }
    static func array(_ elements: [JSONNode]) -> JSONNode { .array(elements, []) }
    static func token(_ text: String) -> JSONNode { .other(Array(text.utf8)[...]) }

    /// Returns a string in which only the characters are escaped that must be.
    static func string(of text: String) -> JSONNode {
        var output: [UInt8] = [UInt8(ascii: "\"")]
        for scalar in text.unicodeScalars { JSONForm.Text.plain.write(scalar, to: &output) }
        output.append(UInt8(ascii: "\""))
        return .string(output[...])
    }

    /// Returns the value with every part of it replaced, the innermost first; nil keeps a part.
    func replacing(_ change: (JSONNode) -> JSONNode?) -> JSONNode {
        let inner: JSONNode
        switch self {
        case .object(let members, let source):
            inner = .object(
                members.map { JSONMember(name: $0.name, value: $0.value.replacing(change)) }, source)
        case .array(let elements, let source): inner = .array(elements.map { $0.replacing(change) }, source)
        case .string, .other: inner = self
        }
        return change(inner) ?? inner
    }

    /// Returns the value with white space of its own.
    package func written(_ layout: JSONForm.Layout, _ text: JSONForm.Text = .asReceived, sortsKeys: Bool = false)
        -> [UInt8]
    {
        var output: [UInt8] = []
        write(JSONForm(layout: layout, text: text, sortsKeys: sortsKeys), layout, level: 0, to: &output)
        return output
    }

    fileprivate func write(_ form: JSONForm, _ layout: JSONForm.Layout, level: Int, to output: inout [UInt8]) {
        switch self {
        case .object(let members, _):
            Self.write(Self.ordered(members, form), "{", "}", layout, level: level, to: &output) { member, output in
                Self.string(member.name, form.text, to: &output)
                output.append(UInt8(ascii: ":"))
                if layout != .compact { output.append(0x20) }
                member.value.write(form, layout, level: level + 1, to: &output)
            }
        case .array(let elements, _):
            Self.write(elements, "[", "]", layout, level: level, to: &output) { element, output in
                element.write(form, layout, level: level + 1, to: &output)
            }
        case .string(let source): Self.string(source, form.text, to: &output)
        case .other(let source): output += source
        }
    }

    private static func write<Item>(
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

    /// Writes the value with the white space that was received.
    fileprivate func copy(_ form: JSONForm, of body: [UInt8], to output: inout [UInt8]) {
        var end = source.startIndex
        switch self {
        case .object(let members, _):
            // Each place keeps the white space around it, whichever member it gets.
            for (place, member) in zip(members, Self.ordered(members, form)) {
                output += body[end..<place.name.startIndex]
                Self.string(member.name, form.text, to: &output)
                output += body[member.name.endIndex..<member.value.source.startIndex]
                member.value.copy(form, of: body, to: &output)
                end = place.value.source.endIndex
            }
        case .array(let elements, _):
            for element in elements {
                output += body[end..<element.source.startIndex]
                element.copy(form, of: body, to: &output)
                end = element.source.endIndex
            }
        case .string(let source):
            Self.string(source, form.text, to: &output)
            end = source.endIndex
        case .other: break
        }
        output += body[end..<source.endIndex]
    }

    private static func ordered(_ members: [JSONMember], _ form: JSONForm) -> [JSONMember] {
        guard form.sortsKeys else { return members }
        return members.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    fileprivate static func decode(_ string: ArraySlice<UInt8>) -> String {
        string.withUnsafeBufferPointer { JSONString.decode($0[...]) }
    }

    private static func string(_ source: ArraySlice<UInt8>, _ text: JSONForm.Text, to output: inout [UInt8]) {
        guard text != .asReceived else { return output += source }
        output.append(UInt8(ascii: "\""))
        for scalar in decode(source).unicodeScalars { text.write(scalar, to: &output) }
        output.append(UInt8(ascii: "\""))
    }
}

/// A member of a JSON object.
package struct JSONMember {
    /// With its quotes.
    package var name: ArraySlice<UInt8>
    package var value: JSONNode

    init(name: ArraySlice<UInt8>, value: JSONNode) {
        self.name = name
        self.value = value
    }

    init(_ name: String, _ value: JSONNode) {
        self.init(name: JSONNode.string(of: name).source, value: value)
    }

    /// The name's text.
    package var key: String { JSONNode.decode(name) }
}

/// Checked JSON whose tokens are as received, to be written in another form.
package struct JSONTree {
    /// The deepest nesting that is read: notifications have four levels.
    private static let maximumDepth = 64

    package let root: JSONNode
    private let body: [UInt8]

    /// Reads JSON; nil where the body is not JSON, or too deep.
    package init?(_ body: [UInt8]) {
        let root = body.withUnsafeBufferPointer { bytes -> JSONNode? in
            var scanner = JSONScanner(bytes)
            guard let root = try? Self.node(&scanner, body, depth: 0), scanner.peek() == nil else { return nil }
            return root
        }
        guard let root else { return nil }
        self.body = body
        self.root = root
    }

    private static func node(
        _ scanner: inout JSONScanner, _ body: [UInt8], depth: Int
    ) throws(JSONError) -> JSONNode {
        guard depth < maximumDepth else { throw JSONError(offset: scanner.index, problem: .tooDeep) }
        let first = scanner.peek()
        let start = scanner.index
        switch first {
        case UInt8(ascii: "{"):
            var members: [JSONMember] = []
            try scanner.members { (scanner, name) throws(JSONError) in
                members.append(JSONMember(name: body[name], value: try node(&scanner, body, depth: depth + 1)))
            }
            return .object(members, body[start..<scanner.index])
        case UInt8(ascii: "["):
            var elements: [JSONNode] = []
            try scanner.elements { scanner throws(JSONError) in
                elements.append(try node(&scanner, body, depth: depth + 1))
            }
            return .array(elements, body[start..<scanner.index])
        case UInt8(ascii: "\""): return .string(body[try scanner.string()])
        default: return .other(body[try scanner.value(depth: depth)])
        }
    }

    /// Returns the JSON in the given form.
    func written(_ form: JSONForm) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count * 2)
        if let layout = form.layout {
            root.write(form, layout, level: 0, to: &output)
        } else {
            output += body[..<root.source.startIndex]
            root.copy(form, of: body, to: &output)
            output += body[root.source.endIndex...]
        }
        return output
    }

    /// The layout that the body seems to have, by its first tokens.
    var layout: JSONForm.Layout {
        let rest = root.source.dropFirst().prefix(8)
        let space = rest.drop { $0 == 0x0D }
        if space.first == 0x0A {
            let indent = space.dropFirst()
            if indent.first == 0x09 { return .tabs }
            return indent.starts(with: [0x20, 0x20, 0x20, 0x20]) ? .four : .two
        }
        let start = Array(root.source.prefix(256))
        return start.firstIndex(of: UInt8(ascii: ":")).map { start.dropFirst($0 + 1).first == 0x20 } == true
            ? .spaced : .compact
    }
}

extension JSONForm.Layout {
    /// Writes the white space before an item, or before the bracket behind the last one.
    func breakLine(level: Int, isFirst: Bool, to output: inout [UInt8]) {
        switch self {
        case .compact: return
        case .spaced: if !isFirst { output.append(0x20) }
        case .two, .four, .tabs:
            output.append(0x0A)
            output += repeatElement(
                self == .tabs ? 0x09 : 0x20, count: self == .tabs ? level : level * (self == .two ? 2 : 4))
        }
    }
}

extension JSONForm.Text {
    func write(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
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
            if !escapes {
                if scalar.isASCII { return output.append(UInt8(scalar.value)) }
                return output += UTF8.encode(scalar) ?? .init()
            }
            for unit in UTF16.encode(scalar) ?? .init() {
                let digits = String(unit, radix: 16, uppercase: self == .escapedUpper)
                output += Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.utf8.count).utf8)
                output += Array(digits.utf8)
            }
        }
    }
}

// MARK: - Forms

/// A way to write the same JSON.
public struct JSONForm: Codable, Sendable, Hashable {
    /// The places of white space between tokens.
    public enum Layout: Codable, Sendable, Hashable, CaseIterable {
        /// Two spaces a level: as B2 writes it.
        case two
        case compact
        /// On one line, a space behind each colon and comma: as Python writes it.
        case spaced
        case four
        case tabs
    }

    /// The way in which the characters of a string are written.
    public enum Text: Codable, Sendable, Hashable, CaseIterable {
        case asReceived
        /// Only what must be escaped is.
        case plain
        /// Non-ASCII as `\u00e9`: as Python writes it.
        case escaped
        /// Non-ASCII as `\u00E9`.
        case escapedUpper
        /// Slashes as `\/`.
        case slashes
        /// Slashes as `\/` and non-ASCII as `\u00e9`: as PHP writes it.
        case slashesEscaped
        /// `&`, `<` and `>` as `\u0026`, `\u003c` and `\u003e`: as Go writes it.
        case htmlEscaped

        /// Whether all that is not ASCII is escaped.
        var escapesNonASCII: Bool {
            switch self {
            case .escaped, .escapedUpper, .slashesEscaped: true
            case .asReceived, .plain, .slashes, .htmlEscaped: false
            }
        }
    }

    /// Nil keeps the white space that was received.
    public let layout: Layout?
    public let text: Text
    public let sortsKeys: Bool

    public init(layout: Layout?, text: Text = .asReceived, sortsKeys: Bool = false) {
        self.layout = layout
        self.text = text
        self.sortsKeys = sortsKeys
    }

    /// All that differ from what was received, the simplest first.
    static let all: [JSONForm] = {
        // B2's own form is the first.
        var forms = [
            JSONForm(layout: .two), JSONForm(layout: .two, sortsKeys: true), JSONForm(layout: .two, text: .plain),
            JSONForm(layout: .two, text: .plain, sortsKeys: true),
        ]
        forms += Layout.allCases.dropFirst().map { JSONForm(layout: $0) }
        forms += Text.allCases.dropFirst().map { JSONForm(layout: nil, text: $0) }
        forms += Text.allCases.map { JSONForm(layout: nil, text: $0, sortsKeys: true) }
        for sortsKeys in [false, true] {
            for text in Text.allCases {
                forms += Layout.allCases.map { JSONForm(layout: $0, text: text, sortsKeys: sortsKeys) }
            }
        }
        return forms
    }()

    /// Whether only white space between tokens differs from what was received.
    var isLayoutAlone: Bool { text == .asReceived && !sortsKeys }

    /// The form as a phrase that follows “for the body”.
    var phrase: String {
        var parts: [String] = []
        switch layout {
        case .two: parts.append("laid out with two spaces a level, as B2 does")
        case .compact: parts.append("without white space between its tokens")
        case .spaced: parts.append("on one line with spaces, as Python does")
        case .four: parts.append("laid out with four spaces a level")
        case .tabs: parts.append("laid out with tabs")
        case nil: break
        }
        if sortsKeys { parts.append("with its keys sorted") }
        switch text {
        case .asReceived: break
        case .plain: parts.append("with nothing escaped that need not be")
        case .escaped: parts.append("with non-ASCII escaped as \\u00e9")
        case .escapedUpper: parts.append("with non-ASCII escaped as \\u00E9")
        case .slashes: parts.append("with slashes escaped as \\/")
        case .slashesEscaped: parts.append("with slashes and non-ASCII escaped, as PHP does")
        case .htmlEscaped: parts.append("with &, < and > escaped as \\u0026 and so on, as Go does")
        }
        return parts.joined(separator: " and ")
    }
}
