/// The visible part of a long text: arithmetic, without the text.
public struct TextPane: Sendable, Hashable {
    /// The first line in view.
    public private(set) var top = 0
    /// The number of lines.
    public private(set) var count: Int
    /// The number of visible lines.
    public private(set) var height: Int

    /// Creates a view of the beginning.
    public init(count: Int = 0, height: Int = 0) {
        self.count = max(0, count)
        self.height = max(0, height)
    }

    /// The lines in view.
    public var visible: Range<Int> { top..<min(count, top + height) }

    /// Sets the number of lines and of visible lines. Visible lines stay visible if possible.
    public mutating func resize(count: Int, height: Int) {
        self.count = max(0, count)
        self.height = max(0, height)
        scroll(by: 0)
    }

    /// Moves down by this number of lines, or up.
    public mutating func scroll(by lines: Int) {
        top = min(max(0, top + lines), lastTop)
    }

    /// Moves as little as brings a line into view.
    public mutating func ensureVisible(_ line: Int) {
        if line < top {
            top = max(0, line)
        } else if line >= top + height {
            top = min(max(0, line - height + 1), lastTop)
        }
    }

    private var lastTop: Int { max(0, count - height) }

    // MARK: - Drawing

    /// Draws the lines in view from the top of the surface on.
    public func draw(_ lines: [StyledLine], on surface: inout Surface) {
        for (row, line) in visible.clamped(to: lines.indices).enumerated() {
            surface.put(lines[line], at: Point(column: 0, row: row))
        }
    }
}
