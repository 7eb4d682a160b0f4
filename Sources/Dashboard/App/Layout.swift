import Base
import History
import Notifications
import Terminal

/// The rectangles of the parts of the screen.
struct Layout {
    /// The minimum size at which the dashboard is usable.
    static let minimum = Size(columns: 40, rows: 10)
    /// The minimum width for the detail pane next to the list.
    private static let beside = 160
    /// The minimum height for the list and the pane together.
    private static let both = 12

    let top: Rect
    let tabs: Rect
    let warnings: Rect
    /// The view: the space between the header and the footer.
    let main: Rect
    /// The list with its titles, or the whole view for tabs without a list.
    let list: Rect
    /// The detail pane with its tabs; nil if it does not fit.
    let detail: Rect?
    let isBeside: Bool
    let notice: Rect
    /// The input line; without rows if nothing is typed.
    let prompt: Rect
    let footer: Rect

    /// The number of visible rows of the list.
    let listHeight: Int

    init(_ model: DashboardModel) {
        let size = model.session.size
        var rest = Rect(size)
        (top, rest) = rest.splitTop(1)
        (tabs, rest) = rest.splitTop(TabLine(model, columns: size.columns).height)
        (warnings, rest) = rest.splitTop(StatusLines(model, columns: size.columns).warnings.count)
        (rest, footer) = rest.splitTop(rest.rows - 1)
        let promptHeight = model.overlays.prompt?.height(model, columns: size.columns) ?? 0
        let promptRows = min(promptHeight, max(0, rest.rows - 3))
        (rest, prompt) = rest.splitTop(rest.rows - promptRows)
        let noticeRows = min(StatusLines(model, columns: size.columns).notice.count, max(0, rest.rows - 3))
        (main, notice) = rest.splitTop(rest.rows - noticeRows)

        (list, detail, isBeside) = Self.split(main, rows: rest.rows + promptRows, model)
        let legend = model.view == .events ? EventsScreen.legendLines(model, in: list.size) : 0
        listHeight = max(0, list.rows - 1 - legend)
    }

    /// Divides the view between the list and the detail pane.
    ///
    /// - Parameter rows: The rows available for both without a notice and a prompt. Those take their rows from the
    ///   pane, so that the list does not jump.
    private static func split(
        _ main: Rect, rows: Int, _ model: DashboardModel
    ) -> (list: Rect, detail: Rect?, isBeside: Bool) {
        guard model.hasDetailPane else { return (main, nil, false) }
        if model.detail.isFullScreen { return (Rect(column: 0, row: main.row, columns: 0, rows: 0), main, false) }
        if main.columns >= beside {
            let (left, right) = main.splitLeft(main.columns * 3 / 5)
            return (
                left.splitLeft(left.columns - 1).left,
                Rect(column: right.column + 1, row: right.row, columns: right.columns - 1, rows: right.rows), true
            )
        }
        guard rows >= both else { return (main, nil, false) }
        let (upper, lower) = main.splitTop(rows * 55 / 100)
        return (upper, lower, false)
    }
}

/// The lines of warnings below the tabs and of the notice or question above the footer.
struct StatusLines {
    let warnings: [StyledLine]
    let notice: [StyledLine]

    /// The screen height below which a warning has one line.
    private static let lowScreen = 20

    init(_ model: DashboardModel, columns: Int) {
        let session = model.session
        var warnings: [(String, Style)] = []
        if case .failing(let sentence) = session.change.health {
            warnings.append(("✗ \(sentence)", Style(.bad, bold: true)))
        }
        if let absence = session.absence { warnings.append(("! \(absence.reason)", Style(.warning, bold: true))) }
        if let warning = session.warning { warnings.append(("! \(warning)", Style(.warning, bold: true))) }
        if let quiet = session.quiet { warnings.append(("! \(quiet)", Style(.warning, bold: true))) }
        if let exposure = session.exposure { warnings.append(("! \(exposure)", Style(.warning, bold: true))) }
        // A low screen shows only the first line.
        let most = session.size.rows < Self.lowScreen ? 1 : 3
        self.warnings = warnings.flatMap { text, style in
            let lines = Prose.lines(text, columns: columns - 2, style: style).map { StyledLine(" ") + $0 }
            return lines.count <= most ? lines : [StyledLine(" \(text)", style).clipped(to: columns)]
        }

        if let lines = model.overlays.innermost?.notice(model, columns: columns) {
            notice = lines
        } else {
            let told = session.notice.map { Self.lines(Self.told($0, session), Style($0.role), columns) } ?? []
            let progress = [session.exporting, session.acting, session.comparing, session.progress].compactMap(\.self)
                .flatMap {
                    Self.lines($0.string, Style(.secondary), columns)
                }
            let announced = session.announcements.flatMap { announcement in
                // The list needs room as well. The log has the full text.
                Prose.shortened(
                    Self.lines("! \(announcement.text)", Style(.warning), columns),
                    to: session.announcements.count > 1 ? 2 : 4, columns: columns, style: Style(.warning))
            }
            notice = announced + progress + told
        }
    }

    /// Returns the text of a notice, or a reference to a warning that already shows the same text in full.
    private static func told(_ notice: Notice, _ session: Session) -> String {
        if case .failing(let sentence) = session.change.health, session.size.rows >= lowScreen,
            HistoryReadError.areOfOneCause(sentence, notice.text.string)
        {
            return "This needs the history: the warning above says what is wrong."
        }
        guard let absence = session.absence, notice.text.string == SafeText(absence.reason).string,
            session.size.rows >= lowScreen
        else { return notice.text.string }
        return "This needs the listener: the warning above says what to do."
    }

    static func lines(_ text: String, _ style: Style, _ columns: Int) -> [StyledLine] {
        Prose.lines(text, columns: columns - 2, style: style).map { StyledLine(" ") + $0 }
    }
}

// MARK: - The footer

/// The last line: the most useful active keys of the place. Each is a button too.
enum Footer {
    static func line(_ model: DashboardModel, columns: Int) -> ButtonLine<Command> {
        let hints = hints(model, Hint.Width(columns: columns))
        // The gaps shrink before any hint is dropped. The last two hints, help and quit, always stay.
        let gap: SafeText = width(of: hints, gap: 3) <= columns ? "   " : "  "
        var shown = hints
        while shown.count > 2, width(of: shown, gap: gap.width) > columns { shown.remove(at: shown.count - 3) }
        var line = ButtonLine<Command>(StyledLine(" "))
        for (index, hint) in shown.enumerated() {
            if index > 0 { line.append(StyledLine(gap)) }
            line.append(hint.text.clipped(to: max(0, columns - line.width)), hint.command)
        }
        return line
    }

    private static func hints(
        _ model: DashboardModel, _ width: Hint.Width
    ) -> [(text: StyledLine, command: Command)] {
        let commands = model.place.contexts.flatMap(model.bindings.bindings(in:))
        // Esc, if it would give something up, is first, so that users always find it in the same position.
        let (escape, others) = (commands.filter(isWayBack), commands.filter { !isWayBack($0) })
        return ((model.held == nil ? [] : escape) + others).filter { $0.unavailable(model) == nil }.compactMap {
            command in
            guard let hint = command.footer, hint.from <= width, let key = command.keys.first else { return nil }
            let word = hint.other(model) ?? hint.word
            let text = StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(word)", Style(.secondary))
            return (text, command)
        }
    }

    private static func isWayBack(_ command: Command) -> Bool { command.context == .views && command == .goBack }

    private static func width(of hints: [(text: StyledLine, command: Command)], gap: Int) -> Int {
        hints.reduce(1) { $0 + $1.text.width + gap } - gap
    }
}
