import Base
import History
import Notifications

/// The conditions on the listed rows: a filter, which can be switched off, and the presets that have a key of their
/// own.
struct RowFilter: Hashable {
    /// The filter applied last.
    private(set) var filter = Filter.everything
    private(set) var isOn = true
    /// The filter that was cleared last, which can be restored.
    private var cleared: Filter?
    /// The time at which the filter was read. Relative times such as `10m` count back from it.
    private var moment = Timestamp(milliseconds: 0)
    /// Whether only problems are listed.
    var showsProblems = false
    /// Whether only marked rows are listed.
    var showsMarked = false

    /// Whether there is a filter, switched on or off.
    var hasFilter: Bool { filter.predicate != .everything || !filter.text.allSatisfy(\.isWhitespace) }

    /// Whether any condition can exclude rows.
    var isRestricting: Bool { (isOn && hasFilter) || showsProblems || showsMarked }

    /// Applies a filter and switches it on.
    ///
    /// - Parameter moment: The time at which the filter was read.
    mutating func apply(_ filter: Filter, readAt moment: Timestamp) {
        self.filter = filter
        self.moment = moment
        isOn = true
    }

    /// Reads the filter again, in case the displayed time zone has changed.
    mutating func readAgain(in context: FilterContext) {
        var context = context
        context.now = moment
        if let filter = try? Filter(filter.text, in: context) { self.filter = filter }
        if let text = cleared?.text, let filter = try? Filter(text, in: context) { cleared = filter }
    }

    mutating func toggle() {
        isOn.toggle()
    }

    /// Lists every row again, and keeps the filter so that it can be switched on later.
    mutating func lift() {
        isOn = false
        (showsProblems, showsMarked) = (false, false)
    }

    /// Lists every row again and clears the filter, which can be restored.
    mutating func clear() {
        if hasFilter { cleared = filter }
        filter = .everything
        lift()
        isOn = true
    }

    /// Restores the filter that was cleared last. Returns false if none was cleared.
    mutating func restore() -> Bool {
        guard let cleared else { return false }
        filter = cleared
        isOn = true
        self.cleared = nil
        return true
    }

    /// Returns the condition that the listed rows meet.
    ///
    /// - Parameters:
    ///   - preview: A filter that is being typed, which replaces the applied one.
    ///   - marks: The ids of the marked rows.
    func predicate(preview: Filter?, marks: Set<Int64>) -> RowPredicate {
        var parts: [RowPredicate] = []
        if let preview {
            parts.append(preview.predicate)
        } else if isOn {
            parts.append(filter.predicate)
        }
        if showsProblems { parts.append(.problem) }
        if showsMarked { parts.append(.rows(marks)) }
        parts.removeAll { $0 == .everything }
        return parts.count == 1 ? parts[0] : .all(parts)
    }
}

extension RowPredicate {
    /// Returns whether something other than an event matches. Text terms search its own texts, and time terms compare
    /// its own time. Terms about properties that only events have do not match.
    ///
    /// - Parameter isInTexts: A function that returns whether a pattern matches one of the texts that correspond to the
    ///   given columns of an event.
    func holds(
        at time: Timestamp? = nil, isInTexts: ([RowText], (String) -> Bool) -> Bool, isProblem: () -> Bool = { false }
    ) -> Bool {
        if self == .problem { return isProblem() }
        switch self {
        case .all(let parts):
            return parts.allSatisfy { $0.holds(at: time, isInTexts: isInTexts, isProblem: isProblem) }
        case .any(let parts): return parts.contains { $0.holds(at: time, isInTexts: isInTexts, isProblem: isProblem) }
        case .not(let part): return !part.holds(at: time, isInTexts: isInTexts, isProblem: isProblem)
        case .text(let columns, let pattern):
            return isInTexts(columns) { text in
                var text = text
                return text.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
            }
        case .number(.receivedAt, let comparison, let value):
            guard let time = time?.milliseconds else { return false }
            return switch comparison {
            case .less: time < value
            case .atMost: time <= value
            case .equal: time == value
            case .atLeast: time >= value
            case .greater: time > value
            }
        default: return false
        }
    }
}

// MARK: - Listed rows

/// The query that selects the listed rows, and its progress.
struct Listing {
    private(set) var query = BrowseQuery()
    /// The number of queries so far. Progress of an earlier query is dropped.
    private(set) var generation = 0
    private(set) var progress: BrowseProgress?

    /// Starts another query. Returns false if it is the same as the current one.
    mutating func show(_ query: BrowseQuery) -> Bool {
        guard query != self.query else { return false }
        self.query = query
        generation += 1
        progress = nil
        return true
    }

    /// Applies a report of the query's progress. Returns false if the report belongs to an earlier query.
    mutating func take(_ progress: BrowseProgress) -> Bool {
        guard progress.generation == generation, !query.isPlain else { return false }
        self.progress = progress
        return true
    }

    /// Whether some rows may not have been searched yet.
    var isRunning: Bool { !query.isPlain && progress.map { !$0.isComplete && $0.failure == nil } ?? true }

    func extent(of change: HistoryChange) -> ListExtent {
        query.isPlain
            ? ListExtent(change) : ListExtent(change, matched: progress?.matched ?? 0, isComplete: !isRunning)
    }
}

// MARK: - Counts

/// The numbers of rows that match certain conditions, each counted by itself. They explain an empty list, and
/// identify values that occur in no event.
///
/// As rows arrive, a count is continued from where it ended. A count that depends on verdicts starts again when
/// verdicts change.
struct MatchCounts {
    /// A condition to count, and the first row to look at.
    struct Item: Sendable, Hashable {
        let predicate: RowPredicate
        let first: Int64
    }

    struct Question: Sendable, Hashable {
        /// The conditions to count. If empty, the previous question is dropped.
        let items: [Item]
        let through: Int64
    }

    struct Answer: Sendable, Hashable {
        let item: Item
        let found: Int
    }

    private struct Known {
        var count: Int
        var through: Int64
        var revision: Int
    }

    private var known: [RowPredicate: Known] = [:]
    private var asked: (question: Question, revision: Int, waiting: Set<RowPredicate>)?
    /// The conditions that could not be counted. They are not counted again.
    private var failed: Set<RowPredicate> = []

    /// The number of rows that match a condition; nil until counted.
    subscript(predicate: RowPredicate) -> Int? { known[predicate]?.count }

    /// Whether a count is in progress.
    var isRunning: Bool { asked != nil }

    /// Returns the next conditions to count; nil while an answer is outstanding or all counts are known.
    ///
    /// - Parameters:
    ///   - predicates: The conditions whose counts are needed now. All other counts are dropped.
    ///   - isVerifying: Whether many verdicts are changing at the moment. Counts that depend on them are then left as
    ///     they are.
    mutating func request(
        _ predicates: [RowPredicate], _ change: HistoryChange, isVerifying: Bool
    ) -> Question? {
        var seen: Set<RowPredicate> = []
        let wanted = predicates.filter { seen.insert($0).inserted }
        if known.contains(where: { !seen.contains($0.key) }) { known = known.filter { seen.contains($0.key) } }
        failed.formIntersection(seen)
        if wanted.isEmpty, asked != nil { return ask([], change) }
        let items = wanted.compactMap { predicate -> Item? in
            guard !failed.contains(predicate) else { return nil }
            guard let count = known[predicate] else { return Item(predicate: predicate, first: 1) }
            if predicate.readsVerdicts, count.revision != change.revision, !isVerifying {
                return Item(predicate: predicate, first: 1)
            }
            return count.through < change.latestRow ? Item(predicate: predicate, first: count.through + 1) : nil
        }
        guard !items.isEmpty, change.latestRow > 0 else { return nil }
        // Do not interrupt a running count only to extend known counts; do interrupt it for a condition without a
        // count.
        let isNew = items.contains { known[$0.predicate] == nil && asked?.waiting.contains($0.predicate) != true }
        guard asked == nil || isNew else { return nil }
        return ask(items, change)
    }

    private mutating func ask(_ items: [Item], _ change: HistoryChange) -> Question {
        let question = Question(items: items, through: change.latestRow)
        asked = items.isEmpty ? nil : (question, change.revision, Set(items.map(\.predicate)))
        return question
    }

    mutating func apply(_ answer: Answer) {
        guard let asked else { return }
        let before = answer.item.first > 1 ? known[answer.item.predicate]?.count ?? 0 : 0
        known[answer.item.predicate] = Known(
            count: before + answer.found, through: asked.question.through, revision: asked.revision)
        self.asked?.waiting.remove(answer.item.predicate)
        if self.asked?.waiting.isEmpty == true { self.asked = nil }
    }

    mutating func countingFailed() {
        guard let asked else { return }
        failed.formUnion(asked.waiting)
        self.asked = nil
    }
}

// MARK: - Known values

/// The values known for each filter operator: first those of the rows in the window, the newest first, then those of
/// the whole history, the most frequent first.
struct SeenValues: Hashable {
    private var values: [FilterValueKind: [String]] = [:]
    /// The number of rows in the history that have each value.
    private var counts: [FilterValueKind: [String: Int]] = [:]
    /// Whether every row was read, so that the values and their counts are complete.
    private var isWhole = false

    init(_ rows: [EventRow] = [], secrets held: [String] = []) {
        let events = rows.reversed().filter { $0.position != nil }
        values[.type] = Self.distinct(events.map { EventType($0.eventType.text).shortName })
        values[.bucket] = Self.distinct(events.map(\.bucketName.text))
        values[.object] = Self.distinct(events.map(\.objectName.text))
        values[.rule] = Self.distinct(events.map(\.matchedRuleName.text))
        values[.eventId] = Self.distinct(events.map(\.eventId.text))
        values[.versionId] = Self.distinct(events.map(\.objectVersionId.text))
        values[.secret] = Self.distinct(held + rows.compactMap(\.secret))
        values[.method] = Self.distinct(rows.reversed().map(\.method))
        values[.path] = Self.distinct(rows.reversed().map(\.target))
        values[.status] = Self.distinct(rows.reversed().map { String($0.status) })
    }

    /// Reads the values from the history.
    ///
    /// - Throws: An error of SQLite.
    init(_ reader: HistoryReader) throws {
        let columns: [(FilterValueKind, RowText)] = [
            (.type, .eventType), (.bucket, .bucketName), (.object, .objectName), (.rule, .matchedRuleName),
            (.eventId, .eventId), (.versionId, .objectVersionId), (.secret, .secret), (.node, .node),
        ]
        for (kind, column) in columns {
            let found = try reader.values(of: column, limit: Self.most).map { value in
                ValueCount(kind == .type ? EventType(value.value).shortName : value.value, count: value.count)
            }
            values[kind] = Self.distinct(found.map(\.value))
            counts[kind] = Dictionary(found.map { ($0.value, $0.count) }, uniquingKeysWith: +)
        }
        let rows = counts[.type]?.values.reduce(0, +) ?? 0
        isWhole = rows < HistoryReader.rowsWithValues && values.values.allSatisfy { $0.count < Self.most }
    }

    /// The maximum number of values that are read from the history for one operator.
    private static let most = 200

    /// Returns these values followed by the given ones.
    func adding(_ others: SeenValues) -> SeenValues {
        var all = self
        for (kind, texts) in others.values { all.values[kind] = Self.distinct(self[kind] + texts) }
        if !others.counts.isEmpty { (all.counts, all.isWhole) = (others.counts, others.isWhole) }
        return all
    }

    subscript(kind: FilterValueKind) -> [String] { values[kind] ?? [] }

    /// Returns the number of rows that have a value; nil unless all rows were read.
    func count(_ value: String, _ kind: FilterValueKind) -> Int? { isWhole ? counts[kind]?[value] : nil }

    /// Returns words that list the known values, the most frequent first, each with its number of rows if that is
    /// known. Returns nil if no value is known.
    func words(_ kind: FilterValueKind, atMost limit: Int = 8) -> SafeText? {
        let all = self[kind]
        guard !all.isEmpty else { return nil }
        let words = all.prefix(limit).map { value -> SafeText in
            let count: SafeText = count(value, kind).map { " \(Wording.grouped($0))" } ?? .empty
            return SafeText(cell: value) + count
        }
        let verb: SafeText = all.count == 1 ? "there is " : "there are "
        return verb + words.joined(separator: ", ") + (all.count > limit ? ", …" : .empty)
    }

    private static func distinct(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        // A sender can choose values of any length. Long ones are not offered.
        return values.filter { !$0.isEmpty && $0.utf8.count <= 100 && seen.insert($0).inserted }
    }
}
