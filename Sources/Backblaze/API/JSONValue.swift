public import Notifications

/// A JSON value that keeps the order of members and the exact text of numbers.
public indirect enum JSONValue: Sendable {
    case object([Member])
    case array([JSONValue])
    case string(String)
    /// A number, as it was written.
    case number(String)
    case boolean(Bool)
    case null

    /// A member of an object.
    public struct Member: Sendable {
        public var name: String
        public var value: JSONValue

        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Parses JSON; fails if the bytes are not JSON.
    public init?(_ bytes: [UInt8]) {
        guard let tree = JSONTree(bytes) else { return nil }
        self.init(tree.root)
    }

    private init(_ node: JSONNode) {
        switch node {
        case .object(let members, _): self = .object(members.map { Member($0.key, JSONValue($0.value)) })
        case .array(let elements, _): self = .array(elements.map { JSONValue($0) })
        case .string: self = .string(node.text ?? "")
        case .other(let source):
            switch String(decoding: source, as: UTF8.self) {
            case "true": self = .boolean(true)
            case "false": self = .boolean(false)
            case "null": self = .null
            case let number: self = .number(number)
            }
        }
    }

    // MARK: - Reading

    /// The value of an object's member of that name. If a name appears twice, the last member counts.
    ///
    /// Setting a value replaces the member in its place, or appends it; setting nil removes it. A value that is not an
    /// object does not change.
    public subscript(name: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.last { $0.name == name }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let index = members.lastIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// The text of a string; nil for anything else.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, if it is an integer; nil for anything else.
    public var integer: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    /// The truth value; nil for anything else.
    public var truth: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The elements of an array; nil for anything else.
    public var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an object; nil for anything else.
    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// Whether the value is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    // MARK: - Writing

    /// The value on one line.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The value on many lines, indented by two spaces.
    public var prettyBytes: [UInt8] { JSONTree(bytes)?.root.written(.two) ?? bytes }

    /// Appends the value to a writer's output.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .object(let members):
            writer.syntax("{")
            for (index, member) in members.enumerated() {
                if index > 0 { writer.syntax(",") }
                writer.string(member.name)
                writer.syntax(":")
                member.value.write(to: &writer)
            }
            writer.syntax("}")
        case .array(let elements):
            writer.syntax("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { writer.syntax(",") }
                element.write(to: &writer)
            }
            writer.syntax("]")
        case .string(let text): writer.string(text)
        case .number(let text): writer.compact(Array(text.utf8))
        case .boolean(let value): writer.boolean(value)
        case .null: writer.syntax("null")
        }
    }
}

/// Equality ignores the order of members.
extension JSONValue: Equatable {
    public static func == (one: JSONValue, other: JSONValue) -> Bool {
        switch (one, other) {
        case (.object(let one), .object(let other)):
            guard one.count == other.count else { return false }
            return zip(one.sorted { $0.name < $1.name }, other.sorted { $0.name < $1.name }).allSatisfy {
                $0.name == $1.name && $0.value == $1.value
            }
        case (.array(let one), .array(let other)): return one == other
        case (.string(let one), .string(let other)), (.number(let one), .number(let other)): return one == other
        case (.boolean(let one), .boolean(let other)): return one == other
        case (.null, .null): return true
        default: return false
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByIntegerLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }

    public init(booleanLiteral value: Bool) { self = .boolean(value) }

    public init(integerLiteral value: Int) { self = .number(String(value)) }

    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
