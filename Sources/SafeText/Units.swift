/// What must not be torn apart: a character with its marks, or a written-out escape.
package struct Unit {
    /// Its part of the text.
    package let text: Substring
    /// The columns it fills, at least 1.
    package let width: Int
}

/// The units of a safe text, one after the other.
///
/// The text alone tells them: what reads like an escape is taken for one, though it may have been a backslash and a
/// letter that stood so in the original. Keeping these two together harms nobody.
package struct Units: Sequence, IteratorProtocol {
    private var rest: Substring
    private let keepsEscapes: Bool

    /// - Parameter keepsEscapes: if not, an escape counts as the single characters it is written with.
    package init(_ text: Substring, keepsEscapes: Bool) {
        self.rest = text
        self.keepsEscapes = keepsEscapes
    }

    package mutating func next() -> Unit? {
        if let plain = nextPlain() { return plain }
        let scalars = rest.unicodeScalars
        guard let first = scalars.first else { return nil }
        var end = scalars.index(after: scalars.startIndex)
        var width = first.columns

        if keepsEscapes, first == "\\", let length = Self.escapeLength(after: scalars[end...]) {
            end = scalars.index(end, offsetBy: length)
            width += length
        }
        while end < scalars.endIndex, scalars[end].isMark { end = scalars.index(after: end) }

        let unit = Unit(text: rest[..<end], width: width)
        rest = rest[end...]
        return unit
    }

    /// The shortcut for nearly every text: an ASCII character before another one.
    private mutating func nextPlain() -> Unit? {
        let bytes = rest.utf8
        guard let first = bytes.first, first < 0x80, !keepsEscapes || first != UInt8(ascii: "\\") else { return nil }
        let end = bytes.index(after: bytes.startIndex)
        guard end == bytes.endIndex || bytes[end] < 0x80 else { return nil }
        let unit = Unit(text: rest[..<end], width: 1)
        rest = rest[end...]
        return unit
    }

    /// The length of what follows the backslash of an escape: `n`, `x1b`, `u{202e}`.
    private static func escapeLength(after text: Substring.UnicodeScalarView) -> Int? {
        switch text.first {
        case "n", "r", "t":
            return 1
        case "x":
            let digits = text.dropFirst().prefix(2)
            return digits.count == 2 && digits.allSatisfy(\.isHexDigit) ? 3 : nil
        case "u":
            guard text.dropFirst().first == "{" else { return nil }
            let digits = text.dropFirst(2).prefix(6).prefix(while: \.isHexDigit)
            return !digits.isEmpty && text[digits.endIndex...].first == "}" ? digits.count + 3 : nil
        default:
            return nil
        }
    }
}

extension SafeText {
    /// The units that clipping and wrapping keep whole.
    package var units: Units { Units(string[...], keepsEscapes: true) }

    /// The characters with their marks, each of which a terminal keeps in one cell, or in two when it is wide.
    package var characters: Units { Units(string[...], keepsEscapes: false) }

    /// Whether each byte is a character of one column. No other character has as many columns as bytes.
    package var isASCII: Bool { string.utf8.count == width }
}

extension Unicode.Scalar {
    fileprivate var columns: Int {
        if isASCII { return 1 }
        return if case .columns(let columns) = Showing(self) { columns } else { 0 }
    }

    fileprivate var isMark: Bool { !isASCII && Showing(self) == .mark }
}

extension Unicode.Scalar {
    fileprivate var isHexDigit: Bool {
        switch self {
        case "0"..."9", "a"..."f": true
        default: false
        }
    }
}
