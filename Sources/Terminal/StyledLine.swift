public import Base

/// A text in several styles.
public struct StyledLine: Sendable, Hashable {
    /// A part of it in one style.
    public struct Span: Sendable, Hashable {
        /// The text.
        public var text: SafeText
        /// The style.
        public var style: Style

        /// Creates a part.
        public init(_ text: SafeText, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// Its parts, from left to right.
    public private(set) var spans: [Span]

    /// Creates a line from parts.
    public init(_ spans: [Span] = []) {
        self.spans = spans
    }

    /// Creates a line in one style.
    public init(_ text: SafeText, _ style: Style = .plain) {
        self.init([Span(text, style)])
    }

    /// The columns that it fills.
    public var width: Int { spans.reduce(0) { $0 + $1.text.width } }

    /// Adds a part to its end.
    public mutating func append(_ text: SafeText, _ style: Style = .plain) {
        spans.append(Span(text, style))
    }

    /// Concatenates two lines.
    public static func + (first: StyledLine, second: StyledLine) -> StyledLine {
        StyledLine(first.spans + second.spans)
    }

    /// Returns the line in at most this number of columns: a longer line is cut at its end, and `…` marks the cut.
    public func clipped(to columns: Int) -> StyledLine {
        guard width > columns else { return self }
        var clipped = StyledLine()
        var room = columns
        for (index, span) in spans.enumerated() where room > 0 {
            // The `…` needs a column of the last visible part, even if that part alone would just fit.
            let isCut = span.text.width >= room && spans[index...].dropFirst().contains { !$0.text.isEmpty }
            let text = isCut ? (span.text + "…").clipped(to: room) : span.text.clipped(to: room)
            clipped.append(text, span.style)
            room = isCut ? 0 : room - text.width
        }
        return clipped
    }

    /// Returns the line in lines of at most this number of columns; an empty one is one empty line.
    public func wrapped(to columns: Int) -> [StyledLine] {
        let columns = max(1, columns)
        var lines = [StyledLine()]
        var room = columns
        for span in spans {
            for (index, part) in span.text.wrapped(to: columns, first: room).enumerated() {
                if index > 0 {
                    lines.append(StyledLine())
                    room = columns
                }
                if !part.isEmpty { lines[lines.count - 1].append(part, span.style) }
                room -= part.width
            }
        }
        return lines
    }
}

// MARK: - On a surface

extension Surface {
    /// Writes a line in one row, in at most this number of columns, and returns the next column.
    @discardableResult
    public mutating func put(_ line: StyledLine, at point: Point, columns: Int? = nil) -> Int {
        var column = point.column
        for span in line.spans {
            let room = columns.map { max(0, point.column + $0 - column) }
            column = put(span.text, at: Point(column: column, row: point.row), columns: room, style: span.style)
        }
        return column
    }
}

// MARK: - Styles

/// A role and the few things that may be added to it.
public struct Style: Sendable, Hashable {
    /// The meaning of the text.
    public var role: Role
    /// Heavier than the role alone.
    public var isBold: Bool
    /// Foreground and background changed about: the selection.
    public var isReversed: Bool
    /// With a line below.
    public var isUnderlined: Bool

    /// Creates a style from a role and additional attributes.
    public init(_ role: Role = .plain, bold: Bool = false, reversed: Bool = false, underlined: Bool = false) {
        self.role = role
        self.isBold = bold
        self.isReversed = reversed
        self.isUnderlined = underlined
    }

    /// Ordinary text.
    public static let plain = Style(.plain)
}
