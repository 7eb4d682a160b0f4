internal import History
internal import Notifications

/// What may stand between the braces of a template.
public struct Placeholder: Sendable {
    /// Such as `object`.
    public let name: String
    /// What it stands for, for the help.
    public let help: String
    /// Empty where the event has no such value.
    let value: @Sendable (ActionItem) -> String

    private init(_ name: String, _ help: String, value: @escaping @Sendable (ActionItem) -> String) {
        self.name = name
        self.help = help
        self.value = value
    }

    /// All that there are.
    public static let all: [Placeholder] = [
        Placeholder("object", "the object's name") { $0.row.objectName.text },
        Placeholder("bucket", "the bucket's name") { $0.row.bucketName.text },
        Placeholder("type", "the event's type as the list shows it, such as Created:Upload") {
            EventType($0.row.eventType.text).shortName
        },
        Placeholder("full-type", "the event's type as B2 names it, such as b2:ObjectCreated:Upload") {
            $0.row.eventType.text
        },
        Placeholder("size", "the object's size for people, such as 10.0 MiB") {
            $0.row.objectSize.integer.map(ByteAmount.words) ?? $0.row.objectSize.text
        },
        Placeholder("bytes", "the object's size in bytes") { $0.row.objectSize.text },
        Placeholder("rule", "the rule that matched") { $0.row.matchedRuleName.text },
        Placeholder("time", "when it happened, such as 2026-01-01T10:11:12.345Z") {
            guard let milliseconds = $0.row.eventTimestamp.integer else { return $0.row.eventTimestamp.text }
            return Timestamp(milliseconds: milliseconds).rfc3339
        },
        Placeholder("received", "when b2watch received it, in the same form") { $0.row.receivedAt.rfc3339 },
        Placeholder("verdict", "what is thought of the signature, such as valid") { $0.row.verdict.word },
        Placeholder("event-id", "the event's id") { $0.row.eventId.text },
        Placeholder("version", "the object's version id") { $0.row.objectVersionId.text },
        Placeholder("account", "the account's id") { $0.event?.accountId.text ?? "" },
        Placeholder("bucket-id", "the bucket's id") { $0.event?.bucketId.text ?? "" },
        Placeholder("delivery", "the delivery's number in b2watch") { String($0.row.deliveryID) },
        Placeholder("from", "the address the delivery came from") { $0.record.delivery.remoteAddress },
    ]

    /// Their names as a list to read.
    public static let names = all.map(\.name).joined(separator: ", ")
}

extension Placeholder: Hashable {
    public static func == (one: Placeholder, other: Placeholder) -> Bool { one.name == other.name }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
