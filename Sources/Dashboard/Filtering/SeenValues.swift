import Browsing
import History
import Notifications

/// Values that can be filtered by, as they were seen: in the rows held, the newest first.
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

    subscript(kind: FilterValueKind) -> [String] { values[kind] ?? [] }

    private static func distinct(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        // What a stranger sends may be of any length: such a value is none to offer.
        return values.filter { !$0.isEmpty && $0.utf8.count <= 100 && seen.insert($0).inserted }
    }
}
