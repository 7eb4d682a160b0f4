import Base
import History
import Notifications

/// What is asked of the rows that are listed: a filter, which may be off, and the presets of single keys.
struct RowFilter: Hashable {
    /// The filter applied last.
    private(set) var filter = Filter.everything
    private(set) var isOn = true
    /// The filter that was cleared last, to be brought back.
    private var cleared: Filter?
    /// When it was read: what `10m` in it counts back from.
    private var moment = Timestamp(milliseconds: 0)
    /// Whether only problems are listed.
    var showsProblems = false
    /// Whether only marked rows are listed.
    var showsMarked = false

    /// Whether there is a filter at all, be it on or off.
    var hasFilter: Bool { filter.predicate != .everything || !filter.text.allSatisfy(\.isWhitespace) }

    /// Whether anything is left out.
    var isRestricting: Bool { (isOn && hasFilter) || showsProblems || showsMarked }

    /// Applies a filter.
    ///
    /// - Parameter moment: When it was read.
    mutating func apply(_ filter: Filter, readAt moment: Timestamp) {
        self.filter = filter
        self.moment = moment
        isOn = true
    }

    /// Reads the filter again where its times are of another zone now.
    mutating func readAgain(in context: FilterContext) {
        var context = context
        context.now = moment
        if let filter = try? Filter(filter.text, in: context) { self.filter = filter }
        if let text = cleared?.text, let filter = try? Filter(text, in: context) { cleared = filter }
    }

    mutating func toggle() {
        isOn.toggle()
    }

    /// Lists every row again; the filter is kept for when it is switched on.
    mutating func lift() {
        isOn = false
        (showsProblems, showsMarked) = (false, false)
    }

    /// Lists every row again, and no filter is there any more. It can be brought back.
    mutating func clear() {
        if hasFilter { cleared = filter }
        filter = .everything
        lift()
        isOn = true
    }

    /// Brings back the filter that was cleared last; says whether there is one.
    mutating func restore() -> Bool {
        guard let cleared else { return false }
        filter = cleared
        isOn = true
        self.cleared = nil
        return true
    }

    /// The rows to list.
    ///
    /// - Parameters:
    ///   - preview: A filter that is being typed, which stands in for the one applied.
    ///   - marks: The rows marked.
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
    /// Returns whether something that is not an event matches: texts are looked for in its own, and times are its own. What
    /// only events have, it has not.
    ///
    /// - Parameter isInTexts: Returns whether a pattern is in those of its texts that stand for these of an event.
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

// MARK: - What is listed

/// Which rows are listed, and how far they are found.
struct Listing {
    private(set) var query = BrowseQuery()
    /// Counts the queries: what is told of an older one is dropped.
    private(set) var generation = 0
    private(set) var progress: BrowseProgress?

    /// Lists other rows. Says whether they are others.
    mutating func show(_ query: BrowseQuery) -> Bool {
        guard query != self.query else { return false }
        self.query = query
        generation += 1
        progress = nil
        return true
    }

    /// Takes what is told of the query's progress, unless it is of an older query.
    mutating func take(_ progress: BrowseProgress) -> Bool {
        guard progress.generation == generation, !query.isPlain else { return false }
        self.progress = progress
        return true
    }

    /// Whether there may be rows that were not looked at yet.
    var isRunning: Bool { !query.isPlain && progress.map { !$0.isComplete && $0.failure == nil } ?? true }

    func extent(of change: HistoryChange) -> ListExtent {
        query.isPlain
            ? ListExtent(change) : ListExtent(change, matched: progress?.matched ?? 0, isComplete: !isRunning)
    }
}

// MARK: - Counts

/// How many rows match some conditions, each of them alone: what explains an empty list, and tells a value that no event
/// has.
///
/// What was counted is added to as rows arrive, and counted again where verdicts have changed that it depends on.
struct MatchCounts {
    /// A condition to count, from a row on.
    struct Item: Sendable, Hashable {
        let predicate: RowPredicate
        let first: Int64
    }

    struct Question: Sendable, Hashable {
        /// With none, what was asked before is given up.
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
    /// What could not be counted. It is not asked again.
    private var failed: Set<RowPredicate> = []

    /// How many rows match; nil as long as that is not known.
    subscript(predicate: RowPredicate) -> Int? { known[predicate]?.count }

    /// Whether something is being counted.
    var isRunning: Bool { asked != nil }

    /// Returns what to count next; nil while an answer is awaited or everything is known.
    ///
    /// - Parameters:
    ///   - predicates: What is wanted now; all else is forgotten.
    ///   - isVerifying: Whether verdicts change by the thousand, so that counts of them are left as they are.
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
        // What is known and only has grown waits for what is not known at all.
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

// MARK: - Values seen

/// Values that can be filtered by, as they were seen: in the rows held, the newest first, and in all that is recorded, the
/// most frequent first.
struct SeenValues: Hashable {
    private var values: [FilterValueKind: [String]] = [:]
    /// How many of the rows have a value, of all that is recorded.
    private var counts: [FilterValueKind: [String: Int]] = [:]
    /// Whether every row was looked at, so that there are no other values and the counts are those of all rows.
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

    /// Of what is recorded.
    ///
    /// - Throws: What SQLite says.
    init(_ reader: HistoryReader) throws {
        let columns: [(FilterValueKind, RowText)] = [
            (.type, .eventType), (.bucket, .bucketName), (.object, .objectName), (.rule, .matchedRuleName),
            (.eventId, .eventId), (.versionId, .objectVersionId), (.secret, .secret),
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

    /// How many of each are read of what is recorded.
    private static let most = 200

    /// These, and behind them those.
    func adding(_ others: SeenValues) -> SeenValues {
        var all = self
        for (kind, texts) in others.values { all.values[kind] = Self.distinct(self[kind] + texts) }
        if !others.counts.isEmpty { (all.counts, all.isWhole) = (others.counts, others.isWhole) }
        return all
    }

    subscript(kind: FilterValueKind) -> [String] { values[kind] ?? [] }

    /// How many rows have a value; nil where not all were looked at.
    func count(_ value: String, _ kind: FilterValueKind) -> Int? { isWhole ? counts[kind]?[value] : nil }

    /// Returns a sentence that lists the values, the most frequent first, each with how many rows have it where that is
    /// known; nil where none was seen.
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
        // What a stranger sends may be of any length: such a value is none to offer.
        return values.filter { !$0.isEmpty && $0.utf8.count <= 100 && seen.insert($0).inserted }
    }
}
