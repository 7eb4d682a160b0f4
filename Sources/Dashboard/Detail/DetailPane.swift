import Base
import History
import Notifications
import Terminal

/// The state of the detail pane.
struct DetailPane {
    var tab = DetailTab.summary
    var form = BodyForm.pretty
    var isFocused = false
    var isFullScreen = false
    /// Whether long lines wrap. If not, the pane can scroll sideways.
    var wraps = true { didSet { sideways = 0 } }
    var showsNumbers = true

    private(set) var document: DetailDocument?
    var scroll = TextPane()
    var folding = Folding()
    /// The line of the document that a search found last; nil once something else is shown.
    var match: Int?
    /// The position of the line with the cursor among the shown lines.
    var cursor = 0
    /// The number of columns that are scrolled out of view on the left.
    var sideways = 0
    private var wanted: DocumentRequest?

    /// Whether the tab of action results is available.
    var offersActions = false

    /// The available tabs, from left to right.
    var tabs: [DetailTab] { DetailTab.allCases.filter { $0 != .actions || offersActions || tab == .actions } }

    /// Moves to a tab further right or, if negative, further left. Wraps around at the ends.
    mutating func moveTab(by distance: Int) {
        let tabs = tabs
        let index = tabs.firstIndex(of: tab) ?? 0
        tab = tabs[(index + distance + tabs.count) % tabs.count]
    }

    /// Whether the pane has the keyboard focus.
    var hasKeys: Bool { isFocused || isFullScreen }

    /// Whether keys move a cursor in the document.
    var hasCursor: Bool { hasKeys && document?.layout.hasCursor == true }

    /// Whether the document is the one that the header announces.
    var isCurrent: Bool { document?.request.tab == tab && document?.request.form == form }

    /// The source line under the cursor: a line of the formatted JSON, or a header field.
    var cursorSource: Int? {
        guard hasCursor, isCurrent, let document, cursor < folding.count else { return nil }
        return document.layout.source(ofLine: folding.line(at: cursor))
    }

    /// Returns the document to build next; nil while one is being built or if the right one is shown.
    mutating func request(_ wanted: DocumentRequest?, isWaiting: Bool) -> DocumentRequest? {
        self.wanted = wanted
        guard let wanted else {
            document = nil
            return nil
        }
        return isWaiting || document?.request == wanted ? nil : wanted
    }

    /// Shows a document that was built, unless another view is wanted by now.
    ///
    /// A document of another row is shown all the same, with a heading that names its row. Otherwise nothing would ever
    /// be shown while rows arrive faster than documents are built.
    mutating func apply(_ document: DetailDocument) {
        guard let wanted, document.request.isSameView(as: wanted) else { return }
        let shown = self.document?.request
        if let shown, document.request.isSamePage(as: shown) { goOn(with: document) } else { begin(document) }
    }

    mutating func settle(height: Int) {
        scroll.resize(count: document == nil ? 0 : folding.count, height: height)
        cursor = min(cursor, max(0, folding.count - 1))
    }

    /// Moves the cursor, or scrolls the text of a document without one.
    mutating func move(_ motion: Motion) {
        guard hasCursor else {
            scroll.move(motion)
            return
        }
        var steps = TextPane(count: folding.count, height: 1)
        steps.scroll(by: cursor)
        let page = max(1, scroll.height - 1)
        switch motion {
        case .pageUp: steps.scroll(by: -page)
        case .pageDown: steps.scroll(by: page)
        case .halfPageUp: steps.scroll(by: -max(1, scroll.height / 2))
        case .halfPageDown: steps.scroll(by: max(1, scroll.height / 2))
        default: steps.move(motion)
        }
        if motion != .up, motion != .down { scroll.move(motion) }
        cursor = steps.top
        scroll.ensureVisible(cursor)
    }

    /// Scrolls the text. The cursor moves only if it would leave the view.
    mutating func scroll(by lines: Int) {
        scroll.scroll(by: lines)
        guard !scroll.visible.isEmpty else { return }
        cursor = min(max(cursor, scroll.visible.lowerBound), scroll.visible.upperBound - 1)
    }

    /// Moves the cursor to a line in view, counted from 0.
    mutating func point(at line: Int) {
        guard scroll.visible.contains(scroll.top + line) else { return }
        cursor = scroll.top + line
    }

    /// Scrolls sideways by a quarter of the pane: right if `direction` is 1, left if -1.
    mutating func moveSideways(by direction: Int, columns: Int) {
        guard let document else { return }
        let lines = scroll.visible.map { document.lines[folding.line(at: $0)] }
        let widest = lines.map(\.width).max() ?? 0
        let most = max(sideways, widest - max(1, columns - document.layout.gutter))
        sideways = min(max(0, sideways + direction * max(1, columns / 4)), max(0, most))
    }

    // MARK: - New documents

    /// Shows a new layout of the same page, and keeps the position.
    private mutating func goOn(with document: DetailDocument) {
        let before = self.document?.layout
        let source = before.flatMap { $0.source(ofLine: folding.count > 0 ? folding.line(at: cursor) : 0) }
        if document.lines.count != self.document?.lines.count { match = nil }
        self.document = document
        folding.fold(folding.folded, in: document)
        if document.layout.hasCursor, let source, before?.sources != document.layout.sources {
            cursor = folding.place(of: document.layout.firstLine(ofSource: source))
        }
        scroll.resize(count: folding.count, height: scroll.height)
        if document.layout.hasCursor, hasKeys { scroll.ensureVisible(cursor) }
    }

    /// Shows another page from its top or, if an event is selected, from that event.
    private mutating func begin(_ document: DetailDocument) {
        let height = scroll.height
        self.document = document
        (scroll, folding, cursor, sideways, match) = (TextPane(), Folding(), 0, 0, nil)
        folding.fold(document.layout.startsFolded, in: document)
        scroll.resize(count: folding.count, height: height)
        guard let event = document.layout.event else { return }
        cursor = folding.place(of: document.layout.firstLine(ofSource: event.lowerBound))
        // Keep the line before the event in view, so that its context is visible.
        let last = folding.place(of: document.layout.firstLine(ofSource: event.upperBound))
        if last >= height { scroll.scroll(by: cursor - 1) }
    }

    // MARK: - Folding

    /// Whether the document has anything to fold.
    var canFold: Bool { document?.layout.folds.isEmpty == false && isCurrent }

    /// Folds the container that opens at the cursor, or else the one around it. Unfolds it if it is folded.
    mutating func toggleFold() {
        guard let source = cursorSource else { return }
        if folding.folded.contains(source) { unfold() } else { fold() }
    }

    /// Folds the container that opens at the cursor, or else the one around it. If it is already folded, folds the next
    /// one outside.
    mutating func fold() {
        guard let document, let source = cursorSource else { return }
        let isFolded = folding.folded.contains(source)
        guard let fold = document.layout.fold(around: source, outside: isFolded) else { return }
        change(folding.folded.union([fold.lines.lowerBound]), cursorOn: fold.lines.lowerBound)
    }

    /// Unfolds the folded container at the cursor.
    mutating func unfold() {
        guard let source = cursorSource else { return }
        change(folding.folded.subtracting([source]), cursorOn: source)
    }

    /// Folds all events or, if all of them are folded already, unfolds everything.
    mutating func toggleAllFolds() {
        guard let document, canFold else { return }
        let groups = Set(document.layout.groups)
        let source = cursorSource ?? document.layout.event?.lowerBound ?? 0
        if groups.isEmpty || groups.isSubset(of: folding.folded) {
            change([], cursorOn: source)
        } else {
            let holding = document.layout.groups.last { $0 <= source }
            change(groups, cursorOn: holding ?? source)
        }
    }

    private mutating func change(_ folded: Set<Int>, cursorOn source: Int) {
        guard let document else { return }
        folding.fold(folded, in: document)
        cursor = folding.place(of: document.layout.firstLine(ofSource: source))
        scroll.resize(count: folding.count, height: scroll.height)
        scroll.ensureVisible(cursor)
    }

    // MARK: - Searching

    /// A position in a document, to which the user can return.
    struct Position: Hashable, Sendable {
        fileprivate let page: DocumentRequest?
        fileprivate let top: Int
        fileprivate let cursor: Int
        fileprivate let sideways: Int
        fileprivate let folded: Set<Int>
        fileprivate let match: Int?
    }

    var position: Position {
        Position(
            page: document?.request, top: scroll.top, cursor: cursor, sideways: sideways, folded: folding.folded,
            match: match)
    }

    /// Returns to a position, unless another page is shown by now.
    mutating func goBack(to position: Position) {
        guard let document, let page = position.page, document.request.isSamePage(as: page) else { return }
        folding.fold(position.folded, in: document)
        (cursor, sideways, match) = (position.cursor, position.sideways, position.match)
        settle(height: scroll.height)
        scroll.scroll(by: position.top - scroll.top)
    }

    /// The line from which a search continues, and whether that line is the previous match.
    var searchStart: (line: Int, isFound: Bool) {
        guard folding.count > 0 else { return (0, false) }
        if hasCursor {
            let line = folding.line(at: min(cursor, folding.count - 1))
            return (line, line == match)
        }
        return match.map { ($0, true) } ?? (folding.line(at: min(scroll.top, folding.count - 1)), false)
    }

    /// Moves a matching line into view, and unfolds the containers that hide it.
    ///
    /// - Parameter columns: The columns of the match in the line.
    mutating func reveal(line: Int, columns: Range<Int>) {
        guard let document, document.lines.indices.contains(line) else { return }
        let layout = document.layout
        if let source = layout.source(ofLine: line) { folding.reveal(source, in: document) }
        match = line
        let place = folding.place(of: line)
        if layout.hasCursor { cursor = place }
        settle(height: scroll.height)
        scroll.ensureVisible(place)
        guard !wraps, columns.lowerBound >= layout.stayingColumns else { return }
        let room = max(1, document.request.columns - layout.gutter)
        if columns.lowerBound < sideways + layout.stayingColumns || columns.upperBound > sideways + room {
            sideways = max(0, columns.lowerBound - layout.stayingColumns - (room - layout.stayingColumns) / 2)
        }
    }

    /// The row of the match, counted from the row below the tabs; nil if it is out of view.
    var rowOfMatch: Int? {
        guard let match, isCurrent else { return nil }
        let place = folding.place(of: match)
        return scroll.visible.contains(place) && folding.line(at: place) == match ? place - scroll.top : nil
    }

    /// Removes the mark of the match, because the search has ended.
    mutating func forgetMatch() {
        match = nil
    }

    // MARK: - Drawing

    /// Draws the pane: a rule with the tabs, and the document below it.
    func draw(on surface: inout Surface) {
        surface.rule(row: 0)
        surface.put(
            header(columns: surface.size.columns - 1).line.clipped(to: surface.size.columns - 1),
            at: Point(column: 1, row: 0))
        // Lines of another tab would contradict the header, so draw none until the right document is built.
        guard let document, isCurrent else { return }
        let below = Rect(column: 0, row: 1, columns: surface.size.columns, rows: surface.size.rows - 1)
        surface.draw(in: below) { part in
            let lines = DocumentLines(document: document, folding: folding, sideways: sideways)
            for (row, place) in scroll.visible.clamped(to: 0..<folding.count).enumerated() {
                lines.draw(folding.line(at: place), row: row, on: &part)
                if hasCursor ? place == cursor : folding.line(at: place) == match {
                    part.put("▌", at: Point(column: 0, row: row), style: Style(.accent, bold: true))
                }
            }
        }
    }

    /// Returns the text of the rule, with the tabs as buttons. It begins one column from the edge.
    func header(columns: Int) -> ButtonLine<DetailTab> {
        var tabs = tabs(withForm: true)
        if tabs.width > columns { tabs = self.tabs(withForm: false) }
        var header = ButtonLine<DetailTab>()
        if let heading = document?.request.heading, heading.width + tabs.width + 18 <= columns {
            header.append(StyledLine("─ ", Style(.secondary)))
            header.append(StyledLine(heading))
            header.append(StyledLine(" ── ", Style(.secondary)))
        }
        header.append(tabs)
        if header.width < columns { header.append(StyledLine(" ")) }
        // Without a document, the scroll position belongs to the previous row.
        if document != nil, scroll.count > scroll.height, scroll.height > 0 {
            let place: SafeText = " \(scroll.visible.upperBound) of \(Wording.grouped(scroll.count)) "
            if header.width + place.width + 3 <= columns {
                header.append(StyledLine("── ", Style(.secondary)))
                header.append(StyledLine(place, Style(.secondary)))
            }
        }
        return header
    }

    private func tabs(withForm: Bool) -> ButtonLine<DetailTab> {
        var tabs = ButtonLine<DetailTab>()
        for each in self.tabs {
            let title = withForm && each == .body && each == tab ? "\(each.title) \(form.word)" : each.title
            let style = hasKeys ? Style(.accent, bold: true) : Style(.plain, bold: true)
            tabs.append(
                StyledLine(each == tab ? "[\(title)]" : " \(title) ", each == tab ? style : Style(.secondary)), each)
        }
        return tabs
    }
}

// MARK: - Commands

extension DetailPane {
    /// Returns the reason why the list has no detail pane next to it; nil if it has one.
    static let hasNoPane: @Sendable (DashboardModel) -> String? = { model in
        model.layout.detail == nil ? "No room for the pane here: \(model.bindings.name(of: .open)) opens it." : nil
    }

    fileprivate static let isNotBody: @Sendable (DashboardModel) -> String? = {
        $0.detail.tab == .body ? nil : "Available only in the Body tab."
    }

    fileprivate static let canFold: @Sendable (DashboardModel) -> String? = {
        $0.detail.canFold ? nil : "Only objects and arrays of a pretty body can be folded."
    }

    fileprivate static let hasLongLines: @Sendable (DashboardModel) -> String? = { model in
        let hasLines = model.detail.tab == .headers || model.detail.tab == .body && model.detail.form != .hex
        return hasLines ? nil : "Available only for headers and bodies."
    }

    fileprivate static let runsOn: @Sendable (DashboardModel) -> String? = { model in
        hasLongLines(model)
            ?? (model.detail.wraps
                ? "Long lines wrap here: \(model.bindings.name(of: .toggleWrapping)) turns that off." : nil)
    }

    fileprivate static let plain = PlainForm.hint("show summary, headers, body, signature or actions")

    fileprivate static let symbols =
        HelpBrief.verdicts + [
            HelpBrief.Symbol("▸", Style(.accent, bold: true), "this event"),
            HelpBrief.Symbol("›", .plain, "goes on"),
        ]

    /// The most important commands, which the first screen of the help lists.
    static let brief: [Command] = [
        .nextTab, .open, .nextRow, .previousRow, .cycleBody, .search, .toggleFold, .toggleAllFolds, .toggleWrapping,
        .copy, .copyAsReceived, .act, .replay, .focusDetail, .toggleNumbers, .goBack,
    ]
}

extension BindingContext {
    static let detail: BindingContext = .init(
        "detail", title: "The detail pane",
        with: [.filtering, .browsing, .searching, .handling, .views, .everywhere],
        about: "One delivery: the event, headers, body and signature", way: .focusDetail,
        brief: { DetailPane.brief }, symbols: { _ in DetailPane.symbols })
}

extension Place {
    /// The detail pane next to the list of deliveries.
    static let deliveryDetail = Place([.detail, .filtering, .searching, .handling, .views, .everywhere])
}

extension Command {
    static let open = Command(
        "open", .enter, in: .detail, "the pane on the full screen, and back", footer: .medium("full screen"),
        plain: .line(
            PlainWord(
                "show", syntax: "[NUMBER] [summary|headers|body|signature|actions] [raw|pretty|hex]",
                "details of the current event, or of event NUMBER"
            ) { $0.show($1) })
    ) { $0.detail.isFullScreen.toggle() }
    fileprivate static let nextRow = Command(
        "next-row", "J", in: .detail, "the next row's detail", footer: .wide("next"), plain: .row()
    ) { $0.moveInList(.down) }
    fileprivate static let previousRow = Command(
        "previous-row", "K", in: .detail, "the previous row's detail", footer: .wide("previous"), plain: .row()
    ) { $0.moveInList(.up) }
    static let focusDetail = Command(
        "focus-detail", .tab, .backTab, in: .detail, "to the list", footer: .medium("list"), plain: DetailPane.plain
    ) { model in
        if model.detail.isFullScreen { model.detail.isFullScreen = false } else { model.detail.isFocused.toggle() }
    }
    static let previousTab = Command(
        "previous-tab", .left, "h", in: .detail, "previous tab", plain: DetailPane.plain
    ) { $0.detail.moveTab(by: -1) }
    static let nextTab = Command(
        "next-tab", .right, "l", in: .detail, "next tab", footer: .narrow("tab"), plain: DetailPane.plain
    ) { $0.detail.moveTab(by: 1) }
    static let cycleBody = Command(
        "cycle-body", "v", in: .detail, "body as raw text, pretty, hex", footer: .medium("raw/hex"),
        plain: DetailPane.plain, unavailable: DetailPane.isNotBody
    ) { model in
        if model.detail.tab == .body { model.detail.form = model.detail.form.next } else { model.detail.tab = .body }
    }
    fileprivate static let toggleFold = Command(
        "toggle-fold", "z", in: .detail, "fold the object or array at the cursor, or unfold it", footer: .wide("fold"),
        unavailable: DetailPane.canFold
    ) { $0.detail.toggleFold() }
    fileprivate static let toggleAllFolds = Command(
        "toggle-all-folds", "Z", in: .detail, "fold every event, or unfold everything", unavailable: DetailPane.canFold
    ) { $0.detail.toggleAllFolds() }
    fileprivate static let toggleWrapping = Command(
        "toggle-wrapping", "w", in: .detail, "wrap long lines, or not", footer: .wide("wrap"),
        unavailable: DetailPane.hasLongLines
    ) { $0.detail.wraps.toggle() }
    fileprivate static let toggleNumbers = Command(
        "toggle-numbers", "#", in: .detail, "line numbers",
        unavailable: { model in
            model.detail.tab == .body && model.detail.form != .hex
                ? nil : "Only text and pretty bodies have line numbers."
        }
    ) { $0.detail.showsNumbers.toggle() }

    /// The commands of the detail pane.
    static let ofDetail: [Command] =
        Motion.commands(in: .detail) { $0.detail.move($1) } + [
            open, nextRow, previousRow, focusDetail, previousTab, nextTab, cycleBody, toggleFold,
            Command("fold", "-", in: .detail, "fold; once more, what is around it", unavailable: DetailPane.canFold) {
                $0.detail.fold()
            },
            Command("unfold", "+", "=", in: .detail, "unfold", unavailable: DetailPane.canFold) { $0.detail.unfold() },
            toggleAllFolds, toggleWrapping,
            Command(
                "sideways-left", "<", "H", in: .detail, "to the left in long lines", unavailable: DetailPane.runsOn
            ) { $0.moveSideways(by: -1) },
            Command(
                "sideways-right", ">", "L", in: .detail, "to the right in long lines", unavailable: DetailPane.runsOn
            ) { $0.moveSideways(by: 1) },
            toggleNumbers,
        ]
}

extension DashboardModel {
    fileprivate mutating func moveSideways(by direction: Int) {
        guard let pane = layout.detail else { return }
        detail.moveSideways(by: direction, columns: pane.columns - DocumentLines.margin)
    }
}

extension TextPane {
    /// Draws lines as a page: below a rule with the visible part, if not all of it is visible.
    func drawPage(_ lines: [StyledLine], on surface: inout Surface) {
        surface.rule(row: 0)
        if lines.count > height {
            let place: SafeText = " \(visible.upperBound) of \(Wording.grouped(lines.count)) "
            surface.put(place, at: Point(column: 2, row: 0), style: Style(.secondary))
        }
        let below = Rect(
            column: ListRow.margin, row: 1, columns: surface.size.columns - ListRow.margin, rows: surface.size.rows - 1)
        surface.draw(in: below) { draw(lines, on: &$0) }
    }

    mutating func move(_ motion: Motion) {
        let page = max(1, height - 1)
        switch motion {
        case .up: scroll(by: -1)
        case .down: scroll(by: 1)
        case .pageUp: scroll(by: -page)
        case .pageDown: scroll(by: page)
        case .halfPageUp: scroll(by: -max(1, height / 2))
        case .halfPageDown: scroll(by: max(1, height / 2))
        case .toStart: scroll(by: -count)
        case .toEnd: scroll(by: count)
        }
    }
}

// MARK: - Tabs

/// The tabs of the detail pane.
enum DetailTab: Int, Hashable, CaseIterable {
    case summary, headers, body, signature, actions

    var title: String {
        switch self {
        case .summary: "Summary"
        case .headers: "Headers"
        case .body: "Body"
        case .signature: "Signature"
        case .actions: "Actions"
        }
    }
}

/// The ways in which the Body tab shows the body.
enum BodyForm: Int, Hashable, CaseIterable {
    case raw, pretty, hex

    var word: String {
        switch self {
        case .raw: "raw"
        case .pretty: "pretty"
        case .hex: "hex"
        }
    }

    var next: BodyForm {
        Self.allCases[(rawValue + 1) % Self.allCases.count]
    }
}
