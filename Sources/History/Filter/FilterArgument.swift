/// The argument of an operator.
struct FilterArgument: Sendable {
    let value: WrittenValue
    let relation: FilterRelation
    /// All of the filter.
    let scalars: [Unicode.Scalar]
    let context: FilterContext

    func fault(_ sentence: String) -> FilterFault { FilterFault(value.range, sentence) }

    /// Returns the text given, for an operator without patterns.
    func word(_ takes: FilterValue) throws(FilterFault) -> String {
        guard let text = value.text else { throw fault(takes.expected) }
        return text
    }

    /// Returns the fixed values that a word means, in any case: the equal one, those that begin with it, or those that
    /// contain it.
    func choices(_ takes: FilterValue) throws(FilterFault) -> Set<String> {
        let word = try word(takes).lowercased()
        if takes.fixed.contains(word) { return [word] }
        let beginning = takes.fixed.filter { $0.hasPrefix(word) }
        let found = beginning.isEmpty ? takes.fixed.filter { $0.contains(word) } : beginning
        guard !word.isEmpty, !found.isEmpty else { throw fault(takes.expected) }
        return Set(found)
    }

    /// Yes or no, or another word for it.
    func isYes() throws(FilterFault) -> Bool {
        switch try word(.yesOrNo).lowercased() {
        case "yes", "y", "true", "1": return true
        case "no", "n", "false", "0": return false
        default: throw fault(FilterValue.yesOrNo.expected)
        }
    }
}

// MARK: - Texts

extension FilterArgument {
    /// The part of a text that a pattern without wildcards must match.
    enum Extent {
        case part, whole
    }

    /// Returns the rows in which one of some texts matches.
    func matches(_ texts: [RowText], _ extent: Extent) throws(FilterFault) -> RowPredicate {
        .text(texts, try pattern(extent))
    }

    /// Returns the pattern given: exact behind `=`, otherwise with wildcards and case as in `PatternMatcher`.
    func pattern(_ extent: Extent) throws(FilterFault) -> TextPattern {
        switch value.form {
        case .regular: return try regular()
        case .plain(let pieces):
            guard relation == .has else { return .exactly(pieces.text) }
            return try pattern(pieces, extent)
        }
    }

    func pattern(_ pieces: [PatternPiece], _ extent: Extent) throws(FilterFault) -> TextPattern {
        let matcher = extent == .part ? PatternMatcher(within: pieces) : PatternMatcher(whole: pieces)
        guard let matcher else {
            throw fault("of characters with a ? between two * there may be \(WildcardSearch.limit) at most")
        }
        return TextPattern(Self.source(pieces, extent), matcher)
    }

    /// Returns a text that distinguishes a pattern from all others.
    private static func source(_ pieces: [PatternPiece], _ extent: Extent) -> String {
        let start = extent == .part && !pieces.hasWildcards ? "part " : "whole "
        return pieces.reduce(into: start) { text, piece in
            switch piece {
            case .one: text += "?"
            case .run: text += "*"
            case .character(let unit):
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                if "*?\\".unicodeScalars.contains(scalar) { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// Returns the regular expression given, if one is allowed.
    func regular() throws(FilterFault) -> TextPattern {
        guard case .regular(let range, let ignoresCase) = value.form else { throw fault("a ~/…/ is expected here") }
        guard context.allowsRegularExpressions else {
            throw fault("regular expressions are for the screen and export; * and ? can be used here")
        }
        let node = try RegexParser.parse(scalars[range])
        do {
            let program = try RegexProgram(node, ignoresCase: ignoresCase)
            let written = String(String.UnicodeScalarView(scalars[range]))
            return TextPattern("~/\(written)/\(ignoresCase ? "i" : "")", .regular(program))
        } catch {
            throw FilterFault(range, "this regular expression is too large; repeat less")
        }
    }
}

// MARK: - Header fields

extension FilterArgument {
    /// Returns the rows whose header fields contain a text, which may be `Name: value`.
    ///
    /// They are recorded as a JSON array of `[name, value]`, so the text is searched for in its JSON form; a colon may
    /// be in a value, or between a name and its value.
    func header() throws(FilterFault) -> RowPredicate {
        guard case .plain(let pieces) = value.form else { return .text([.headers], try regular()) }
        var forms = [inJSON(pieces)]
        if let colon = pieces.firstIndex(of: .character(0x3A)), colon > 0 {
            let rest = pieces[(colon + 1)...].drop { $0 == .character(0x20) }
            forms.append(inJSON(pieces[..<colon]) + [PatternPiece]("\",\"") + inJSON(rest))
        }
        var parts: [RowPredicate] = []
        for form in forms {
            let around: [PatternPiece] = form.hasWildcards ? [.run] : []
            parts.append(.text([.headers], try pattern(around + form + around, .part)))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private func inJSON(_ pieces: some Sequence<PatternPiece>) -> [PatternPiece] {
        pieces.flatMap { piece -> [PatternPiece] in
            piece == .character(0x22) || piece == .character(0x5C) ? [.character(0x5C), piece] : [piece]
        }
    }
}

// MARK: - Numbers

extension FilterArgument {
    /// Returns the rows whose size has the given relation to the given size.
    func size(_ number: RowNumber, _ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        if let (low, high) = try ends(takes) {
            return try between(low, high) { text, relation throws(FilterFault) in
                try size(text, relation, number, takes)
            }
        }
        return try size(try word(takes), relation, number, takes)
    }

    /// Returns the rows whose number is in a range that includes both its ends.
    private func between(
        _ low: String?, _ high: String?,
        _ predicate: (String, FilterRelation) throws(FilterFault) -> RowPredicate
    ) throws(FilterFault) -> RowPredicate {
        var parts: [RowPredicate] = []
        if let low { parts.append(try predicate(low, .atLeast)) }
        if let high { parts.append(try predicate(high, .atMost)) }
        if parts.count == 2, case .number(_, .atLeast, let first) = parts[0],
            case .number(_, let end, let last) = parts[1],
            end == .less ? last <= first : last < first
        {
            throw fault("this range ends before it begins")
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private func size(
        _ text: String, _ relation: FilterRelation, _ number: RowNumber, _ takes: FilterValue
    ) throws(FilterFault) -> RowPredicate {
        guard let (bytes, hasRest) = FilterNumber.size(text) else {
            throw fault(
                text.unicodeScalars.first.flatMap(FilterNumber.digit) == nil
                    ? takes.expected
                    : "no size: a number and a unit are expected, such as 10MB (1,000 × 1,000) or 10MiB")
        }
        guard hasRest else { return .number(number, relation.comparison, bytes) }
        // Between two whole numbers of bytes.
        switch relation {
        case .has, .equal, .notEqual: return .any([])
        case .less, .atMost: return .number(number, .atMost, bytes)
        case .greater, .atLeast: return .number(number, .greater, bytes)
        }
    }

    /// Returns the rows whose answer has a status in the given relation to the given one, or in the given class, such
    /// as `4xx`.
    func status(_ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        if let (low, high) = try ends(takes) {
            return try between(low, high) { text, relation throws(FilterFault) in try status(text, relation, takes) }
        }
        return try status(try word(takes), relation, takes)
    }

    private func status(
        _ text: String, _ relation: FilterRelation, _ takes: FilterValue
    ) throws(FilterFault) -> RowPredicate {
        let text = text.lowercased()
        if text.utf8.count == 3, let status = FilterNumber.whole(text) {
            return .number(.status, relation.comparison, status)
        }
        // 4xx, and what else may be meant by it: 4, 4*, 40x.
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text[digits.endIndex...]
        guard (1...2).contains(digits.utf8.count), let number = FilterNumber.whole(digits), number > 0,
            rest.isEmpty || rest == "*"
                || rest.allSatisfy({ "x*?".contains($0) }) && digits.utf8.count + rest.count == 3
        else { throw fault(takes.expected) }
        let width: Int64 = digits.utf8.count == 1 ? 100 : 10
        let low = number * width
        switch relation {
        case .has, .equal, .notEqual:
            return .all([.number(.status, .atLeast, low), .number(.status, .less, low + width)])
        case .less: return .number(.status, .less, low)
        case .atMost: return .number(.status, .less, low + width)
        case .atLeast: return .number(.status, .atLeast, low)
        case .greater: return .number(.status, .atLeast, low + width)
        }
    }

    /// Returns the rows whose number has the given relation to the given number.
    func number(_ number: RowNumber, _ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        if let (low, high) = try ends(takes) {
            return try between(low, high) { text, relation throws(FilterFault) in
                .number(number, relation.comparison, try whole(text, takes))
            }
        }
        return .number(number, relation.comparison, try whole(try word(takes), takes))
    }

    /// Reads a whole number, also in the form `#126`.
    private func whole(_ text: String, _ takes: FilterValue) throws(FilterFault) -> Int64 {
        guard let value = FilterNumber.whole(text.hasPrefix("#") ? text.dropFirst() : text[...]) else {
            throw fault(takes.expected)
        }
        return value
    }
}

// MARK: - Times

extension FilterArgument {
    /// Returns the two ends of a range such as `1MB..2MB`, either of which may be missing; nil if it is not a range.
    func ends(_ takes: FilterValue) throws(FilterFault) -> (low: String?, high: String?)? {
        let text = try word(takes)
        guard let dots = text.firstRange(of: "..") else { return nil }
        let (low, high) = (String(text[..<dots.lowerBound]), String(text[dots.upperBound...]))
        guard !relation.isComparison else {
            throw fault("a range is for : or =; one value is expected after \(relation.rawValue)")
        }
        func end(_ text: String) -> String? {
            let trimmed = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            return trimmed.isEmpty ? nil : String(trimmed)
        }
        guard end(low) != nil || end(high) != nil else { throw fault(takes.expected) }
        return (end(low), end(high))
    }

    /// Returns the rows whose time is in the given stretch: a time, a range of times that includes both ends, or an
    /// age, which ends now.
    func during(_ number: RowNumber, _ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        let moments = FilterMoment(in: context)
        let expected = takes.expected
        func span(_ text: String, notBefore start: Int64? = nil) throws(FilterFault) -> Range<Int64> {
            guard let span = moments.span(text, notBefore: start) else { throw fault(expected) }
            return span
        }
        guard let (low, high) = try ends(takes) else {
            let text = try word(takes)
            let span = try span(text)
            if moments.isAge(text) { return .number(number, .atLeast, span.lowerBound) }
            return .all([.number(number, .atLeast, span.lowerBound), .number(number, .less, span.upperBound)])
        }
        var parts: [RowPredicate] = []
        var start: Int64?
        if let low {
            let span = try span(low)
            start = span.lowerBound
            parts.append(.number(number, .atLeast, span.lowerBound))
        }
        if let high {
            let span = try span(high, notBefore: start)
            if let start, span.upperBound <= start { throw fault("this range ends before it begins") }
            parts.append(.number(number, .less, span.upperBound))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }
}

// MARK: - Event types

extension FilterArgument {
    /// Returns the rows whose event has a type of this name.
    func type() throws(FilterFault) -> RowPredicate {
        guard case .plain(let pieces) = value.form, relation == .has else {
            let pattern = try pattern(.whole)
            return types([pattern], TypeNames.full(whereShortMatches: pattern))
        }
        guard !pieces.hasWildcards else {
            let lower = pieces.map { piece in
                if case .character(let unit) = piece { return PatternPiece.character(LetterCase.lower(unit)) }
                return piece
            }
            let pattern = try pattern(lower, .whole)
            let prefixed = try self.pattern([PatternPiece](TypeNames.prefix) + lower, .whole)
            return types([pattern, prefixed], TypeNames.full(whereShortMatches: pattern))
        }
        let word = pieces.text
        if TypeNames.known(with: word).isEmpty, let meant = TypeNames.nearest(to: word) {
            throw fault("no type \"\(word)\": did you mean \(meant)? type=\(word) takes it as it is")
        }
        guard let pattern = TypeNames.pattern(of: word) else {
            throw fault("a type is expected here, such as created")
        }
        return .text([.eventType], pattern)
    }

    /// Returns the rows whose type's full name matches, or is one of some.
    private func types(_ patterns: [TextPattern], _ names: [String]) -> RowPredicate {
        var parts = patterns.map { RowPredicate.text([.eventType], $0) }
        if !names.isEmpty { parts.append(.text([.eventType], .oneOf(names))) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }
}

// MARK: - Numbers as they are written

/// Numbers as they are written in a filter.
enum FilterNumber {
    /// Returns the value of an ASCII digit.
    static func digit(_ scalar: Unicode.Scalar) -> Int? {
        "0"..."9" ~= scalar ? Int(scalar.value - 0x30) : nil
    }

    /// Returns a whole number without a sign; nil if it is not one or has more than 18 digits.
    static func whole(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.count <= 18, text.unicodeScalars.allSatisfy({ digit($0) != nil }) else {
            return nil
        }
        return Int64(text)
    }

    /// Bytes in a unit, whose letters may be in any case: kB is 1,000 and KiB 1,024 of them; the B may
    /// be left out.
    static func bytes(in unit: some StringProtocol) -> Int64? {
        let unit = unit.lowercased()
        if ["", "b", "byte", "bytes"].contains(unit) { return 1 }
        guard let power = ["k", "m", "g", "t", "p"].firstIndex(of: String(unit.prefix(1))) else { return nil }
        let base: Int64
        switch unit.dropFirst() {
        case "", "b": base = 1_000
        case "i", "ib": base = 1_024
        default: return nil
        }
        return (0...power).reduce(Int64(1)) { product, _ in product * base }
    }

    /// Returns whether a word behind a space is the unit of the number before it, as in `1 MB`; also before `..` and a
    /// second size.
    static func continues(_ value: String, with word: String) -> Bool {
        if word.hasPrefix("..") { return !value.contains("..") }
        let end = value.firstRange(of: "..").map { value[$0.upperBound...] } ?? value[...]
        let number = end.drop { $0 == " " }
        let unit = word.firstRange(of: "..").map { word[..<$0.lowerBound] } ?? word[...]
        if number.isEmpty { return size(String(unit)) != nil }
        return number.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E } && !unit.isEmpty
            && bytes(in: unit) != nil
    }

    /// Returns a size such as `1.5MB`, in bytes and whether it is a little more than that; nil if it is not one or
    /// above 8 EiB.
    static func size(_ text: String) -> (bytes: Int64, hasRest: Bool)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = whole(parts[0]),
            let unit = bytes(in: text[digits.endIndex...].drop { $0 == " " })
        else { return nil }
        let (large, tooLarge) = whole.multipliedReportingOverflow(by: unit)
        guard !tooLarge else { return nil }
        guard parts.count == 2 else { return (large, false) }
        // Digit by digit, so that nothing is lost or too large on the way.
        guard !parts[1].isEmpty, parts[1].utf8.count <= 18 else { return nil }
        var (numerator, denominator) = (UInt64(0), UInt64(1))
        for character in parts[1].unicodeScalars {
            guard let digit = digit(character) else { return nil }
            (numerator, denominator) = (numerator * 10 + UInt64(digit), denominator * 10)
        }
        let product = numerator.multipliedFullWidth(by: UInt64(unit))
        let (quotient, remainder) = denominator.dividingFullWidth((product.high, product.low))
        let (sum, overflows) = large.addingReportingOverflow(Int64(quotient))
        return overflows ? nil : (sum, remainder > 0)
    }
}
