import Browsing
import History
import Notifications
import SafeText
import Terminal

/// What is typed above the footer.
enum Prompt {
    case filter(FilterPrompt)
    case search(SearchPrompt)
    case export(ExportPrompt)
    case command(CommandPrompt)
    case replay(ReplayPrompt)
}

extension DashboardModel {
    mutating func performOnFilter(_ command: Command) -> [Effect] {
        if case .filter(var prompt) = prompt, command != .editFilter {
            switch command {
            case .completeFilter: prompt.complete(session.filterContext)
            case .completeFilterBack: prompt.complete(session.filterContext, isBack: true)
            case .olderFilter: prompt.recall(older: true, session.filterContext)
            case .newerFilter: prompt.recall(older: false, session.filterContext)
            case .applyFilter: return apply(prompt)
            default: break
            }
            self.prompt = .filter(prompt)
            return []
        }
        switch command {
        case .editFilter:
            prompt = .filter(
                FilterPrompt(filter.filter, past: session.viewState.filters, values: seenValues, from: origin))
            return [.readValues]
        case .filterOrNot:
            if filter.hasFilter {
                filter.toggle()
            } else if filter.isRestricting {
                filter.lift()
            } else if !filter.restore() {
                session.tell("There is no filter: \(bindings.name(of: .editFilter)) writes one.", .notice)
            }
        case .showProblems: filter.showsProblems.toggle()
        case .pause: return pauseOrNot()
        default: break
        }
        return []
    }

    /// A text that is wrong stays in the line, where what is wrong is said.
    private mutating func apply(_ prompt: FilterPrompt) -> [Effect] {
        guard let filter = prompt.filter else { return [] }
        self.prompt = nil
        return apply(filter)
    }

    mutating func apply(_ filter: Filter) -> [Effect] {
        self.filter.apply(filter, readAt: session.wallTime)
        guard self.filter.hasFilter else { return [] }
        session.viewState.remember(filter.text)
        return [.keepViewState(session.viewState)]
    }

    /// What is said below the line in which a filter is typed.
    var filterSurroundings: FilterPrompt.Surroundings {
        FilterPrompt.Surroundings(bindings: bindings, seen: seenValues, counts: counts)
    }

    var seenValues: SeenValues {
        SeenValues(rows.window.rows, secrets: session.keyring.secrets.map(\.label)).adding(recordedValues)
    }

    /// What filters may be completed with, of all that is recorded.
    mutating func take(_ values: SeenValues) {
        recordedValues = values
        guard case .filter(var prompt) = prompt else { return }
        prompt.know(values)
        self.prompt = .filter(prompt)
    }

    /// Types a key into the line that is open.
    mutating func typeIntoPrompt(_ key: Key) -> [Effect] {
        switch prompt {
        case .filter(var prompt):
            prompt.type(key, session.filterContext)
            self.prompt = .filter(prompt)
            return []
        case .search(let prompt): return type(key, in: prompt)
        case .export(var prompt):
            prompt.type(key)
            self.prompt = .export(prompt)
            return []
        case .replay(var prompt):
            prompt.type(key)
            self.prompt = .replay(prompt)
            return []
        case .command(var prompt):
            prompt.type(key)
            self.prompt = .command(prompt)
            return []
        case nil: return []
        }
    }

    /// Pastes a text into the line that is open; of several lines, one.
    mutating func pasteIntoPrompt(_ bytes: [UInt8]) -> [Effect] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            session.tell("The paste is not UTF-8 and was dropped.", .notice)
            return []
        }
        let lines = text.split(whereSeparator: \.isNewline)
        let line = String(lines.joined(separator: " ").prefix(4_096))
        switch prompt {
        case .filter(var prompt):
            prompt.insert(line, session.filterContext)
            self.prompt = .filter(prompt)
            return []
        case .search(var prompt):
            prompt.insert(line)
            return search(prompt)
        case .export(var prompt):
            prompt.insert(line)
            self.prompt = .export(prompt)
            return []
        case .replay(var prompt):
            prompt.insert(line)
            self.prompt = .replay(prompt)
            return []
        case .command(var prompt):
            prompt.insert(line)
            self.prompt = .command(prompt)
            return []
        case nil: return []
        }
    }

    /// Closes the line, and nothing has changed.
    mutating func leavePrompt() -> [Effect] {
        if help?.leaveSearch() == true { return [] }
        switch prompt {
        case .command:
            self.prompt = nil
            return []
        case .search(let prompt): return leaveSearch(prompt)
        case .filter(let prompt):
            self.prompt = nil
            let effects = relist()
            goBack(to: prompt.origin)
            return effects
        case .export, .replay:
            self.prompt = nil
            return []
        case nil: return []
        }
    }
}

// What is listed.
extension DashboardModel {
    /// The state of the history that the screen shows: as it is, or as it was when it was frozen.
    var shown: HistoryChange { frozen ?? session.change }

    var extent: ListExtent { listing.extent(of: shown) }

    /// Brings the list into line with filter, marks and order.
    mutating func relist() -> [Effect] {
        var preview: Filter?
        if case .filter(let prompt) = prompt { preview = prompt.preview }
        let query = BrowseQuery(
            filter.predicate(preview: preview, marks: marks), order: session.viewState.preferences.order)
        guard listing.show(query) else { return [] }
        rows.restart(isSorted: query.order != .arrival, fromStart: isToShowStart, extent)
        isToShowStart = false
        if selection.leave(query) {
            session.tell("Other rows are listed, so those that were selected are no longer.", .secondary)
        }
        return [.browse(query, generation: listing.generation, shown)] + (seeking.isRunning ? cancelSeeking() : [])
    }

    mutating func take(_ progress: BrowseProgress) {
        guard listing.take(progress) else { return }
        if let failure = progress.failure { session.tell("The rows could not be found: \(failure)", .bad) }
        if !listing.isRunning { selection.found(progress.matched) }
    }

    /// Freezes the screen, or shows all that has come since.
    private mutating func pauseOrNot() -> [Effect] {
        guard frozen == nil else {
            frozen = nil
            rows.freeze(at: nil)
            return [.follow(session.change)]
        }
        frozen = session.change
        rows.freeze(at: session.change.latestRow)
        return []
    }
}

extension Session {
    /// What a filter is read by: now, in the zone that is shown.
    var filterContext: FilterContext {
        FilterContext(now: wallTime, secondsFromUTC: clock.secondsFromUTC)
    }
}
