import History
import Notifications
import SafeText
import Terminal

/// A page of text over the view: an entry with its request and answer, or what an action would send.
struct TextPage {
    enum Kind: Hashable {
        case entry(Int64)
        /// Of the action of this name.
        case preview(String)
    }

    /// What there is to show.
    enum Content: Sendable, Hashable {
        case waiting
        case entry(OutboxRow, OutboxExchange?)
        case preview(DryRun)
        /// There is nothing, or it could not be read, in a sentence.
        case nothing(String)
    }

    let kind: Kind
    private(set) var content = Content.waiting
    private(set) var lines: [StyledLine] = []
    private(set) var pane = TextPane()

    /// What the lines were laid out for.
    private var laidOut: (columns: Int, isUTC: Bool)?
    private var known: Int64?
    private var isOutstanding = false

    init(_ kind: Kind, content: Content = .waiting) {
        self.kind = kind
        self.content = content
    }

    /// What stands in the line of tabs.
    var title: String {
        switch kind {
        case .entry(let id): "Entry \(id)"
        case .preview: "Dry run"
        }
    }

    /// The entry that is shown.
    var entry: OutboxEntry? {
        if case .entry(let row, _) = content { row.entry } else { nil }
    }

    /// The entry to read now; nil where what is held is as it is, or is awaited.
    mutating func request(_ change: HistoryChange) -> Int64? {
        guard case .entry(let id) = kind, known != change.outbox, !isOutstanding else { return nil }
        (known, isOutstanding) = (change.outbox, true)
        return id
    }

    /// Takes what was read of the entry.
    mutating func take(_ content: Content) {
        isOutstanding = false
        guard content != self.content else { return }
        self.content = content
        laidOut = nil
    }

    mutating func move(_ command: Command) { pane.move(command) }

    mutating func scroll(by lines: Int) { pane.scroll(by: lines) }

    mutating func settle(size: Size, clock: WallClock, isUTC: Bool) {
        let columns = max(8, size.columns - 3)
        if laidOut.map({ $0 != (columns, isUTC) }) ?? true {
            lines = PageLines(kind: kind, content: content, columns: columns, clock: clock).lines
            laidOut = (columns, isUTC)
        }
        pane.resize(count: lines.count, height: max(0, size.rows - 1))
    }

    func draw(on surface: inout Surface) {
        surface.rule(row: 0)
        if lines.count > pane.height {
            let place: SafeText = " \(pane.visible.upperBound) of \(Wording.grouped(lines.count)) "
            surface.put(place, at: Point(column: 2, row: 0), style: Style(.secondary))
        }
        let below = Rect(
            column: ListRow.margin, row: 1, columns: surface.size.columns - ListRow.margin, rows: surface.size.rows - 1)
        surface.draw(in: below) { pane.draw(lines, on: &$0) }
    }
}
