import History
import SafeText
import Terminal

/// The views at the top. Their numbers stay theirs: those that are missing come later.
enum MainView: Int, Hashable, CaseIterable {
    case events = 1
    case table = 2
    case deliveries = 3
    case actions = 4
    case log = 6
    case pulse = 7

    var title: String {
        switch self {
        case .events: "1 Events"
        case .table: "2 Table"
        case .deliveries: "3 Deliveries"
        case .actions: "4 Actions"
        case .log: "6 Log"
        case .pulse: "7 Pulse"
        }
    }

    /// Where the keyboard is in this view.
    var place: Place {
        switch self {
        case .events: .events
        case .table: .table
        case .deliveries: .deliveries
        case .actions: .actions
        case .log: .log
        case .pulse: .pulse
        }
    }

    /// Whether it lists rows: filter, selection and order are for these.
    var showsRows: Bool { self == .events || self == .table }

    /// Whether the detail pane stands below its list.
    var hasDetailPane: Bool { self == .events || self == .deliveries }
}

/// All that the dashboard knows, as a value.
///
/// It changes by `update(_:at:)` alone, which says what has to happen outside; `draw(on:)` shows it. Neither touches
/// anything else, so a test presses keys and reads text.
struct DashboardModel {
    var session: Session
    /// The keys in force.
    var bindings: Bindings {
        get { session.bindings }
        set { session.bindings = newValue }
    }
    var rows = RowList()
    var view = MainView.events
    var table = TableScreen()
    var deliveries = DeliveriesScreen()
    var actions = ActionsScreen()
    /// Whether lines of the log are told that others write.
    private var followsLog = false
    /// What filters may be completed with, of all that is recorded.
    var recordedValues = SeenValues()
    var log = LogScreen()
    var pulse = PulseScreen()
    var detail = DetailPane()
    var keyringReading = KeyringReading()

    // Which rows are listed, found and chosen.
    var filter = RowFilter()
    var listing = Listing()
    var pattern: SearchPattern?
    var seeking = Seeking()
    var counts = MatchCounts()
    var marks: Set<Int64> = []
    var selection = RowSelection()
    /// The state of the history when the screen was frozen.
    var frozen: HistoryChange?
    /// Whether the list is to begin at its start when it is next listed anew.
    var isToShowStart = false

    // What lies over the view, the innermost last.
    var isChecklistOpen = false
    var keyring: KeyringScreen?
    var help: HelpScreen?
    var chooser: ColumnChooser?
    var prompt: Prompt?
    var question: Question?
    /// The secrets that are being saved before the end.
    var savingToQuit: Set<String> = []
    var copying: CopyMenu?
    var acting: ActMenu?
    var page: TextPage?
    /// Counts what is done for rows: what comes of an older request is dropped.
    var actGeneration = 0
    var actingSince: ContinuousClock.Instant?
    /// What was asked for to be shown, and when.
    var awaited: (call: ActionCall, since: ContinuousClock.Instant)?
    /// What is asked once nothing else is.
    var waitingQuestion: Question?
    /// Until then no key is a yes.
    var deafUntil: ContinuousClock.Instant?
    /// What was chosen last, to begin with the next time.
    var lastAction: String?
    /// What was typed behind `:`, the newest first.
    var pastCommands: [String] = []

    /// The lists that are not to follow from the start, and have not been read yet.
    var unfollowed: Set<MainView> = []

    init(_ session: Session, settings: DashboardSettings = DashboardSettings()) {
        self.session = session
        begin(settings)
    }

    /// Tells the model what happened.
    ///
    /// - Returns: What has to be done now.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        session.now = now
        session.age()
        let effects = handle(event) + relist()
        poseWaiting()
        session.troubles = actions.actions.flatMap { $0.status.troubles(at: session.wallTime) }
        settle()
        return effects + followLog() + reads()
    }

    /// What others write in the log is followed while the log is shown.
    private mutating func followLog() -> [Effect] {
        guard followsLog != (view == .log) else { return [] }
        followsLog.toggle()
        return [.followLog(followsLog)]
    }

    /// When something on the screen changes by itself; nil as long as nothing will.
    var deadline: ContinuousClock.Instant? {
        [
            session.deadline, rows.reading.deadline, keyringReading.deadline, deliveries.list.deadline,
            log.list.deadline, pulse.reading.deadline, actions.reading.deadline, actions.list.deadline,
            view == .actions ? actions.nextMinute(session.wallTime, session.now) : nil,
            actions.nextLate(session.wallTime, session.now),
        ].compactMap(\.self).min()
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

    var hasDetailPane: Bool { detail.isFullScreen || (view.hasDetailPane && !session.isEmpty) }

    /// Where the keyboard is.
    var place: Place {
        if let question { return question.place }
        if copying != nil { return .copying }
        if acting != nil { return .acting }
        if let help { return help.isSearching ? .helpSearch : .help }
        switch prompt {
        case .filter: return .filter
        case .search: return .search
        case .export: return .export
        case .replay: return .replay
        case .command: return .palette
        case nil: break
        }
        if let keyring { return keyring.form == nil ? .keyring : .form }
        if page != nil { return .page }
        if showsChecklist { return .checklist }
        if chooser != nil { return .columns }
        if detail.hasKeys { return view == .deliveries ? .deliveryDetail : .detail }
        return view.place
    }

    /// Whether there is a view that `q` would close before it ends anything.
    var hasViewToClose: Bool {
        help != nil || chooser != nil || keyring != nil || isChecklistOpen || page != nil || detail.hasKeys
            || isLogEntryOpen || (view == .actions && actions.isInEntries)
    }

    /// What lies over the view.
    var overlayTitle: String? {
        if let help { return help.title }
        if keyring != nil { return "Secrets" }
        if let page { return page.title }
        return isChecklistOpen ? "First steps" : nil
    }
}

extension DashboardModel {
    /// Brings into line what depends on the size and on each other.
    private mutating func settle() {
        if detail.isFullScreen, selectedRow == nil { detail.isFullScreen = false }
        if layout.detail == nil { detail.isFocused = false }
        if selectedRow == nil { copying = nil }
        let layout = layout
        if acting != nil, actedOn == nil { acting = nil }
        detail.offersActions = showsActionMarks
        rows.show(columnsShown)
        if layout.list.rows > 0 {
            rows.settle(height: layout.listHeight, days: view == .events ? session.clock : nil)
        }
        settleOtherLists(layout)
        if let pane = layout.detail { detail.settle(height: max(0, pane.rows - 1)) }
        if var page {
            page.settle(size: layout.main.size, clock: session.clock, isUTC: session.showsUTC)
            self.page = page
        }
        if var help {
            help.settle(self, size: layout.main.size)
            self.help = help
        }
    }

    /// What is to be read for what the screen shows now.
    private mutating func reads() -> [Effect] {
        var effects: [Effect] = []
        if let ticket = rows.request(extent, at: session.now) { effects.append(.readRows(ticket)) }
        effects += readsOfOtherLists()
        effects += countMatches()
        effects += readsOfActions()
        if help == nil, keyring == nil, let request = detail.request(wantedDocument) {
            effects.append(.buildDocument(request))
        }
        if showsChecklist || bindings.isTyped,
            let id = session.firstSteps.request(latest: session.change.latestDelivery)
        {
            effects.append(.readFirstSteps(after: id, through: session.change.latestDelivery))
        }
        if keyringReading.take(session.change, isSeen: keyring != nil, at: session.now) { effects.append(.readKeyring) }
        return effects
    }

    /// The columns chosen, and those that are there as long as there are actions.
    private var columnsShown: ListColumns.Choice {
        var columns = session.viewState.preferences.columns
        if showsActionMarks { columns.showActionMarks() }
        if actions.hasSheet { columns.showSheet() }
        return columns
    }

    private var wantedDocument: DocumentRequest? {
        guard let pane = layout.detail, let row = selectedRow else { return nil }
        return DocumentRequest(
            rowID: row.id, deliveryID: row.deliveryID, position: row.position, eventCount: row.eventCount,
            isDuplicate: row.isDuplicate, tab: detail.tab, form: detail.form,
            columns: max(8, pane.columns - DocumentLines.margin - 1),
            showsUTC: session.showsUTC, revision: shown.revision, keyringRevision: session.keyringRevision,
            wraps: detail.wraps, showsNumbers: detail.showsNumbers,
            isAnswered: shown.latestAnswered >= row.deliveryID, actions: row.actions,
            outbox: detail.tab == .actions ? shown.outbox : 0)
    }
}
