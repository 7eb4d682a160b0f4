internal import Yams

/// The text of the configuration, and where in it what is wrong.
struct SourceText {
    private(set) var string: String
    /// The names given to keys that were there already.
    private(set) var renamed: Set<String> = []
    /// What is wrong with the text before it is read as YAML.
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

    /// YAML would refuse them too, without saying where.
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

    /// A few aliases of aliases stand for more than any memory holds, so none is let as far as the parser: whatever
    /// looks like one whose anchor stands somewhere.
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

    /// Where the first byte is that belongs to no character.
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

    /// What a parser's error says, as a problem.
    func problem(of error: YamlError) -> ConfigurationProblem {
        switch error {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            var position = SourcePosition(line: mark.line, column: mark.column)
            // What is never ended is not missed before the end: where it begins says more.
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
            return ConfigurationProblem("is no valid YAML: \(text)")
        default:
            return ConfigurationProblem("is no valid YAML")
        }
    }

    /// A tab before the first character of that line, or of the one before, where the parser began to wonder.
    private func tab(nearLine number: Int) -> SourcePosition? {
        let lines = lines
        for number in [number, number - 1] where (1...lines.count).contains(number) {
            let indent = lines[number - 1].prefix { $0 == " " || $0 == "\t" }
            guard let tab = indent.firstIndex(of: "\t") else { continue }
            return SourcePosition(line: number, column: tab - indent.startIndex + 1)
        }
        return nil
    }

    /// Whether nothing but white space stands there or behind it.
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
    /// Finds the second place of a key in the block that its first place is in, and gives it there another name of the
    /// same length, so that all places stay. Nil where it stands in no block of lines.
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
            // Of the planes for private use: one scalar for each name that was given, so that it is another each time.
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
