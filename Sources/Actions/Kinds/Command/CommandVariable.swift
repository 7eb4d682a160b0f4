internal import History
internal import Notifications

/// A variable by which a program is told of the event.
public struct CommandVariable: Sendable {
    /// Such as `B2WATCH_EVENT_OBJECT`.
    public let name: String
    let value: @Sendable (ActionItem) -> String

    /// The longest value that a program is given, in bytes. The system takes four times as much.
    static let longest = 32_768

    private init(_ name: String, value: @escaping @Sendable (ActionItem) -> String) {
        self.name = "B2WATCH_EVENT_" + name
        self.value = value
    }

    /// All that there are. Each is always set; one that the event has no value for is empty.
    public static let all: [CommandVariable] = [
        CommandVariable("TYPE") { $0.row.eventType.text },
        CommandVariable("OBJECT") { $0.row.objectName.text },
        CommandVariable("SIZE") { $0.row.objectSize.text },
        CommandVariable("VERSION") { $0.row.objectVersionId.text },
        CommandVariable("BUCKET") { $0.row.bucketName.text },
        CommandVariable("BUCKET_ID") { $0.event?.bucketId.text ?? "" },
        CommandVariable("ACCOUNT") { $0.event?.accountId.text ?? "" },
        CommandVariable("RULE") { $0.row.matchedRuleName.text },
        CommandVariable("ID") { $0.row.eventId.text },
        CommandVariable("TIMESTAMP") { $0.row.eventTimestamp.text },
        CommandVariable("TIME") {
            $0.row.eventTimestamp.integer.map { Timestamp(milliseconds: $0).rfc3339 } ?? ""
        },
        CommandVariable("RECEIVED") { $0.row.receivedAt.rfc3339 },
        CommandVariable("VERDICT") { $0.row.verdict.word },
        CommandVariable("DELIVERY") { String($0.row.deliveryID) },
        CommandVariable("FROM") { $0.record.delivery.remoteAddress },
        CommandVariable("ATTEMPT") { String($0.attempt) },
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
