import Base
import History
import Notifications
import Receiving
import Terminal

/// A condition that is in force while the list is empty, and how it is counted by itself.
struct EmptyListTerm: Hashable {
    let text: String
    let predicate: RowPredicate
    /// The operator and value of the term; nil unless the known values of that operator can be listed.
    let value: FilterValueUse?
}

extension DashboardModel {
    /// The conditions that together match no row. Empty until all rows have been searched, and while any row matches.
    var emptyListTerms: [EmptyListTerm] {
        guard view.showsRows, !events.listing.query.isPlain, events.listing.query.predicate != .everything,
            !events.listing.isRunning,
            events.listing.progress?.matched == 0, shown.latestRow > 0
        else { return [] }
        var written: Filter?
        if let prompt = self[FilterPrompt.self] {
            written = prompt.preview
        } else if filter.isOn {
            written = filter.filter
        }
        var terms = (written?.parts ?? []).map {
            EmptyListTerm(text: $0.text, predicate: $0.predicate, value: $0.value)
        }
        if filter.showsProblems { terms.append(EmptyListTerm(text: "problems only", predicate: .problem, value: nil)) }
        if filter.showsMarked {
            terms.append(EmptyListTerm(text: "marked only", predicate: .rows(events.marks), value: nil))
        }
        return Array(terms.prefix(Self.mostTermsExplained))
    }

    /// The maximum number of filter terms that are counted separately.
    private static let mostTermsExplained = 20

    /// Starts counting the matches that the screen needs: of each term while the list is empty, of values in the filter
    /// being typed that have not been seen, and of the search.
    mutating func countMatches() {
        var wanted = emptyListTerms.map(\.predicate)
        if let prompt = self[FilterPrompt.self] { wanted += prompt.unseen(seenValues).map(\.item.predicate) }
        if let matches = matchPredicates { wanted += [matches.all, matches.through].compactMap(\.self) }
        let isVerifying = session.judging?.stage == .running
        guard let question = events.counts.request(wanted, shown, isVerifying: isVerifying) else { return }
        guard !question.items.isEmpty else { return context.questions.forget("counts") }
        ask("counts", on: .counts) { outside, asking -> MatchCounts.Answer? in
            for item in question.items {
                let found = try outside.count(item.predicate, in: item.first...question.through) {
                    asking.isCancelled
                }
                guard let found else { break }
                asking.report(MatchCounts.Answer(item: item, found: found))
            }
            return nil
        } then: { model, result in
            switch result {
            case .success(let answer): if let answer { model.events.counts.apply(answer) }
            case .failure(let failure):
                model.events.counts.countingFailed()
                model.session.tell("The rows could not be counted: \(failure.sentence)", .bad)
            }
        }
    }

    /// The conditions that count the matches of the search among the listed events: one for all matches, and one for
    /// those up to the selected row. The second is nil if the selected row does not match.
    private var matchPredicates: (all: RowPredicate, through: RowPredicate?)? {
        guard view.showsRows, let pattern, !detail.hasKeys else { return nil }
        let all = RowPredicate.all([events.listing.query.predicate, pattern.predicate])
        guard !events.rows.isSorted, let row = events.rows.selectedRow, pattern.matches(row) else { return (all, nil) }
        return (all, .all([all, .number(.row, .atMost, row.id)]))
    }

    /// The position of the selected row among the rows that match the search, and the number of those rows; nil until
    /// counted.
    var matchPlace: (place: Int?, count: Int)? {
        if let found { return found.matchPlace }
        guard let (all, through) = matchPredicates, let count = events.counts[all], count > 0 else { return nil }
        return (through.flatMap { events.counts[$0] }, count)
    }

    /// Draws the reason why a list of anything other than events is empty.
    ///
    /// - Parameter text: The text to draw if no filter is on.
    func drawNothing(_ text: SafeText, row: Int, on surface: inout Surface) {
        var text = text
        if let found, filter.isRestricting || hasPrompt && found.isFinding {
            text = found.isFinding ? "Looking…" : !hasPrompt ? "Nothing matches; " + waysOut : "Nothing matches."
        }
        surface.put(text, at: Point(column: ListRow.margin, row: row), style: Style(.secondary))
    }

    /// Draws the reason why the list of events is empty, and the keys that list more.
    func drawNothingListed(on surface: inout Surface) {
        let terms = emptyListTerms
        let room = surface.size.rows - 4
        surface.put(nothingListed, at: Point(column: ListRow.margin, row: 2), style: Style(.secondary))
        guard !terms.isEmpty, room > 0 else { return }
        let title: SafeText = terms.count == 1 ? "It alone matches:" : "Each term alone matches:"
        surface.put(title, at: Point(column: ListRow.margin, row: 3), style: Style(.secondary))
        let counts = terms.map { term -> SafeText in
            self.events.counts[term.predicate].map { "\(Wording.grouped($0))" } ?? "…"
        }
        let width = counts.map(\.width).max() ?? 0
        let isCut = terms.count > room
        for (index, term) in terms.prefix(isCut ? room - 1 : room).enumerated() {
            let isNone = self.events.counts[term.predicate] == 0
            var line = StyledLine("  " + counts[index].leftPadded(to: width) + "  ", Style(isNone ? .warning : .plain))
            line.append(SafeText(cell: term.text), Style(isNone ? .warning : .plain))
            if isNone, let value = term.value, let known = seenValues.words(value.kind) {
                line.append("   " + known, Style(.secondary))
            }
            if isNone, let stretch = stretch(of: term.predicate) {
                line.append("   " + stretch, Style(.secondary))
            }
            let point = Point(column: ListRow.margin, row: 4 + index)
            surface.put(line.clipped(to: max(0, surface.size.columns - ListRow.margin - 1)), at: point)
        }
        if isCut {
            let rest: SafeText = "  and \(terms.count - room + 1) more terms"
            surface.put(rest, at: Point(column: ListRow.margin, row: 3 + room), style: Style(.secondary))
        }
    }

    /// Returns the time range that a term about the arrival selects, in the displayed time zone. It shows the date
    /// because a time of day alone selects a single day, which may not be the intended one.
    private func stretch(of predicate: RowPredicate) -> SafeText? {
        func moment(_ milliseconds: Int64) -> String {
            session.clock.time(Timestamp(milliseconds: milliseconds)).map { "\($0.date) \($0.timeOfDay.prefix(8))" }
                ?? "?"
        }
        let parts = if case .all(let parts) = predicate { parts } else { [predicate] }
        var (from, to): (String?, String?)
        for case .number(.receivedAt, let comparison, let milliseconds) in parts {
            switch comparison {
            case .atLeast, .greater: from = moment(milliseconds)
            case .less, .atMost: to = moment(milliseconds)
            case .equal: return nil
            }
        }
        guard from != nil || to != nil else { return nil }
        let words = [from.map { "from \($0)" }, to.map { "to \($0)" }].compactMap(\.self).joined(separator: " ")
        return "\(words) \(session.clock.zone(at: session.wallTime))"
    }

    /// Whether an input line is open.
    private var hasPrompt: Bool { overlays.contains(.prompt) }

    private var nothingListed: SafeText {
        if events.rows.isStale || events.listing.isRunning || (events.listing.query.isPlain && shown.latestRow > 0) {
            return "Looking…"
        }
        if !filter.isRestricting, !hasPrompt { return "No row yet." }
        if shown.latestRow == 0 { return "No row yet, so nothing matches." }
        // While a filter is being typed, those keys would insert text.
        guard !hasPrompt else { return "Nothing matches." }
        if filter.isOn, filter.hasFilter { return "Nothing matches; " + waysOut }
        return (filter.showsProblems ? "No problem; " : "No marked row; ") + waysOut
    }

    /// The keys that list more rows while a filter is on.
    private var waysOut: SafeText {
        let escape = bindings.name(of: .goBack)
        var ways: [SafeText] = [
            filter.isOn && filter.hasFilter ? "\(escape) clears the filter" : "\(escape) lists every row again"
        ]
        if filter.showsProblems { ways.append("\(bindings.name(of: .showProblems)) lists more than problems") }
        if filter.showsMarked { ways.append("\(bindings.name(of: .showMarked)) lists more than marked rows") }
        return ways.joined(separator: ", ") + "."
    }
}
