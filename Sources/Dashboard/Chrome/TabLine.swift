import History
import Notifications
import SafeText
import Terminal

/// The second line: the tabs, and at the right what is listed and whether the newest row is followed.
///
/// The tabs keep their names and their places whatever there is to report: marks that do not fit beside them have a line
/// of their own below. Only on a narrow screen, where the names alone fill the line, do the tabs that are not shown become
/// their numbers.
struct TabLine {
    /// From this width on the names fit with room for a mark.
    private static let roomForNames = 76
    /// From this width on there are wide gaps.
    private static let roomForGaps = 100

    /// The tabs, which are buttons.
    let tabs: ButtonLine<MainView>
    /// The marks beside the tabs.
    private let beside: StyledLine
    /// The marks below the tabs; nil where they fit beside them.
    private let below: StyledLine?

    /// The lines that it takes.
    var height: Int { below == nil ? 1 : 2 }

    init(_ model: DashboardModel, columns: Int) {
        let isAiry = columns >= Self.roomForGaps
        let separator: SafeText = isAiry ? "   " : columns < 60 ? " " : "  "
        let marks = TabMarks(model)
        func room(_ tabs: ButtonLine<MainView>) -> Int { columns - tabs.width - 2 }
        let named = Self.tabs(model, isShort: false, gap: isAiry ? " " : .empty)
        if columns >= Self.roomForNames {
            tabs = named
            let (line, isWhole) = marks.line(columns: room(named), separator: separator)
            // On a low screen every line counts.
            let hasRoom = model.session.size.rows >= 20
            below = isWhole || !hasRoom ? nil : marks.line(columns: columns - 2, separator: separator).line
            beside = below == nil ? line : StyledLine()
        } else {
            let fits = marks.line(columns: room(named), separator: separator).isWhole
            tabs = fits && named.width <= columns ? named : Self.tabs(model, isShort: true, gap: .empty)
            beside = marks.line(columns: room(tabs), separator: separator).line
            below = nil
        }
    }

    func draw(on surface: inout Surface) {
        surface.put(tabs.line, at: Point(column: 0, row: 0))
        for (row, line) in [beside, below ?? StyledLine()].enumerated() {
            surface.put(line, at: Point(column: surface.size.columns - line.width - 1, row: row))
        }
    }

    private static func tabs(_ model: DashboardModel, isShort: Bool, gap: SafeText) -> ButtonLine<MainView> {
        var line = ButtonLine<MainView>(StyledLine(" "))
        for view in MainView.allCases {
            let isShown = model.view == view && model.overlayTitle == nil
            let title = isShort && !isShown ? "\(view.rawValue)" : view.title
            let style = isShown ? Style(.accent, bold: true) : Style(.secondary)
            let mark = view == .actions ? ActionMark(model.session.troubles)?.tab ?? StyledLine() : StyledLine()
            // Beside a tab that is not shown the mark takes the place of the blank, so that no tab moves.
            let right = StyledLine(isShown ? "]" : mark.width > 0 ? .empty : " ", style)
            line.append(StyledLine(isShown ? "[\(title)" : " \(title)", style) + mark + right, view)
            line.append(StyledLine(gap))
        }
        if let title = model.overlayTitle { line.append(StyledLine("[\(title)]", Style(.accent, bold: true))) }
        return line
    }
}
