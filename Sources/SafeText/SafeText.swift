/// Text that may be shown: whatever it was made from, it holds no byte that a terminal would obey.
///
/// This is the one way for outside text to become screen, line or log output. `Surface` draws nothing else, so the
/// compiler proves that an object name cannot move the cursor.
///
/// What a terminal would obey, or hide, is written out:
/// - newline, return and tab as `\n`, `\r`, `\t`; other ASCII controls as `\x1b`;
/// - bytes that are not UTF-8 as `\xff`, one for each;
/// - other controls, bidi controls, invisible and unprintable characters, private use, and combining marks that are
///   piled up or have no base, as `\u{202e}`.
///
/// A backslash stays a backslash, so the escapes are for reading and not for decoding.
public struct SafeText: Sendable, Hashable {
    /// The escaped text, safe to print as it is.
    public let string: String
    /// The terminal columns that `string` fills.
    public let width: Int

    /// Escapes a text from anywhere.
    public init(_ untrusted: String) {
        var untrusted = untrusted
        self = untrusted.withUTF8(Escaper.escape)
    }

    /// Escapes bytes from anywhere, read as UTF-8.
    public init(utf8 bytes: some Sequence<UInt8>) {
        self =
            bytes.withContiguousStorageIfAvailable(Escaper.escape)
            ?? Array(bytes).withUnsafeBufferPointer(Escaper.escape)
    }

    /// Keeps a text that is known to be escaped, and as wide as said.
    init(escaped string: String, width: Int) {
        self.string = string
        self.width = width
    }

    /// No text.
    public static let empty = SafeText(escaped: "", width: 0)

    /// That many spaces.
    public static func spaces(_ columns: Int) -> SafeText {
        columns > 0 ? SafeText(escaped: String(repeating: " ", count: columns), width: columns) : .empty
    }

    /// Whether there is nothing to show.
    public var isEmpty: Bool { string.isEmpty }

    /// One text after the other. No safe text begins with a combining mark, so nothing changes where they meet.
    public static func + (first: SafeText, second: SafeText) -> SafeText {
        SafeText(escaped: first.string + second.string, width: first.width + second.width)
    }

    /// Appends a text.
    public static func += (first: inout SafeText, second: SafeText) {
        first = first + second
    }
}

extension SafeText: CustomStringConvertible {
    /// The escaped text.
    public var description: String { string }
}

/// Literals and interpolations are escaped as a whole, the same as any other text: `"\(objectName) is gone"` is safe.
/// Escaping twice changes nothing, so a `SafeText` may be interpolated too.
extension SafeText: ExpressibleByStringInterpolation {
    /// Escapes a literal.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension Sequence<SafeText> {
    /// The texts in a row, with another between them.
    public func joined(separator: SafeText = .empty) -> SafeText {
        var joined = SafeText.empty
        for (index, text) in enumerated() {
            joined += index == 0 ? text : separator + text
        }
        return joined
    }
}
