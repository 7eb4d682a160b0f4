import History
import Notifications
import SafeText
internal import Settings
import Terminal

/// What a key can ask for.
enum Command: Hashable, CaseIterable {
    // Moving.
    case up, down, pageUp, pageDown, halfPageUp, halfPageDown, toStart, toEnd
    case left, right
    case followOrNot
    // Views.
    case showEvents, showTable, showDeliveries, showActions, showLog, showPulse, showKeyring, showHelp, showChecklist,
        showAllKeys
    case open, goBack, close, focusDetail
    case previousTab, nextTab, cycleBody
    case nextRow, previousRow, nextOfSameEvent
    case zoomIn, zoomOut, panEarlier, panLater, nextSection, previousSection, listSelection
    // Reading.
    case fold, unfold, toggleFold, toggleAllFolds, toggleWrapping, toggleNumbers, sidewaysLeft, sidewaysRight
    case copy, copyAsReceived
    case copyBody, copyHeaders, copyRequest, copyCurl, copySignature, copyValue, copyEventId
    // Ways of showing.
    case toggleUtc, toggleTimestampForm
    // Doing.
    case sendTest
    case reload
    case export, nextFormat, previousFormat, nextColumnSet, previousColumnSet, writeFile
    case cancelJudging
    // Actions.
    case pauseAction, retryEntries, skipEntry, cycleEntries, dryRun, testAction, addMissed
    case act, nextAction, previousAction, runForRows, retryForRows, skipForRows, previewForRows
    case replay, sendReplay
    case addSecret, replaceSecret, forgetSecret, rememberSecret, reloadSecrets
    case submit, nextField, previousField
    case answerYes, answerNo
    case deleteRotated, deleteLeaked, saveAndQuit, quitUnsaved
    case interrupt, suspend, redraw
    // Filter and search.
    case editFilter, filterOrNot, applyFilter, completeFilter, completeFilterBack, olderFilter, newerFilter, leavePrompt
    case olderTarget, newerTarget
    case showProblems, pause
    case typeCommand, goToTime, runCommand, completeCommand, completeCommandBack, olderCommand, newerCommand
    case search, keepSearch, nextMatch, previousMatch, nextProblem, previousProblem
    // Marks and selection.
    case toggleMark, showMarked, nextMark
    case toggleSelected, selectAll, selectRange
    // Columns and order.
    case sortByNext, sortByPrevious, turnOrder, orderOfArrival
    case chooseColumns, toggleColumn, columnEarlier, columnLater, usualColumns

    /// Whether it changes, without asking, what is selected in a list: not one that was not seen before.
    var changesSelected: Bool {
        switch self {
        case .forgetSecret, .retryEntries, .skipEntry, .pauseAction, .runForRows, .retryForRows, .skipForRows: true
        default: false
        }
    }

    // MARK: - Names

    /// The command's name where it is typed or configured, such as `next-problem`.
    var name: String {
        String(describing: self).reduce(into: "") { name, character in
            if character.isUppercase {
                name += "-" + character.lowercased()
            } else {
                name.append(character)
            }
        }
    }

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
        switch command {
        case .up, .down, .pageUp, .pageDown, .halfPageUp, .halfPageDown, .toStart, .toEnd: move(command)
        case .left: if view == .pulse { pulse.moveBar(by: -1) } else { scrollTable(by: -1) }
        case .right: if view == .pulse { pulse.moveBar(by: 1) } else { scrollTable(by: 1) }
        case .followOrNot:
            if followOrNotInOtherLists() { break }
            if rows.isFollowing { rows.stopFollowing(extent) } else { rows.follow() }

        case .showEvents: show(.events)
        case .showTable: show(.table)
        case .showDeliveries: show(.deliveries)
        case .showActions: show(.actions)
        case .showLog:
            show(.log)
            // Other processes write to it too, and tell nobody.
            log.outdate()
        case .showPulse: show(.pulse)
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
        case .nextRow: moveInRows(.down)
        case .previousRow: moveInRows(.up)
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
        case .pauseAction, .retryEntries, .skipEntry, .cycleEntries, .dryRun, .testAction, .addMissed:
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
        default: moveInRows(command)
        }
    }

    private mutating func moveSideways(by direction: Int) {
        guard let pane = layout.detail else { return }
        detail.moveSideways(by: direction, columns: pane.columns - DocumentLines.margin)
    }

    mutating func moveInRows(_ command: Command) {
        if moveInOtherLists(command) { return }
        let extent = extent
        let page = max(1, layout.listHeight - 1)
        switch command {
        case .up: rows.move(by: -1, in: extent)
        case .down: rows.move(by: 1, in: extent)
        case .pageUp: rows.move(by: -page, in: extent)
        case .pageDown: rows.move(by: page, in: extent)
        case .halfPageUp: rows.move(by: -max(1, page / 2), in: extent)
        case .halfPageDown: rows.move(by: max(1, page / 2), in: extent)
        case .toStart: rows.moveToStart(in: extent)
        default: rows.moveToEnd()
        }
    }

    private mutating func show(_ view: MainView) {
        help = nil
        keyring = nil
        isChecklistOpen = false
        chooser = nil
        detail.isFullScreen = false
        log.close()
        page = nil
        if view != self.view { detail.isFocused = false }
        self.view = view
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
        return view.showsRows && (filter.isRestricting || filter.hasFilter) ? .filter : nil
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
        } else if isLogEntryOpen {
            log.close()
        } else if view == .actions, actions.isInEntries {
            actions.focusEntries(false)
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
