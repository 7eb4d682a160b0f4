import Base
import History
import Notifications
internal import Settings
import Terminal

/// What a key can ask for, by its name where it is typed or configured, such as `next-problem`.
struct Command: Hashable, Sendable {
    let name: String

    init(_ name: String) { self.name = name }

    /// All that have a binding.
    static let allCases: [Command] = {
        var seen: Set<Command> = []
        return BindingTable.all.map(\.command).filter { seen.insert($0).inserted }
    }()

    // Moving.
    static let up = Command("up"), down = Command("down"), pageUp = Command("page-up"),
        pageDown = Command("page-down"), halfPageUp = Command("half-page-up"),
        halfPageDown = Command("half-page-down"), toStart = Command("to-start"), toEnd = Command("to-end")
    static let left = Command("left"), right = Command("right")
    static let followOrNot = Command("follow-or-not")
    // Views.
    static let showEvents = Command("show-events"), showTable = Command("show-table"),
        showDeliveries = Command("show-deliveries"), showActions = Command("show-actions"),
        showLog = Command("show-log"), showPulse = Command("show-pulse"), showKeyring = Command("show-keyring"),
        showHelp = Command("show-help"), showChecklist = Command("show-checklist"),
        showAllKeys = Command("show-all-keys")
    static let open = Command("open"), goBack = Command("go-back"), close = Command("close"),
        focusDetail = Command("focus-detail")
    static let previousTab = Command("previous-tab"), nextTab = Command("next-tab"),
        cycleBody = Command("cycle-body")
    static let nextRow = Command("next-row"), previousRow = Command("previous-row"),
        nextOfSameEvent = Command("next-of-same-event")
    static let zoomIn = Command("zoom-in"), zoomOut = Command("zoom-out"), panEarlier = Command("pan-earlier"),
        panLater = Command("pan-later"), nextSection = Command("next-section"),
        previousSection = Command("previous-section"), listSelection = Command("list-selection")
    // Reading.
    static let fold = Command("fold"), unfold = Command("unfold"), toggleFold = Command("toggle-fold"),
        toggleAllFolds = Command("toggle-all-folds"), toggleWrapping = Command("toggle-wrapping"),
        toggleNumbers = Command("toggle-numbers"), sidewaysLeft = Command("sideways-left"),
        sidewaysRight = Command("sideways-right")
    static let copy = Command("copy"), copyAsReceived = Command("copy-as-received")
    static let copyBody = Command("copy-body"), copyHeaders = Command("copy-headers"),
        copyRequest = Command("copy-request"), copyCurl = Command("copy-curl"),
        copySignature = Command("copy-signature"), copyValue = Command("copy-value"),
        copyEventId = Command("copy-event-id")
    // Ways of showing.
    static let toggleUtc = Command("toggle-utc"), toggleTimestampForm = Command("toggle-timestamp-form")
    // Doing.
    static let sendTest = Command("send-test")
    static let reload = Command("reload")
    static let export = Command("export"), nextFormat = Command("next-format"),
        previousFormat = Command("previous-format"), nextColumnSet = Command("next-column-set"),
        previousColumnSet = Command("previous-column-set"), writeFile = Command("write-file")
    static let cancelJudging = Command("cancel-judging")
    // Actions.
    static let pauseAction = Command("pause-action"), retryEntries = Command("retry-entries"),
        skipEntry = Command("skip-entry"), cycleEntries = Command("cycle-entries"),
        cycleEntriesBack = Command("cycle-entries-back"), dryRun = Command("dry-run"),
        testAction = Command("test-action"), addMissed = Command("add-missed")
    static let act = Command("act"), nextAction = Command("next-action"), previousAction = Command("previous-action"),
        runForRows = Command("run-for-rows"), retryForRows = Command("retry-for-rows"),
        skipForRows = Command("skip-for-rows"), previewForRows = Command("preview-for-rows")
    static let replay = Command("replay"), sendReplay = Command("send-replay")
    static let addSecret = Command("add-secret"), replaceSecret = Command("replace-secret"),
        forgetSecret = Command("forget-secret"), rememberSecret = Command("remember-secret"),
        reloadSecrets = Command("reload-secrets")
    static let submit = Command("submit"), nextField = Command("next-field"),
        previousField = Command("previous-field")
    static let answerYes = Command("answer-yes"), answerNo = Command("answer-no")
    static let deleteRotated = Command("delete-rotated"), deleteLeaked = Command("delete-leaked"),
        saveAndQuit = Command("save-and-quit"), quitUnsaved = Command("quit-unsaved")
    static let interrupt = Command("interrupt"), suspend = Command("suspend"), redraw = Command("redraw")
    // Filter and search.
    static let editFilter = Command("edit-filter"), filterOrNot = Command("filter-or-not"),
        applyFilter = Command("apply-filter"), completeFilter = Command("complete-filter"),
        completeFilterBack = Command("complete-filter-back"), olderFilter = Command("older-filter"),
        newerFilter = Command("newer-filter"), leavePrompt = Command("leave-prompt")
    static let olderTarget = Command("older-target"), newerTarget = Command("newer-target")
    static let showProblems = Command("show-problems"), pause = Command("pause")
    static let typeCommand = Command("type-command"), goToTime = Command("go-to-time"),
        runCommand = Command("run-command"), completeCommand = Command("complete-command"),
        completeCommandBack = Command("complete-command-back"), olderCommand = Command("older-command"),
        newerCommand = Command("newer-command")
    static let search = Command("search"), keepSearch = Command("keep-search"), nextMatch = Command("next-match"),
        previousMatch = Command("previous-match"), nextProblem = Command("next-problem"),
        previousProblem = Command("previous-problem")
    // Marks and selection.
    static let toggleMark = Command("toggle-mark"), showMarked = Command("show-marked"),
        nextMark = Command("next-mark")
    static let toggleSelected = Command("toggle-selected"), selectAll = Command("select-all"),
        selectRange = Command("select-range")
    // Columns and order.
    static let sortByNext = Command("sort-by-next"), sortByPrevious = Command("sort-by-previous"),
        turnOrder = Command("turn-order"), orderOfArrival = Command("order-of-arrival")
    static let chooseColumns = Command("choose-columns"), toggleColumn = Command("toggle-column"),
        columnEarlier = Command("column-earlier"), columnLater = Command("column-later"),
        usualColumns = Command("usual-columns")

    /// Whether it changes, without asking, what is selected in a list: not one that was not seen before.
    var changesSelected: Bool {
        switch self {
        case .forgetSecret, .retryEntries, .skipEntry, .pauseAction, .runForRows, .retryForRows, .skipForRows: true
        default: false
        }
    }

    // MARK: - Names

    /// The command of a name; nil where there is none.
    init?(name: String) {
        guard let command = Self.byName[name] else { return nil }
        self = command
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}

// MARK: - Names in the settings

/// All names of commands, for whoever mistypes one.
enum CommandNames {
    static let all = Command.allCases.map(\.name)

    /// `; did you mean …?`, or nothing.
    static func question(for name: String, among names: [String] = all) -> String {
        Suggestion.question(for: name, among: names)
    }
}

// MARK: - Commands of the user

extension DashboardModel {
    /// Does what a key asks for.
    mutating func perform(_ command: Command) -> [Effect] {
        if let run = bindings.all.first(where: { $0.command == command && $0.run != nil })?.run { return run(&self) }
        switch command {
        case .up, .down, .pageUp, .pageDown, .halfPageUp, .halfPageDown, .toStart, .toEnd: move(command)
        case .left: if view == .pulse { pulse.moveBar(by: -1) } else { scrollTable(by: -1) }
        case .right: if view == .pulse { pulse.moveBar(by: 1) } else { scrollTable(by: 1) }
        case .followOrNot:
            followOrNot()

        case .zoomIn, .zoomOut, .panEarlier, .panLater, .nextSection, .previousSection: pulse.perform(command)
        case .listSelection: listPulseSelection()
        case .showKeyring: showKeyring()
        case .showHelp: if help == nil { help = HelpScreen(place) }
        case .showAllKeys: help?.toggleWhole()
        case .showChecklist:
            help = nil
            keyring = nil
            isChecklistOpen = true
        case .open where help != nil:
            guard let command = help?.selected?.command else { break }
            help = nil
            return run(command)
        case .open where view == .actions: openEntry()
        case .open where place == .table:
            // Every cell of the row in full, whichever tab was read last.
            detail.tab = .summary
            detail.isFullScreen = true
        case .open: if view == .log { log.open() } else { detail.isFullScreen.toggle() }
        case .nextOfSameEvent: return nextOfSameEvent()
        case .focusDetail where view == .actions: actions.focusEntries(!actions.isInEntries)
        case .focusDetail: if detail.isFullScreen { detail.isFullScreen = false } else { detail.isFocused.toggle() }
        case .nextRow: moveInList(.down)
        case .previousRow: moveInList(.up)
        case .previousTab: detail.moveTab(by: -1)
        case .nextTab: detail.moveTab(by: 1)
        case .cycleBody: if detail.tab == .body { detail.form = detail.form.next } else { detail.tab = .body }

        case .fold: detail.fold()
        case .unfold: detail.unfold()
        case .toggleFold: detail.toggleFold()
        case .toggleAllFolds: detail.toggleAllFolds()
        case .toggleWrapping: detail.wraps.toggle()
        case .toggleNumbers: detail.showsNumbers.toggle()
        case .sidewaysLeft: moveSideways(by: -1)
        case .sidewaysRight: moveSideways(by: 1)

        case .copy, .copyAsReceived, .copyBody, .copyHeaders, .copyRequest, .copyCurl, .copySignature, .copyValue,
            .copyEventId:
            return performCopying(command)

        case .toggleUtc:
            session.showsUTC.toggle()
            filter.readAgain(in: session.filterContext)
        case .toggleTimestampForm: table.timestamps = table.timestamps == .rfc3339 ? .epochMilliseconds : .rfc3339

        case .goBack: return closeInnermost() ? [] : letGo()
        case .close: return closeInnermost() ? [] : end()
        case .interrupt: return interrupt()
        case .suspend: return suspend()
        case .redraw: return [.redraw]
        case .reload: return reload()

        case .sendTest, .addSecret, .replaceSecret, .forgetSecret, .rememberSecret, .reloadSecrets,
            .submit, .nextField, .previousField:
            return performOnKeyring(command)
        case .pauseAction, .retryEntries, .skipEntry, .cycleEntries, .cycleEntriesBack, .dryRun, .testAction,
            .addMissed:
            return performOnActions(command)
        case .act, .nextAction, .previousAction, .runForRows, .retryForRows, .skipForRows, .previewForRows, .replay,
            .sendReplay, .olderTarget, .newerTarget:
            return performOnActing(command)
        case .export, .nextFormat, .previousFormat, .nextColumnSet, .previousColumnSet, .writeFile:
            return performOnExport(command)
        case .cancelJudging where session.exporting != nil: return cancelExport()
        case .cancelJudging where session.acting != nil: return [.cancelActing]
        case .cancelJudging:
            return session.judging.map { [.control($0.stage == .running ? .cancelJudging : .resumeJudging)] } ?? []
        case .answerYes: return answerYes()
        case .deleteRotated: return answerDeletion(wasLeaked: false)
        case .deleteLeaked: return answerDeletion(wasLeaked: true)
        case .saveAndQuit: return saveAndQuit()
        case .quitUnsaved: return isDeaf ? [] : [.end(.quit)]
        case .answerNo:
            question = nil
            deafUntil = nil

        case .editFilter, .filterOrNot, .applyFilter, .completeFilter, .completeFilterBack, .olderFilter, .newerFilter,
            .showProblems,
            .pause:
            return performOnFilter(command)
        case .search, .nextMatch, .previousMatch, .nextProblem, .previousProblem: return performOnSearch(command)
        case .keepSearch: return keepSearch()
        case .typeCommand, .goToTime, .runCommand, .completeCommand, .completeCommandBack, .olderCommand, .newerCommand:
            return performOnPalette(command)
        case .leavePrompt: return leavePrompt()
        case .toggleMark, .showMarked, .nextMark, .toggleSelected, .selectAll, .selectRange:
            return performOnSelection(command)
        case .sortByNext, .sortByPrevious, .turnOrder, .orderOfArrival: return performOnOrder(command)
        case .chooseColumns, .toggleColumn, .columnEarlier, .columnLater, .usualColumns:
            return performOnColumns(command)
        default: break
        }
        return []
    }

    private mutating func scrollTable(by columns: Int) {
        table.scroll(by: columns, of: table.arrange(self, columns: layout.list.columns))
    }

    private mutating func move(_ command: Command) {
        switch place {
        case .help, .helpSearch: help?.move(command)
        case .keyring: keyring?.move(command, in: session.keyring)
        case .columns: chooser?.move(command)
        case .page: page?.move(command)
        case .detail, .deliveryDetail: detail.move(command)
        default: moveInList(command)
        }
    }

    private mutating func moveSideways(by direction: Int) {
        guard let pane = layout.detail else { return }
        detail.moveSideways(by: direction, columns: pane.columns - DocumentLines.margin)
    }

    /// Shows a tab.
    mutating func show(_ view: MainView) {
        help = nil
        keyring = nil
        isChecklistOpen = false
        chooser = nil
        detail.isFullScreen = false
        current.leaveInside()
        page = nil
        if view != self.view { detail.isFocused = false }
        self.view = view
        // Other processes write to the log too, and do not tell.
        if view == .log { log.outdate() }
    }

    private mutating func showKeyring() {
        help = nil
        if keyring == nil { keyring = KeyringScreen() }
    }

    // MARK: - Closing and ending

    /// What Esc would let go of now; nil where it closes something, or nothing is left.
    var held: HeldThing? {
        guard !hasViewToClose, acting == nil, copying == nil else { return nil }
        if seeking.isRunning { return .search }
        if session.exporting != nil { return .export }
        if session.acting != nil { return .acting }
        if pattern != nil { return .pattern }
        if selection.rangeStart != nil { return .range }
        if !selection.isEmpty { return .selection }
        return filter.isRestricting || filter.hasFilter ? .filter : nil
    }

    /// Closes the innermost view; says whether there was one to close.
    private mutating func closeInnermost() -> Bool {
        if copying != nil {
            copying = nil
        } else if acting != nil {
            acting = nil
        } else if help != nil {
            if help?.leaveSearch() != true { help = nil }
        } else if keyring?.form != nil {
            keyring?.form = nil
        } else if keyring != nil {
            keyring = nil
        } else if page != nil {
            page = nil
        } else if isChecklistOpen {
            isChecklistOpen = false
        } else if chooser != nil {
            chooser = nil
        } else if detail.isFullScreen {
            detail.isFullScreen = false
        } else if detail.isFocused {
            detail.isFocused = false
        } else if current.isInside {
            current.leaveInside()
        } else {
            return false
        }
        return true
    }

    /// Gives up the innermost of what was looked for, chosen or filtered.
    private mutating func letGo() -> [Effect] {
        switch held {
        case .search: return cancelSeeking()
        case .export: return cancelExport()
        case .acting: return [.cancelActing]
        case .pattern:
            pattern = nil
            detail.forgetMatch()
        case .range: selection.rangeStart = nil
        case .selection: selection = RowSelection()
        case .filter: filter.clear()
        case nil: break
        }
        return []
    }

    private mutating func end() -> [Effect] {
        guard !session.isAttached else { return [.end(.quit)] }
        let unsaved = session.keyring.unsaved
        let lost = session.isInMemory ? Int(session.change.latestDelivery) : 0
        if !unsaved.isEmpty {
            question = .quitUnsaved(
                unsaved, file: session.secretsFile, isReceiving: session.hasReceivedFromElsewhere, lost: lost)
        } else if session.hasReceivedFromElsewhere {
            question = .stopReceiving(lost: lost)
        } else {
            return [.end(.quit)]
        }
        return []
    }

    /// Saves the secrets in memory; the end comes once all are saved.
    private mutating func saveAndQuit() -> [Effect] {
        guard !isDeaf, case .quitUnsaved(let labels, _, _, _) = question else { return [] }
        question = nil
        savingToQuit = Set(labels)
        return labels.map { .control(.rememberSecret($0)) }
    }

    private mutating func answerDeletion(wasLeaked: Bool) -> [Effect] {
        guard !isDeaf else { return [] }
        defer {
            question = nil
            deafUntil = nil
        }
        return switch question {
        case .delete(let secret, _): [.control(.forgetSecret(secret.label, wasLeaked: wasLeaked))]
        case .markLeaked(let secret) where wasLeaked: [.control(.markLeaked(secret.identity))]
        default: []
        }
    }

    private mutating func interrupt() -> [Effect] {
        if session.isSecondInterrupt() { return [.end(.quit)] }
        if question != nil {
            question = nil
            return []
        }
        if prompt != nil, help == nil { return leavePrompt() }
        return closeInnermost() ? [] : end()
    }

    private mutating func suspend() -> [Effect] {
        guard session.hasReceivedFromElsewhere, !session.isAttached else { return [.suspend] }
        question = .suspend
        return []
    }

    private mutating func answerYes() -> [Effect] {
        guard !isDeaf else { return [] }
        defer {
            question = nil
            deafUntil = nil
        }
        switch question {
        case .stopReceiving: return [.end(.quit)]
        case .suspend: return [.suspend]
        case .replace(var request):
            request.mayReplace = true
            return write(request)
        case .remember(let label, _): return [.control(.rememberSecret(label))]
        case .act(let request, _): return confirm(request)
        case .retryAll(let action, _, _): return [.callAction(.retryAll(action, EntryState.retriedTogether))]
        case .skipAll(let action, _): return [.callAction(.skipAll(action, EntryState.skippedTogether))]
        case .addMissed(let action, let missed): return addMissed(action, missed)
        // These have answers of their own.
        case .delete, .markLeaked, .quitUnsaved, nil: return []
        }
    }

    // MARK: - Secrets and the test event

    private mutating func performOnKeyring(_ command: Command) -> [Effect] {
        switch command {
        case .sendTest:
            session.tell("Sending a test event…", .secondary)
            return [.control(.sendTestEvent)]
        case .reloadSecrets:
            session.tell("Reading the secrets again…", .secondary)
            return [.control(.reloadSecrets)]
        case .addSecret: keyring?.add(to: session.keyring)
        case .replaceSecret: keyring?.replace(in: session.keyring)
        case .nextField: keyring?.form?.moveField(by: 1)
        case .previousField: keyring?.form?.moveField(by: -1)
        case .submit: return submit()
        case .forgetSecret:
            switch keyring?.selected(in: session.keyring) {
            case .current(let secret): question = .delete(secret, isLast: session.keyring.secrets.count == 1)
            case .past(let secret) where secret.isLeaked:
                session.tell("\(secret.identity) is deleted as leaked already.", .notice)
            case .past(let secret): question = .markLeaked(secret)
            case nil: break
            }
        case .rememberSecret:
            guard let selected = keyring?.selectedCurrent(in: session.keyring) else { return [] }
            if selected.isRemembered {
                session.tell("The secret \(selected.label) is saved already.", .notice)
            } else {
                question = .remember(selected.label, file: session.secretsFile)
            }
        default: break
        }
        return []
    }

    private mutating func submit() -> [Effect] {
        guard let purpose = keyring?.form?.purpose, let draft = keyring?.form?.submit(held: session.keyring) else {
            return []
        }
        return switch purpose {
        case .add: [.control(.addSecret(draft))]
        case .replace(let label): [.control(.replaceSecret(label, draft))]
        }
    }
}

/// What Esc lets go of where nothing is open that it would close.
enum HeldThing: Hashable {
    case search, export, acting, pattern, range, selection, filter

    /// What the footer says.
    var word: String {
        switch self {
        case .search: "give up the search"
        case .export, .acting: "cancel"
        case .pattern: "end the search"
        case .range: "end the range"
        case .selection: "deselect"
        case .filter: "clear filter"
        }
    }
}
