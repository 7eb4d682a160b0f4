import History
import Notifications
import SafeText
import Terminal

/// The second line: the views, and at the right whether the newest row is followed.
enum TabLine {
    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let separator = separator(columns: surface.size.columns)
        let tabs = tabs(model, columns: surface.size.columns)
        let marks = TabMarks(model)
        surface.put(tabs.line, at: Point(column: 0, row: 0))
        let line = marks.line(columns: surface.size.columns - tabs.width - 2, separator: separator)
        surface.put(line, at: Point(column: surface.size.columns - line.width - 1, row: 0))
    }

    /// The tabs, which are buttons.
    static func tabs(_ model: DashboardModel, columns: Int) -> ButtonLine<MainView> {
        // Where the titles leave little room for the marks, those of the views that are not seen are their numbers.
        let tabs = tabs(model, isShort: false)
        let marks = TabMarks(model).line(columns: .max, separator: separator(columns: columns))
        return tabs.width + marks.width + 2 > columns ? self.tabs(model, isShort: true) : tabs
    }

    private static func separator(columns: Int) -> SafeText { columns < 60 ? " " : "   " }

    private static func tabs(_ model: DashboardModel, isShort: Bool) -> ButtonLine<MainView> {
        var line = ButtonLine<MainView>(StyledLine(" "))
        for view in MainView.allCases {
            let isShown = model.view == view && model.overlayTitle == nil
            let title = isShort && !isShown ? "\(view.rawValue)" : view.title
            let style = isShown ? Style(.accent, bold: true) : Style(.secondary)
            line.append(StyledLine(isShown ? "[\(title)]" : " \(title) ", style), view)
            if !isShort { line.append(StyledLine(" ")) }
        }
        if let title = model.overlayTitle { line.append(StyledLine("[\(title)]", Style(.accent, bold: true))) }
        return line
    }
}
