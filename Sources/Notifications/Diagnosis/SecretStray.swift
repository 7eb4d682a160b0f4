/// What gets to an end of a secret and is easily overlooked there.
public enum SecretStray: Codable, Sendable, Hashable, CaseIterable {
    case newline, returnAndNewline, carriageReturn, space, tab, noBreakSpace, byteOrderMark
    case doubleQuote, singleQuote, backtick

    var bytes: [UInt8] {
        switch self {
        case .newline: [0x0A]
        case .returnAndNewline: [0x0D, 0x0A]
        case .carriageReturn: [0x0D]
        case .space: [0x20]
        case .tab: [0x09]
        case .noBreakSpace: [0xC2, 0xA0]
        case .byteOrderMark: [0xEF, 0xBB, 0xBF]
        case .doubleQuote: [0x22]
        case .singleQuote: [0x27]
        case .backtick: [0x60]
        }
    }

    var isQuote: Bool {
        switch self {
        case .doubleQuote, .singleQuote, .backtick: true
        default: false
        }
    }

    /// One of it: goes behind “with”.
    var name: String {
        switch self {
        case .newline: "a newline"
        case .returnAndNewline: "CR LF"
        case .carriageReturn: "a carriage return"
        case .space: "a space"
        case .tab: "a tab"
        case .noBreakSpace: "a no-break space"
        case .byteOrderMark: "a byte-order mark"
        case .doubleQuote: "a double quote"
        case .singleQuote: "a single quote"
        case .backtick: "a backtick"
        }
    }

    /// Two of it.
    var pair: String {
        switch self {
        case .newline: "two newlines"
        case .returnAndNewline: "two CR LF"
        case .carriageReturn: "two carriage returns"
        case .space: "two spaces"
        case .tab: "two tabs"
        case .noBreakSpace: "two no-break spaces"
        case .byteOrderMark: "two byte-order marks"
        case .doubleQuote: "two double quotes"
        case .singleQuote: "two single quotes"
        case .backtick: "two backticks"
        }
    }
}

/// Quotes that stand around a secret.
public enum SecretQuotes: Codable, Sendable, Hashable, CaseIterable {
    case double, single, backticks, typographicDouble, typographicSingle

    func around(_ key: [UInt8]) -> [UInt8] {
        let (left, right) =
            switch self {
            case .double: ("\"", "\"")
            case .single: ("'", "'")
            case .backticks: ("`", "`")
            case .typographicDouble: ("“", "”")
            case .typographicSingle: ("‘", "’")
            }
        return Array(left.utf8) + key + Array(right.utf8)
    }

    var name: String {
        switch self {
        case .double: "double quotes"
        case .single: "single quotes"
        case .backticks: "backticks"
        case .typographicDouble: "typographic double quotes"
        case .typographicSingle: "typographic single quotes"
        }
    }
}
