internal import CBase

/// Text that may be shown: whatever it was made from, it contains no byte with an effect on terminals.
///
/// Only through this type does outside text become screen, line or log output. `Surface` draws nothing else, so the
/// compiler proves that an object name cannot move the cursor.
///
/// Characters that terminals obey or hide are written out:
/// - newline, return and tab as `\n`, `\r`, `\t`; other ASCII controls as `\x1b`;
/// - bytes that are not UTF-8 as `\xff`, one for each;
/// - other controls, bidi controls, invisible and unprintable characters, private use, and combining marks that are
///   piled up or have no base, as `\u{202e}`.
///
/// A backslash stays a backslash, so the escapes are for reading and not for decoding.
public struct SafeText: Sendable, Hashable {
    /// The escaped text, safe to print unchanged.
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

    /// Returns the lines of a text from anywhere. Line feeds separate them, with or without a return before; each line is
    /// escaped.
    public static func lines(utf8 bytes: [UInt8]) -> [SafeText] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            SafeText(utf8: $0.last == 0x0D ? $0.dropLast() : $0)
        }
    }

    /// Creates a text from a string that is already escaped and has this width.
    init(escaped string: String, width: Int) {
        self.string = string
        self.width = width
    }

    /// No text.
    public static let empty = SafeText(escaped: "", width: 0)

    /// Returns this number of spaces.
    public static func spaces(_ columns: Int) -> SafeText {
        columns > 0 ? SafeText(escaped: String(repeating: " ", count: columns), width: columns) : .empty
    }

    /// Whether there is nothing to show.
    public var isEmpty: Bool { string.isEmpty }

    /// Concatenates two texts. No safe text begins with a combining mark, so nothing changes at the boundary.
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
    /// Returns the texts in a row, with another between them.
    public func joined(separator: SafeText = .empty) -> SafeText {
        var joined = SafeText.empty
        for (index, text) in enumerated() {
            joined += index == 0 ? text : separator + text
        }
        return joined
    }
}

// MARK: - Escaping

/// Turns bytes into safe text, in one pass.
///
/// Runs of printable ASCII, nearly all text, are copied unchanged.
struct Escaper {
    /// The marks that may be on one character. More would climb into the lines above.
    private static let mostMarks = 3

    private var output: [UInt8] = []
    private var width = 0
    /// The last character written, if marks may still join it.
    private var base: Unicode.Scalar?
    private var marks = 0

    static func escape(_ bytes: UnsafeBufferPointer<UInt8>) -> SafeText {
        guard bytes.contains(where: { !isPlain($0) }) else {
            return SafeText(escaped: String(decoding: bytes, as: UTF8.self), width: bytes.count)
        }
        var escaper = Escaper()
        escaper.output.reserveCapacity(bytes.count + bytes.count / 8)
        escaper.append(bytes)
        return SafeText(escaped: String(decoding: escaper.output, as: UTF8.self), width: escaper.width)
    }

    /// Returns whether a byte is printable ASCII.
    private static func isPlain(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5f }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count {
            let start = index
            while index < bytes.count, Self.isPlain(bytes[index]) { index += 1 }
            if index > start {
                keep(bytes[start..<index])
                continue
            }
            let rest = UnsafeBufferPointer(rebasing: bytes[index...])
            if let (scalar, length) = UTF8Scalar.first(in: rest) {
                appendEscaped(scalar)
                index += length
            } else {
                escape(hex: UInt32(bytes[index]))
                index += 1
            }
        }
    }

    private mutating func keep(_ run: Slice<UnsafeBufferPointer<UInt8>>) {
        output.append(contentsOf: run)
        width += run.count
        base = run.last.map(Unicode.Scalar.init)
        marks = 0
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
        switch Showing(scalar) {
        case .columns(let columns):
            append(scalar)
            width += columns
            base = scalar
            marks = 0
        case .mark where joinsBase(scalar):
            append(scalar)
            marks += 1
        case .mark, .escaped:
            escape(scalar)
        }
    }

    private func joinsBase(_ mark: Unicode.Scalar) -> Bool {
        guard let base, marks < Self.mostMarks else { return false }
        return mark.isJoiningJamo ? base.takesJamo : true
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\n": escape("\\n")
        case "\r": escape("\\r")
        case "\t": escape("\\t")
        case _ where scalar.isASCII: escape(hex: scalar.value)
        default: escape("\\u{\(String(scalar.value, radix: 16))}")
        }
    }

    private mutating func escape(hex value: UInt32) {
        escape(value < 0x10 ? "\\x0\(String(value, radix: 16))" : "\\x\(String(value, radix: 16))")
    }

    /// Writes an escape; a mark that follows has no character to join.
    private mutating func escape(_ written: String) {
        output.append(contentsOf: written.utf8)
        width += written.utf8.count
        base = nil
        marks = 0
    }
}

// MARK: - How a character is shown

/// The way a scalar may be shown. Only this type decides it.
enum Showing: Equatable {
    /// The character itself, in this many columns.
    case columns(Int)
    /// The character itself, combined with the one before.
    case mark
    /// Only written out.
    case escaped

    init(_ scalar: Unicode.Scalar) {
        guard !SafeText.mustEscape(scalar), !scalar.isPrivateUse else {
            self = .escaped
            return
        }
        switch terminal_columns(scalar.value) {
        case 0: self = .mark
        case let columns where columns > 0: self = .columns(Int(columns))
        default: self = .escaped
        }
    }
}

extension SafeText {
    /// Returns whether terminals might obey, reorder by or hide a scalar: a control, a bidi control, a line separator,
    /// or one that Unicode calls default ignorable (zero-width, variation selectors, tags, fillers).
    public static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e: false
        case 0x00...0x1f, 0x7f...0x9f, 0xad: true
        case 0xae..<0x034f: false
        case 0x034f, 0x061c, 0x115f...0x1160, 0x17b4...0x17b5, 0x180b...0x180f: true
        case 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f: true
        case 0x3164, 0xfe00...0xfe0f, 0xfeff, 0xffa0, 0xfff0...0xfffb: true
        case 0x1_bca0...0x1_bca3, 0x1_d173...0x1_d17a, 0xe_0000...0xe_0fff: true
        default: false
        }
    }
}

extension Unicode.Scalar {
    /// Fonts give these any look they like; libc calls them printable.
    fileprivate var isPrivateUse: Bool {
        switch value {
        case 0xe000...0xf8ff, 0xf_0000...0xf_ffff, 0x10_0000...0x10_ffff: true
        default: false
        }
    }

    /// A Korean vowel or final, which libc gives no column because it joins the letter before.
    var isJoiningJamo: Bool {
        switch value {
        case 0x1161...0x11ff, 0xd7b0...0xd7ff: true
        default: false
        }
    }

    /// A Korean letter or syllable that a joining jamo may follow.
    var takesJamo: Bool {
        switch value {
        case 0x1100...0x115e, 0xa960...0xa97c, 0xac00...0xd7a3: true
        default: false
        }
    }
}

// MARK: - UTF-8

/// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Scalar {
    /// Returns the scalar at the start of the bytes and its length, or nil if they do not begin with one.
    static func first(in bytes: UnsafeBufferPointer<UInt8>) -> (Unicode.Scalar, Int)? {
        guard let lead = bytes.first else { return nil }
        let (length, least, bits): (Int, UInt32, UInt32)
        switch lead {
        case 0x00...0x7f: (length, least, bits) = (1, 0, UInt32(lead))
        case 0xc2...0xdf: (length, least, bits) = (2, 0x80, UInt32(lead & 0x1f))
        case 0xe0...0xef: (length, least, bits) = (3, 0x800, UInt32(lead & 0x0f))
        case 0xf0...0xf4: (length, least, bits) = (4, 0x1_0000, UInt32(lead & 0x07))
        default: return nil
        }
        guard bytes.count >= length else { return nil }
        var value = bits
        for byte in bytes[1..<length] {
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
