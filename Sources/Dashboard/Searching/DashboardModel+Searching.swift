import Browsing
import History
import SafeText
import Terminal

extension DashboardModel {
    mutating func performOnSearch(_ command: Command) -> [Effect] {
        switch command {
        case .search where help != nil: help?.search()
        case .search:
            prompt = .search(SearchPrompt(from: origin, isInDetail: detail.hasKeys, before: pattern))
        case .nextMatch, .previousMatch:
            let isNext = command == .nextMatch
            guard let pattern else {
                session.tell("Nothing is searched for: \(bindings.name(of: .search)) begins.", .notice)
                break
            }
            if detail.hasKeys {
                findInDetail(pattern, isNext ? .next : .previous)
            } else {
                return seek(.match(pattern), pattern.predicate, isNext ? .next : .previous)
            }
        case .nextProblem: return seek(.problem, .problem, .next)
        case .previousProblem: return seek(.problem, .problem, .previous)
        default: break
        }
        return []
    }

    /// Looks for a row of the list, from the current one on unless told.
    mutating func seek(
        _ aim: Seeking.Aim, _ predicate: RowPredicate, _ way: SeekRequest.Way, from start: Int64? = nil
    ) -> [Effect] {
        guard let row = rows.selection else { return [] }
        return [.seek(seeking.begin(aim, predicate, from: start ?? row, way))]
    }

    mutating func cancelSeeking() -> [Effect] {
        seeking.cancel()
        return [.cancelSeeking]
    }

    mutating func take(_ result: Result<SeekOutcome, EffectFailure>, seeking generation: Int) {
        guard let aim = seeking.finish(generation) else { return }
        switch result {
        case .failure(let failure): session.tell("The history could not be searched: \(failure.sentence)", .bad)
        case .success(let outcome):
            if case .search(var prompt) = self.prompt {
                prompt.hasNoMatch = outcome.row == nil
                self.prompt = .search(prompt)
                if outcome.row == nil { goBack(to: prompt.origin) }
            } else if outcome.row == nil {
                session.tell(aim.absence, .notice)
            } else if outcome.isWrapped {
                session.tell(aim.wrapping, .secondary)
            }
            if let row = outcome.row { rows.go(to: row, in: extent) }
        }
    }
}

// Typing a search.
extension DashboardModel {
    mutating func type(_ key: Key, in prompt: SearchPrompt) -> [Effect] {
        var prompt = prompt
        guard prompt.type(key) else {
            self.prompt = .search(prompt)
            return []
        }
        return search(prompt)
    }

    /// Shows the nearest place where the text stands.
    mutating func search(_ prompt: SearchPrompt) -> [Effect] {
        var prompt = prompt
        prompt.hasNoMatch = false
        pattern = prompt.pattern
        defer { self.prompt = .search(prompt) }
        guard let pattern else {
            goBack(to: prompt.origin)
            return cancelSeeking()
        }
        if prompt.isInDetail {
            // From where one was: what was typed so far may have led elsewhere.
            detail.goBack(to: prompt.origin.detail)
            prompt.hasNoMatch = !findInDetail(pattern, .nearest)
            return []
        }
        detail.forgetMatch()
        guard let origin = prompt.origin.row else { return [] }
        if let index = rows.index(of: origin), pattern.matches(rows.window.rows[index]) {
            goBack(to: prompt.origin)
            return cancelSeeking()
        }
        return [.seek(seeking.begin(.match(pattern), pattern.predicate, from: origin, .nearest))]
    }

    /// Ends the typing; what was found stays.
    mutating func keepSearch() -> [Effect] {
        if help != nil {
            help?.keepSearch()
            return []
        }
        guard case .search(let prompt) = prompt else { return [] }
        self.prompt = nil
        guard prompt.pattern == nil, let before = prompt.before else { return [] }
        pattern = before
        return performOnSearch(.nextMatch)
    }

    /// Ends the typing, and everything is as it was.
    mutating func leaveSearch(_ prompt: SearchPrompt) -> [Effect] {
        self.prompt = nil
        pattern = prompt.before
        goBack(to: prompt.origin)
        return cancelSeeking()
    }
}

// Searching the detail.
extension DashboardModel {
    /// Goes to the nearest line of the detail where the pattern stands. Says whether there is one.
    @discardableResult
    private mutating func findInDetail(_ pattern: SearchPattern, _ way: SeekRequest.Way) -> Bool {
        let document = detail.document
        let lines = document?.lines.indices ?? 0..<0
        let holds = { (line: Int) in document.map { pattern.matches($0.text(ofLine: line).string) } ?? false }
        let start = detail.searchStart
        // What one stands on was found before, or is the nearest.
        let next = way == .next && start.isFound ? start.line + 1 : start.line
        let below = (min(next, lines.count)..<lines.count).lazy.first(where: holds)
        let above = (0..<min(start.line, lines.count)).lazy.last(where: holds)
        var (found, isWrapped) = (way == .previous ? above : below, false)
        if found == nil {
            found = way == .previous ? lines.last(where: holds) : lines.first(where: holds)
            isWrapped = way != .nearest
        }
        guard let found, let document else {
            if way != .nearest { session.tell(Seeking.Aim.match(pattern).absence, .notice) }
            return false
        }
        detail.reveal(line: found, columns: pattern.columns(in: document.text(ofLine: found)) ?? 0..<0)
        if isWrapped {
            session.tell("Search wrapped: past the end of the detail, it went on from the other.", .secondary)
        }
        return true
    }
}

extension Seeking.Aim {
    /// What is said where it is nowhere.
    var absence: SafeText {
        switch self {
        case .match(let pattern): "Nothing found for “\(SafeText(pattern.text).clipped(to: 40))”."
        case .problem: "There is no other problem among the rows listed."
        case .mark: "There is no other mark among the rows listed."
        case .number(let name): "There is no \(name) among the rows listed."
        case .time: "No row is listed."
        }
    }

    /// What is said where it was found beyond an end of the list.
    var wrapping: SafeText {
        switch self {
        case .match: "Search wrapped: past the end of the list, it went on from the other."
        case .problem: "That was the last problem that way: past the end of the list, it went on from the other."
        case .mark, .number, .time:
            "That was the last one that way: past the end of the list, it went on from the other."
        }
    }

    /// What is looked for, while it is.
    var words: SafeText {
        switch self {
        case .match: "searching…"
        case .problem: "looking for a problem…"
        case .mark: "looking for a mark…"
        case .number(let name): "looking for \(name)…"
        case .time(let text): "looking for \(SafeText(text).clipped(to: 30))…"
        }
    }
}
