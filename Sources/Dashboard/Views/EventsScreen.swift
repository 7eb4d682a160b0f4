import Browsing
import History
import Notifications
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    /// From this width on what became of actions is told in words; below it in symbols, with a legend.
    private static let roomForWords = 100
    /// A list of fewer lines has no legend: it needs them for rows.
    private static let leastLinesWithLegend = 8

    /// The columns for the rows that are there.
    private static func columns(_ model: DashboardModel, hasWords: Bool) -> Columns {
        let (layout, order) = (model.rows.layout, model.listing.query.order)
        let columns = layout.choice.events
        let object = columns.firstIndex(of: .object).map { layout.eventWidths[$0] } ?? 0
        return Columns(
            columns.enumerated().map { index, column in
                let title = column.title(in: order, reading: column == .time ? model.session.timeTitle : nil)
                let (clock, rows) = (model.session.rowClock, model.rows.window.rows)
                if column == .time { return clock.column(title, holding: rows.lazy.map(\.receivedAt)) }
                if column == .eventTime {
                    let moments = rows.lazy.compactMap(\.eventTimestamp.integer).map { Timestamp(milliseconds: $0) }
                    var laidOut = clock.column(title, holding: moments)
                    // With milliseconds, where there is room.
                    laidOut.ideal += 4
                    laidOut.leaveOrder = 3
                    return laidOut
                }
                var laidOut = column.column(
                    title: title, holding: max(layout.eventWidths[index], title.width), objectWidth: object,
                    hasWords: hasWords)
                laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
                return laidOut
            })
    }

    static func widths(of rows: [EventRow], in columns: [EventColumn]) -> TextWidths {
        let clock = RowClock(.utc, now: Timestamp(milliseconds: 0))
        return TextWidths(rows, titles: columns.map(\.title)) {
            EventLine(row: $0, clock: clock, columns: columns).texts
        }
    }

    /// Where the columns stand in a list so wide, behind its margin.
    static func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        self.columns(model, hasWords: columns >= roomForWords).fitted(to: columns - model.listMargin)
    }

    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let margin = model.listMargin
        let choice = model.rows.layout.choice.events
        let places = places(model, columns: surface.size.columns)
        ListRow.drawTitles(places, margin: margin, on: &surface)
        let clock = model.session.rowClock
        let verdict = places.first { choice[$0.index] == .signature }
        for (index, line) in model.rows.visible.enumerated() {
            let row = index + 1
            switch line {
            case .day(let day):
                surface.rule(row: row)
                surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
            case .row(let event):
                EventLine(row: event, clock: clock, columns: choice)
                    .draw(places, at: row, margin: margin, on: &surface)
                model.finish(event, at: row, hasKeys: !model.detail.hasKeys, emphasis: verdict, on: &surface)
            }
        }
        if model.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        if legendLines(model, in: surface.size) > 0 {
            surface.put(
                legend(model, columns: surface.size.columns - ListRow.margin),
                at: Point(column: ListRow.margin, row: surface.size.rows - 1))
        }
    }

    /// The lines at the end of a list of this size that explain symbols.
    static func legendLines(_ model: DashboardModel, in size: Size) -> Int {
        model.showsActionMarks && size.columns < roomForWords && size.rows >= leastLinesWithLegend ? 1 : 0
    }

    /// Returns the symbols of actions that are seen with their meanings; a shorter name leads them where room is short.
    private static func legend(_ model: DashboardModel, columns: Int) -> StyledLine {
        let states = Set(model.rows.visible.compactMap { $0.row?.actions })
        // States that share a symbol share its entry.
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
}

// MARK: - Columns

/// The columns that the event list can show.
enum EventColumn: String, ListColumn {
    case time, signature, type, object, size, bucket, rule
    // Those that are shown if they are chosen.
    case status, secret, eventTime = "event-time", eventID = "event-id", version, delivery, bytes
    // There by itself as long as there are actions.
    case actions

    static let standard: [EventColumn] = [.time, .signature, .type, .object, .size, .bucket, .rule]

    static let choosable = allCases.filter { $0 != .actions }

    var title: SafeText {
        switch self {
        case .time: "TIME"
        case .signature: "SIGNATURE"
        case .type: "TYPE"
        case .object: "OBJECT"
        case .size: "SIZE"
        case .bucket: "BUCKET"
        case .rule: "RULE"
        case .status: "STATUS"
        case .secret: "SECRET"
        case .eventTime: "EVENT TIME"
        case .eventID: "EVENT ID"
        case .version: "VERSION ID"
        case .delivery: "DELIVERY"
        case .bytes: "BYTES"
        case .actions: "ACTIONS"
        }
    }

    var meaning: String {
        switch self {
        case .time: "time of arrival"
        case .signature: "verdict on the signature"
        case .type: "type of the event"
        case .object: "name of the object"
        case .size: "size of the object"
        case .bucket: "name of the bucket"
        case .rule: "name of the rule"
        case .status: "HTTP status of the answer"
        case .secret: "secret that matched"
        case .eventTime: "the event's own time"
        case .eventID: "the event's id"
        case .version: "version id of the object"
        case .delivery: "number of the delivery"
        case .bytes: "bytes of the delivery's body"
        case .actions: "what became of its actions"
        }
    }

    /// The name of the same column in an export; nil for those that every table has.
    var exported: String? {
        switch self {
        case .type, .object, .size, .eventTime, .version, .actions: nil
        case .time: "received"
        case .signature, .bucket, .rule, .status, .secret, .eventID, .delivery, .bytes: rawValue
        }
    }

    var sort: SortColumn? {
        switch self {
        case .time: .received
        case .signature: .signature
        case .type: .type
        case .object: .object
        case .size: .size
        case .bucket: .bucket
        case .rule: .rule
        case .status: .status
        case .eventTime: .eventTime
        case .secret, .eventID, .version, .delivery, .bytes, .actions: nil
        }
    }

    /// The column where the widest text, or the title, is so wide.
    ///
    /// As the list narrows RULE leaves first, then BUCKET, then what was chosen besides, SIZE and TYPE; OBJECT takes
    /// what the others leave. Verdicts are never cut, and a type only where it is longer than any that B2 is likely to
    /// think of.
    ///
    /// - Parameter hasWords: Whether there is room for words beside symbols that have a legend otherwise.
    func column(title: SafeText, holding width: Int, objectWidth: Int, hasWords: Bool) -> Column {
        switch self {
        // The list lays them out by the moments that it shows.
        case .time, .eventTime: return Column(title, minimum: 8)
        case .signature: return Column(title, minimum: width)
        case .actions: return Column(title, short: "A", minimum: hasWords ? width : 1)
        case .type:
            return Column(title, minimum: min(max(14, width), 36), ideal: min(width, 64), leaveOrder: 4, cut: .middle)
        case .object:
            return Column(title, minimum: Self.leastObject, ideal: min(width, 40), weight: 1, cut: .middle)
        case .size:
            return Column(title, minimum: min(max(8, width), 12), leaveOrder: 3, alignment: .right)
        case .bucket, .rule:
            // Not at the price of an OBJECT that says too little.
            let spare = min(objectWidth, 24) - Self.leastObject
            return Column(
                title, minimum: min(width, 16), ideal: min(width, 63), leaveOrder: self == .rule ? 1 : 2,
                spare: max(0, spare), cut: .middle)
        case .status, .delivery, .bytes:
            return Column(title, minimum: min(width, 12), leaveOrder: 3, alignment: .right)
        case .secret, .eventID, .version:
            return Column(title, minimum: min(width, 12), ideal: min(width, 40), leaveOrder: 3, cut: .middle)
        }
    }

    private static let leastObject = 14
}

// MARK: - Lines

/// A row of the event list as text.
struct EventLine {
    let row: EventRow
    let clock: RowClock
    let columns: [EventColumn]

    /// Draws the row; the places are those of `columns`.
    func draw(_ places: [Columns.Place], at line: Int, margin: Int, on surface: inout Surface) {
        for place in places {
            guard let (text, style) = cell(columns[place.index], width: place.width) else { continue }
            let point = Point(column: margin + place.start, row: line)
            // The symbol alone where its word has no room; the legend below the list explains it.
            if columns[place.index] == .actions, let state = row.actions, place.width < text.width {
                surface.put("\(state.glyph)", at: point, columns: place.width, style: style)
                continue
            }
            surface.put(place.fit(text), at: point, columns: place.width, style: style)
        }
        if let note = Self.note(row) { draw(note, places, at: line, margin: margin, on: &surface) }
        if row.isDuplicate, let place = places.first(where: { columns[$0.index] == .object }) {
            drawDuplicate(place, at: line, margin: margin, on: &surface)
        }
    }

    /// What a delivery without a readable event is; such as `GET /favicon.ico, answered 405`.
    static func note(_ row: EventRow) -> SafeText? {
        guard row.position == nil else { return nil }
        if row.verdict == .unjudged {
            return SafeText(cell: "\(row.method) \(row.target)") + ", answered \(row.status)"
        }
        let size = Wording.count(row.bodyLength, "byte", "bytes")
        return row.status == 200 ? "no events: \(size)" : "no events: \(size), answered \(row.status)"
    }

    /// The texts of the columns; nil where the row has none.
    var texts: [SafeText?] {
        columns.map { column in
            let text = cell(column)?.text
            return column == .object && row.isDuplicate ? text.map { Self.duplicateMark + $0 } : text
        }
    }

    private static let duplicateMark: SafeText = "dup "

    private func cell(_ column: EventColumn, width: Int = .max) -> (text: SafeText, style: Style)? {
        let secondary = Style(.secondary)
        switch column {
        case .time: return (clock.text(row.receivedAt, columns: width), quiet)
        case .signature: return ("\(row.verdict.glyph) \(row.verdict.title)", row.verdict.style)
        default: break
        }
        // What has no event has a note in place of what follows.
        guard row.position != nil else { return nil }
        switch column {
        case .time, .signature: return nil
        case .type: return (SafeText(cell: EventType(row.eventType.text).shortName), quiet)
        case .object: return (SafeText(cell: row.objectName.text), quiet)
        case .size: return (size, quiet)
        case .bucket: return (SafeText(cell: row.bucketName.text), secondary)
        case .rule: return (SafeText(cell: row.matchedRuleName.text), secondary)
        case .status: return ("\(row.status)", secondary)
        case .secret: return row.secret.map { (SafeText(cell: $0), secondary) }
        case .eventTime: return (eventTime(width), secondary)
        case .eventID: return (SafeText(cell: row.eventId.text), secondary)
        case .version: return (SafeText(cell: row.objectVersionId.text), secondary)
        case .delivery: return ("\(row.deliveryID)", secondary)
        case .bytes: return ("\(Wording.grouped(row.bodyLength))", secondary)
        case .actions: return row.actions.map { ("\($0.glyph) \($0.word)", $0.style) }
        }
    }

    private var quiet: Style { row.isDuplicate || row.position == nil ? Style(.secondary) : .plain }

    private var size: SafeText {
        row.objectSize.integer.map { "\(Wording.bytes($0))" } ?? SafeText(cell: row.objectSize.text)
    }

    private func eventTime(_ width: Int) -> SafeText {
        guard let milliseconds = row.eventTimestamp.integer else { return SafeText(cell: row.eventTimestamp.text) }
        let moment = Timestamp(milliseconds: milliseconds)
        guard let time = clock.clock.time(moment) else { return SafeText(cell: row.eventTimestamp.text) }
        let text = clock.text(moment, columns: width)
        return width - text.width >= 4 && text.string.hasSuffix(time.timeOfDay) ? text + ".\(time.fraction)" : text
    }

    /// The note stands where the event would, behind the time and the verdict.
    private func draw(
        _ note: SafeText, _ places: [Columns.Place], at line: Int, margin: Int, on surface: inout Surface
    ) {
        let isOwn = places.map { [.time, .signature, .actions].contains(columns[$0.index]) }
        // As many columns side by side as there are, from the first that is the event's.
        guard let first = isOwn.firstIndex(of: false) else { return }
        let last = isOwn[first...].firstIndex(of: true).map { $0 - 1 } ?? places.count - 1
        let width = places[last].start + places[last].width - places[first].start
        let point = Point(column: margin + places[first].start, row: line)
        surface.put(note.clippedInMiddle(to: width), at: point, columns: width, style: Style(.secondary))
    }

    private func drawDuplicate(_ place: Columns.Place, at line: Int, margin: Int, on surface: inout Surface) {
        let point = Point(column: margin + place.start, row: line)
        let mark = Self.duplicateMark
        surface.put(mark, at: point, columns: place.width, style: Style(.notice))
        let room = place.width - mark.width
        surface.put(
            place.column.fit(SafeText(cell: row.objectName.text), to: room),
            at: Point(column: point.column + mark.width, row: line), columns: room, style: quiet)
    }
}

// MARK: - Marks of actions

/// What the top line and the tab of the actions show where an action needs a person: entries that are dead or uncertain,
/// an action on hold, and one that is behind. It never leaves as the line narrows, but gets shorter.
struct ActionMark {
    let troubles: [ActionTrouble]

    /// Nil where nothing needs anybody.
    init?(_ troubles: [ActionTrouble]) {
        guard !troubles.isEmpty else { return nil }
        self.troubles = troubles
    }

    private func count(_ kind: ActionTrouble.Kind) -> Int {
        let some = troubles.filter { $0.kind == kind }
        return kind == .onHold ? some.count : some.reduce(0) { $0 + $1.count }
    }

    /// How bad it is.
    private var style: Style {
        Style(count(.dead) + count(.onHold) > 0 ? .bad : .warning, bold: true)
    }

    /// Such as `actions: rows on hold, 17 dead`, or `actions: 18 !` where there is little room.
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
    /// How the verdict looks; its glyph and word say the same without colour.
    var style: Style {
        switch self {
        case .valid: Style(.good)
        case .invalid: Style(.bad)
        case .missing, .malformed, .unsupported, .removed: Style(.warning)
        case .unverified, .unsigned: Style(.notice)
        case .unjudged: Style(.secondary)
        }
    }
}
