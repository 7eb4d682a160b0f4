/// Splits a filter into words. It reads any text: a fault of a term becomes part of the term.
struct FilterLexer {
    let scalars: [Unicode.Scalar]
    private(set) var index = 0
    /// The kind of the values without an operator of their own: after `type:(` the kind of `type:`.
    var outer: FilterValue?

    init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    /// Returns whether a character ends a word without quotes.
    static func endsWord(_ scalar: Unicode.Scalar) -> Bool {
        isBlank(scalar) || scalar == "(" || scalar == ")" || scalar == "|"
    }

    static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar == " " || 0x09...0x0D ~= scalar.value : scalar.properties.isWhitespace
    }

    /// Returns the next word, or nil at the end.
    mutating func next() -> FilterWord? {
        skipBlanks()
        guard let scalar = peek() else { return nil }
        let start = index
        switch scalar {
        case "(":
            index += 1
            return .open(start)
        case ")":
            index += 1
            return .close(start)
        case "!":
            index += 1
            return .not(start..<index)
        case "-" where negates:
            index += 1
            return .not(start..<index)
        case "|":
            index += 1
            if peek() == "|" { index += 1 }
            return .or(start..<index)
        default:
            let term = term()
            return term.connective.map { $0.word(term.range) } ?? .term(term)
        }
    }

    /// Whether the hyphen here excludes what follows, as in `-type:test`; alone or doubled it is text.
    private var negates: Bool {
        guard let next = peek(1) else { return false }
        return next != "-" && next != ")" && next != "|" && !Self.isBlank(next)
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    private mutating func skipBlanks() {
        while let scalar = peek(), Self.isBlank(scalar) { index += 1 }
    }

    private mutating func term() -> WrittenTerm {
        let operation = operation()
        let takes = operation.map { FilterOperator.named($0.name)?.takes } ?? outer
        let takesList = takes?.takesList ?? false
        var fault: FilterFault?
        var values = [item(takes, endsAtComma: takesList, &fault)]
        while takesList, fault == nil, peek() == "," {
            index += 1
            skipBlanksInList()
            values.append(item(takes, endsAtComma: true, &fault))
        }
        if fault == nil, values[values.count - 1].isQuoted, let scalar = peek(), !Self.endsWord(scalar) {
            let start = index
            _ = bare(endsAtComma: false, &fault)
            fault = FilterFault(start..<index, "a space is expected after the closing quote")
        }
        let range = values[0].range.lowerBound..<max(index, values[0].range.upperBound)
        return WrittenTerm(operation: operation, values: values, valuesRange: range, fault: fault)
    }

    /// Reads one value, and the words after a space that belong to it: `1 MB`, `yesterday 02:14`.
    private mutating func item(_ takes: FilterValue?, endsAtComma: Bool, _ fault: inout FilterFault?) -> WrittenValue {
        switch (peek(), peek(1)) {
        case ("\"", _): return quoted(&fault)
        case ("~", "/"): return regular(endsAtComma: endsAtComma, &fault)
        default: break
        }
        var value = bare(endsAtComma: endsAtComma, &fault)
        guard let continues = takes?.continues else { return value }
        while fault == nil, let text = value.text, !text.isEmpty, let scalar = peek(), Self.isBlank(scalar) {
            var ahead = self
            ahead.skipBlanks()
            let next = ahead.bare(endsAtComma: endsAtComma, &fault)
            guard fault == nil, let word = next.text, !word.isEmpty, continues(text, word) else {
                fault = nil
                return value
            }
            self = ahead
            value = WrittenValue(
                range: value.range.lowerBound..<index, form: .plain([PatternPiece](text + " " + word)))
        }
        return value
    }

    /// Skips the space behind a comma, unless what follows is another term.
    private mutating func skipBlanksInList() {
        var ahead = self
        ahead.skipBlanks()
        guard let scalar = ahead.peek() else {
            self = ahead
            return
        }
        guard scalar != "(", scalar != ")", scalar != "|", scalar != "!" else { return }
        var word = ahead
        var fault: FilterFault?
        guard word.operation() == nil,
            word.bare(endsAtComma: true, &fault).text.flatMap(FilterConnective.init(word:)) == nil
        else { return }
        index = ahead.index
    }

    private mutating func operation() -> WrittenTerm.Operator? {
        let start = index
        var end = index
        while end < scalars.count, isName(scalars[end], isFirst: end == start) { end += 1 }
        guard end > start else { return nil }
        let name = String(String.UnicodeScalarView(scalars[start..<end]))
        guard name != "b2" else { return nil }
        let compares = FilterOperator.named(name)?.takes.compares ?? false
        index = end
        if compares { skipBlanks() }
        let place = index
        guard let relation = relation(), compares || place == end, relation != .has || place == end else {
            index = start
            return nil
        }
        var operation = WrittenTerm.Operator(
            name: name, range: start..<end, relation: relation, relationRange: place..<index)
        if compares {
            // As GitHub has it: size:>1MB.
            if relation == .has, let other = self.relation(), other != .has { operation.relation = other }
            operation.relationRange = place..<index
            if operation.relation != .has { skipBlanks() }
        }
        return operation
    }

    private func isName(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "-": true
        case "0"..."9", "_": !isFirst
        default: false
        }
    }

    private mutating func relation() -> FilterRelation? {
        for relation in [FilterRelation.has, .notEqual, .atMost, .atLeast, .equal, .less, .greater] {
            let text = Array(relation.rawValue.unicodeScalars)
            guard scalars[index...].starts(with: text) else { continue }
            index += text.count
            return relation
        }
        return nil
    }

    private mutating func bare(endsAtComma: Bool, _ fault: inout FilterFault?) -> WrittenValue {
        let start = index
        var pieces: [PatternPiece] = []
        while let scalar = peek(), !Self.endsWord(scalar), !(endsAtComma && scalar == ",") {
            switch scalar {
            case "*": pieces.append(.run)
            case "?": pieces.append(.one)
            default: pieces.append(.character(scalar.value))
            }
            if scalar == "\"", fault == nil {
                fault = FilterFault(
                    index..<index + 1, "a quote inside a word: put all of it in quotes, and \\\" for the quote itself")
            }
            index += 1
        }
        return WrittenValue(range: start..<index, form: .plain(pieces))
    }

    private mutating func quoted(_ fault: inout FilterFault?) -> WrittenValue {
        let start = index
        var pieces: [PatternPiece] = []
        index += 1
        while let scalar = peek(), scalar != "\"" {
            index += 1
            switch scalar {
            case "*": pieces.append(.run)
            case "?": pieces.append(.one)
            case "\\": pieces.append(.character(escaped()))
            default: pieces.append(.character(scalar.value))
            }
        }
        if peek() == "\"" {
            index += 1
        } else {
            fault = FilterFault(start..<start + 1, "this quote is not closed")
        }
        return WrittenValue(range: start..<index, form: .plain(pieces), isQuoted: true)
    }

    /// Reads the character after a backslash; any other backslash means itself.
    private mutating func escaped() -> UInt32 {
        switch peek() {
        case "\"", "\\", "*", "?":
            index += 1
            return scalars[index - 1].value
        case "u" where peek(1) == "{":
            var (end, value) = (index + 2, UInt32(0))
            while end < scalars.count, end < index + 8, let digit = Character(scalars[end]).hexDigitValue {
                (end, value) = (end + 1, value << 4 | UInt32(digit))
            }
            guard end > index + 2, end < scalars.count, scalars[end] == "}", Unicode.Scalar(value) != nil else {
                return Unicode.Scalar("\\").value
            }
            index = end + 1
            return value
        default: return Unicode.Scalar("\\").value
        }
    }

    private mutating func regular(endsAtComma: Bool, _ fault: inout FilterFault?) -> WrittenValue {
        let start = index
        index += 2
        while let scalar = peek(), scalar != "/" {
            index += scalar == "\\" && peek(1) != nil ? 2 : 1
        }
        let expression = start + 2..<index
        guard peek() == "/" else {
            fault = FilterFault(start..<start + 2, "this regular expression is not closed with a /")
            return WrittenValue(range: start..<index, form: .regular(expression, ignoresCase: false))
        }
        index += 1
        let flags = index
        while let scalar = peek(), !Self.endsWord(scalar), !(endsAtComma && scalar == ",") { index += 1 }
        let ignoresCase = scalars[flags..<index].elementsEqual("i".unicodeScalars)
        if index > flags, !ignoresCase {
            fault = FilterFault(
                flags..<index, "only an i, for any case, may follow the / that ends it; \\/ is a slash itself")
        }
        return WrittenValue(range: start..<index, form: .regular(expression, ignoresCase: ignoresCase))
    }
}

extension WrittenTerm {
    /// The connective that a bare word is.
    fileprivate var connective: FilterConnective? {
        guard operation == nil, !value.isQuoted else { return nil }
        return value.text.flatMap(FilterConnective.init(word:))
    }
}

// MARK: - Words

/// The sign between an operator and its value.
enum FilterRelation: String, Sendable, CaseIterable {
    case has = ":"
    case equal = "="
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case greater = ">"

    /// The comparison that it means for a number.
    var comparison: Comparison {
        switch self {
        case .has, .equal, .notEqual: .equal
        case .less: .less
        case .atMost: .atMost
        case .atLeast: .atLeast
        case .greater: .greater
        }
    }
}

/// A value as it was written; one item of a list, where there are several.
struct WrittenValue: Sendable {
    enum Form: Sendable {
        case plain([PatternPiece])
        /// The scalars of the expression between its slashes.
        case regular(Range<Int>, ignoresCase: Bool)
    }

    /// Of the whole filter, with quotes and slashes.
    var range: Range<Int>
    var form: Form
    var isQuoted = false

    /// The text, with wildcards as they are written; nil for a regular expression.
    var text: String? {
        guard case .plain(let pieces) = form else { return nil }
        return pieces.text
    }

    var isMissing: Bool {
        guard case .plain(let pieces) = form else { return false }
        return pieces.isEmpty && !isQuoted
    }
}

/// A term as it was written: an operator with one value or a list of them, or a value alone.
struct WrittenTerm: Sendable {
    struct Operator: Sendable {
        var name: String
        var range: Range<Int>
        var relation: FilterRelation
        var relationRange: Range<Int>
    }

    var operation: Operator?
    /// At least one; without an operator exactly one.
    var values: [WrittenValue]
    /// The place of all values in the filter.
    var valuesRange: Range<Int>
    /// The fault in how it is written.
    var fault: FilterFault?

    var range: Range<Int> { (operation?.range.lowerBound ?? valuesRange.lowerBound)..<valuesRange.upperBound }

    /// The last value: the one that a cursor at the term's end is in.
    var value: WrittenValue { values.last ?? WrittenValue(range: valuesRange, form: .plain([])) }
}

/// A word of the filter language, with its place.
enum FilterWord: Sendable {
    case open(Int)
    case close(Int)
    case and(Range<Int>)
    case or(Range<Int>)
    case not(Range<Int>)
    case term(WrittenTerm)

    var range: Range<Int> {
        switch self {
        case .open(let place), .close(let place): place..<place + 1
        case .and(let range), .or(let range), .not(let range): range
        case .term(let term): term.range
        }
    }
}

/// The words that put terms together. In quotes they are text.
enum FilterConnective: String, CaseIterable {
    case and, or, not

    /// Recognises the connective that a bare word is, in any case.
    init?(word: String) {
        if word == "&&" {
            self = .and
        } else {
            self.init(rawValue: word.lowercased())
        }
    }

    var meaning: String {
        switch self {
        case .and: "both must match, as without it"
        case .or: "one must match"
        case .not: "what follows must not match"
        }
    }

    func word(_ range: Range<Int>) -> FilterWord {
        switch self {
        case .and: .and(range)
        case .or: .or(range)
        case .not: .not(range)
        }
    }
}

// MARK: - Source and faults

/// A fault, and the scalars of the text that it is about; `FilterSource` makes a `FilterError` of it.
struct FilterFault: Error {
    let range: Range<Int>
    let sentence: String

    init(_ range: Range<Int>, _ sentence: String) {
        self.range = range
        self.sentence = sentence
    }
}

/// A filter's text as scalars, by which it is read: a quote with an accent on it is still a quote.
struct FilterSource {
    let text: String
    let scalars: [Unicode.Scalar]

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
    }

    /// Returns the characters that contain some scalars.
    func characters(_ range: Range<Int>) -> Range<Int> {
        var (scalar, character) = (0, 0)
        var start: Int?
        for each in text {
            if range.isEmpty, scalar >= range.lowerBound { return character..<character }
            let next = scalar + each.unicodeScalars.count
            if start == nil, range.lowerBound < next { start = character }
            if scalar >= range.upperBound { break }
            (scalar, character) = (next, character + 1)
        }
        return min(start ?? character, character)..<character
    }

    /// Returns the number of scalars before a character.
    func scalarOffset(ofCharacter offset: Int) -> Int {
        text.prefix(max(0, offset)).unicodeScalars.count
    }

    func error(_ fault: FilterFault) -> FilterError {
        FilterError(at: characters(fault.range), fault.sentence)
    }
}
