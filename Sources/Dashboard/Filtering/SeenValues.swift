import Browsing
import History
import Notifications

/// Values that can be filtered by, as they were seen: in the rows held, the newest first, and in all that is recorded, the
/// most frequent first.
struct SeenValues: Hashable {
    private var values: [FilterValueKind: [String]] = [:]

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
            let texts = try reader.values(of: column, limit: Self.most)
            values[kind] = Self.distinct(kind == .type ? texts.map { EventType($0).shortName } : texts)
        }
    }

    /// How many of each are read of what is recorded.
    private static let most = 200

    /// These, and behind them those.
    func adding(_ others: SeenValues) -> SeenValues {
        var all = self
        for (kind, texts) in others.values { all.values[kind] = Self.distinct(self[kind] + texts) }
        return all
    }

    subscript(kind: FilterValueKind) -> [String] { values[kind] ?? [] }

    private static func distinct(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        // What a stranger sends may be of any length: such a value is none to offer.
        return values.filter { !$0.isEmpty && $0.utf8.count <= 100 && seen.insert($0).inserted }
    }
}
