internal import Yams

/// Makes nodes from YAML, and reports with their places texts that are not YAML, or use features that a configuration
/// does not need: anchors and aliases, tags, several documents.
struct ConfigurationParser {
    /// The longest text, in bytes.
    static let longest = 1 << 20
    /// The most nodes, and the deepest they may be nested.
    static let mostNodes = 20_000
    static let deepest = 32
    /// The number of repeated keys after which the rest is not read.
    private static let mostDuplicates = 20

    private(set) var problems: [ConfigurationProblem] = []
    private var nodes = 0

    /// Returns the root; nil for a text that has only comments, or could not be read.
    mutating func parse(_ bytes: [UInt8]) -> ConfigurationNode? {
        guard bytes.count <= Self.longest else {
            problems.append(ConfigurationProblem("is larger than \(Self.longest >> 20) MiB"))
            return nil
        }
        var text = SourceText(bytes)
        if let problem = text.problem {
            problems.append(problem)
            return nil
        }
        for _ in 0..<Self.mostDuplicates {
            do {
                let parser = try Parser(yaml: text.string, resolver: .basic, encoding: .utf8)
                return try parser.singleRoot().flatMap { convert($0, without: text.renamed) }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams stops at the first one: it gets another name in place, and the rest is read.
                let first = SourcePosition(line: context.mark.line, column: context.mark.column)
                let key = keys.first ?? ""
                guard let second = text.renameDuplicate(of: key, at: first) else {
                    problems.append(ConfigurationProblem("“\(key)” is there twice: leave one out", at: first))
                    return nil
                }
                problems.append(
                    ConfigurationProblem(
                        "“\(key)” is there a second time, after line \(first.line): leave one out", at: second))
            } catch let error as YamlError {
                problems.append(text.problem(of: error))
                return nil
            } catch {
                problems.append(ConfigurationProblem("cannot be read: \(error)"))
                return nil
            }
        }
        return nil
    }

    private mutating func convert(_ node: Node, without renamed: Set<String>, depth: Int = 0) -> ConfigurationNode? {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        nodes += 1
        guard nodes <= Self.mostNodes else {
            // Reported once, at the first node beyond the limit.
            if nodes == Self.mostNodes + 1 {
                problems.append(ConfigurationProblem("more than \(Self.mostNodes) values", at: position))
            }
            return nil
        }
        guard depth <= Self.deepest else {
            problems.append(ConfigurationProblem("nested deeper than \(Self.deepest) levels", at: position))
            return nil
        }
        let tag = node.tag.description
        guard [Tag.Name.str, .map, .seq].contains(where: { $0.rawValue == tag }) else {
            problems.append(ConfigurationProblem("a tag (\(tag)): leave it out", at: position))
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(.scalar(scalar.string, isPlain: scalar.style == .plain), at: position)
        case .sequence(let sequence):
            return ConfigurationNode(
                .list(sequence.compactMap { convert($0, without: renamed, depth: depth + 1) }), at: position)
        case .mapping(let mapping):
            let entries = mapping.compactMap { pair -> ConfigurationNode.Entry? in
                guard let key = key(pair.key),
                    let value = convert(pair.value, without: renamed, depth: depth + 1), !renamed.contains(key.value)
                else { return nil }
                return ConfigurationNode.Entry(key: key, value: value)
            }
            return ConfigurationNode(.map(entries), at: position)
        case .alias:
            problems.append(ConfigurationProblem("an alias: write the value out", at: position))
            return nil
        }
    }

    private mutating func key(_ node: Node) -> Located<String>? {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        guard case .scalar(let scalar) = node else {
            problems.append(ConfigurationProblem("a list or a map as a key: a key is a word", at: position))
            return nil
        }
        return Located(scalar.string, at: position)
    }
}

// MARK: - Nodes

/// A part of the configuration as it was read, each part with its place: for code that reads its own subtree.
public struct ConfigurationNode: Sendable, Hashable {
    /// The contents of a node.
    public enum Content: Sendable, Hashable {
        /// A text, as written; `isPlain` without quotes.
        case scalar(String, isPlain: Bool)
        /// A list.
        case list([ConfigurationNode])
        /// A map in the order of the file; each key appears once.
        case map([Entry])
    }

    /// A key and its value.
    public struct Entry: Sendable, Hashable {
        /// The key.
        public let key: Located<String>
        /// The value of the entry.
        public let value: ConfigurationNode

        /// Creates an entry.
        public init(key: Located<String>, value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    /// The contents.
    public let content: Content
    /// The start of the node.
    public let position: SourcePosition

    /// Creates a part.
    public init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }

    /// Whether the node is empty: a key without a value, or a file of comments.
    public var isEmpty: Bool {
        if case .scalar(let text, isPlain: true) = content { ["", "~", "null"].contains(text) } else { false }
    }

    /// The text, unless it is blank.
    public var text: String? {
        guard case .scalar(let text, _) = content, !isEmpty, !text.isEmpty, !text.contains("\0") else { return nil }
        return text
    }

    /// The value of `yes` or `no`, or of YAML's other words for them.
    public var truth: Bool? {
        guard case .scalar(let text, _) = content else { return nil }
        return switch text.lowercased() {
        case "yes", "true", "on": true
        case "no", "false", "off": false
        default: nil
        }
    }

    /// A description of the contents in messages.
    public var summary: String {
        switch content {
        case _ where isEmpty: "nothing"
        case .scalar(let text, _): "“\(text.count > 40 ? text.prefix(40) + "…" : text)”"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

// MARK: - Positions

/// A place in a text; lines and columns are counted from 1, columns in Unicode scalars.
public struct SourcePosition: Sendable, Hashable, Comparable {
    /// The line.
    public let line: Int
    /// The column in it.
    public let column: Int

    /// Creates a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Returns whether one is before the other.
    public static func < (one: SourcePosition, other: SourcePosition) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// A value with the place where it was read, so that a problem that only another module can find is reported with its
/// line too.
public struct Located<Value> {
    /// The value that was read.
    public var value: Value
    /// The place of the value.
    public var position: SourcePosition

    /// Creates a value from a place.
    public init(_ value: Value, at position: SourcePosition) {
        self.value = value
        self.position = position
    }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}

// MARK: - The text

/// The text of the configuration, which finds the places of problems.
struct SourceText {
    private(set) var string: String
    /// The new names of repeated keys.
    private(set) var renamed: Set<String> = []
    /// The problem of the text before it is read as YAML.
    let problem: ConfigurationProblem?

    init(_ bytes: [UInt8]) {
        guard let string = String(validating: bytes, as: UTF8.self) else {
            self.string = ""
            problem = ConfigurationProblem(
                "no UTF-8 from here on: save the file as UTF-8",
                at: Self.position(of: Self.firstInvalid(in: bytes), in: bytes))
            return
        }
        self.string = string
        problem = Self.control(in: string) ?? Self.alias(in: bytes)
    }

    /// Finds control characters. YAML would refuse them too, without giving their place.
    private static func control(in text: String) -> ConfigurationProblem? {
        var line = 1
        var column = 1
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a:
                line += 1
                column = 0
            case 0x09, 0x0d, 0x20...0x7e, 0x85, 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...: break
            default:
                let code = String(scalar.value, radix: 16, uppercase: true)
                return ConfigurationProblem(
                    "a control character (U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)): take it out",
                    at: SourcePosition(line: line, column: column))
            }
            column += 1
        }
        return nil
    }

    /// Finds aliases, and texts that look like one whose anchor exists. A few aliases of aliases can expand to more
    /// than any memory, so the parser never receives them.
    private static func alias(in bytes: [UInt8]) -> ConfigurationProblem? {
        let anchors = Set(names(after: UInt8(ascii: "&"), in: bytes).map(\.name))
        guard !anchors.isEmpty,
            let alias = names(after: UInt8(ascii: "*"), in: bytes).first(where: { anchors.contains($0.name) })
        else { return nil }
        return ConfigurationProblem(
            "an alias (*\(String(decoding: alias.name, as: UTF8.self))): write the value out",
            at: position(of: alias.index, in: bytes))
    }

    private static func names(after mark: UInt8, in bytes: [UInt8]) -> [(name: ArraySlice<UInt8>, index: Int)] {
        bytes.indices.filter { bytes[$0] == mark && ($0 == 0 || !isNameByte(bytes[$0 - 1])) }
            .map { (name: bytes[($0 + 1)...].prefix(while: isNameByte), index: $0) }
            .filter { !$0.name.isEmpty }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Returns the offset of the first byte that belongs to no character.
    private static func firstInvalid(in bytes: [UInt8]) -> Int {
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var index = 0
        while case .valid(let character) = parser.parseScalar(from: &rest) { index += character.count }
        return index
    }

    private static func position(of index: Int, in bytes: [UInt8]) -> SourcePosition {
        let before = bytes[..<index]
        let line = before.lastIndex(of: 0x0a).map { before[($0 + 1)...] } ?? before
        return SourcePosition(
            line: before.count { $0 == 0x0a } + 1, column: line.count { $0 & 0xc0 != 0x80 } + 1)
    }

    /// Returns a parser's error as a problem.
    func problem(of error: YamlError) -> ConfigurationProblem {
        switch error {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            var position = SourcePosition(line: mark.line, column: mark.column)
            // A missing end is only noticed at the end of the file: its beginning is more helpful.
            if let begin = context?.mark, isAtEnd(position) {
                position = SourcePosition(line: begin.line, column: begin.column)
            }
            if let tab = tab(nearLine: mark.line) {
                return ConfigurationProblem("a tab: YAML indents with spaces only", at: tab)
            }
            if text.contains("another document") {
                return ConfigurationProblem("a second document begins here: a configuration is one", at: position)
            }
            let around = context.map { " \($0.text)" } ?? ""
            return ConfigurationProblem("no valid YAML: \(text)\(around)", at: position)
        case .reader(let text, _, _, _):
            return ConfigurationProblem("is not valid YAML: \(text)")
        default:
            return ConfigurationProblem("is not valid YAML")
        }
    }

    /// Returns a tab before the first character of that line, or of the one before, near the place of a parser's error.
    private func tab(nearLine number: Int) -> SourcePosition? {
        let lines = lines
        for number in [number, number - 1] where (1...lines.count).contains(number) {
            let indent = lines[number - 1].prefix { $0 == " " || $0 == "\t" }
            guard let tab = indent.firstIndex(of: "\t") else { continue }
            return SourcePosition(line: number, column: tab - indent.startIndex + 1)
        }
        return nil
    }

    /// Returns whether only white space follows from there.
    private func isAtEnd(_ position: SourcePosition) -> Bool {
        let rest = lines.dropFirst(position.line - 1)
        guard let first = rest.first else { return true }
        return ([first.dropFirst(position.column - 1)] + rest.dropFirst()).allSatisfy { line in
            line.allSatisfy(\.properties.isWhitespace)
        }
    }

    private var lines: [ArraySlice<Unicode.Scalar>] {
        Array(string.unicodeScalars).split(separator: "\n", omittingEmptySubsequences: false)
    }
}

extension SourceText {
    /// Finds the second place of a key in the block of its first place, and gives it there another name of the same
    /// length, so that all places stay. Nil if it is not in a block of lines.
    mutating func renameDuplicate(of key: String, at first: SourcePosition) -> SourcePosition? {
        var lines = lines
        let forms = [key, "\"\(key)\"", "'\(key)'"].map { Array($0.unicodeScalars) }
        for index in lines.indices.dropFirst(first.line) {
            let line = lines[index]
            let start = line.firstIndex { $0 != " " } ?? line.endIndex
            guard start < line.endIndex, line[start] != "#", line[start] != "\r" else { continue }
            let column = start - line.startIndex + 1
            guard column >= first.column else { return nil }
            guard column == first.column,
                let form = forms.first(where: { line[start...].starts(with: $0) }),
                line[(start + form.count)...].first(where: { $0 != " " }) == ":"
            else { continue }
            // From the planes for private use: one scalar for each name, so that all names differ.
            guard let stand = Unicode.Scalar(0x10_F000 + UInt32(renamed.count)) else { return nil }
            let name = [Unicode.Scalar](repeating: stand, count: form.count)
            renamed.insert(Self.string(name))
            lines[index] = line[..<start] + name + line[(start + form.count)...]
            string = Self.string(lines.joined(separator: CollectionOfOne("\n")))
            return SourcePosition(line: index + 1, column: column)
        }
        return nil
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
