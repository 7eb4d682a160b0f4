/// What is wrong, and at which scalars of the text; `FilterSource` makes a `FilterError` of it.
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

    /// The characters that hold some scalars.
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

    /// The number of scalars before a character.
    func scalarOffset(ofCharacter offset: Int) -> Int {
        text.prefix(max(0, offset)).unicodeScalars.count
    }

    func error(_ fault: FilterFault) -> FilterError {
        FilterError(at: characters(fault.range), fault.sentence)
    }
}
