import Base
import History
import Notifications
import Receiving
import Terminal

/// The document that the detail pane should show: the row, the tab and the layout.
struct DocumentRequest: Sendable, Hashable {
    var rowID: Int64
    var deliveryID: Int64
    /// The position of the event in its delivery, from 0.
    var position: Int?
    var eventCount: Int
    var isDuplicate: Bool
    var tab: DetailTab
    var form: BodyForm
    var columns: Int
    var showsUTC: Bool
    /// The revision of the verdicts. This number and the next increase when verdicts or the current secrets change.
    var revision: Int
    var keyringRevision: Int
    /// Whether long lines wrap, in tabs with that option.
    var wraps = true
    /// Whether lines are numbered, in tabs with line numbers.
    var showsNumbers = true
    /// Whether the time of the answer may have been recorded by now.
    var isAnswered = false
    /// The state of the event's actions.
    var actions: EntryState?
    /// The revision of the action queue, if the tab shows it.
    var outbox: Int64 = 0

    /// Returns whether the requests differ in nothing but the row and its data.
    func isSameView(as other: DocumentRequest) -> Bool {
        tab == other.tab && form == other.form && columns == other.columns && showsUTC == other.showsUTC
            && wraps == other.wraps && showsNumbers == other.showsNumbers
    }

    /// Returns whether both requests are for the same tab of the same row, whatever the layout.
    func isSamePage(as other: DocumentRequest) -> Bool {
        rowID == other.rowID && tab == other.tab && form == other.form
    }

    /// The name of the row, such as `126, event 1 of 3`.
    var heading: SafeText {
        guard let position else { return "\(deliveryID)" }
        return eventCount == 1 ? "\(deliveryID)" : "\(deliveryID), event \(position + 1) of \(eventCount)"
    }
}

/// The lines of a tab, laid out for a width.
///
/// Documents are built on another thread, so that a large body does not delay the keys.
struct DetailDocument: Sendable, Hashable {
    let request: DocumentRequest
    /// All lines, including folded ones, without line numbers and marks.
    let lines: [StyledLine]
    let layout: DocumentLayout

    init(request: DocumentRequest, lines: [StyledLine], layout: DocumentLayout = DocumentLayout()) {
        self.request = request
        self.lines = lines
        self.layout = layout
    }

    init(_ content: DocumentContent, for request: DocumentRequest) {
        self.init(request: request, lines: content.lines, layout: content.layout)
    }

    /// Returns the text of a line, for searching. Its columns are columns of the screen.
    func text(ofLine line: Int) -> SafeText {
        lines[line].spans.map(\.text).joined()
    }
}

// MARK: - Building

/// A builder of documents from the history.
struct DocumentBuilder: Sendable {
    let reader: HistoryReader
    let listener: any ListenerAsking
    let clock: WallClock

    /// The maximum number of other deliveries of an event that are listed.
    static let otherDeliveries = 10

    /// Returns the document for a request. If reading fails, the document explains the failure.
    ///
    /// - Parameter isCancelled: A function that returns whether the document is no longer needed. It is called often.
    func build(
        _ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> DetailDocument {
        do {
            guard let record = try reader.delivery(request.deliveryID) else {
                let text: SafeText = "This delivery is no longer recorded."
                return DetailDocument(request: request, lines: [StyledLine(text, Style(.notice))])
            }
            let content = Self.content(
                of: record, for: request, clock: clock, others: try others(record, request),
                actions: try actions(request), evidence: { listener.evidence(for: $0, isCancelled: isCancelled) })
            return DetailDocument(content, for: request)
        } catch {
            let text = "The delivery could not be read: \(error)"
            return DetailDocument(
                request: request, lines: Prose.lines(text, columns: request.columns, style: Style(.bad)))
        }
    }

    private func actions(_ request: DocumentRequest) throws -> ActionsDocument.Source {
        guard request.tab == .actions else { return ActionsDocument.Source() }
        return ActionsDocument.Source(
            entries: try reader.outboxEntries(ofRow: request.rowID), actions: try reader.actions())
    }

    /// Returns the deliveries of the row's event, including this one. The list is longer than the displayed maximum if
    /// there are more.
    private func others(_ record: DeliveryRecord, _ request: DocumentRequest) throws -> [EventDelivery] {
        guard request.tab == .summary, let position = request.position else { return [] }
        let events = Payload(scanning: record.delivery.body).events
        guard events.indices.contains(position) else { return [] }
        return try reader.deliveries(ofEvent: events[position].eventId, limit: Self.otherDeliveries + 2)
    }

    static func content(
        of record: DeliveryRecord, for request: DocumentRequest, clock: WallClock, others: [EventDelivery] = [],
        actions: ActionsDocument.Source = ActionsDocument.Source(),
        evidence: (DeliveryRecord) -> SignatureEvidence
    ) -> DocumentContent {
        let clock = request.showsUTC ? .utc : clock
        return switch request.tab {
        case .summary:
            DocumentContent(
                lines: SummaryDocument(record: record, request: request, clock: clock, others: others).lines)
        case .headers:
            HeadersDocument(headers: record.delivery.headers, columns: request.columns, wraps: request.wraps).content
        case .body:
            BodyDocument(
                delivery: record.delivery, form: request.form, columns: request.columns, position: request.position,
                wraps: request.wraps, showsNumbers: request.showsNumbers
            ).content
        case .actions:
            DocumentContent(lines: ActionsDocument(source: actions, columns: request.columns, clock: clock).lines)
        case .signature:
            DocumentContent(
                lines: SignatureDocument(evidence: evidence(record), columns: request.columns).lines)
        }
    }
}

// MARK: - Layout

/// The structure of a document's lines.
///
/// A wrapped line is several lines of a document, but one line of its source, which is the body, the formatted JSON or
/// the list of header fields. Numbers, folds, marks and the cursor refer to lines of the source, so they stay valid
/// when the width changes.
struct DocumentLayout: Sendable, Hashable {
    /// The source line that each document line shows, from 0, in rising order; -1 for the notes above the source. Empty
    /// if the lines are not those of a source.
    var sources: [Int32] = []
    /// The number of source lines.
    var sourceCount = 0
    /// Whether source lines are shown with their numbers.
    var isNumbered = false
    /// Whether keys move a cursor instead of scrolling.
    var hasCursor = false
    /// The number of columns on the left that do not scroll sideways, such as those of header names.
    var stayingColumns = 0
    /// The containers that can be folded, ordered by their first lines.
    var folds: [PrettyJSON.Fold] = []
    /// The first lines of the containers that are folded by "fold all": the events or, without events, the children of
    /// the outermost container.
    var groups: [Int] = []
    /// The first lines of the containers that are folded initially.
    var startsFolded: Set<Int> = []
    /// The lines of the selected event, if the delivery has other events.
    var event: ClosedRange<Int>?
    /// The line with the error that prevents parsing the body as JSON.
    var badLine: Int?

    /// The width of the line numbers and marks at the left edge.
    var gutter: Int { numberColumns + markColumns }

    /// The width of a line number and the gap after it.
    var numberColumns: Int { isNumbered && sourceCount > 0 ? String(sourceCount).utf8.count + 1 : 0 }

    /// The width of a mark and the gap after it.
    private var markColumns: Int { event == nil && badLine == nil ? 0 : 2 }

    /// Returns the first document line that shows the given source line or a later one.
    func firstLine(ofSource source: Int) -> Int {
        var (low, high) = (0, sources.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(sources[middle]) < source { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Returns the source line that a document line shows; nil for a note.
    func source(ofLine line: Int) -> Int? {
        guard sources.indices.contains(line), sources[line] >= 0 else { return nil }
        return Int(sources[line])
    }

    /// Returns whether a document line is the first one of its source line.
    func isFirst(_ line: Int) -> Bool {
        line == 0 || sources[line - 1] != sources[line]
    }

    /// Returns the container that opens on a source line.
    func fold(opening source: Int) -> PrettyJSON.Fold? {
        let place = place(ofFoldUpTo: source)
        guard place >= 0, folds[place].lines.lowerBound == source else { return nil }
        return folds[place]
    }

    /// Returns the innermost container around a source line. A container includes its opening and closing lines.
    ///
    /// - Parameter outside: Whether to skip the container that opens on the line itself.
    func fold(around source: Int, outside: Bool = false) -> PrettyJSON.Fold? {
        var place = place(ofFoldUpTo: outside ? source - 1 : source)
        while place >= 0, folds[place].lines.upperBound < source { place -= 1 }
        return place >= 0 ? folds[place] : nil
    }

    /// Returns the index of the last container that opens on or before a source line; -1 if all open after it.
    private func place(ofFoldUpTo source: Int) -> Int {
        var (low, high) = (0, folds.count)
        while low < high {
            let middle = (low + high) / 2
            if folds[middle].lines.lowerBound <= source { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}

/// Lines and their layout, while a document is built.
struct DocumentContent {
    private(set) var lines: [StyledLine] = []
    var layout = DocumentLayout()

    /// Adds the document lines of the next source line.
    mutating func add(source: Int, _ lines: some Sequence<StyledLine>) {
        for line in lines {
            self.lines.append(line)
            layout.sources.append(Int32(clamping: source))
        }
    }

    /// Inserts notes above all other lines.
    mutating func note(_ notes: [StyledLine]) {
        lines.insert(contentsOf: notes, at: 0)
        if !layout.sources.isEmpty {
            layout.sources.insert(contentsOf: repeatElement(-1, count: notes.count), at: 0)
        }
    }
}

// MARK: - Lines

/// A view of a document's lines: margin, line number, mark, and the visible part of the text.
struct DocumentLines {
    /// The number of columns to the left of the text: the cursor's bar and a blank.
    static let margin = ListRow.margin

    let document: DetailDocument
    let folding: Folding
    let sideways: Int

    private var layout: DocumentLayout { document.layout }

    /// Draws a document line in a row of the surface.
    func draw(_ line: Int, row: Int, on surface: inout Surface) {
        let margin = Self.margin
        let source = layout.source(ofLine: line)
        if let source, layout.isFirst(line) { drawGutter(source, row: row, from: margin, on: &surface) }
        let gutter = source == nil ? margin : margin + layout.gutter
        let text = source.flatMap { folded($0, line) } ?? document.lines[line]
        let room = Rect(column: gutter, row: row, columns: max(0, surface.size.columns - gutter), rows: 1)
        surface.draw(in: room) { part in
            // Notes always wrap, so they do not scroll sideways.
            draw(text, sideways: source == nil ? 0 : sideways, on: &part)
        }
    }

    private func drawGutter(_ source: Int, row: Int, from column: Int, on surface: inout Surface) {
        if layout.numberColumns > 0 {
            let number = SafeText("\(source + 1)")
            let end = column + layout.numberColumns - 1
            surface.put(number, at: Point(column: end - number.width, row: row), style: Style(.secondary))
        }
        let mark = Point(column: column + layout.numberColumns, row: row)
        if source == layout.badLine { surface.put("▸", at: mark, style: Style(.bad, bold: true)) }
        if source == layout.event?.lowerBound { surface.put("▸", at: mark, style: Style(.accent, bold: true)) }
    }

    /// Returns the line that represents a folded container: its opening and closing brackets, and its number of
    /// elements.
    private func folded(_ source: Int, _ line: Int) -> StyledLine? {
        guard folding.folded.contains(source), let fold = layout.fold(opening: source) else { return nil }
        var text = document.lines[line]
        text.append("…", Style(.secondary))
        let closing = document.lines[layout.firstLine(ofSource: fold.lines.upperBound)]
        // Append the closing line without its indentation.
        text = text + StyledLine(Array(closing.spans.dropFirst()))
        let (one, many) = fold.isObject ? ("field", "fields") : ("element", "elements")
        text.append(" \(Wording.grouped(fold.count)) \(fold.count == 1 ? one : many)", Style(.secondary))
        return text
    }

    private func draw(_ text: StyledLine, sideways: Int, on surface: inout Surface) {
        let columns = surface.size.columns
        let staying = sideways > 0 ? min(layout.stayingColumns, columns) : 0
        surface.draw(in: Rect(column: 0, row: 0, columns: staying, rows: 1)) { part in
            part.put(text, at: Point(column: 0, row: 0))
        }
        surface.draw(in: Rect(column: staying, row: 0, columns: columns - staying, rows: 1)) { part in
            part.put(text, at: Point(column: -sideways - staying, row: 0))
        }
        let style = Style(.accent, bold: true)
        if sideways > 0, text.width > staying { surface.put("‹", at: Point(column: staying, row: 0), style: style) }
        if text.width - sideways > columns { surface.put("›", at: Point(column: columns - 1, row: 0), style: style) }
    }
}

// MARK: - Folding

/// The folded containers of a document, and the lines that remain shown.
struct Folding: Hashable {
    /// The first source lines of the folded containers.
    private(set) var folded: Set<Int> = []
    /// The document lines that are shown; nil if all are.
    private var shown: [Int]?
    private var all = 0

    /// The number of lines that are shown.
    var count: Int { shown?.count ?? all }

    /// Returns the document line at a position among the shown lines.
    func line(at place: Int) -> Int { shown?[place] ?? place }

    /// Returns the position of a document line among the shown lines or, if it is folded, the position of its
    /// container.
    func place(of line: Int) -> Int {
        guard let shown else { return line }
        var (low, high) = (0, shown.count)
        while low < high {
            let middle = (low + high) / 2
            if shown[middle] <= line { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// Folds the containers that open on these source lines, and unfolds all others. The time needed is proportional to
    /// the number of shown lines.
    mutating func fold(_ folded: Set<Int>, in document: DetailDocument) {
        let layout = document.layout
        self.folded = folded
        all = document.lines.count
        guard !folded.isEmpty else {
            shown = nil
            return
        }
        var shown: [Int] = []
        var next = 0
        for opening in folded.sorted() {
            let first = layout.firstLine(ofSource: opening)
            guard first >= next, let fold = layout.fold(opening: opening) else { continue }
            shown += next...first
            next = layout.firstLine(ofSource: fold.lines.upperBound + 1)
        }
        shown += next..<max(next, all)
        self.shown = shown
    }

    /// Unfolds the containers that hide a source line.
    mutating func reveal(_ source: Int, in document: DetailDocument) {
        let hiding = folded.filter { opening in
            document.layout.fold(opening: opening).map { $0.lines.contains(source) && opening != source } ?? false
        }
        if !hiding.isEmpty { fold(folded.subtracting(hiding), in: document) }
    }
}

// MARK: - Prose and fields

/// Functions that wrap sentences between words.
enum Prose {
    /// Returns the lines of a text. A word longer than a line is split.
    static func lines(_ text: String, columns: Int) -> [SafeText] {
        let columns = max(1, columns)
        var lines: [SafeText] = []
        var line = SafeText.empty
        for word in text.split(separator: " ").map({ SafeText(String($0)) }) {
            if !line.isEmpty, line.width + 1 + word.width <= columns {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            let parts = word.wrapped(to: columns)
            lines += parts.dropLast()
            line = parts.last ?? .empty
        }
        return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
    }

    /// Returns the lines of a text in one style.
    static func lines(_ text: String, columns: Int, style: Style) -> [StyledLine] {
        lines(text, columns: columns).map { StyledLine($0, style) }
    }

    /// Draws remarks one below the other, as the forms have them below their fields.
    static func draw(
        _ remarks: [(text: SafeText, role: Role)], from first: Int, columns: Int = .max, on surface: inout Surface
    ) {
        var row = first
        for (text, role) in remarks {
            for line in lines(text.string, columns: min(columns, surface.size.columns - 3)) {
                surface.put(line, at: Point(column: ListRow.margin, row: row), style: Style(role))
                row += 1
            }
        }
    }

    /// Returns the first lines, but at least one, with an ellipsis if lines were left out.
    static func shortened(_ lines: [StyledLine], to most: Int, columns: Int, style: Style) -> [StyledLine] {
        var shown = Array(lines.prefix(max(1, most)))
        guard shown.count < lines.count, let last = shown.popLast() else { return lines }
        return shown + [(last + StyledLine(" …", style)).clipped(to: columns)]
    }
}

/// Named values in two columns: the names on the left, the values on the right.
struct FieldList {
    let columns: Int
    private(set) var lines: [StyledLine] = []

    private var nameColumns: Int { columns < 50 ? 12 : 16 }

    /// Adds a value, which wraps within its column.
    mutating func add(_ name: SafeText, _ value: StyledLine) {
        let room = max(8, columns - nameColumns)
        for (index, part) in value.wrapped(to: room).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + part)
        }
    }

    /// Adds sentences, which wrap between words.
    mutating func add(_ name: SafeText, prose: String) {
        for (index, part) in Prose.lines(prose, columns: max(8, columns - nameColumns)).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + StyledLine(part))
        }
    }

    /// Adds a value with a note: on the same line if there is room, else on the next.
    mutating func add(_ name: SafeText, _ value: StyledLine, note: SafeText) {
        let note = StyledLine(note, Style(.secondary))
        if nameColumns + value.width + 2 + note.width <= columns {
            add(name, value + StyledLine("  ") + note)
        } else {
            add(name, value)
            add("", note)
        }
    }

    mutating func add(_ name: SafeText, _ value: SafeText, _ style: Style = .plain) {
        add(name, StyledLine(value, style))
    }

    /// Adds a heading, after an empty line unless it is the first.
    mutating func head(_ title: SafeText) {
        if !lines.isEmpty { lines.append(StyledLine()) }
        lines.append(StyledLine(title, Style(.heading)))
    }

    mutating func add(_ more: [StyledLine]) {
        lines += more
    }
}
