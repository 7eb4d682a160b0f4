import Base
import History
import Notifications
import Terminal

/// The tab `1 Events`: the list of events as they arrive.
struct EventsScreen: Tab {
    static let facts = TabFacts(
        number: 1, word: "Events", meaning: "the events as they arrive",
        about: "Events as they arrive, the newest last",
        plain: .line(
            PlainWord("list", syntax: "[N]", "N events around the current one, each with its number") {
                $0.readRows($1, usual: 10)
            }),
        contexts: [.lists, .rows, .filtering, .browsing, .searching, .handling],
        symbols: { hasActions in
            HelpBrief.verdicts + (hasActions ? HelpBrief.states : [])
                + [HelpBrief.Symbol("dup", Style(.notice), "event arrived earlier")] + HelpBrief.rows + HelpBrief.order
        }, listsEvents: true, hasDetailPane: true)

    static let commands: [Command] = [
        .open.also(
            in: .events, "open the detail of the selected row", footer: .narrow("detail"), unavailable: hasNoRow),
        .focusDetail.also(
            in: .events, "to the detail pane", footer: .medium("pane"), unavailable: DetailPane.hasNoPane),
        .previousTab.also(in: .events, "previous tab of the pane"),
        .nextTab.also(in: .events, "next tab of the pane", footer: .wide("tab")),
        .cycleBody.also(in: .events, "body as raw text, pretty, hex"),
    ]
    static let brief: [Command] = [
        .open, .focusDetail, .editFilter, .search, .showProblems, .followOrNot, .toggleSelected, .act, .replay, .copy,
        .export, .showKeyring, .sendTest, .chooseColumns, .goToTime, .toggleUtc, .typeCommand, .sortByNext,
        .nextProblem, .toggleMark, .showMarked, .pause, .showChecklist, .close,
    ]

    static let hasNoRow: @Sendable (DashboardModel) -> String? = { model in
        model.events.rows.selectedRow == nil ? "No row to open." : nil
    }

    /// The minimum width for showing the states of actions as words. A narrower list shows symbols and a legend.
    private static let roomForWords = 100
    /// The minimum number of lines for a legend. A shorter list uses all lines for rows.
    private static let leastLinesWithLegend = 8

    /// Returns the positions of the columns in a list of the given width, including its margin.
    static func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        model.events.eventTable.places(
            context(model, columns: columns), width: columns - model.listMargin - (model.hasScrollBar ? 1 : 0))
    }

    private static func context(_ model: DashboardModel, columns: Int) -> ListContext {
        var context = ListContext(model.session, order: model.events.listing.query.order.listOrder)
        context.hasWords = columns >= roomForWords
        return context
    }

    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        guard row == 0 else { return .line(row - 1) }
        let places = Self.places(model, columns: size.columns)
        return model.events.eventTable.sortName(at: column - model.listMargin, places).map(Target.sort) ?? .main
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        var drawing = model.rowDrawing(
            Self.places(model, columns: surface.size.columns), Self.context(model, columns: surface.size.columns))
        drawing.hasKeys = !model.detail.hasKeys
        drawing.emphasis = "signature"
        drawing.note = Self.note
        model.events.eventTable.draw(model.events.rows, drawing, on: &surface)
        if model.events.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        if Self.legendLines(model, in: surface.size) > 0 {
            surface.put(
                Self.legend(model, columns: surface.size.columns - ListRow.margin),
                at: Point(column: ListRow.margin, row: surface.size.rows - 1))
        }
    }

    /// Returns the number of lines at the end of a list of this size that explain symbols.
    static func legendLines(_ model: DashboardModel, in size: Size) -> Int {
        model.showsActionMarks && size.columns < roomForWords && size.rows >= leastLinesWithLegend ? 1 : 0
    }

    /// Returns the action symbols on the screen with their meanings. The introduction is shortened if there is little
    /// room.
    private static func legend(_ model: DashboardModel, columns: Int) -> StyledLine {
        let states = Set(model.events.rows.visibleRows.compactMap(\.actions))
        // States with the same symbol share an entry of the legend.
        var entries: [(glyph: String, words: [String], style: Style)] = []
        for state in EntryState.allCases.filter(states.contains) {
            if let index = entries.firstIndex(where: { $0.glyph == state.glyph }) {
                entries[index].words.append(state.word)
            } else {
                entries.append((state.glyph, [state.word], state.style))
            }
        }
        let parts = entries.map { entry in
            StyledLine("  \(entry.glyph) ", entry.style)
                + StyledLine("\(entry.words.joined(separator: " or "))", Style(.secondary))
        }
        let none = StyledLine("  none for these events", Style(.secondary))
        let meanings = parts.isEmpty ? none : parts.reduce(StyledLine()) { $0 + $1 }
        let whole = StyledLine("A actions:", Style(.secondary)) + meanings
        if whole.width <= columns { return whole }
        return (StyledLine("A:", Style(.secondary)) + meanings).clipped(to: columns)
    }

    /// Returns a description of a delivery without a readable event, such as `GET /favicon.ico, answered 405`, or of a
    /// flood. Returns nil for an event.
    static func note(_ row: EventRow) -> SafeText? {
        if let flood = row.flood {
            return "flood from " + SafeText(flood.address)
                + ": \(Wording.count(flood.requests, "more request", "more requests")) counted, not kept"
        }
        guard row.position == nil else { return nil }
        if row.verdict == .unjudged {
            return SafeText(cell: "\(row.method) \(row.target)") + ", answered \(row.status)"
        }
        let size = Wording.count(row.bodyLength, "byte", "bytes")
        return row.status == 200 ? "no events: \(size)" : "no events: \(size), answered \(row.status)"
    }

    // MARK: - Columns

    /// The columns that are shown unless the user has chosen others.
    static let usualColumns = columns.filter {
        ["time", "signature", "type", "object", "size", "bucket", "rule"].contains($0.name)
    }

    static let actionsColumn = columns.filter { $0.name == "actions" }

    /// All columns that the list can show.
    ///
    /// As the list narrows, RULE is hidden first, then BUCKET, columns chosen in addition, SIZE and TYPE. OBJECT uses
    /// the remaining width. Verdicts are never cut, and a type only if it is longer than B2's types can be expected to
    /// be.
    static let columns: [ListColumn<EventRow>] = [
        ListColumn(
            name: "time", title: "TIME", meaning: "time of arrival", sort: .received, exported: "received",
            standsBesideNote: true, moment: { $0.receivedAt }, room: { Column($0.title, minimum: 8) },
            cell: { row, context, width in Cell(context.clock.text(row.receivedAt, columns: width), quiet(row)) }),
        ListColumn(
            name: "signature", title: "SIGNATURE", meaning: "verdict on the signature", sort: .signature,
            exported: "signature", standsBesideNote: true, room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in Cell("\(row.verdict.glyph) \(row.verdict.title)", row.verdict.style) }),
        ListColumn(
            name: "type", title: "TYPE", meaning: "type of the event", sort: .type,
            room: {
                Column(
                    $0.title, minimum: min(max(14, $0.width), 36), ideal: min($0.width, 64), leaveOrder: 4, cut: .middle
                )
            }, cell: ofEvent { Cell(SafeText(cell: EventType($0.eventType.text).shortName), quiet($0)) }),
        ListColumn(
            name: "object", title: "OBJECT", meaning: "name of the object", sort: .object,
            room: { Column($0.title, minimum: leastObject, ideal: min($0.width, 40), weight: 1, cut: .middle) },
            cell: ofEvent {
                Cell(SafeText(cell: $0.objectName.text), quiet($0), mark: $0.isDuplicate ? "dup " : .empty)
            }),
        ListColumn(
            name: "size", title: "SIZE", meaning: "size of the object", sort: .size,
            room: { Column($0.title, minimum: min(max(8, $0.width), 12), leaveOrder: 3, alignment: .right) },
            cell: ofEvent { row in
                let size = row.objectSize.integer.map { "\(Wording.bytes($0))" as SafeText }
                return Cell(size ?? SafeText(cell: row.objectSize.text), quiet(row))
            }),
        ListColumn(
            name: "bucket", title: "BUCKET", meaning: "name of the bucket", sort: .bucket, exported: "bucket",
            room: { place($0, leaveOrder: 2) },
            cell: ofEvent { Cell(SafeText(cell: $0.bucketName.text), Style(.secondary)) }),
        ListColumn(
            name: "rule", title: "RULE", meaning: "name of the rule", sort: .rule, exported: "rule",
            room: { place($0, leaveOrder: 1) },
            cell: ofEvent { Cell(SafeText(cell: $0.matchedRuleName.text), Style(.secondary)) }),
        // The following columns are shown only if the user has chosen them.
        ListColumn(
            name: "status", title: "STATUS", meaning: "HTTP status of the answer", sort: .status, exported: "status",
            room: number, cell: ofEvent { Cell("\($0.status)", Style(.secondary)) }),
        ListColumn(
            name: "secret", title: "SECRET", meaning: "secret that matched", exported: "secret", room: name,
            cell: ofEvent { $0.secret.map { Cell(SafeText(cell: $0), Style(.secondary)) } }),
        ListColumn(
            name: "event-time", title: "EVENT TIME", meaning: "the event's own time", sort: .eventTime,
            moment: { $0.eventTimestamp.integer.map { Timestamp(milliseconds: $0) } },
            // Show milliseconds if there is room.
            room: { Column($0.title, minimum: 8, ideal: 12, leaveOrder: 3) },
            cell: { row, context, width in
                row.position.map { _ in Cell(eventTime(row, context.clock, width), Style(.secondary)) }
            }),
        ListColumn(
            name: "event-id", title: "EVENT ID", meaning: "the event's id", exported: "event-id", room: name,
            cell: ofEvent { Cell(SafeText(cell: $0.eventId.text), Style(.secondary)) }),
        ListColumn(
            name: "version", title: "VERSION ID", meaning: "version id of the object", room: name,
            cell: ofEvent { Cell(SafeText(cell: $0.objectVersionId.text), Style(.secondary)) }),
        ListColumn(
            name: "delivery", title: "DELIVERY", meaning: "number of the delivery", exported: "delivery", room: number,
            cell: ofEvent { Cell("\($0.deliveryID)", Style(.secondary)) }),
        ListColumn(
            name: "bytes", title: "BYTES", meaning: "bytes of the delivery's body", exported: "bytes", room: number,
            cell: ofEvent { Cell("\(Wording.grouped($0.bodyLength))", Style(.secondary)) }),
        // This column is shown automatically while actions exist.
        ListColumn(
            name: "actions", title: "ACTIONS", meaning: "what became of its actions", isChoosable: false,
            standsBesideNote: true,
            room: { Column($0.title, short: "A", minimum: $0.context.hasWords ? $0.width : 1) },
            cell: { row, _, width in
                guard row.position != nil, let state = row.actions else { return nil }
                let text: SafeText = "\(state.glyph) \(state.word)"
                // Show the symbol alone if the word does not fit. The legend below the list explains it.
                return Cell(text.width <= width ? text : "\(state.glyph)", state.style)
            }),
    ]

    private static let leastObject = 14

    private static func ofEvent(
        _ cell: @escaping @Sendable (EventRow) -> Cell?
    ) -> @Sendable (EventRow, ListContext, Int) -> Cell? {
        { row, _, _ in row.position.flatMap { _ in cell(row) } }
    }

    private static let number: @Sendable (ListColumn<EventRow>.Room) -> Column = {
        Column($0.title, minimum: min($0.width, 12), leaveOrder: 3, alignment: .right)
    }

    private static let name: @Sendable (ListColumn<EventRow>.Room) -> Column = {
        Column($0.title, minimum: min($0.width, 12), ideal: min($0.width, 40), leaveOrder: 3, cut: .middle)
    }

    /// Returns the layout of the bucket or rule column, which is hidden if OBJECT would become too narrow to be useful.
    private static func place(_ room: ListColumn<EventRow>.Room, leaveOrder: Int) -> Column {
        let spare = min(room.widths["object"] ?? 0, 24) - leastObject
        return Column(
            room.title, minimum: min(room.width, 16), ideal: min(room.width, 63), leaveOrder: leaveOrder,
            spare: max(0, spare), cut: .middle)
    }

    @Sendable private static func quiet(_ row: EventRow) -> Style {
        row.isDuplicate || row.position == nil ? Style(.secondary) : .plain
    }

    private static func eventTime(_ row: EventRow, _ clock: RowClock, _ width: Int) -> SafeText {
        guard let milliseconds = row.eventTimestamp.integer,
            let time = clock.clock.time(Timestamp(milliseconds: milliseconds))
        else { return SafeText(cell: row.eventTimestamp.text) }
        let text = clock.text(Timestamp(milliseconds: milliseconds), columns: width)
        return width - text.width >= 4 && text.string.hasSuffix(time.timeOfDay) ? text + ".\(time.fraction)" : text
    }
}

extension RowOrder {
    /// The order in the form that the headings display; nil for the order of arrival.
    var listOrder: ListOrder? {
        guard case .by(let column, let isDescending) = self else { return nil }
        return ListOrder(column: column.name, isDescending: isDescending)
    }
}

// MARK: - Marks of actions

/// The mark in the header and at the Actions tab that an action needs attention: it has dead or uncertain entries, is
/// on hold, or is late. The mark is shortened on a narrow screen, but never hidden.
struct ActionMark {
    let troubles: [ActionTrouble]

    /// Creates a mark; nil if no action needs attention.
    init?(_ troubles: [ActionTrouble]) {
        guard !troubles.isEmpty else { return nil }
        self.troubles = troubles
    }

    private func count(_ kind: ActionTrouble.Kind) -> Int {
        let some = troubles.filter { $0.kind == kind }
        return kind == .onHold ? some.count : some.reduce(0) { $0 + $1.count }
    }

    /// The style, which depends on the severity.
    private var style: Style {
        Style(count(.dead) + count(.onHold) > 0 ? .bad : .warning, bold: true)
    }

    /// Returns a text such as `actions: rows on hold, 17 dead`, or `actions 18!` if there is little room.
    func line(isShort: Bool) -> StyledLine {
        guard !isShort else {
            let sum = count(.dead) + count(.uncertain) + count(.heldEntries) + count(.onHold)
            return StyledLine(sum > 0 ? "actions \(Wording.short(sum))!" : "actions late", style)
        }
        let held = troubles.filter { $0.kind == .onHold }
        var parts: [SafeText] = []
        if held.count == 1 {
            parts.append(SafeText(cell: held[0].action).clipped(to: 16) + " on hold")
        } else if held.count > 1 {
            parts.append("\(held.count) actions on hold")
        }
        for (kind, word) in [
            (ActionTrouble.Kind.dead, "dead"), (.uncertain, "uncertain"), (.heldEntries, "entries on hold"),
        ]
        where count(kind) > 0 {
            parts.append("\(Wording.short(count(kind))) \(word)")
        }
        if parts.isEmpty { parts.append("\(Wording.short(count(.backlog))) late") }
        return StyledLine("actions: " + parts.joined(separator: ", "), style)
    }

    /// The mark at the tab.
    var tab: StyledLine { StyledLine("!", style) }
}

// MARK: - Verdicts

extension SignatureVerdict {
    /// The style of the verdict. The symbol and the word carry the same information without colour.
    var style: Style {
        switch self {
        case .valid: Style(.good)
        case .invalid: Style(.bad)
        case .missing, .malformed, .unsupported, .removed: Style(.warning)
        case .unverified, .unsigned, .reconciled: Style(.notice)
        case .unjudged: Style(.secondary)
        }
    }
}
