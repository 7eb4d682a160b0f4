import History
import Notifications
import SafeText
import Terminal

/// A row of the event list as text.
struct EventLine {
    let row: EventRow
    let clock: WallClock

    /// Draws the row; the places are those of all `EventColumn`s.
    func draw(_ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        for place in places {
            guard let (text, style) = EventColumn(rawValue: place.index).flatMap(cell) else { continue }
            let point = Point(column: ListRow.margin + place.start, row: line)
            surface.put(place.fit(text), at: point, columns: place.width, style: style)
        }
        if let note { draw(note, places, at: line, on: &surface) }
        if row.isDuplicate, let place = place(of: .object, in: places) {
            drawDuplicate(place, at: line, on: &surface)
        }
    }

    /// What a delivery without a readable event is; such as `GET /favicon.ico → 405`.
    var note: SafeText? {
        guard row.position == nil else { return nil }
        if row.verdict == .unjudged { return SafeText(cell: "\(row.method) \(row.target)") + " → \(row.status)" }
        let size = Wording.count(row.bodyLength, "byte", "bytes")
        return row.status == 200 ? "no events: \(size)" : "no events: \(size) → \(row.status)"
    }

    /// The texts of all columns; nil where the row has none.
    var texts: [SafeText?] {
        EventColumn.allCases.map { column in
            let text = cell(column)?.text
            return column == .object && row.isDuplicate ? text.map { Self.duplicateMark + $0 } : text
        }
    }

    private static let duplicateMark: SafeText = "dup "

    private func cell(_ column: EventColumn) -> (text: SafeText, style: Style)? {
        switch column {
        case .time: return (clock.time(row.receivedAt).map { "\($0.timeOfDay)" } ?? "?", quiet)
        case .signature: return ("\(row.verdict.glyph) \(row.verdict.word)", row.verdict.style)
        default: break
        }
        guard row.position != nil else { return nil }
        switch column {
        case .type: return (SafeText(cell: EventType(row.eventType.text).shortName), quiet)
        case .object: return (SafeText(cell: row.objectName.text), quiet)
        case .size: return (size, quiet)
        case .bucket: return (SafeText(cell: row.bucketName.text), Style(.secondary))
        default: return (SafeText(cell: row.matchedRuleName.text), Style(.secondary))
        }
    }

    private func place(of column: EventColumn, in places: [Columns.Place]) -> Columns.Place? {
        places.first { $0.index == column.rawValue }
    }

    private var quiet: Style { row.isDuplicate || row.position == nil ? Style(.secondary) : .plain }

    private var size: SafeText {
        row.objectSize.integer.map { "\(Wording.bytes($0))" } ?? SafeText(cell: row.objectSize.text)
    }

    /// The note stands where the event would, from its type on.
    private func draw(_ note: SafeText, _ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        guard let first = places.first(where: { $0.index > EventColumn.signature.rawValue }), let last = places.last
        else { return }
        let width = last.start + last.width - first.start
        let point = Point(column: ListRow.margin + first.start, row: line)
        surface.put(note.clippedInMiddle(to: width), at: point, columns: width, style: Style(.secondary))
    }

    private func drawDuplicate(_ place: Columns.Place, at line: Int, on surface: inout Surface) {
        let point = Point(column: ListRow.margin + place.start, row: line)
        let mark = Self.duplicateMark
        surface.put(mark, at: point, columns: place.width, style: Style(.notice))
        let room = place.width - mark.width
        surface.put(
            place.column.fit(SafeText(cell: row.objectName.text), to: room),
            at: Point(column: point.column + mark.width, row: line), columns: room, style: quiet)
    }
}
