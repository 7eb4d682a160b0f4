import Base
import History
import Notifications
import Terminal

/// What the detail pane is to show: of which row, which tab, how wide.
struct DocumentRequest: Sendable, Hashable {
    var rowID: Int64
    var deliveryID: Int64
    /// The event's place in its delivery, from 0.
    var position: Int?
    var eventCount: Int
    var isDuplicate: Bool
    var tab: DetailTab
    var form: BodyForm
    var columns: Int
    var showsUTC: Bool
    /// Grow when verdicts, or the secrets held, change.
    var revision: Int
    var keyringRevision: Int
    /// Whether what is too long for a line goes on below it, where a tab leaves the choice.
    var wraps = true
    /// Whether lines are numbered, where a tab has numbers.
    var showsNumbers = true
    /// Whether the answer's time may be recorded by now.
    var isAnswered = false
    /// What has become of the event's actions.
    var actions: EntryState?
    /// The state of the outbox, where a tab tells of it.
    var outbox: Int64 = 0

    /// The same in all but the row.
    func isSameView(as other: DocumentRequest) -> Bool {
        tab == other.tab && form == other.form && columns == other.columns && showsUTC == other.showsUTC
            && wraps == other.wraps && showsNumbers == other.showsNumbers
    }

    /// The same tab of the same row, however it is laid out.
    func isSamePage(as other: DocumentRequest) -> Bool {
        rowID == other.rowID && tab == other.tab && form == other.form
    }

    /// Such as `126, event 1 of 3`.
    var heading: SafeText {
        guard let position else { return "\(deliveryID)" }
        return eventCount == 1 ? "\(deliveryID)" : "\(deliveryID), event \(position + 1) of \(eventCount)"
    }
}

/// The lines of a tab, laid out for a width.
///
/// They are built off the screen's thread: a body of a mebibyte makes no key wait.
struct DetailDocument: Sendable, Hashable {
    let request: DocumentRequest
    /// All lines, also those that the pane has folded away; without numbers and marks.
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

    /// What a line says, for those who search in it; a column is a column of the screen.
    func text(ofLine line: Int) -> SafeText {
        lines[line].spans.map(\.text).joined()
    }
}

// MARK: - Building

/// Builds the lines of a tab from what is recorded.
struct DocumentBuilder: Sendable {
    let reader: HistoryReader
    let control: any ListenerControl
    let clock: WallClock

    /// As many other deliveries of an event are told of.
    static let otherDeliveries = 10

    /// - Parameter isCancelled: Asked often whether nobody waits for it any more.
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
                actions: try actions(request), evidence: { control.evidence(for: $0, isCancelled: isCancelled) })
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

    /// The deliveries of the row's event, this one among them; one more than are shown, if there are more.
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

/// What the lines of a document are, beside what they say.
///
/// A line that wraps is several lines of a document, and one of its source: of the body, of the laid out JSON, of the
/// header fields. What belongs to the source (numbers, folds, marks, the cursor) outlives a change of the width.
struct DocumentLayout: Sendable, Hashable {
    /// The source's line that each line shows, from 0, rising; -1 for the notes before it. Empty where there is no
    /// source.
    var sources: [Int32] = []
    /// How many lines the source has.
    var sourceCount = 0
    /// Whether each is to be shown with its number.
    var isNumbered = false
    /// Whether the keys move a cursor rather than the text.
    var hasCursor = false
    /// The columns that stay where the view moves sideways, such as those of names.
    var stayingColumns = 0
    /// What can be folded, in the order in which it opens.
    var folds: [PrettyJSON.Fold] = []
    /// The lines that open what is folded where everything is: the events, or what stands in the outermost container.
    var groups: [Int] = []
    /// The lines that open what is folded at first.
    var startsFolded: Set<Int> = []
    /// The lines of the event whose row is selected, where there are others.
    var event: ClosedRange<Int>?
    /// The line that keeps the body from being JSON.
    var badLine: Int?

    /// The columns of the numbers and marks at the left edge.
    var gutter: Int { numberColumns + markColumns }

    /// The columns of a number with its gap.
    var numberColumns: Int { isNumbered && sourceCount > 0 ? String(sourceCount).utf8.count + 1 : 0 }

    /// The columns of a mark with its gap.
    private var markColumns: Int { event == nil && badLine == nil ? 0 : 2 }

    /// The first of the document's lines that show this line of the source, or a later one.
    func firstLine(ofSource source: Int) -> Int {
        var (low, high) = (0, sources.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(sources[middle]) < source { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The line of the source that a line shows; nil for a note.
    func source(ofLine line: Int) -> Int? {
        guard sources.indices.contains(line), sources[line] >= 0 else { return nil }
        return Int(sources[line])
    }

    /// Whether a line is the first that shows its source's line.
    func isFirst(_ line: Int) -> Bool {
        line == 0 || sources[line - 1] != sources[line]
    }

    /// What opens on a line of the source.
    func fold(opening source: Int) -> PrettyJSON.Fold? {
        let place = place(ofFoldUpTo: source)
        guard place >= 0, folds[place].lines.lowerBound == source else { return nil }
        return folds[place]
    }

    /// The innermost of what holds a line of the source, its own opening and closing lines included.
    ///
    /// - Parameter outside: Leaves out what opens on the line itself.
    func fold(around source: Int, outside: Bool = false) -> PrettyJSON.Fold? {
        var place = place(ofFoldUpTo: outside ? source - 1 : source)
        while place >= 0, folds[place].lines.upperBound < source { place -= 1 }
        return place >= 0 ? folds[place] : nil
    }

    /// The place of the last fold that opens on a line or before it; -1 if there is none.
    private func place(ofFoldUpTo source: Int) -> Int {
        var (low, high) = (0, folds.count)
        while low < high {
            let middle = (low + high) / 2
            if folds[middle].lines.lowerBound <= source { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}

/// Lines with their layout, while they are being made.
struct DocumentContent {
    private(set) var lines: [StyledLine]
    var layout: DocumentLayout

    init(lines: [StyledLine] = [], layout: DocumentLayout = DocumentLayout()) {
        self.lines = lines
        self.layout = layout
    }

    /// Adds the lines that show the next line of the source.
    mutating func add(source: Int, _ lines: some Sequence<StyledLine>) {
        for line in lines {
            self.lines.append(line)
            layout.sources.append(Int32(clamping: source))
        }
    }

    /// Puts notes before the rest.
    mutating func note(_ notes: [StyledLine]) {
        lines.insert(contentsOf: notes, at: 0)
        if !layout.sources.isEmpty {
            layout.sources.insert(contentsOf: repeatElement(-1, count: notes.count), at: 0)
        }
    }
}

// MARK: - Lines

/// Draws a document's lines: margin, number, mark, and as much of the text as is in view.
struct DocumentLines {
    /// The columns left of the text: the cursor's bar and a blank.
    static let margin = ListRow.margin

    let document: DetailDocument
    let folding: Folding
    let sideways: Int

    private var layout: DocumentLayout { document.layout }

    /// Draws a line of the document in a row of the surface.
    func draw(_ line: Int, row: Int, on surface: inout Surface) {
        let margin = Self.margin
        let source = layout.source(ofLine: line)
        if let source, layout.isFirst(line) { drawGutter(source, row: row, from: margin, on: &surface) }
        let gutter = source == nil ? margin : margin + layout.gutter
        let text = source.flatMap { folded($0, line) } ?? document.lines[line]
        let room = Rect(column: gutter, row: row, columns: max(0, surface.size.columns - gutter), rows: 1)
        surface.draw(in: room) { part in
            // A note wraps always, and stays.
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

    /// What stands for a container that is folded: its beginning, its end, and what it holds.
    private func folded(_ source: Int, _ line: Int) -> StyledLine? {
        guard folding.folded.contains(source), let fold = layout.fold(opening: source) else { return nil }
        var text = document.lines[line]
        text.append("…", Style(.secondary))
        let closing = document.lines[layout.firstLine(ofSource: fold.lines.upperBound)]
        // All but its indent.
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

/// Which of a document's lines are shown, and which are folded away.
struct Folding: Hashable {
    /// The lines of the source whose containers are folded.
    private(set) var folded: Set<Int> = []
    /// The lines of the document that are shown; nil for all.
    private var shown: [Int]?
    private var all = 0

    /// How many lines are shown.
    var count: Int { shown?.count ?? all }

    /// The document's line that is shown at a place.
    func line(at place: Int) -> Int { shown?[place] ?? place }

    /// The place at which a line is shown, or the line that holds it.
    func place(of line: Int) -> Int {
        guard let shown else { return line }
        var (low, high) = (0, shown.count)
        while low < high {
            let middle = (low + high) / 2
            if shown[middle] <= line { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// Folds what opens on these lines of the source, and nothing else. Costs as much as lines are shown.
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

    /// Shows a line of the source, whatever it is folded into.
    mutating func reveal(_ source: Int, in document: DetailDocument) {
        let hiding = folded.filter { opening in
            document.layout.fold(opening: opening).map { $0.lines.contains(source) && opening != source } ?? false
        }
        if !hiding.isEmpty { fold(folded.subtracting(hiding), in: document) }
    }
}

// MARK: - Prose and fields

/// Sentences, broken between words.
enum Prose {
    /// The lines of a text; a word longer than a line is broken.
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

    /// The same in one style.
    static func lines(_ text: String, columns: Int, style: Style) -> [StyledLine] {
        lines(text, columns: columns).map { StyledLine($0, style) }
    }

    /// Returns the first lines, at least one, with dots where more follow.
    static func shortened(_ lines: [StyledLine], to most: Int, columns: Int, style: Style) -> [StyledLine] {
        var shown = Array(lines.prefix(max(1, most)))
        guard shown.count < lines.count, let last = shown.popLast() else { return lines }
        return shown + [(last + StyledLine(" …", style)).clipped(to: columns)]
    }
}

/// Values with their names before them, in two columns.
struct FieldList {
    let columns: Int
    private(set) var lines: [StyledLine] = []

    init(columns: Int) {
        self.columns = columns
    }

    private var nameColumns: Int { columns < 50 ? 12 : 16 }

    /// Adds a value; what is too long for one line goes on below itself.
    mutating func add(_ name: SafeText, _ value: StyledLine) {
        let room = max(8, columns - nameColumns)
        for (index, part) in value.wrapped(to: room).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + part)
        }
    }

    /// Adds a sentence, broken between its words.
    mutating func add(_ name: SafeText, prose: String) {
        for (index, part) in Prose.lines(prose, columns: max(8, columns - nameColumns)).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + StyledLine(part))
        }
    }

    /// Adds a value and what is to be said beside it: on the same line where there is room, else whole on the next.
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

    /// Adds a heading, with an empty line before it.
    mutating func head(_ title: SafeText) {
        if !lines.isEmpty { lines.append(StyledLine()) }
        lines.append(StyledLine(title, Style(.heading)))
    }

    mutating func add(_ more: [StyledLine]) {
        lines += more
    }
}
