import Base
import History
import Notifications
import Terminal

/// The line for a search.
struct SearchPrompt: Prompt {
    private(set) var editor = LineEditor()
    let origin: PromptOrigin
    /// Whether the search is in the detail pane rather than in the list.
    let isInDetail: Bool
    /// The previous pattern, which Esc restores and an empty line repeats.
    let before: SearchPattern?
    /// Whether the typed text was not found.
    var hasNoMatch = false

    init(from origin: PromptOrigin, isInDetail: Bool, before: SearchPattern?) {
        self.origin = origin
        self.isInDetail = isInDetail
        self.before = before
    }

    var pattern: SearchPattern? { SearchPattern(editor.text) }

    var context: BindingContext { .search }

    func height(_ model: DashboardModel, columns: Int) -> Int { 1 }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let text = editor.text
        _ = editor.update(.key(key))
        if editor.text != text { search(&model) }
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) {
        editor.insert(text)
        search(&model)
    }

    /// Shows the match nearest to where the search began.
    private mutating func search(_ model: inout DashboardModel) {
        hasNoMatch = false
        model.pattern = pattern
        guard let pattern else {
            model.goBack(to: origin)
            return model.cancelSeeking()
        }
        if isInDetail {
            // Each search starts where the line was opened, because the text typed so far may have moved the view.
            model.detail.goBack(to: origin.detail)
            hasNoMatch = !model.findInDetail(pattern, .nearest)
            return
        }
        model.detail.forgetMatch()
        if model.found != nil, let list = origin.list {
            model.changeFound { $0.searchNearest(to: list, pattern, $1) }
            return
        }
        guard let row = origin.row else { return }
        if let index = model.events.rows.index(of: row), pattern.matches(model.events.rows.window.rows[index]) {
            model.goBack(to: origin)
            return model.cancelSeeking()
        }
        model.seek(.match(pattern), pattern.predicate, .nearest, from: row)
    }

    func left(_ model: inout DashboardModel) {
        model.pattern = before
        model.goBack(to: origin)
        model.cancelSeeking()
    }

    /// Draws the line, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let label: SafeText = isInDetail ? "search detail" : "search"
        let hasNoMatch = hasNoMatch || !isInDetail && model.found?.hasNoMatch == true
        let cursor = PromptLine.draw(label, editor, Style(hasNoMatch ? .bad : .plain), on: &surface)
        if hasNoMatch {
            let note: SafeText = "  not found"
            let end = PromptLine.start(behind: label) + SafeText(editor.text).width + 1
            let start = min(end, surface.size.columns - note.width)
            surface.put(note, at: Point(column: max(0, start), row: 0), style: Style(.bad))
        }
        return cursor
    }
}

// MARK: - Searching

extension BindingContext {
    static let search: BindingContext = .init(
        "search", title: "Typing a search", with: [.everywhere], takesText: true, occasion: "while a search is typed",
        begin: .search)
}

extension Command {
    static let search = Command(
        "search", "/", in: .searching, "search the list, or the text of the detail pane", footer: .wide("search"),
        plain: .hint(
            "find TEXT",
            PlainWord(
                "find", syntax: "[TEXT]",
                "to the next older event that contains the text; without a text, repeats the search"
            ) { $0.find($1) }), unavailable: { $0.detail.hasKeys ? nil : $0.current.hasNoList }
    ) {
        $0[SearchPrompt.self] = SearchPrompt(from: $0.origin, isInDetail: $0.detail.hasKeys, before: $0.pattern)
    }
    static let nextProblem = Command("next-problem", "e", in: .browsing, "to the next problem", plain: .row()) {
        $0.seek(.problem, .problem, .next)
    }
    static let keepSearch = Command(
        "keep-search", .enter, in: .search, "stay at the place found", footer: .narrow("stay")
    ) { $0.keepSearch() }

    /// The commands that search, and those of the search line.
    static let ofSearch: [Command] = [
        search,
        Command("next-match", "n", in: .searching, "to the next place found", plain: .row()) { $0.goToMatch(.next) },
        Command("previous-match", "N", in: .searching, "to the previous place found", plain: .row()) {
            $0.goToMatch(.previous)
        },
        nextProblem,
        Command(
            "previous-problem", "E", in: .browsing, "to the previous problem",
            plain: .row(PlainWord("problem", "to the next older problem"))
        ) { $0.seek(.problem, .problem, .previous) },
        keepSearch,
        .leavePrompt.also(in: .search, "back to where the search began", footer: .narrow("back")),
    ]
}

extension DashboardModel {
    /// Goes to the next or the previous match.
    fileprivate mutating func goToMatch(_ way: SeekRequest.Way) {
        guard let pattern else {
            return session.tell("No search yet: \(bindings.name(of: .search)) starts one.", .notice)
        }
        if detail.hasKeys {
            findInDetail(pattern, way)
        } else if found != nil {
            changeFound { $0.searchNext(way == .next, pattern, $1) }
            tellSearchNews()
        } else {
            seek(.match(pattern), pattern.predicate, way)
        }
    }

    private static let seekSlot = "seek"

    /// Searches for a row of the list, from the current row unless another is given.
    mutating func seek(
        _ aim: SeekAim, _ predicate: RowPredicate, _ way: SeekRequest.Way, from start: Int64? = nil
    ) {
        guard let row = start ?? events.rows.selection, events.rows.selection != nil else { return }
        events.seeking = aim
        let request = SeekRequest(predicate: predicate, from: row, way: way)
        ask(Self.seekSlot, on: .seeking) { outside, asking in
            try outside.seek(request) { asking.isCancelled }
        } then: {
            $0.apply($1, of: aim)
        }
    }

    mutating func cancelSeeking() {
        events.seeking = nil
        context.questions.forget(Self.seekSlot)
    }

    private mutating func apply(_ result: Result<SeekOutcome, EffectFailure>, of aim: SeekAim) {
        events.seeking = nil
        switch result {
        case .failure(let failure): session.tell("The history could not be searched: \(failure.sentence)", .bad)
        case .success(let outcome):
            if let prompt = self[SearchPrompt.self] {
                self[SearchPrompt.self]?.hasNoMatch = outcome.row == nil
                if outcome.row == nil { goBack(to: prompt.origin) }
            } else if outcome.row == nil {
                session.tell(aim.absence, .notice)
            } else if outcome.isWrapped {
                session.tell(aim.wrapping, .secondary)
            }
            if let row = outcome.row { events.rows.go(to: row, in: extent) }
        }
    }

    /// Ends typing and keeps the result of the search.
    mutating func keepSearch() {
        guard let prompt = self[SearchPrompt.self] else { return }
        self[SearchPrompt.self] = nil
        guard prompt.pattern == nil, let before = prompt.before else { return }
        pattern = before
        goToMatch(.next)
    }

    // MARK: - Searching the detail

    /// Goes to the nearest line of the detail that contains the pattern. Returns whether there is one.
    @discardableResult
    fileprivate mutating func findInDetail(_ pattern: SearchPattern, _ way: SeekRequest.Way) -> Bool {
        let document = detail.document
        let lines = document?.lines.indices ?? 0..<0
        let holds = { (line: Int) in document.map { pattern.matches($0.text(ofLine: line).string) } ?? false }
        let start = detail.searchStart
        // The current line is either the previous match, or a candidate itself.
        let next = way == .next && start.isFound ? start.line + 1 : start.line
        let below = (min(next, lines.count)..<lines.count).lazy.first(where: holds)
        let above = (0..<min(start.line, lines.count)).lazy.last(where: holds)
        var (found, isWrapped) = (way == .previous ? above : below, false)
        if found == nil {
            found = way == .previous ? lines.last(where: holds) : lines.first(where: holds)
            isWrapped = way != .nearest
        }
        guard let found, let document else {
            if way != .nearest { session.tell(SeekAim.match(pattern).absence, .notice) }
            return false
        }
        detail.reveal(line: found, columns: pattern.columns(in: document.text(ofLine: found)) ?? 0..<0)
        if isWrapped {
            session.tell("The search continued from the other end of the detail.", .secondary)
        }
        return true
    }
}

extension SeekAim {
    /// A message that the search found nothing.
    var absence: SafeText {
        switch self {
        case .match(let pattern): "Nothing found for “\(SafeText(pattern.text).clipped(to: 40))”."
        case .problem: "No other problem among the rows listed."
        case .mark: "No other mark among the rows listed."
        case .number(let name): "No \(name) among the rows listed."
        case .time: "No row is listed."
        }
    }

    /// A message that the search continued past an end of the list.
    var wrapping: SafeText {
        switch self {
        case .match: "The search continued from the other end of the list."
        case .problem: "That was the last problem: the search continued from the other end of the list."
        case .mark, .number, .time:
            "That was the last one: the search continued from the other end of the list."
        }
    }

    /// A description of the search while it runs.
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

// MARK: - The start of a search

/// The view when an input line was opened, to return to it later.
struct PromptOrigin: Sendable {
    var row: Int64?
    var wasFollowing: Bool
    /// The distance of the row from the top of the list.
    var place: Int
    /// The position in a list that is not one of events.
    var list: ListOrigin?
    /// The position in the detail pane.
    var detail: DetailPane.Position
}

extension DashboardModel {
    var origin: PromptOrigin {
        PromptOrigin(
            row: events.rows.selection, wasFollowing: events.rows.isFollowing, place: events.rows.selectedLine,
            list: found?.origin,
            detail: detail.position)
    }

    mutating func goBack(to origin: PromptOrigin) {
        detail.goBack(to: origin.detail)
        if let list = origin.list {
            changeFound { $0.goBack(to: list, $1) }
        } else if origin.wasFollowing {
            events.rows.follow()
        } else if let row = origin.row {
            events.rows.goBack(to: row, at: origin.place, in: extent)
        }
    }
}

// MARK: - The pattern

/// A text to search for. It is not a regular expression, and it ignores case unless it contains a capital letter.
struct SearchPattern: Sendable, Hashable {
    let text: String
    private let isCaseSensitive: Bool
    /// The text in UTF-8, in lower case if case is ignored.
    private let needle: [UInt8]

    /// Creates a pattern; nil for an empty text, which would match everywhere.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        self.text = text
        isCaseSensitive = text.contains(where: \.isUppercase)
        needle = isCaseSensitive ? Array(text.utf8) : text.utf8.map(Self.folded)
    }

    /// Returns whether a UTF-8 text contains the pattern.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        first(in: bytes, from: 0) != nil
    }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    /// Returns the matches in a line of cells, as ranges of cell numbers.
    func ranges(in cells: [String]) -> [Range<Int>] {
        var (bytes, owners): ([UInt8], [Int]) = ([], [])
        for (index, cell) in cells.enumerated() {
            for byte in cell.utf8 {
                bytes.append(byte)
                owners.append(index)
            }
        }
        var (ranges, from): ([Range<Int>], Int) = ([], 0)
        bytes.withUnsafeBytes { bytes in
            while let start = first(in: bytes, from: from) {
                from = start + needle.count
                ranges.append(owners[start]..<(owners[from - 1] + 1))
            }
        }
        return ranges
    }

    private func first(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard bytes.count - start >= needle.count else { return nil }
        for place in start...(bytes.count - needle.count) {
            var index = 0
            while index < needle.count {
                let byte = bytes[place + index]
                guard (isCaseSensitive ? byte : Self.folded(byte)) == needle[index] else { break }
                index += 1
            }
            if index == needle.count { return place }
        }
        return nil
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// Returns the screen columns of the first match in a line.
    func columns(in text: SafeText) -> Range<Int>? {
        let characters = text.string.map(String.init)
        guard let range = ranges(in: characters).first else { return nil }
        let start = SafeText(characters[..<range.lowerBound].joined()).width
        return start..<start + SafeText(characters[range].joined()).width
    }

    // MARK: - Matching

    /// A predicate for the rows with a text that contains the pattern.
    var predicate: RowPredicate {
        let pattern = TextPattern("search:\(text)") { matches($0) }
        let verdicts = SignatureVerdict.allCases.filter { matches($0.title) }
        return .any([
            .text([.eventType, .objectName, .bucketName, .matchedRuleName, .eventId, .objectVersionId], pattern),
            .all([.not(.event), .text([.method, .target], pattern)]), .verdict(Set(verdicts)),
        ])
    }

    /// Returns whether a text of the row contains the pattern, by the same rule as `predicate`.
    func matches(_ row: EventRow) -> Bool {
        if matches(row.verdict.title) { return true }
        guard row.position != nil else { return matches(row.method) || matches(row.target) }
        let fields = [
            row.eventType, row.objectName, row.bucketName, row.matchedRuleName, row.eventId, row.objectVersionId,
        ]
        return fields.contains { matches($0.text) }
    }
}

// MARK: - Highlights

/// The highlighting of matches, wherever they are drawn.
enum SearchHighlight {
    /// Reverses the colours of each match in a rectangle; in a bar that is already reversed, restores them. Matches are
    /// also bold, so that they are visible on any terminal.
    ///
    /// - Parameter current: The row of the last match found, which is underlined too.
    static func draw(_ pattern: SearchPattern, in rect: Rect, current: Int? = nil, on surface: inout Surface) {
        surface.draw(in: rect) { part in
            for row in 0..<part.size.rows {
                let cells = (0..<part.size.columns).map { part[row, $0].text }
                for range in pattern.ranges(in: cells) {
                    part.restyle(Rect(column: range.lowerBound, row: row, columns: range.count, rows: 1)) {
                        $0.isReversed.toggle()
                        $0.isBold = true
                        if row == current { $0.isUnderlined = true }
                    }
                }
            }
        }
    }
}

// MARK: - Searching the history

/// A search for a row of the list, which may take a while.
struct SeekRequest: Sendable {
    /// The direction of the search.
    enum Way: Sendable, Hashable {
        /// Downwards in the list, and then from its start.
        case next
        /// Upwards in the list, and then from its end.
        case previous
        /// To the nearest row below, or else to the nearest above.
        case nearest
        /// To the row that was received nearest to a time.
        case time(Range<Timestamp>)
    }

    let predicate: RowPredicate
    /// The row at which the search starts.
    let from: Int64
    let way: Way

    // MARK: - Running the search

    /// Searches for the row. Blocks.
    func outcome(_ browser: Browser, _ isCancelled: @Sendable () -> Bool) throws -> SeekOutcome {
        func find(from row: Int64, isNewer: Bool) throws -> Int64? {
            try browser.find(predicate, from: row, isNewer: isNewer, isCancelled: isCancelled)
        }
        if case .time(let stretch) = way {
            return SeekOutcome(row: try browser.nearest(to: stretch, isCancelled: isCancelled))
        }
        if let row = try find(from: from, isNewer: way != .previous) { return SeekOutcome(row: row) }
        switch way {
        case .nearest: return SeekOutcome(row: try find(from: from, isNewer: false))
        case .next: return SeekOutcome(row: try find(from: .min, isNewer: true), isWrapped: true)
        case .previous: return SeekOutcome(row: try find(from: .max, isNewer: false), isWrapped: true)
        case .time: return SeekOutcome()
        }
    }
}

/// The outcome of a search.
struct SeekOutcome: Sendable, Hashable {
    /// The row found; nil if nothing matches.
    var row: Int64?
    /// Whether the search continued past an end of the list.
    var isWrapped = false
}

/// The thing that a search looks for, for messages.
enum SeekAim: Hashable {
    case match(SearchPattern)
    case problem
    case mark
    /// A row or delivery, as the user named it.
    case number(String)
    /// A row received at a time, as the user typed it.
    case time(String)
}

// MARK: - Times

extension HistoryReader {
    /// Returns the delivery received nearest to a time range: the first within it, or else the nearer of the deliveries
    /// before and after it.
    func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64? {
        let from = try firstDelivery(receivedFrom: stretch.lowerBound)
        // If times rise with the numbers, the delivery with the next lower number is the last one before the range.
        let before = try deliveryRows(WindowRequest<Int64>(.row((from ?? .max) - 1), before: 0, after: 0)).rows.last?.id
        guard let from else { return before }
        guard let before, before < from, let late = try received(from), !stretch.contains(late),
            let early = try received(before)
        else { return from }
        let isNearer =
            stretch.lowerBound.milliseconds - early.milliseconds < late.milliseconds - stretch.upperBound.milliseconds
        return isNearer ? before : from
    }
}

// MARK: - Going to a delivery, a row or a time

extension Command {
    static let goTo = Command(
        "goto",
        Arguments(form: "N, row N, or a time", offers: .words { $0.count > 1 ? [] : placesToGoTo }),
        "go to delivery N, row N, or what arrived nearest to a time: 02:14, yesterday 02:14, 2026-11-28, -2h",
        plain: .row(
            PlainWord(
                "goto", syntax: "N|row N|TIME",
                "to delivery N, to row N of the list, or to what arrived nearest to a time, such as yesterday 02:14",
                run: { $0.goTo($1) }))
    ) { model, text throws(Fault) in try model.goTo(text) }
    static let goToTime = Command(
        "go-to-time", "@", in: .views, "go to a time, such as yesterday 02:14, or to a number",
        plain: .hint("goto yesterday 02:14")
    ) { $0.typeCommand("\(goTo.name) ") }

    /// Examples of what may be typed after `goto`.
    private static let placesToGoTo = [
        ("02:14", "what arrived nearest to the latest 02:14"),
        ("yesterday", "the first of yesterday; yesterday 02:14 for a time of day"), ("today", "the first of today"),
        ("-2h", "two hours ago"), ("2026-11-28", "the first of that day; 2026-11-28 02:14 for a time of day"),
        ("newest", "the newest, which is then followed"), ("oldest", "the oldest"), ("126", "delivery 126"),
        ("row", "row 7 of the history"),
    ].map { CommandCompletion.Candidate(text: $0.0, meaning: $0.1) }

    /// A sentence about the arguments of `goto`.
    fileprivate static let whereTo =
        "“goto” takes a time, such as \(FilterMoment.examples); a delivery’s number, such as 12; or row 12."
}

extension DashboardModel {
    /// Goes to the delivery, row or time that is typed after `goto`.
    fileprivate mutating func goTo(_ text: String) throws(Command.Fault) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.count == 1 {
            let number = words[0].hasPrefix("#") ? words[0].dropFirst() : words[0][...]
            if let id = Int64(number), id > 0, !words[0].hasPrefix("+") {
                try goTo(delivery: id)
                return
            }
            switch words[0].lowercased() {
            case "newest", "latest", "last", "end": return try reach(.toEnd)
            case "oldest", "first", "start": return try reach(.toStart)
            default: break
            }
        }
        if words.count == 2, words[0] == "row", let id = Int64(words[1]), id > 0 {
            try showRows("goto row")
            if events.rows.selection != id { seek(.number("row \(id)"), .number(.row, .equal, id), .nearest) }
            return
        }
        guard !words.isEmpty, words[0] != "row", Int64(words[0]) == nil || words.count > 1 else {
            throw Command.Fault(Command.whereTo)
        }
        let time = words.joined(separator: " ")
        guard let stretch = stretch(time) else {
            throw Command.Fault("“\(time)” is not a time. \(Command.whereTo)")
        }
        if [MainView.deliveries, .log, .pulse].contains(view) { show(view) } else { try showRows("goto") }
        goTo(time, stretch)
    }

    private mutating func goTo(delivery id: Int64) throws(Command.Fault) {
        if view == .deliveries, [.deliveries, .detail].contains(place.nearest) {
            deliveries.select(id, shown)
            return
        }
        try showRows("goto")
        // The search starts at the oldest row, so that it finds the first event of a delivery with several.
        seek(.number("delivery \(id)"), .number(.delivery, .equal, id), .nearest, from: .min)
    }

    /// Returns the time range that a text means in the displayed zone.
    func stretch(_ text: String) -> Range<Timestamp>? { FilterMoment(in: session.filterContext).stretch(text) }

    /// Goes to the row nearest to a time: in the current list, or else in the list of events.
    mutating func goTo(_ text: String, _ stretch: Range<Timestamp>) {
        switch view {
        case .deliveries:
            goTo(.rows) {
                try $0.delivery(nearestTo: stretch)
            } then: {
                $0.deliveries.select($1, $0.shown)
            }
        case .log:
            goTo(.log) {
                try $0.logPlace(nearestTo: stretch)
            } then: {
                $0.log.select($1)
            }
        case .pulse: pulse.show(stretch)
        default:
            guard events.rows.selection != nil else {
                return session.tell("No row is listed.", .notice)
            }
            seek(.time(text), .everything, .time(stretch))
        }
    }

    private mutating func goTo<Place: Sendable>(
        _ lane: Lane, _ find: @escaping @Sendable (any Outside) throws -> Place?,
        then: @escaping @Sendable (inout DashboardModel, Place) -> Void
    ) {
        ask("time", on: lane) { outside, _ in
            try find(outside)
        } then: { model, result in
            switch result {
            case .failure(let failure):
                model.session.tell("The time could not be looked for: \(failure.sentence)", .bad)
            case .success(let place?): then(&model, place)
            case .success(nil): model.session.tell("No line to go to.", .notice)
            }
        }
    }
}
