import History
import SafeText
import Terminal

/// The two views at the top.
enum MainView: Hashable {
    case events, table
}

/// All that the dashboard knows, as a value.
///
/// It changes by `update(_:at:)` alone, which says what has to happen outside; `draw(on:)` shows it. Neither touches
/// anything else, so a test presses keys and reads text.
struct DashboardModel {
    var session: Session
    var rows = RowList()
    var view = MainView.events
    var table = TableScreen()
    var detail = DetailPane()
    var keyringReading = KeyringReading()

    // What lies over the view, the innermost last.
    var isChecklistOpen = false
    var keyring: KeyringScreen?
    var help: HelpScreen?
    var question: Question?

    init(_ session: Session) {
        self.session = session
    }

    /// Tells the model what happened.
    ///
    /// - Returns: What has to be done now.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        session.now = now
        session.age()
        let effects = handle(event)
        settle()
        return effects + reads()
    }

    /// When something on the screen changes by itself; nil as long as nothing will.
    var deadline: ContinuousClock.Instant? {
        [session.deadline, rows.reading.deadline, keyringReading.deadline].compactMap(\.self).min()
    }
}

// What is on the screen.
extension DashboardModel {
    var layout: Layout { Layout(self) }

    var isTooSmall: Bool {
        session.size.columns < Layout.minimum.columns || session.size.rows < Layout.minimum.rows
    }

    /// Whether the checklist stands where the list will be.
    var showsChecklist: Bool { isChecklistOpen || (session.isEmpty && view == .events) }

    var hasDetailPane: Bool { detail.isFullScreen || (view == .events && !session.isEmpty) }

    /// Where the keyboard is.
    var place: Place {
        if question != nil { return .question }
        if help != nil { return .help }
        if let keyring { return keyring.form == nil ? .keyring : .form }
        if showsChecklist { return .checklist }
        if detail.hasKeys { return .detail }
        return view == .events ? .events : .table
    }

    /// Whether there is a view that `q` would close before it ends anything.
    var hasViewToClose: Bool { help != nil || keyring != nil || isChecklistOpen || detail.hasKeys }

    /// What lies over the view.
    var overlayTitle: String? {
        if let help { return help.title }
        if keyring != nil { return "Secrets" }
        return isChecklistOpen ? "First steps" : nil
    }
}

extension DashboardModel {
    /// Brings into line what depends on the size and on each other.
    private mutating func settle() {
        if detail.isFullScreen, rows.selectedRow == nil { detail.isFullScreen = false }
        if layout.detail == nil { detail.isFocused = false }
        let layout = layout
        if layout.list.rows > 0 {
            rows.settle(height: layout.listHeight, days: view == .events ? session.clock : nil)
        }
        if let pane = layout.detail { detail.settle(height: max(0, pane.rows - 1)) }
        if var help {
            help.settle(self, size: layout.main.size)
            self.help = help
        }
    }

    /// What is to be read for what the screen shows now.
    private mutating func reads() -> [Effect] {
        var effects: [Effect] = []
        if let ticket = rows.request(session.change, at: session.now) { effects.append(.readRows(ticket)) }
        if help == nil, keyring == nil, let request = detail.request(wantedDocument) {
            effects.append(.buildDocument(request))
        }
        if keyringReading.take(session.change, isSeen: keyring != nil, at: session.now) { effects.append(.readKeyring) }
        return effects
    }

    private var wantedDocument: DocumentRequest? {
        guard let pane = layout.detail, let row = rows.selectedRow else { return nil }
        return DocumentRequest(
            rowID: row.id, deliveryID: row.deliveryID, position: row.position, eventCount: row.eventCount,
            isDuplicate: row.isDuplicate, tab: detail.tab, form: detail.form, columns: max(8, pane.columns - 2),
            showsUTC: session.showsUTC, revision: session.change.revision, keyringRevision: session.keyringRevision)
    }
}
