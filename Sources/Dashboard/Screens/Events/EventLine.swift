import History
import Notifications
import SafeText
import Terminal

/// A row of the event list as text.
struct EventLine {
    let row: EventRow
    let clock: WallClock

    /// Draws the row; the places are those of `EventsScreen.columns`.
    func draw(_ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        for place in places {
            guard let (text, style) = cell(place.index) else { continue }
            let point = Point(column: ListRow.margin + place.start, row: line)
            surface.put(place.fit(text), at: point, columns: place.width, style: style)
        }
        if let note { draw(note, places, at: line, on: &surface) }
        if row.isDuplicate, let place = places.first(where: { $0.index == 3 }) {
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

    private func cell(_ index: Int) -> (SafeText, Style)? {
        switch index {
        case 0: return (clock.time(row.receivedAt).map { "\($0.timeOfDay)" } ?? "?", quiet)
        case 1:
            return ("\(row.verdict.glyph) \(row.verdict.word)", row.verdict.style)
        default: break
        }
        guard row.position != nil else { return nil }
        switch index {
        case 2: return (SafeText(cell: EventType(row.eventType.text).shortName), quiet)
        case 3: return (SafeText(cell: row.objectName.text), quiet)
        case 4: return (size, quiet)
        case 5: return (SafeText(cell: row.bucketName.text), Style(.secondary))
        default: return (SafeText(cell: row.matchedRuleName.text), Style(.secondary))
        }
    }

    private var quiet: Style { row.isDuplicate || row.position == nil ? Style(.secondary) : .plain }

    private var size: SafeText {
        row.objectSize.integer.map { "\(Wording.bytes($0))" } ?? SafeText(cell: row.objectSize.text)
    }

    /// The note stands where type and object would.
    private func draw(_ note: SafeText, _ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        guard let first = places.first(where: { $0.index >= 2 }), let last = places.first(where: { $0.index == 3 })
        else { return }
        let width = last.start + last.width - first.start
        let point = Point(column: ListRow.margin + first.start, row: line)
        surface.put(note.clippedInMiddle(to: width), at: point, columns: width, style: Style(.secondary))
    }

    private func drawDuplicate(_ place: Columns.Place, at line: Int, on surface: inout Surface) {
        let point = Point(column: ListRow.margin + place.start, row: line)
        let mark: SafeText = "dup "
        surface.put(mark, at: point, columns: place.width, style: Style(.notice))
        let room = place.width - mark.width
        surface.put(
            place.column.fit(SafeText(cell: row.objectName.text), to: room),
            at: Point(column: point.column + mark.width, row: line), columns: room, style: quiet)
    }
}
