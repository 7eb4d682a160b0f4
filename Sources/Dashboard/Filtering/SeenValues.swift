import Browsing
import History
import Notifications
import SafeText

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
