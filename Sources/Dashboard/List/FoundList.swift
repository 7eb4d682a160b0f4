import Base
import History
import Terminal

/// A list of deliveries, entries of an action, log lines or rules that can be filtered, sorted and searched.
///
/// To find the matching rows, it reads the list piece by piece from the newest row, and shows those found so far. It
/// keeps only their ids and sort keys. A list without a filter or an order is read directly.
struct FoundList<Row: WindowedRow> {
    private(set) var list = WindowedList<Row>()
    private(set) var table: ListTable<Row>
    var filter = RowFilter()
    var order: ListOrder?
    private(set) var finding: Finding<Row>
    /// The search to finish once enough rows have been read.
    private var pending: (Search, SearchPattern)?

    /// A kind of search for a match of a pattern.
    enum Search: Hashable {
        /// The match nearest to a row, updated as the pattern is typed.
        case nearest(Row.ID)
        case next
        case previous
    }

    init(_ columns: [ListColumn<Row>], growth: Finding<Row>.Growth) {
        table = ListTable(columns)
        finding = Finding(growth)
    }

    var selection: Row.ID? { list.selection }
    /// Whether the list is longer than the screen and a column is reserved for the scroll bar.
    private var hasScrollBar = false

    /// Returns the width that is left for text when the list has the given width.
    func width(in columns: Int) -> Int { columns - ListRow.margin - (hasScrollBar ? 1 : 0) }

    var isFollowing: Bool { list.isFollowing }
    /// Whether the window contains no row.
    var isEmpty: Bool { list.window.rows.isEmpty }

    // MARK: - Moving

    /// Calls a function that changes the position in the list.
    mutating func change(_ base: ListExtent, _ body: (inout WindowedList<Row>, ListExtent) -> Void) {
        body(&list, finding.extent(base))
    }

    /// Freezes the list at a row, or, if nil, continues it.
    mutating func freeze(at row: Row.ID?) { list.freeze(at: row) }

    /// Forgets all rows and starts again at the newest.
    mutating func startAnew() {
        list = WindowedList()
        finding.startAnew()
    }

    mutating func settle(height: Int, days: WallClock) { list.settle(height: height, days: days) }

    // MARK: - Reading

    /// Returns the questions to ask next.
    ///
    /// - Parameter base: The extent of the unfiltered list.
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
            questions.append(.stretch(stretch, predicate, pattern, key: key, ListTable(table.columns)))
        }
        // Until the first row is found, the previous rows stay on the screen.
        if finding.lists, finding.count == 0, !finding.isComplete { return questions }
        if let request = list.request(finding.extent(base), at: now) {
            questions.append(finding.lists ? .rows(finding.window(request)) : .window(request))
        }
        return questions
    }

    /// The time at which a postponed question is due.
    var deadline: ContinuousClock.Instant? { [list.reading.deadline, finding.deadline].compactMap(\.self).min() }

    /// Applies the answer to a question.
    ///
    /// - Returns: The failure to show to the user, if any.
    mutating func apply(
        _ answer: Result<ListAnswer<Row>, EffectFailure>, to question: ListQuestion<Row>, _ base: ListExtent
    ) -> EffectFailure? {
        switch answer {
        case .success(.window(let window)):
            if list.apply(window) { table = ListTable(table.columns, rows: list.window.rows) }
        case .success(.found(let found)):
            finding.apply(found)
            resolve(finding.extent(base))
        case .failure(let failure):
            if case .stretch = question { finding.failed() } else { list.readingFailed() }
            return failure
        }
        return nil
    }

    // MARK: - Searching

    /// The outcome of a search to report to the user once: no match, or a match after wrapping around.
    private(set) var news: SearchNews?

    mutating func takeNews() -> SearchNews? {
        defer { news = nil }
        return news
    }

    /// Whether all rows were read and none matches the search.
    var hasNoMatch: Bool { finding.query.pattern != nil && finding.isComplete && finding.matches.isEmpty }

    /// Selects a match of the pattern, now or as soon as enough rows have been read.
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

    /// The position of the selected row among the rows that match the search, and the number of those rows; nil until
    /// one is found.
    var matchPlace: (place: Int?, count: Int)? {
        let matches = finding.matches
        guard !matches.isEmpty else { return nil }
        return (list.selection.flatMap { id in matches.firstIndex(of: id) }.map { $0 + 1 }, matches.count)
    }

    // MARK: - Position in the list

    /// Returns the number of the window's first row among all listed rows, counted from 1, and the number of listed
    /// rows. Returns nil if the position is unknown.
    func extent(_ base: ListExtent) -> (first: Int, total: Int)? {
        let window = list.window
        guard let row = window.rows.first else { return nil }
        if finding.lists { return window.first.map { ($0, max(finding.count, $0 + window.rows.count - 1)) } }
        if !window.hasOlder, !window.hasNewer { return (1, window.rows.count) }
        if finding.counts { return finding.place(of: row.id).map { ($0, finding.count) } }
        return base.latest.map { (Int(row.number), Int($0)) }
    }
}

// MARK: - Common interface

/// The outcome of a search, if it is worth a message.
enum SearchNews: Hashable {
    case absent, wrapped
}

/// The interface of a `FoundList` that does not depend on the type of its rows.
protocol FoundListing {
    var hasSelection: Bool { get }
    var filter: RowFilter { get set }
    var order: ListOrder? { get set }
    var isFollowing: Bool { get }
    var isFinding: Bool { get }
    var hasNoMatch: Bool { get }
    var matchPlace: (place: Int?, count: Int)? { get }
    /// The names of the columns by which the list can be sorted.
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
    /// Returns the sort name of the column whose heading is at the given column of the screen.
    func sortName(at column: Int, _ session: Session, columns: Int) -> String?
    func arrivals(_ base: ListExtent) -> Int?
    func place(_ base: ListExtent) -> (place: Int?, total: Int)?
}

/// A position in a list to which the user can return.
struct ListOrigin: Sendable {
    var id: (any Hashable & Sendable)?
    var wasFollowing: Bool
    var line: Int
}

extension FoundList: FoundListing {
    /// Whether the list is still being searched for matching rows.
    var isFinding: Bool { finding.lists && !finding.isComplete }

    var hasSelection: Bool { list.selection != nil }

    var sortNames: [String] { table.columns.compactMap(\.sortName) }

    var origin: ListOrigin {
        ListOrigin(id: list.selection, wasFollowing: list.isFollowing, line: list.selectedLine)
    }

    mutating func move(_ motion: Motion, _ base: ListExtent) { change(base) { $0.move(motion, in: $1) } }

    mutating func scroll(by lines: Int, _ base: ListExtent) { change(base) { $0.scroll(by: lines, in: $1) } }

    mutating func stopFollowing(_ base: ListExtent) { change(base) { $0.stopFollowing($1) } }

    func sortName(at column: Int, _ session: Session, columns: Int) -> String? {
        let places = table.places(ListContext(session, order: order), width: width(in: columns))
        return table.sortName(at: column - ListRow.margin, places)
    }

    mutating func followOrNot(_ base: ListExtent) { change(base) { $0.followOrNot($1) } }

    /// Selects the row on a line of the screen.
    ///
    /// - Returns: Whether there is a row on that line.
    mutating func select(line: Int, _ base: ListExtent) -> Bool {
        guard let id = list.id(atLine: line) else { return false }
        if id != list.selection { change(base) { $0.go(to: id, in: $1) } }
        return true
    }

    mutating func goBack(to origin: ListOrigin, _ base: ListExtent) {
        change(base) { list, extent in
            if origin.wasFollowing {
                list.follow()
            } else if let id = origin.id as? Row.ID {
                list.goBack(to: id, at: origin.line, in: extent)
            }
        }
    }

    mutating func searchNearest(to origin: ListOrigin, _ pattern: SearchPattern?, _ base: ListExtent) {
        search((origin.id as? Row.ID).map(Search.nearest), for: pattern, base)
    }

    mutating func searchNext(_ isNext: Bool, _ pattern: SearchPattern, _ base: ListExtent) {
        search(isNext ? .next : .previous, for: pattern, base)
    }

    func arrivals(_ base: ListExtent) -> Int? { list.arrivals(finding.extent(base)) }

    /// Returns the number of the selected row, counted from 1, and the number of listed rows.
    func place(_ base: ListExtent) -> (place: Int?, total: Int)? {
        guard let (first, total) = extent(base) else { return nil }
        return (list.selectedIndex.map { first + $0 }, total)
    }
}

// MARK: - Tabs with such a list

/// A tab with a list of things other than events.
protocol ListTab: Tab {
    associatedtype Row: WindowedRow
    var list: FoundList<Row> { get set }
}

extension ListTab {
    var found: (any FoundListing)? {
        get { list }
        set { if let list = newValue as? FoundList<Row> { self.list = list } }
    }

    /// Asks for the rows that the list needs and does not have.
    ///
    /// - Parameters:
    ///   - work: Answers a question on the thread of the lane. It may block.
    ///   - then: Called after each answer, with the reason if it failed.
    mutating func askForRows(
        _ reading: TabReading, on lane: Lane, _ context: inout Context,
        _ work: @escaping @Sendable (any Outside, ListQuestion<Row>) throws -> ListAnswer<Row>,
        then: @escaping @Sendable (inout Self, inout Context, EffectFailure?) -> Void
    ) {
        for question in list.questions(extent(context.session.shown), reading, at: context.session.now) {
            context.ask(question.slot, of: Self.self, on: lane) { outside, _ in
                try work(outside, question)
            } then: { tab, context, answer in
                let failure = tab.list.apply(answer, to: question, tab.extent(context.session.shown))
                then(&tab, &context, failure)
            }
        }
    }
}

// MARK: - Questions and answers

/// A question that a list asks, answered on another thread.
enum ListQuestion<Row: WindowedRow>: Sendable {
    /// Rows of the unfiltered, unsorted list.
    case window(WindowRequest<Row.ID>)
    /// Matching rows, by their ids.
    case rows(FoundWindow<Row.ID>)
    /// The matching rows of a piece of the list, with their sort keys.
    case stretch(
        WindowRequest<Row.ID>, RowPredicate, SearchPattern?, key: (@Sendable (Row) -> SortKey?)?, ListTable<Row>)

    /// The name under which the question runs. A piece and a window are read at the same time.
    var slot: String { if case .stretch = self { "stretch" } else { "window" } }
}

/// The ids of consecutive rows, and whether there are more rows before and after them.
struct FoundWindow<ID: Hashable & Sendable>: Hashable, Sendable {
    var ids: [ID] = []
    var hasOlder = false
    var hasNewer = false
    var first = 1
}

/// The answer to a question of a list.
enum ListAnswer<Row: WindowedRow>: Sendable {
    case window(ListWindow<Row>)
    case found(FoundStretch<Row.ID>)

    /// The rows of the window, if the answer is one.
    var rows: [Row] { if case .window(let window) = self { window.rows } else { [] } }
}

/// A row that matches the filter.
struct FoundItem<ID: Hashable & Sendable>: Hashable, Sendable {
    let id: ID
    var key: SortKey?
    /// Whether the row also matches the search.
    var isMatch = false
}

/// The matching rows of a piece of a list.
struct FoundStretch<ID: Hashable & Sendable>: Hashable, Sendable {
    /// The matching rows in order of arrival.
    var items: [FoundItem<ID>] = []
    /// The number of rows that were read. The oldest and newest of them follow.
    var scanned = 0
    var oldest: ID?
    var newest: ID?
    var hasOlder = false
    var hasNewer = false
}

/// The source of a list's rows.
struct ListSource<Row: WindowedRow> {
    /// Reads rows in order of arrival.
    let read: (WindowRequest<Row.ID>) throws -> ListWindow<Row>
    /// Returns those of the given rows that match a condition.
    let keep: (RowPredicate, [Row]) throws -> [Row]

    /// Answers a question. Blocks the calling thread.
    func answer(_ question: ListQuestion<Row>) throws -> ListAnswer<Row> {
        switch question {
        case .window(let request): return .window(try read(request))
        case .rows(let found):
            let rows = try found.ids.compactMap { id in
                try read(WindowRequest(.row(id), before: 0, after: 0)).rows.first { $0.id == id }
            }
            return .window(
                ListWindow(rows: rows, hasOlder: found.hasOlder, hasNewer: found.hasNewer, first: found.first))
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

// MARK: - Finding matches

/// The search for the rows of a list that match, and the ones found so far.
struct Finding<Row: WindowedRow> {
    typealias ID = Row.ID

    /// The way a list changes, which decides when rows must be read again.
    enum Growth {
        /// New rows have greater numbers. Rows are read again when the revision changes, because verdicts may have
        /// changed.
        case byNumber
        /// A new revision means that rows were added. No row is read again.
        case byRevision
        /// Any change may affect any row, so all rows are read again.
        case anew
    }

    struct Query: Equatable {
        var predicate = RowPredicate.everything
        var order: ListOrder?
        var pattern: SearchPattern?
    }

    /// The maximum number of matching rows that are kept.
    private static var most: Int { 50_000 }
    private static var leastPause: Duration { .seconds(1) }

    private let growth: Growth
    private(set) var query = Query()
    /// The matching rows in order of arrival.
    private var items: [FoundItem<ID>] = []
    /// The ids of the matching rows, in the order of the list.
    private var listed: [ID] = []
    /// The ids of the rows that match the search, in the order of the list.
    private(set) var matches: [ID] = []
    /// The rows that will replace `items` once all rows have been read again; nil while nothing is read again.
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
    private var outstanding = false
    /// Whether there are newer rows after the ones read so far.
    private var hasMore = false
    private var began: ContinuousClock.Instant?
    private(set) var deadline: ContinuousClock.Instant?

    init(_ growth: Growth) { self.growth = growth }

    /// Whether the list shows only the rows found here, because it has a filter or an order.
    var lists: Bool { query.predicate != .everything || query.order != nil }
    /// Whether rows must be counted here because they have no numbers.
    var counts: Bool { growth == .byRevision }
    /// The number of matching rows.
    var count: Int { lists || counts ? listed.count : 0 }

    private var isNeeded: Bool { lists || counts || query.pattern != nil }

    func extent(_ base: ListExtent) -> ListExtent {
        guard lists else { return base }
        var extent = base
        extent.marks = base.marks &+ replacements &* 1_000_003
        (extent.matched, extent.isComplete) = (listed.count, isComplete)
        return extent
    }

    /// Starts searching for other rows.
    ///
    /// - Returns: Whether the list will consist of other rows.
    mutating func show(_ query: Query) -> Bool {
        guard query != self.query else { return false }
        let listsOthers = (query.predicate, query.order) != (self.query.predicate, self.query.order)
        self.query = query
        if listsOthers { (items, listed) = ([], []) }
        matches = []
        begin(isFresh: !listsOthers)
        return listsOthers
    }

    /// Forgets the matching rows and starts again.
    mutating func startAnew() {
        (items, listed, matches) = ([], [], [])
        begin(isFresh: false)
    }

    private mutating func begin(isFresh: Bool) {
        outstanding = false
        fresh = isFresh ? [] : nil
        (oldest, newest, reachesTheOldest, isComplete, scanned, sortedAt, size) = (nil, nil, false, false, 0, 0, 500)
        (read, hasMore) = (nil, false)
    }

    /// Returns the next piece to read; nil while an answer is outstanding or all rows have been read.
    mutating func request(_ base: ListExtent, at now: ContinuousClock.Instant) -> WindowRequest<ID>? {
        deadline = nil
        guard isNeeded, !outstanding, base.latest ?? 1 > 0 else { return nil }
        if isComplete, let read, isOutdated(read, base) {
            if let began, now < began + Self.leastPause {
                deadline = began + Self.leastPause
            } else {
                begin(isFresh: true)
            }
        }
        let request: WindowRequest<ID>
        if !reachesTheOldest {
            request = WindowRequest(oldest.map { .row($0) } ?? .newest, before: size, after: 0)
            if oldest == nil { (read, began) = (base, now) }
        } else if let newest, let read, hasMore || hasNewer(read, base) {
            request = WindowRequest(.row(newest), before: 0, after: size)
            self.read = base
        } else if newest == nil, let read, read != base {
            begin(isFresh: true)
            self.read = base
            request = WindowRequest(.newest, before: size, after: 0)
        } else {
            return nil
        }
        outstanding = true
        return request
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

    /// Adds the rows of a piece, unless the search has started again since it was requested.
    mutating func apply(_ found: FoundStretch<ID>) {
        guard outstanding else { return }
        outstanding = false
        scanned += found.scanned
        size = min(size * 2, 4_000)
        // Without a filter, keep only the matches of the search, unless rows must be counted.
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
        // While rows are being read, sort again only once twice as many have been read.
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

    mutating func failed() {
        guard outstanding else { return }
        outstanding = false
        (reachesTheOldest, isComplete) = (true, true)
    }

    // MARK: - Looking up

    /// Returns the ids of a window of the matching rows.
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

    /// Returns the number of a row among the listed rows, counted from 1; nil until all rows have been read.
    func place(of id: ID) -> Int? { isComplete ? listed.lastIndex(of: id).map { $0 + 1 } : nil }

    /// Returns the match nearest to a row: the row itself, the next match below it, or the next above it.
    func nearest(to id: ID) -> ID? {
        if matches.contains(id) { return id }
        return match(beside: id, isNext: true, wraps: false)?.id ?? match(beside: id, isNext: false, wraps: false)?.id
    }

    /// Returns the next or previous match after a row. Wraps around at the end if `wraps` is true.
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
