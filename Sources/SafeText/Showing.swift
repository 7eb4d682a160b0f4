internal import CTerminal

/// How a scalar may be shown. The one place that decides it.
enum Showing: Equatable {
    /// As it is, in this many columns.
    case columns(Int)
    /// As it is, on the character before.
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
    /// Whether a scalar is one that a terminal might obey, reorder by or hide: a control, a bidi control, a line
    /// separator, or one that Unicode calls default ignorable (zero-width, variation selectors, tags, fillers).
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
