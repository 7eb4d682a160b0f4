import Terminal

/// A line with parts that can be clicked: what is drawn and where it is are the same.
struct ButtonLine<Action: Hashable> {
    private(set) var line: StyledLine
    private var buttons: [(columns: Range<Int>, action: Action)] = []

    init(_ line: StyledLine = StyledLine()) {
        self.line = line
    }

    var width: Int { line.width }

    /// Adds a part to its end, which does something where there is an action.
    mutating func append(_ part: StyledLine, _ action: Action? = nil) {
        let start = line.width
        line = line + part
        if let action { buttons.append((columns: start..<line.width, action: action)) }
    }

    mutating func append(_ other: ButtonLine) {
        let start = line.width
        line = line + other.line
        buttons += other.buttons.map { button in
            (columns: button.columns.lowerBound + start..<button.columns.upperBound + start, action: button.action)
        }
    }

    /// What a click in a column does.
    func action(at column: Int) -> Action? {
        buttons.first { $0.columns.contains(column) }?.action
    }
}
