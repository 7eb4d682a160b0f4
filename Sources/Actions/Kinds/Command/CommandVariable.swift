internal import History
internal import Notifications

/// A variable by which a program is told of the event.
public struct CommandVariable: Sendable {
    /// Such as `B2WATCH_EVENT_OBJECT`.
    public let name: String
    /// What it holds, for the help.
    public let help: String
    let value: @Sendable (ActionItem) -> String

    /// The longest value that a program is given, in bytes. The system takes four times as much.
    static let longest = 32_768

    private init(_ name: String, _ help: String, value: @escaping @Sendable (ActionItem) -> String) {
        self.name = "B2WATCH_EVENT_" + name
        self.help = help
        self.value = value
    }

    /// All that there are. Each is always set; one that the event has no value for is empty.
    public static let all: [CommandVariable] = [
        CommandVariable("TYPE", "the event's type, such as b2:ObjectCreated:Upload") { $0.row.eventType.text },
        CommandVariable("OBJECT", "the object's name") { $0.row.objectName.text },
        CommandVariable("SIZE", "the object's size in bytes") { $0.row.objectSize.text },
        CommandVariable("VERSION", "the object's version id") { $0.row.objectVersionId.text },
        CommandVariable("BUCKET", "the bucket's name") { $0.row.bucketName.text },
        CommandVariable("BUCKET_ID", "the bucket's id") { $0.event?.bucketId.text ?? "" },
        CommandVariable("ACCOUNT", "the account's id") { $0.event?.accountId.text ?? "" },
        CommandVariable("RULE", "the rule that matched") { $0.row.matchedRuleName.text },
        CommandVariable("ID", "the event's id") { $0.row.eventId.text },
        CommandVariable("TIMESTAMP", "when it happened, in milliseconds since 1970, as B2 sent it") {
            $0.row.eventTimestamp.text
        },
        CommandVariable("TIME", "the same, such as 2026-01-01T10:11:12.345Z") {
            $0.row.eventTimestamp.integer.map { Timestamp(milliseconds: $0).rfc3339 } ?? ""
        },
        CommandVariable("RECEIVED", "when b2watch received it, in the same form") { $0.row.receivedAt.rfc3339 },
        CommandVariable("VERDICT", "what is thought of the signature, such as valid") { $0.row.verdict.word },
        CommandVariable("DELIVERY", "the delivery's number in b2watch") { String($0.row.deliveryID) },
        CommandVariable("FROM", "the address the delivery came from") { $0.record.delivery.remoteAddress },
        CommandVariable("ATTEMPT", "which attempt it is: 1, and more after a failure") { String($0.attempt) },
    ]

    /// The values for an event, raw but for zero bytes, which no variable can hold.
    ///
    /// - Throws: `CommandValueTooLong`: part of a name is another name.
    static func values(_ item: ActionItem) throws(CommandValueTooLong) -> [String: String] {
        var values: [String: String] = [:]
        for variable in all {
            let value = variable.value(item).replacing("\0", with: "")
            guard value.utf8.count <= longest else {
                throw CommandValueTooLong(variable: variable.name, length: value.utf8.count)
            }
            values[variable.name] = value
        }
        return values
    }
}

/// A value of an event that is too long for a variable.
struct CommandValueTooLong: Error, CustomStringConvertible {
    let variable: String
    let length: Int

    var description: String {
        "not run: what would be \(variable) is \(length) bytes long, and at most \(CommandVariable.longest) are given"
    }
}
