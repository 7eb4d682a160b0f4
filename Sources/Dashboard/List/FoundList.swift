import Base
import History
import Terminal

/// A list that is filtered, sorted and searched: of deliveries, of an action's entries, of the log, of rules.
///
/// What matches is found by reading the list stretch by stretch, the newest first, while the list shows what was found so
/// far; only ids and sort keys are kept. A list that is neither filtered nor sorted is read as it is.
struct FoundList<Row: WindowedRow> {
    private(set) var list = WindowedList<Row>()
    private(set) var table: ListTable<Row>
    var filter = RowFilter()
    var order: ListOrder?
    private(set) var finding: Finding<Row>
    /// The search to be done once enough was found.
    private var pending: (Search, SearchPattern)?

    /// A search for the next place of a pattern.
    enum Search: Hashable {
        /// The nearest to a row, as it is typed.
        case nearest(Row.ID)
        case next
        case previous
    }

    init(_ columns: [ListColumn<Row>], growth: Finding<Row>.Growth) {
        table = ListTable(columns)
        finding = Finding(growth)
    }

    var selection: Row.ID? { list.selection }
    /// Whether the list is longer than the screen, so that a scroll bar has a column of its own.
    private var hasScrollBar = false

    /// Returns the columns that texts have in so many columns of the screen.
    func width(in columns: Int) -> Int { columns - ListRow.margin - (hasScrollBar ? 1 : 0) }

    var isFollowing: Bool { list.isFollowing }
    /// Whether no row is listed, though all were looked at.
    var isEmpty: Bool { list.window.rows.isEmpty }

    // MARK: - Moving

    /// Changes the position in the list.
    mutating func change(_ base: ListExtent, _ body: (inout WindowedList<Row>, ListExtent) -> Void) {
        body(&list, finding.extent(base))
    }

    /// Freezes the list at a row, or lets it go on.
    mutating func freeze(at row: Row.ID?) { list.freeze(at: row) }

    /// Lists other rows, from the newest.
    mutating func startAnew() {
        list.startAnew()
        finding.startAnew()
    }

    mutating func settle(height: Int, days: WallClock) { list.settle(height: height, days: days) }

    // MARK: - Reading

    /// Returns what is to be read.
    ///
    /// - Parameter base: The extent of the whole list.
    mutating func questions(
        _ base: ListExtent, _ reading: TabReading, at now: ContinuousClock.Instant
    ) -> [ListQuestion<Row>] {
        let (predicate, pattern) = (reading.predicate, reading.pattern)
        if finding.show(Finding.Query(predicate: predicate, order: order, pattern: pattern)) {
            list.restart(isSorted: order != nil, fromStart: order != nil, finding.extent(base))
        }
        hasScrollBar = extent(base).map { ScrollBar.isNeeded(total: $0.total, height: list.height) } ?? false
        var questions: [ListQuestion<Row>] = []
        if let stretch = finding.request(base, at: now) {
            let key = order.flatMap { order in table.columns.first { $0.name == order.column }?.key }
            questions.append(
                ListQuestion(
                    generation: stretch.generation,
                    kind: .stretch(stretch.request, predicate, pattern, key: key, ListTable(table.columns))))
        }
        // While nothing is found yet, what was listed before stays on the screen.
        if finding.lists, finding.count == 0, !finding.isComplete { return questions }
        if let ticket = list.request(finding.extent(base), at: now) {
            let kind: ListQuestion<Row>.Kind =
                finding.lists ? .rows(finding.window(ticket.request)) : .window(ticket.request)
            questions.append(ListQuestion(generation: ticket.generation, kind: kind))
        }
        return questions
    }

    /// When a postponed question is asked.
    var deadline: ContinuousClock.Instant? { [list.reading.deadline, finding.deadline].compactMap(\.self).min() }

    /// Applies an answer.
    ///
    /// - Returns: A failure to tell; nil where there is none.
    mutating func apply(_ answer: ListAnswer<Row>, _ base: ListExtent) -> EffectFailure? {
        switch answer.result {
        case .success(.window(let window)):
            if list.apply(window, generation: answer.generation) {
                table = ListTable(table.columns, rows: list.window.rows)
            }
        case .success(.found(let found)):
            finding.apply(found, generation: answer.generation)
            resolve(finding.extent(base))
        case .failure(let failure):
            if answer.isStretch {
                finding.failed(generation: answer.generation)
            } else {
                list.readingFailed(generation: answer.generation)
            }
            return failure
        }
        return nil
    }

    // MARK: - Searching

    /// Whether the search has ended without a match, or has gone on from the other end: to be told once.
    private(set) var news: SearchNews?

    mutating func takeNews() -> SearchNews? {
        defer { news = nil }
        return news
    }

    /// Whether all was looked at, and the text is nowhere.
    var hasNoMatch: Bool { finding.query.pattern != nil && finding.isComplete && finding.matches.isEmpty }

    /// Looks for a place of the pattern, now or as soon as enough was found.
    mutating func search(_ search: Search?, for pattern: SearchPattern?, _ base: ListExtent) {
        pending = search.flatMap { search in pattern.map { (search, $0) } }
        resolve(finding.extent(base))
    }

    private mutating func resolve(_ extent: ListExtent) {
        guard let (search, pattern) = pending, pattern == finding.query.pattern else { return }
        let found: (id: Row.ID, isWrapped: Bool)?
        switch search {
        case .nearest(let origin): found = finding.nearest(to: origin).map { ($0, false) }
        case .next, .previous:
            guard finding.isComplete else { return }
            found = list.selection.flatMap { finding.match(beside: $0, isNext: search == .next) }
            news = found == nil ? .absent : found?.isWrapped == true ? .wrapped : nil
        }
        if finding.isComplete { pending = nil }
        if let found, found.id != list.selection { list.go(to: found.id, in: extent) }
    }

    /// The number of the selected row among those that match the search, and their number; nil while nothing is found.
    var matchPlace: (place: Int?, count: Int)? {
        let matches = finding.matches
        guard !matches.isEmpty else { return nil }
        return (list.selection.flatMap { id in matches.firstIndex(of: id) }.map { $0 + 1 }, matches.count)
    }

    // MARK: - The place in the list

    /// The number of the window's first row among all that are listed, counted from 1, and their number; nil where it is
    /// not known.
    func extent(_ base: ListExtent) -> (first: Int, total: Int)? {
        let window = list.window
        guard let row = window.rows.first else { return nil }
        if finding.lists { return window.first.map { ($0, max(finding.count, $0 + window.rows.count - 1)) } }
        if !window.hasOlder, !window.hasNewer { return (1, window.rows.count) }
        if finding.counts { return finding.place(of: row.id).map { ($0, finding.count) } }
        return base.latest.map { (Int(row.number), Int($0)) }
    }
}

// MARK: - What the dashboard does with any of them

/// What came of a search.
enum SearchNews: Hashable {
    case absent, wrapped
}

/// A list of the kind above, whatever its rows are.
protocol FoundListing {
    var hasSelection: Bool { get }
    var filter: RowFilter { get set }
    var order: ListOrder? { get set }
    var isFollowing: Bool { get }
    var isEmpty: Bool { get }
    var isFinding: Bool { get }
    var hasNoMatch: Bool { get }
    var matchPlace: (place: Int?, count: Int)? { get }
    /// The names of the columns it can be sorted by.
    var sortNames: [String] { get }
    var origin: ListOrigin { get }

    mutating func move(_ motion: Motion, _ base: ListExtent)
    mutating func scroll(by lines: Int, _ base: ListExtent)
    mutating func followOrNot(_ base: ListExtent)
    mutating func select(line: Int, _ base: ListExtent) -> Bool
    mutating func goBack(to origin: ListOrigin, _ base: ListExtent)
    mutating func searchNearest(to origin: ListOrigin, _ pattern: SearchPattern?, _ base: ListExtent)
    mutating func searchNext(_ isNext: Bool, _ pattern: SearchPattern, _ base: ListExtent)
    mutating func takeNews() -> SearchNews?
    mutating func settle(height: Int, days: WallClock)
    mutating func stopFollowing(_ base: ListExtent)
    var deadline: ContinuousClock.Instant? { get }
    /// Returns the name of the column whose heading is at a column of the screen.
    func sortName(at column: Int, _ session: Session, columns: Int) -> String?
    func arrivals(_ base: ListExtent) -> Int?
    func place(_ base: ListExtent) -> (place: Int?, total: Int)?
}

/// A position in a list, to go back to.
struct ListOrigin {
    var id: AnyHashable?
    var wasFollowing: Bool
    var line: Int
}

extension FoundList: FoundListing {
    /// Whether rows are still being found.
    var isFinding: Bool { finding.lists && !finding.isComplete }

    var hasSelection: Bool { list.selection != nil }

    var sortNames: [String] { table.columns.compactMap(\.sortName) }

    var origin: ListOrigin {
        ListOrigin(id: list.selection.map(AnyHashable.init), wasFollowing: list.isFollowing, line: list.selectedLine)
    }

    mutating func move(_ motion: Motion, _ base: ListExtent) { change(base) { $0.move(motion, in: $1) } }

    mutating func scroll(by lines: Int, _ base: ListExtent) { change(base) { $0.scroll(by: lines, in: $1) } }

    mutating func stopFollowing(_ base: ListExtent) { change(base) { $0.stopFollowing($1) } }

    func sortName(at column: Int, _ session: Session, columns: Int) -> String? {
        let places = table.places(ListContext(session, order: order), width: width(in: columns))
        return table.sortName(at: column - ListRow.margin, places)
    }

    mutating func followOrNot(_ base: ListExtent) { change(base) { $0.followOrNot($1) } }

    /// Selects the row in a line of the screen.
    ///
    /// - Returns: Whether there is one.
    mutating func select(line: Int, _ base: ListExtent) -> Bool {
        guard let id = list.id(atLine: line) else { return false }
        if id != list.selection { change(base) { $0.go(to: id, in: $1) } }
        return true
    }

    mutating func goBack(to origin: ListOrigin, _ base: ListExtent) {
        change(base) { list, extent in
            if origin.wasFollowing {
                list.follow()
            } else if let id = origin.id?.base as? Row.ID {
                list.goBack(to: id, at: origin.line, in: extent)
            }
        }
    }

    mutating func searchNearest(to origin: ListOrigin, _ pattern: SearchPattern?, _ base: ListExtent) {
        search((origin.id?.base as? Row.ID).map(Search.nearest), for: pattern, base)
    }

    mutating func searchNext(_ isNext: Bool, _ pattern: SearchPattern, _ base: ListExtent) {
        search(isNext ? .next : .previous, for: pattern, base)
    }

    func arrivals(_ base: ListExtent) -> Int? { list.arrivals(finding.extent(base)) }

    /// The number of the selected row, counted from 1, and the number of all that are listed.
    func place(_ base: ListExtent) -> (place: Int?, total: Int)? {
        guard let (first, total) = extent(base) else { return nil }
        return (list.selectedIndex.map { first + $0 }, total)
    }
}

// MARK: - Questions and answers

/// What a list asks the outside.
struct ListQuestion<Row: WindowedRow>: Sendable {
    enum Kind: Sendable {
        /// Rows of the list as it is.
        case window(WindowRequest<Row.ID>)
        /// Rows that were found, by their ids.
        case rows(FoundWindow<Row.ID>)
        /// The rows of a stretch that match, with what they are sorted by.
        case stretch(
            WindowRequest<Row.ID>, RowPredicate, SearchPattern?, key: (@Sendable (Row) -> SortKey?)?, ListTable<Row>)
    }

    let generation: Int
    let kind: Kind

    /// The slot: a stretch and a window are read side by side.
    var slot: String { if case .stretch = kind { "stretch" } else { "window" } }
}

/// The ids of rows in sequence, and whether there are others around them.
struct FoundWindow<ID: Hashable & Sendable>: Hashable, Sendable {
    var ids: [ID] = []
    var hasOlder = false
    var hasNewer = false
    var first = 1
}

/// The answer to a list's question.
struct ListAnswer<Row: WindowedRow>: Sendable {
    enum Outcome: Sendable {
        case window(WindowAnswer<Row>)
        case found(FoundStretch<Row.ID>)
    }

    let generation: Int
    var isStretch = false
    let result: Result<Outcome, EffectFailure>

    /// The rows of a window.
    var rows: Result<[Row], EffectFailure> {
        result.map { outcome in if case .window(let window) = outcome { window.rows } else { [] } }
    }
}

/// A row that was found.
struct FoundItem<ID: Hashable & Sendable>: Hashable, Sendable {
    let id: ID
    var key: SortKey?
    /// Whether it matches the search.
    var isMatch = false
}

/// The rows found in a stretch of a list.
struct FoundStretch<ID: Hashable & Sendable>: Hashable, Sendable {
    /// In the order of arrival.
    var items: [FoundItem<ID>] = []
    /// The number of rows looked at, and the outermost of them.
    var scanned = 0
    var oldest: ID?
    var newest: ID?
    var hasOlder = false
    var hasNewer = false
}

/// Where the rows of a list are read from.
struct ListSource<Row: WindowedRow> {
    /// Reads rows in the order of arrival.
    let read: (WindowRequest<Row.ID>) throws -> WindowAnswer<Row>
    /// Returns those of some rows that match a condition.
    let keep: (RowPredicate, [Row]) throws -> [Row]

    /// Answers a question. Blocks.
    func answer(_ question: ListQuestion<Row>) -> ListAnswer<Row> {
        var isStretch = false
        if case .stretch = question.kind { isStretch = true }
        let result = Result { try outcome(question.kind) }.mapError(EffectFailure.init)
        return ListAnswer(generation: question.generation, isStretch: isStretch, result: result)
    }

    private func outcome(_ kind: ListQuestion<Row>.Kind) throws -> ListAnswer<Row>.Outcome {
        switch kind {
        case .window(let request): return .window(try read(request))
        case .rows(let found):
            let rows = try found.ids.compactMap { id in
                try read(WindowRequest(anchor: .row(id), before: 0, after: 0)).rows.first { $0.id == id }
            }
            return .window(
                WindowAnswer(rows: rows, hasOlder: found.hasOlder, hasNewer: found.hasNewer, first: found.first))
        case .stretch(let request, let predicate, let pattern, let key, let table):
            let answer = try read(request)
            var rows = answer.rows
            if case .row(let anchor) = request.anchor {
                if let index = rows.firstIndex(where: { $0.id == anchor }) {
                    rows = Array(request.after > 0 ? rows[(index + 1)...] : rows[..<index])
                } else if request.after > 0 {
                    rows = rows.filter { Row.isOlder(anchor, than: $0.id) }
                }
            }
            let kept = predicate == .everything ? rows : try keep(predicate, rows)
            let context = ListContext.plain
            return .found(
                FoundStretch(
                    items: kept.map { row in
                        FoundItem(
                            id: row.id, key: key?(row), isMatch: pattern.map { table.holds($0, row, context) } ?? false)
                    }, scanned: rows.count, oldest: rows.first?.id, newest: rows.last?.id, hasOlder: answer.hasOlder,
                    hasNewer: answer.hasNewer))
        }
    }
}

// MARK: - Finding

/// The rows of a list that match, as far as they are found.
struct Finding<Row: WindowedRow> {
    typealias ID = Row.ID

    /// What makes rows that were looked at be looked at again.
    enum Growth {
        /// A change of their verdicts; newer rows are told by their numbers.
        case byNumber
        /// Nothing: rows are only added.
        case byRevision
        /// Any change.
        case anew
    }

    struct Query: Equatable {
        var predicate = RowPredicate.everything
        var order: ListOrder?
        var pattern: SearchPattern?
    }

    /// The most rows that are found.
    private static var most: Int { 50_000 }
    private static var leastPause: Duration { .seconds(1) }

    private let growth: Growth
    private(set) var query = Query()
    /// What was found, in the order of arrival.
    private var items: [FoundItem<ID>] = []
    /// The ids of the rows listed, in the list's order.
    private var listed: [ID] = []
    /// The ids of the rows that match the search, in the list's order.
    private(set) var matches: [ID] = []
    /// What will replace the items, while all rows are looked at again.
    private var fresh: [FoundItem<ID>]?
    private var oldest: ID?
    private var newest: ID?
    private var reachesTheOldest = false
    private(set) var isComplete = false
    private(set) var scanned = 0
    private var size = 500
    private var sortedAt = 0
    private var replacements: Int64 = 0
    private var read: ListExtent?
    private var generation = 0
    private var outstanding = false
    /// Whether more rows are known to be behind those looked at.
    private var hasMore = false
    private var began: ContinuousClock.Instant?
    private(set) var deadline: ContinuousClock.Instant?

    init(_ growth: Growth) { self.growth = growth }

    /// Whether the list is of what was found, rather than of all rows.
    var lists: Bool { query.predicate != .everything || query.order != nil }
    /// Whether rows are counted where they have no numbers.
    var counts: Bool { growth == .byRevision }
    /// The number of rows found.
    var count: Int { lists || counts ? listed.count : 0 }

    private var isNeeded: Bool { lists || counts || query.pattern != nil }

    func extent(_ base: ListExtent) -> ListExtent {
        guard lists else { return base }
        var extent = base
        extent.marks = base.marks &+ replacements &* 1_000_003
        (extent.matched, extent.isComplete) = (listed.count, isComplete)
        return extent
    }

    /// Looks for other rows.
    ///
    /// - Returns: Whether others are listed.
    mutating func show(_ query: Query) -> Bool {
        guard query != self.query else { return false }
        let listsOthers = (query.predicate, query.order) != (self.query.predicate, self.query.order)
        self.query = query
        if listsOthers { (items, listed) = ([], []) }
        matches = []
        begin(isFresh: !listsOthers)
        return listsOthers
    }

    /// Forgets what was found: other rows are listed.
    mutating func startAnew() {
        (items, listed, matches) = ([], [], [])
        begin(isFresh: false)
    }

    private mutating func begin(isFresh: Bool) {
        generation += 1
        outstanding = false
        fresh = isFresh ? [] : nil
        (oldest, newest, reachesTheOldest, isComplete, scanned, sortedAt, size) = (nil, nil, false, false, 0, 0, 500)
        (read, hasMore) = (nil, false)
    }

    /// Returns the next stretch to look at; nil while an answer is awaited, or nothing is left.
    mutating func request(_ base: ListExtent, at now: ContinuousClock.Instant) -> WindowTicket<ID>? {
        deadline = nil
        guard isNeeded, !outstanding, base.latest ?? 1 > 0 else { return nil }
        if isComplete, let read, isOutdated(read, base) {
            if let began, now < began + Self.leastPause {
                deadline = began + Self.leastPause
            } else {
                begin(isFresh: true)
            }
        }
        let anchor: WindowRequest<ID>
        if !reachesTheOldest {
            anchor = WindowRequest(anchor: oldest.map { .row($0) } ?? .newest, before: size, after: 0)
            if oldest == nil { (read, began) = (base, now) }
        } else if let newest, let read, hasMore || hasNewer(read, base) {
            anchor = WindowRequest(anchor: .row(newest), before: 0, after: size)
            self.read = base
        } else if newest == nil, let read, read != base {
            begin(isFresh: true)
            self.read = base
            anchor = WindowRequest(anchor: .newest, before: size, after: 0)
        } else {
            return nil
        }
        outstanding = true
        return WindowTicket(request: anchor, generation: generation)
    }

    private func isOutdated(_ read: ListExtent, _ base: ListExtent) -> Bool {
        switch growth {
        case .byNumber: read.revision != base.revision
        case .byRevision: false
        case .anew: read != base
        }
    }

    private func hasNewer(_ read: ListExtent, _ base: ListExtent) -> Bool {
        switch growth {
        case .byNumber: read.latest != base.latest
        case .byRevision: read.revision != base.revision
        case .anew: false
        }
    }

    mutating func apply(_ found: FoundStretch<ID>, generation: Int) {
        guard generation == self.generation, outstanding else { return }
        outstanding = false
        scanned += found.scanned
        size = min(size * 2, 4_000)
        // Without a filter only what the search finds is kept, unless rows are counted.
        let kept = found.items.filter { lists || counts || $0.isMatch }
        let isNewer = reachesTheOldest
        if isNewer {
            items += kept
            if let newest = found.newest { self.newest = newest }
        } else {
            if fresh != nil { fresh?.insert(contentsOf: kept, at: 0) } else { items.insert(contentsOf: kept, at: 0) }
            oldest = found.oldest ?? oldest
            newest = newest ?? found.newest
            let isFull = (fresh ?? items).count >= Self.most
            reachesTheOldest = !found.hasOlder || found.scanned == 0 || isFull
            if reachesTheOldest, let fresh {
                (items, self.fresh) = (fresh, nil)
                replacements += 1
            }
        }
        // Sorting waits until twice as many were looked at.
        if reachesTheOldest || query.order == nil || scanned >= 2 * sortedAt { arrange() }
        hasMore = isNewer && found.hasNewer
        isComplete = reachesTheOldest && !hasMore
    }

    private mutating func arrange() {
        sortedAt = scanned
        var sorted = items
        if let order = query.order {
            sorted = items.enumerated().sorted { one, other in
                guard let first = one.element.key else { return other.element.key == nil && one.offset < other.offset }
                guard let second = other.element.key else { return true }
                if first == second { return one.offset < other.offset }
                return order.isDescending ? first > second : first < second
            }.map(\.element)
        }
        listed = sorted.map(\.id)
        matches = sorted.filter(\.isMatch).map(\.id)
    }

    mutating func failed(generation: Int) {
        guard generation == self.generation else { return }
        outstanding = false
        (reachesTheOldest, isComplete) = (true, true)
    }

    // MARK: - Looking up

    /// Returns the ids of a window of the rows found.
    func window(_ request: WindowRequest<ID>) -> FoundWindow<ID> {
        guard !listed.isEmpty else { return FoundWindow(hasOlder: !isComplete) }
        let (start, end): (Int, Int)
        switch request.anchor {
        case .newest: (start, end) = (listed.count - 1 - request.before, listed.count - 1)
        case .oldest: (start, end) = (0, request.after)
        case .row(let id):
            let near = listed.firstIndex(of: id) ?? listed.lastIndex { Row.isOlder($0, than: id) } ?? 0
            (start, end) = (near - request.before, near + request.after)
        }
        let range = max(0, start)...min(listed.count - 1, max(0, end))
        return FoundWindow(
            ids: Array(listed[range]), hasOlder: range.lowerBound > 0 || !reachesTheOldest && query.order == nil,
            hasNewer: range.upperBound < listed.count - 1, first: range.lowerBound + 1)
    }

    /// Returns the number of a row among all, counted from 1; nil where it is not known.
    func place(of id: ID) -> Int? { isComplete ? listed.lastIndex(of: id).map { $0 + 1 } : nil }

    /// Returns the match nearest to a row: itself, one below it, or one above.
    func nearest(to id: ID) -> ID? {
        if matches.contains(id) { return id }
        return match(beside: id, isNext: true, wraps: false)?.id ?? match(beside: id, isNext: false, wraps: false)?.id
    }

    /// Returns the match next to a row, going on from the other end.
    func match(beside id: ID, isNext: Bool, wraps: Bool = true) -> (id: ID, isWrapped: Bool)? {
        guard let first = matches.first, let last = matches.last else { return nil }
        let places = lists || counts ? Dictionary(zip(listed, 0...)) { first, _ in first } : [:]
        func isBehind(_ other: ID) -> Bool {
            guard let own = places[id], let place = places[other] else { return Row.isOlder(id, than: other) }
            return place > own
        }
        let found = isNext ? matches.first(where: isBehind) : matches.last { !isBehind($0) && $0 != id }
        if let found { return (found, false) }
        return wraps ? (isNext ? first : last, true) : nil
    }
}
