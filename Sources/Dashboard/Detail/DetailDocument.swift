import History
import SafeText
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
