internal import SafeText

/// A text with placeholders, such as `{{object}} came into {{bucket}}`, to be filled in for an event.
///
/// Literal braces are written `{{{{`, which gives `{{`; one brace alone, and `}}` outside a placeholder, stay as they
/// are. Nothing that a value holds is read as a placeholder.
public struct Template: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private let pieces: [Piece]

    private enum Piece: Sendable, Hashable {
        case text(String)
        case value(Placeholder)
    }

    /// How much of a value is shown, in characters, unless something else is asked for.
    public static let longestValue = 500

    /// Reads a template.
    ///
    /// - Throws: `TemplateError`, with the place of the first thing that is wrong.
    public init(_ text: String) throws(TemplateError) {
        self.text = text
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let braces = rest.firstRange(of: "{{") {
            literal += rest[..<braces.lowerBound]
            rest = rest[braces.upperBound...]
            if rest.hasPrefix("{{") {
                literal += "{{"
                rest = rest.dropFirst(2)
                continue
            }
            guard let end = rest.firstRange(of: "}}") else {
                throw TemplateError(.unclosed, in: text, at: braces.lowerBound)
            }
            let name = rest[..<end.lowerBound].trimmingBlanks
            guard let placeholder = Placeholder.all.first(where: { $0.name == name }) else {
                throw TemplateError(.unknown(String(name)), in: text, at: braces.lowerBound)
            }
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = ""
            pieces.append(.value(placeholder))
            rest = rest[end.upperBound...]
        }
        literal += rest
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
    }

    /// Fills it in.
    ///
    /// Values are made harmless for a reader first: controls, bidi controls and invisible characters are written out,
    /// as `\n` and `\u{202e}`; what is absent is `-`; a long one ends with `…`.
    ///
    /// - Parameters:
    ///   - longestValue: How much of a value is shown, in characters; nil for all of it.
    ///   - escape: What makes a value harmless where the text goes. The template's own text is not given to it.
    public func render(
        _ item: ActionItem, longestValue: Int? = Template.longestValue, escape: (String) -> String
    ) -> String {
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .value(let placeholder):
                result += escape(Self.shown(placeholder.value(item), atMost: longestValue))
            }
        }
        return result
    }

    private static func shown(_ value: String, atMost limit: Int?) -> String {
        guard !value.isEmpty else { return "-" }
        guard let limit else { return SafeText(value).string }
        // Bounded before it is escaped: a value may be a megabyte.
        let scalars = value.unicodeScalars
        let end =
            scalars.index(scalars.startIndex, offsetBy: limit * 4, limitedBy: scalars.endIndex) ?? scalars.endIndex
        let safe = SafeText(String(scalars[..<end])).string
        let isWhole = end == scalars.endIndex && safe.count <= limit
        return isWhole ? safe : safe.prefix(max(0, limit - 1)) + "…"
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        let start = drop { $0 == " " }
        let end = start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex
        return start[..<end]
    }
}
