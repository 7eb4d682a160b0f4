import History

/// Numbers as they are written in a filter.
enum FilterNumber {
    /// The value of an ASCII digit.
    static func digit(_ scalar: Unicode.Scalar) -> Int? {
        "0"..."9" ~= scalar ? Int(scalar.value - 0x30) : nil
    }

    /// A whole number without a sign; nil where it is none or has more than 18 digits.
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

    /// Whether a word behind a space is the unit of the number before it, as in `1 MB`; also before `..` and a second size.
    static func continues(_ value: String, with word: String) -> Bool {
        if word.hasPrefix("..") { return !value.contains("..") }
        let end = value.firstRange(of: "..").map { value[$0.upperBound...] } ?? value[...]
        let number = end.drop { $0 == " " }
        let unit = word.firstRange(of: "..").map { word[..<$0.lowerBound] } ?? word[...]
        if number.isEmpty { return size(String(unit)) != nil }
        return number.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E } && !unit.isEmpty
            && bytes(in: unit) != nil
    }

    /// A size such as `1.5MB`, in bytes and whether it is a little more than that; nil where it is none or above 8 EiB.
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

extension FilterArgument {
    /// Where a size stands so to the one given.
    func size(_ number: RowNumber, _ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        if let (low, high) = try ends(takes) {
            return try between(low, high) { text, relation throws(FilterFault) in
                try size(text, relation, number, takes)
            }
        }
        return try size(try word(takes), relation, number, takes)
    }

    /// Where a number is in a range that has both its ends in it.
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

    /// Where the answer's status stands so to the one given, or is of the class given, such as `4xx`.
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

    /// Where a number compares so with the one given.
    func number(_ number: RowNumber, _ takes: FilterValue) throws(FilterFault) -> RowPredicate {
        if let (low, high) = try ends(takes) {
            return try between(low, high) { text, relation throws(FilterFault) in
                .number(number, relation.comparison, try whole(text, takes))
            }
        }
        return .number(number, relation.comparison, try whole(try word(takes), takes))
    }

    /// A whole number, also as `#126`.
    private func whole(_ text: String, _ takes: FilterValue) throws(FilterFault) -> Int64 {
        guard let value = FilterNumber.whole(text.hasPrefix("#") ? text.dropFirst() : text[...]) else {
            throw fault(takes.expected)
        }
        return value
    }
}
