import Base
import History
import Receiving

// MARK: - Commands of all views

extension Command {
    static let followOrNot = Command(
        "follow-or-not", "F", in: .lists, "follow the newest row, or stop", footer: .wide("follow"),
        plain: .line(
            PlainWord("follow", "announces new events again, and follows the newest") { plain, _ in plain.follow() }
        ),
        unavailable: { model in
            let key = model.bindings.name(of: .orderOfArrival)
            return model.order != nil
                ? "Sorted rows cannot be followed: \(key) goes back to the order of arrival." : model.current.hasNoList
        }
    ) { $0.followOrNot() }
    /// The commands of lists other than those that move, sort and find.
    static let ofLists = [followOrNot]

    /// The command that cancels any work in progress.
    static let cancelJudging = Command(
        "cancel-judging", "X", in: .views, "cancel the running work, or resume verifying again", plain: .same(),
        unavailable: { model in
            let session = model.session
            let isIdle =
                session.judging == nil && session.exporting == nil && session.acting == nil && session.comparing == nil
            return isIdle ? "Nothing is running that could be cancelled." : nil
        }
    ) { $0.cancel() }
    static let pause = Command(
        "pause", "P", in: .views, "freeze the screen; receiving continues",
        plain: .same(
            PlainWord(
                "pause", syntax: "[NAME]",
                "stops announcing new events, which are still recorded; of an action: its entries wait"
            ) { $0.pause($1) })
    ) { $0.pauseOrNot() }
    static let reload = Command(
        "reload", in: .views, "read config.yaml and the secrets again",
        plain: .same(PlainWord("reload", "reads config.yaml and the secrets again"))
    ) { $0.reload() }
    static let toggleUtc = Command(
        "toggle-utc", "u", in: .views, "all times in UTC, or local again",
        footer: .wide("UTC") { $0.session.showsUTC ? "local time" : nil },
        plain: .same(PlainWord("utc", "times in UTC, or local again")),
        run: { model in
            model.session.showsUTC.toggle()
            model.filter.readAgain(in: model.session.filterContext)
        })
    /// The commands that concern work in progress, the display, and reading the data again.
    static let ofSession = [cancelJudging, pause, reload, toggleUtc]

    static let goBack = Command(
        "go-back", .escape, in: .views, "back one step; at the top, clear search, selection and filter",
        footer: .narrow("back") { $0.held?.word }, run: { if !$0.closeInnermost() { $0.letGo() } })
    static let close = Command(
        "close", "q", in: .views, "close the view; at the top, quit",
        footer: .narrow("quit") { $0.hasViewToClose ? "close" : nil },
        plain: .same(PlainWord("quit", also: ["exit"], "ends b2watch; an attached one stops nothing else"))
    ) { if !$0.closeInnermost() { $0.end() } }
    static let interrupt = Command(
        "interrupt", .control("c"), in: .everywhere, "like q; twice in a row ends without a question", plain: .same()
    ) { $0.interrupt() }
    /// The commands that close views, end the dashboard and serve the terminal.
    static let ofEnding = [
        goBack, close, interrupt,
        Command("suspend", .control("z"), in: .everywhere, "suspend; fg brings it back") { $0.suspend() },
        Command("redraw", .control("l"), in: .everywhere, "draw the screen again") { $0.request(.redraw) },
    ]
}

extension DashboardModel {
    /// Cancels an export, or else the work on many rows, or else verifying again; resumes the latter if it was
    /// cancelled.
    fileprivate mutating func cancel() {
        if session.exporting != nil {
            cancelExport()
        } else if session.acting != nil {
            cancelActing()
        } else if session.comparing != nil {
            cancelComparing()
        } else {
            cancelJudging()
        }
    }

    /// Reads the configuration again, and the secrets too if the listener can be reached.
    fileprivate mutating func reload() {
        if session.absence == nil { reloadSecrets() }
        ask("settings", on: .listener) { outside, _ in
            try outside.settings()
        } then: { model, result in
            switch result {
            // Settings for the start take effect at the next start.
            case .success(let settings):
                model.bindings = Bindings(settings.keys, isTyped: model.bindings.isTyped)
                model.session.tell("The configuration was read again.", .good)
                if let theme = settings.theme { model.request(.use(theme)) }
            case .failure(let failure):
                model.session.tell("The configuration stays as it was: \(failure.sentence)", .bad)
            }
        }
    }

    // MARK: - Closing

    /// The thing that Esc would give up now; nil if it would close a view, or if nothing is left to give up.
    var held: HeldThing? {
        guard !hasViewToClose, !overlays.contains(.menu) else { return nil }
        if events.seeking != nil { return .search }
        if session.exporting != nil { return .export }
        if session.acting != nil { return .acting }
        if session.comparing != nil, view == MainView(rawValue: RulesScreen.facts.number) { return .comparing }
        if pattern != nil { return .pattern }
        if events.selection.rangeStart != nil { return .range }
        if !events.selection.isEmpty { return .selection }
        return filter.isRestricting || filter.hasFilter ? .filter : nil
    }

    /// Closes the innermost view.
    ///
    /// - Returns: Whether there was a view to close.
    fileprivate mutating func closeInnermost() -> Bool {
        if stepBack() {
            return true
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

    /// Gives up the innermost search, selection or filter.
    fileprivate mutating func letGo() {
        switch held {
        case .search: cancelSeeking()
        case .export: cancelExport()
        case .acting: cancelActing()
        case .comparing: cancelComparing()
        case .pattern:
            pattern = nil
            detail.forgetMatch()
        case .range: events.selection.rangeStart = nil
        case .selection: events.selection = RowSelection()
        case .filter: filter.clear()
        case nil: break
        }
    }

    // MARK: - Ending

    fileprivate mutating func end() {
        guard !session.isAttached else { return request(.end(.quit)) }
        let unsaved = session.keyring.unsaved
        let lost = session.isInMemory ? Int(session.change.latestDelivery) : 0
        if !unsaved.isEmpty {
            question = .quitUnsaved(
                unsaved, file: session.secretsFile, isReceiving: session.hasReceivedFromElsewhere, lost: lost)
        } else if session.hasReceivedFromElsewhere {
            question = .stopReceiving(lost: lost)
        } else {
            request(.end(.quit))
        }
    }

    fileprivate mutating func interrupt() {
        if session.isSecondInterrupt() { return request(.end(.quit)) }
        if !closeInnermost() { end() }
    }

    fileprivate mutating func suspend() {
        guard session.hasReceivedFromElsewhere, !session.isAttached else { return request(.suspend) }
        question = .suspend
    }
}

/// The things that Esc gives up when no view is open for it to close.
enum HeldThing: Hashable {
    case search, export, acting, comparing, pattern, range, selection, filter

    /// The word in the footer.
    var word: String {
        switch self {
        case .search: "give up the search"
        case .export, .acting, .comparing: "cancel"
        case .pattern: "end the search"
        case .range: "end the range"
        case .selection: "deselect"
        case .filter: "clear filter"
        }
    }
}
