/// A way to write the same JSON.
public struct JSONForm: Codable, Sendable, Hashable {
    /// Where white space goes between tokens.
    public enum Layout: Codable, Sendable, Hashable, CaseIterable {
        /// Two spaces a level: as B2 writes it.
        case two
        case compact
        /// On one line, a space behind each colon and comma: as Python writes it.
        case spaced
        case four
        case tabs
    }

    /// How the characters of a string are written.
    public enum Text: Codable, Sendable, Hashable, CaseIterable {
        case asReceived
        /// Only what must be escaped is.
        case plain
        /// Non-ASCII as `\u00e9`: as Python writes it.
        case escaped
        /// Non-ASCII as `\u00E9`.
        case escapedUpper
        /// Slashes as `\/`.
        case slashes
        /// Slashes as `\/` and non-ASCII as `\u00e9`: as PHP writes it.
        case slashesEscaped
        /// `&`, `<` and `>` as `\u0026`, `\u003c` and `\u003e`: as Go writes it.
        case htmlEscaped

        /// Whether all that is not ASCII is escaped.
        var escapesNonASCII: Bool {
            switch self {
            case .escaped, .escapedUpper, .slashesEscaped: true
            case .asReceived, .plain, .slashes, .htmlEscaped: false
            }
        }
    }

    /// Nil keeps the white space that was received.
    public let layout: Layout?
    public let text: Text
    public let sortsKeys: Bool

    public init(layout: Layout?, text: Text = .asReceived, sortsKeys: Bool = false) {
        self.layout = layout
        self.text = text
        self.sortsKeys = sortsKeys
    }

    /// All that differ from what was received, the simplest first.
    static let all: [JSONForm] = {
        // B2's own comes first.
        var forms = [
            JSONForm(layout: .two), JSONForm(layout: .two, sortsKeys: true), JSONForm(layout: .two, text: .plain),
            JSONForm(layout: .two, text: .plain, sortsKeys: true),
        ]
        forms += Layout.allCases.dropFirst().map { JSONForm(layout: $0) }
        forms += Text.allCases.dropFirst().map { JSONForm(layout: nil, text: $0) }
        forms += Text.allCases.map { JSONForm(layout: nil, text: $0, sortsKeys: true) }
        for sortsKeys in [false, true] {
            for text in Text.allCases {
                forms += Layout.allCases.map { JSONForm(layout: $0, text: text, sortsKeys: sortsKeys) }
            }
        }
        return forms
    }()

    /// Whether only white space between tokens differs from what was received.
    var isLayoutAlone: Bool { text == .asReceived && !sortsKeys }

    /// How it is written: goes behind “for the body”.
    var phrase: String {
        var parts: [String] = []
        switch layout {
        case .two: parts.append("laid out with two spaces a level, as B2 does")
        case .compact: parts.append("without white space between its tokens")
        case .spaced: parts.append("on one line with spaces, as Python does")
        case .four: parts.append("laid out with four spaces a level")
        case .tabs: parts.append("laid out with tabs")
        case nil: break
        }
        if sortsKeys { parts.append("with its keys sorted") }
        switch text {
        case .asReceived: break
        case .plain: parts.append("with nothing escaped that need not be")
        case .escaped: parts.append("with non-ASCII escaped as \\u00e9")
        case .escapedUpper: parts.append("with non-ASCII escaped as \\u00E9")
        case .slashes: parts.append("with slashes escaped as \\/")
        case .slashesEscaped: parts.append("with slashes and non-ASCII escaped, as PHP does")
        case .htmlEscaped: parts.append("with &, < and > escaped as \\u0026 and so on, as Go does")
        }
        return parts.joined(separator: " and ")
    }
}
