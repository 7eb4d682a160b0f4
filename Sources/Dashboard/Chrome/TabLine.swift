import History
import Notifications
import SafeText
import Terminal

/// The second line: the views, and at the right whether the newest row is followed.
enum TabLine {
    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let narrow = surface.size.columns < 60
        var line = StyledLine(" ")
        for (tab, title) in [(MainView.events, "1 Events"), (.table, "2 Table")] {
            let isShown = model.view == tab && model.overlayTitle == nil
            line.append(isShown ? "[\(title)]" : " \(title) ", isShown ? Style(.accent, bold: true) : Style(.secondary))
            line.append(" ")
        }
        if let title = model.overlayTitle { line.append("[\(title)]", Style(.accent, bold: true)) }
        surface.put(line, at: Point(column: 0, row: 0))

        let marks = marks(model, separator: narrow ? " " : "   ")
        let start = surface.size.columns - marks.width - 1
        if start > line.width { surface.put(marks, at: Point(column: start, row: 0)) }
    }

    private static func marks(_ model: DashboardModel, separator: SafeText) -> StyledLine {
        var parts: [StyledLine] = []
        if model.session.showsUTC { parts.append(StyledLine("UTC", Style(.notice))) }
        if model.view == .table, model.table.timestamps == .epochMilliseconds {
            parts.append(StyledLine("epoch ms", Style(.notice)))
        }
        if model.rows.isFollowing {
            parts.append(StyledLine("FOLLOW", Style(.good)))
        } else {
            let new = model.session.change.latestRow - model.rows.newestWhenLeft
            parts.append(
                new > 0
                    ? StyledLine("+\(Wording.grouped(Int(new))) new", Style(.notice, bold: true))
                    : StyledLine("not following", Style(.secondary)))
        }
        return parts.dropFirst().reduce(parts[0]) { $0 + StyledLine(separator) + $1 }
    }
}
