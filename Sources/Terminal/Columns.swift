public import Base

/// A column of a table: how much room it wants, and how it gives way.
public struct Column: Sendable, Hashable {
    /// The alignment of a text that is shorter than the column.
    public enum Alignment: Sendable, Hashable {
        /// At its left edge.
        case left
        /// At its right edge, as numbers want it.
        case right
    }

    /// The place where a text longer than the column is cut.
    public enum Cut: Sendable, Hashable {
        /// Its ending is lost.
        case end
        /// Its middle is lost, as is best for paths.
        case middle
    }

    /// Its heading.
    public var title: SafeText
    /// The heading for a column that is too narrow for `title`; it must fit in `minimum`.
    public var shortTitle: SafeText?
    /// The width below which it is of no use.
    public var minimum: Int
    /// The width used if there is room.
    public var ideal: Int
    /// Its share of the room that is left when all columns have their ideal width.
    public var weight: Int
    /// When it leaves as the table narrows, counted from the first to go; nil for one that stays.
    public var leaveOrder: Int?
    /// The room that must be left beyond all minimum widths for it to stay: it leaves before others are cramped.
    public var spare: Int
    /// The alignment of shorter texts.
    public var alignment: Alignment
    /// The place where longer texts are cut.
    public var cut: Cut

    /// Creates a column; its ideal width is the minimum if none is given.
    public init(
        _ title: SafeText, short shortTitle: SafeText? = nil, minimum: Int, ideal: Int? = nil, weight: Int = 0,
        leaveOrder: Int? = nil,
        spare: Int = 0, alignment: Alignment = .left, cut: Cut = .end
    ) {
        self.title = title
        self.shortTitle = shortTitle
        self.minimum = minimum
        self.ideal = max(minimum, ideal ?? minimum)
        self.weight = weight
        self.leaveOrder = leaveOrder
        self.spare = spare
        self.alignment = alignment
        self.cut = cut
    }

    /// Returns the heading for a width: the short form if the whole one does not fit. It is never cut, because the rest
    /// could read as another heading.
    public func heading(in columns: Int) -> SafeText {
        title.width <= columns ? title : shortTitle ?? title
    }

    /// Returns a text cut and padded to fill a column of this width.
    public func fit(_ text: SafeText, to columns: Int) -> SafeText {
        let text = cut == .middle ? text.clippedInMiddle(to: columns) : text.clipped(to: columns)
        return alignment == .right ? text.leftPadded(to: columns) : text.padded(to: columns)
    }
}

/// The columns of a table, laid out for any width.
public struct Columns: Sendable, Hashable {
    /// The place of a column on the screen.
    public struct Place: Sendable, Hashable {
        /// The column.
        public let column: Column
        /// Its number among all columns, including those that left.
        public let index: Int
        /// The first screen column.
        public let start: Int
        /// The width.
        public let width: Int

        /// Creates a place of a column.
        public init(column: Column, index: Int, start: Int, width: Int) {
            (self.column, self.index, self.start, self.width) = (column, index, start, width)
        }

        /// Returns a text cut and padded to fill it.
        public func fit(_ text: SafeText) -> SafeText {
            column.fit(text, to: width)
        }
    }

    /// All columns, from left to right.
    public let columns: [Column]
    /// The empty cells between two of them.
    public let gap: Int

    /// Creates a set of columns with a gap between them.
    public init(_ columns: [Column], gap: Int = 2) {
        self.columns = columns
        self.gap = gap
    }

    /// Returns the columns that fit, with their places.
    ///
    /// While the minimum widths do not fit, or not with the spare room that the next column to leave requires, that one
    /// leaves: the first in the leave order. A set that is still too wide is cut from the right, down to the columns'
    /// headings; a column without room for its heading leaves too, unless it is the only one. The remaining room is
    /// used for the ideal widths, first of those columns that would leave last, and then by weight.
    public func fitted(to total: Int) -> [Place] {
        var present = Array(columns.enumerated())
        while let next = firstToLeave(of: present),
            width(of: present.map(\.element.minimum)) + present[next].element.spare > total
        {
            present.remove(at: next)
        }
        let widths = widths(of: present.map(\.element), in: total)

        var places: [Place] = []
        var start = 0
        for ((index, column), width) in zip(present, widths) where start < total {
            let width = min(width, total - start)
            if !places.isEmpty, column.heading(in: width).width > width { break }
            places.append(Place(column: column, index: index, start: start, width: width))
            start += width + gap
        }
        return places
    }

    private func firstToLeave(of present: [(offset: Int, element: Column)]) -> Int? {
        let leaving = present.indices.filter { present[$0].element.leaveOrder != nil }
        return leaving.min { (present[$0].element.leaveOrder ?? 0) < (present[$1].element.leaveOrder ?? 0) }
    }

    private func width(of widths: [Int]) -> Int {
        widths.reduce(0, +) + gap * max(0, widths.count - 1)
    }

    private func widths(of columns: [Column], in total: Int) -> [Int] {
        var widths = columns.map(\.minimum)
        var room = max(0, total - width(of: widths))
        let order = columns.indices.sorted {
            (columns[$0].leaveOrder ?? .max, -$0) > (columns[$1].leaveOrder ?? .max, -$1)
        }
        for index in order {
            let more = min(room, columns[index].ideal - columns[index].minimum)
            widths[index] += more
            room -= more
        }
        var weight = columns.map(\.weight).reduce(0, +)
        for (index, column) in columns.enumerated() where column.weight > 0 {
            // From the remaining room, so that rounding loses nothing.
            let more = room * column.weight / weight
            widths[index] += more
            room -= more
            weight -= column.weight
        }
        return widths
    }
}
