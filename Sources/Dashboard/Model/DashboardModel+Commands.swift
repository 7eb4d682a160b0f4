import History
import Notifications
import SafeText
import Terminal

extension DashboardModel {
    /// Does what a key asks for.
    mutating func perform(_ command: Command) -> [Effect] {
        switch command {
        case .up, .down, .pageUp, .pageDown, .halfPageUp, .halfPageDown, .toStart, .toEnd: move(command)
        case .left: table.scroll(by: -1)
        case .right: table.scroll(by: 1)
        case .followOrNot:
            if rows.isFollowing { rows.stopFollowing(latest: session.change.latestRow) } else { rows.follow() }

        case .showEvents: show(.events)
        case .showTable: show(.table)
        case .showKeyring: showKeyring()
        case .showHelp: if help == nil { help = HelpScreen(place) }
        case .showChecklist:
            help = nil
            keyring = nil
            isChecklistOpen = true
        case .open: detail.isFullScreen.toggle()
        case .focusDetail: if detail.isFullScreen { detail.isFullScreen = false } else { detail.isFocused.toggle() }
        case .nextRow: moveInRows(.down)
        case .previousRow: moveInRows(.up)
        case .previousTab: detail.tab = detail.tab.moved(by: -1)
        case .nextTab: detail.tab = detail.tab.moved(by: 1)
        case .cycleBody: if detail.tab == .body { detail.form = detail.form.next } else { detail.tab = .body }

        case .toggleUTC: session.showsUTC.toggle()
        case .toggleTimestampForm: table.timestamps = table.timestamps == .rfc3339 ? .epochMilliseconds : .rfc3339

        case .goBack: _ = closeInnermost()
        case .close: return closeInnermost() ? [] : end()
        case .interrupt: return interrupt()
        case .suspend: return suspend()
        case .redraw: return [.redraw]

        case .sendTest, .addSecret, .replaceSecret, .forgetSecret, .rememberSecret, .submit, .nextField, .previousField:
            return performOnKeyring(command)
        case .answerYes: return answerYes()
        case .answerNo: question = nil
        }
        return []
    }

    private mutating func move(_ command: Command) {
        switch place {
        case .help: help?.move(command)
        case .keyring: keyring?.move(command, in: session.keyring)
        case .detail: detail.scroll(command)
        default: moveInRows(command)
        }
    }

    private mutating func moveInRows(_ command: Command) {
        let latest = session.change.latestRow
        let page = max(1, layout.listHeight - 1)
        switch command {
        case .up: rows.move(by: -1, latest: latest)
        case .down: rows.move(by: 1, latest: latest)
        case .pageUp: rows.move(by: -page, latest: latest)
        case .pageDown: rows.move(by: page, latest: latest)
        case .halfPageUp: rows.move(by: -max(1, page / 2), latest: latest)
        case .halfPageDown: rows.move(by: max(1, page / 2), latest: latest)
        case .toStart: rows.moveToOldest(latest: latest)
        default: rows.follow()
        }
    }

    private mutating func show(_ view: MainView) {
        help = nil
        keyring = nil
        isChecklistOpen = false
        detail.isFullScreen = false
        if view != self.view { detail.isFocused = false }
        self.view = view
    }

    /// With no secret held there is one thing to do, and its form is open.
    private mutating func showKeyring() {
        help = nil
        guard keyring == nil else { return }
        var screen = KeyringScreen()
        if session.keyring.isEmpty { screen.add(to: session.keyring) }
        keyring = screen
    }
}

// Closing and ending.
extension DashboardModel {
    /// Closes the innermost view; says whether there was one to close.
    private mutating func closeInnermost() -> Bool {
        if help != nil {
            help = nil
        } else if keyring?.form != nil, !session.keyring.isEmpty {
            keyring?.form = nil
        } else if keyring != nil {
            keyring = nil
        } else if isChecklistOpen {
            isChecklistOpen = false
        } else if detail.isFullScreen {
            detail.isFullScreen = false
        } else if detail.isFocused {
            detail.isFocused = false
        } else {
            return false
        }
        return true
    }

    private mutating func end() -> [Effect] {
        guard session.hasReceivedFromElsewhere else { return [.end(.quit)] }
        question = .stopReceiving
        return []
    }

    private mutating func interrupt() -> [Effect] {
        if session.isSecondInterrupt() { return [.end(.quit)] }
        if question != nil {
            question = nil
            return []
        }
        return closeInnermost() ? [] : end()
    }

    private mutating func suspend() -> [Effect] {
        guard session.hasReceivedFromElsewhere else { return [.suspend] }
        question = .suspend
        return []
    }

    private mutating func answerYes() -> [Effect] {
        defer { question = nil }
        switch question {
        case .stopReceiving: return [.end(.quit)]
        case .suspend: return [.suspend]
        case .forget(let label): return [.control(.forgetSecret(label))]
        case .remember(let label, _): return [.control(.rememberSecret(label))]
        case nil: return []
        }
    }
}

// Secrets and the test event.
extension DashboardModel {
    private mutating func performOnKeyring(_ command: Command) -> [Effect] {
        let selected = keyring?.selected(in: session.keyring)
        switch command {
        case .sendTest:
            session.tell("Sending a test event…", .secondary)
            return [.control(.sendTestEvent)]
        case .addSecret: keyring?.add(to: session.keyring)
        case .replaceSecret: keyring?.replace(in: session.keyring)
        case .nextField: keyring?.form?.moveField(by: 1)
        case .previousField: keyring?.form?.moveField(by: -1)
        case .submit: return submit()
        case .forgetSecret:
            guard let selected else { return [] }
            guard session.keyring.secrets.count == 1 else { return [.control(.forgetSecret(selected.label))] }
            question = .forget(selected.label)
        case .rememberSecret:
            guard let selected else { return [] }
            if selected.isRemembered {
                session.tell("The secret \(selected.label) is remembered already.", .notice)
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
