internal import Base
internal import History
internal import Notifications
internal import Settings

/// A text with placeholders, such as `{{object}} was added to {{bucket}}`, which events fill in.
///
/// `{{{{` writes two literal braces. A single brace, and `}}` outside a placeholder, stay unchanged. Values are never
/// read as placeholders.
public struct Template: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private let pieces: [Piece]

    private enum Piece: Sendable, Hashable {
        case text(String)
        case value(Placeholder)
    }

    /// The number of characters of a value that are shown by default.
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
    /// Values are made harmless for a reader: controls, bidi controls and invisible characters are written out, as `\n`
    /// and `\u{202e}`; a missing value is `-`; a long one ends with `…`.
    ///
    /// - Parameter longestValue: The longest value, in characters; nil for no limit.
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
    ///   - longestValue: The longest value, in characters; nil for no limit.
    ///   - escape: Makes a value harmless in its target. The template's own text is not passed to it.
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

// MARK: - Placeholders

/// A name allowed between the braces of a template.
public struct Placeholder: Sendable {
    /// Such as `object`.
    public let name: String
    /// Its meaning, shown in the help.
    public let help: String
    /// The value; empty if the event has no such value.
    let value: @Sendable (ActionItem) -> String

    private init(_ name: String, _ help: String, value: @escaping @Sendable (ActionItem) -> String) {
        self.name = name
        self.help = help
        self.value = value
    }

    /// All that there are.
    public static let all: [Placeholder] = [
        Placeholder("object", "the object's name") { $0.row.objectName.text },
        Placeholder("bucket", "the bucket's name") { $0.row.bucketName.text },
        Placeholder("type", "the event's type as the list shows it, such as Created:Upload") {
            EventType($0.row.eventType.text).shortName
        },
        Placeholder("full-type", "the event's type as B2 names it, such as b2:ObjectCreated:Upload") {
            $0.row.eventType.text
        },
        Placeholder("size", "the object's size for people, such as 10.0 MiB") {
            $0.row.objectSize.integer.map(Wording.bytes) ?? $0.row.objectSize.text
        },
        Placeholder("bytes", "the object's size in bytes") { $0.row.objectSize.text },
        Placeholder("rule", "the rule that matched") { $0.row.matchedRuleName.text },
        Placeholder("time", "when it happened, such as 2026-01-01T10:11:12.345Z") {
            guard let milliseconds = $0.row.eventTimestamp.integer else { return $0.row.eventTimestamp.text }
            return Timestamp(milliseconds: milliseconds).rfc3339
        },
        Placeholder("received", "when b2watch received it, in the same form") { $0.row.receivedAt.rfc3339 },
        Placeholder("verdict", "what is thought of the signature, such as valid") { $0.row.verdict.word },
        Placeholder("event-id", "the event's id") { $0.row.eventId.text },
        Placeholder("version", "the object's version id") { $0.row.objectVersionId.text },
        Placeholder("account", "the account's id") { $0.event?.accountId.text ?? "" },
        Placeholder("bucket-id", "the bucket's id") { $0.event?.bucketId.text ?? "" },
        Placeholder("delivery", "the delivery's number in b2watch") { String($0.row.deliveryID) },
        Placeholder("from", "the address the delivery came from") { $0.record.delivery.remoteAddress },
    ]

    /// Their names as a list to read.
    public static let names = all.map(\.name).joined(separator: ", ")
}

extension Placeholder: Hashable {
    public static func == (one: Placeholder, other: Placeholder) -> Bool { one.name == other.name }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

// MARK: - Errors

/// A problem of a template, with its place.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problem.
    public enum Problem: Sendable, Hashable {
        /// Nothing goes by this name.
        case unknown(String)
        /// No `}}` follows.
        case unclosed
    }

    public let problem: Problem
    /// The line where its braces begin, from 1; the column counts Unicode scalars.
    public let line: Int
    public let column: Int

    init(_ problem: Problem, in text: String, at index: String.Index) {
        self.problem = problem
        let before = text.unicodeScalars[..<index]
        line = before.count { $0 == "\n" } + 1
        column = (before.lastIndex(of: "\n").map { before[$0...].dropFirst().count } ?? before.count) + 1
    }

    /// A sentence with the problem and the valid names.
    public var description: String {
        let place = line == 1 ? "column \(column)" : "line \(line), column \(column)"
        switch problem {
        case .unknown(let name):
            let shown = name.count > 40 ? name.prefix(40) + "…" : name
            let question = Suggestion.question(for: name, among: Placeholder.all.map(\.name))
            return "“{{\(shown)}}” at \(place) of the template is not a placeholder\(question); there are"
                + " \(Placeholder.names); {{{{ gives two braces"
        case .unclosed:
            return "“{{” at \(place) of the template has no “}}” behind it: write {{object}}, or {{{{ for two braces"
        }
    }
}
