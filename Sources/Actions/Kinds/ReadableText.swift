internal import Base

/// Text from outside for a message that a person reads.
///
/// Characters that are hidden, reorder text or could have an effect are written out as in `SafeText`, such as
/// `\u{202e}`. Characters that only look hidden stay: joiners and variation selectors within an emoji, variation
/// selectors of ideographs, and joiners between letters of a script that needs them.
enum ReadableText {
    /// Returns the text to be read.
    ///
    /// - Parameter limit: The longest text, in characters; a longer one ends with `…`. Nil for all of it.
    static func shown(_ text: String, atMost limit: Int?) -> String {
        guard let limit else { return escaped(text) }
        // Bounded before it is escaped: a value may be a megabyte. No emoji has more than ten scalars.
        let scalars = text.unicodeScalars
        let end =
            scalars.index(scalars.startIndex, offsetBy: limit * 10, limitedBy: scalars.endIndex) ?? scalars.endIndex
        let safe = escaped(String(scalars[..<end]))
        return end == scalars.endIndex && safe.count <= limit ? safe : safe.prefix(max(0, limit - 1)) + "…"
    }

    /// Wraps a right-to-left text in invisible isolates, so that it does not reorder the text around it.
    static func isolated(_ text: String) -> String {
        text.unicodeScalars.contains(where: \.runsRightToLeft) ? "\u{2068}\(text)\u{2069}" : text
    }

    private static func escaped(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return SafeText(text).string }
        let scalars = Array(text.unicodeScalars)
        var result = ""
        var run = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let length = keptLength(scalars[index...])
            if length > 0 {
                result += SafeText(String(run)).string
                run = String.UnicodeScalarView()
                result.unicodeScalars.append(contentsOf: scalars[index..<index + length])
                index += length
            } else {
                run.append(scalars[index])
                index += 1
            }
        }
        return result + SafeText(String(run)).string
    }

    /// Returns the number of scalars at the start that stay unchanged, although some of them would be written out
    /// elsewhere.
    private static func keptLength(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
        let emoji = emojiLength(scalars)
        if emoji > 1 || emoji == 1 && scalars.first?.properties.isEmojiPresentation == true { return emoji }
        let start = scalars.prefix(3)
        guard let first = start.first, let second = start.dropFirst().first else { return 0 }
        if first.properties.isIdeographic, second.isVariationSelector { return 2 }
        if second.isJoiner, first.takesJoiner, let third = start.dropFirst(2).first, third.takesJoiner { return 2 }
        return 0
    }

    /// Returns the length of an emoji sequence (UTS 51); 0 if none begins here.
    private static func emojiLength(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
        let start = scalars.startIndex
        func scalar(_ offset: Int) -> Unicode.Scalar? {
            scalars.indices.contains(start + offset) ? scalars[start + offset] : nil
        }
        guard let first = scalar(0) else { return 0 }
        if first.isRegional { return scalar(1)?.isRegional == true ? 2 : 0 }
        if first.isKeycapBase {
            let mark = scalar(1) == "\u{FE0F}" ? 2 : 1
            return scalar(mark) == "\u{20E3}" ? mark + 1 : 0
        }
        var length = 0
        for _ in 0..<8 {
            guard let base = scalar(length), base.properties.isEmoji, !base.isASCII else { break }
            length += 1
            if scalar(length).map({ $0 == "\u{FE0F}" || $0 == "\u{FE0E}" }) == true { length += 1 }
            if base.properties.isEmojiModifierBase, scalar(length)?.properties.isEmojiModifier == true { length += 1 }
            if base == "\u{1F3F4}" { length += tagLength(scalars.dropFirst(length)) }
            guard scalar(length) == "\u{200D}", let next = scalar(length + 1), next.properties.isEmoji, !next.isASCII
            else { break }
            length += 1
        }
        return scalar(length - 1) == "\u{200D}" ? length - 1 : length
    }

    /// Returns the length of the tags that make a flag of a region, such as Scotland; 0 if they are incomplete.
    private static func tagLength(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
        let tags = scalars.prefix(8).prefix { (0xE0030...0xE007A).contains($0.value) }
        return !tags.isEmpty && scalars.dropFirst(tags.count).first == "\u{E007F}" ? tags.count + 1 : 0
    }
}

extension Unicode.Scalar {
    fileprivate var isRegional: Bool { (0x1F1E6...0x1F1FF).contains(value) }
    fileprivate var isKeycapBase: Bool { self == "#" || self == "*" || ("0"..."9").contains(self) }
    fileprivate var isJoiner: Bool { self == "\u{200C}" || self == "\u{200D}" }
    fileprivate var isVariationSelector: Bool {
        (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value)
    }

    /// Whether it is a letter or mark of a script whose writing needs joiners: Arabic and its kin, or one of India's and
    /// its neighbours.
    fileprivate var takesJoiner: Bool {
        switch value {
        case 0x0620...0x06FF, 0x0700...0x07FF, 0x0840...0x08FF, 0x0900...0x0DFF, 0x0F00...0x109F, 0x1780...0x18AF,
            0xA840...0xA87F, 0xAA00...0xAA7F, 0x11000...0x11FFF:
            properties.isAlphabetic || properties.canonicalCombiningClass != .notReordered
        default: false
        }
    }

    fileprivate var runsRightToLeft: Bool {
        switch value {
        case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
        default: false
        }
    }
}
