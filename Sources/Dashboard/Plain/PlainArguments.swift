/// What stands behind the first word of a line.
struct PlainArguments {
    /// As typed, without the white space at its ends.
    let text: String

    init(_ text: some StringProtocol) {
        self.text = String(
            text.trimmingPrefix(while: \.isWhitespace).reversed().trimmingPrefix(while: \.isWhitespace).reversed())
    }

    var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }

    /// The first word and what stands behind it.
    var split: (word: String, rest: PlainArguments) {
        let word = text.prefix { !$0.isWhitespace }
        return (String(word), PlainArguments(text[word.endIndex...]))
    }

    /// A number of lines, from 1 to 1,000; nil where it is none.
    func count(_ usual: Int) -> Int? {
        guard !text.isEmpty else { return usual }
        return Int(text).flatMap { (1...1_000).contains($0) ? $0 : nil }
    }
}
