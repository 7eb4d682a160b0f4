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

    /// A part of a text that was filled in.
    enum Part: Sendable, Hashable {
        /// Of the template itself.
        case text(String)
        /// Of the event.
        case value(String)
    }

    /// Returns the parts of the text for an event.
    ///
    /// Values are made harmless for a reader: controls, bidi controls and invisible characters are written out, as `\n` and
    /// `\u{202e}`; what is absent is `-`; a long one ends with `…`.
    ///
    /// - Parameter longestValue: The longest value, in characters; nil for all of it.
    func parts(_ item: ActionItem, longestValue: Int? = Template.longestValue) -> [Part] {
        pieces.map { piece in
            switch piece {
            case .text(let text): return .text(text)
            case .value(let placeholder):
                let value = placeholder.value(item)
                return .value(value.isEmpty ? "-" : ReadableText.shown(value, atMost: longestValue))
            }
        }
    }

    /// Returns the text for an event.
    ///
    /// - Parameters:
    ///   - longestValue: The longest value, in characters; nil for all of it.
    ///   - escape: What makes a value harmless where the text goes. The template's own text is not given to it.
    func render(
        _ item: ActionItem, longestValue: Int? = Template.longestValue, escape: (String) -> String
    ) -> String {
        parts(item, longestValue: longestValue).reduce(into: "") { result, part in
            switch part {
            case .text(let text): result += text
            case .value(let value): result += escape(value)
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        let start = drop { $0 == " " }
        let end = start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex
        return start[..<end]
    }
}
