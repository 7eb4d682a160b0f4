import History
import Notifications
import SafeText
import Terminal

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
