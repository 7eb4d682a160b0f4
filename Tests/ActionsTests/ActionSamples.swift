import History
import Notifications
import Settings
import TestSupport

@testable import Actions

extension ActionItem {
    /// Returns the item that the runner makes from the first event of a delivery.
    static func sample(
        _ event: SampleEvent = SampleEvent(), receivedAt: Int64 = 1_767_262_273_000, verdict: SignatureVerdict = .valid,
        attempt: Int = 1
    ) -> ActionItem {
        let delivery = Delivery.sample([event], receivedAt: receivedAt)
        let record = DeliveryRecord(
            id: 126, delivery: delivery, judgement: Judgement(verdict, secret: verdict == .valid ? "prod" : nil),
            status: 200, answer: "ok\n")
        let read = Payload(scanning: delivery.body).events.first
        let row = EventRow(
            id: 300, deliveryID: 126, position: 0, eventCount: 1, receivedAt: delivery.receivedAt,
            bodyLength: delivery.body.count, verdict: verdict, secret: record.judgement.secret?.label,
            event: read ?? NotificationEvent())
        return ActionItem(entry: 7, row: row, record: record, event: read, attempt: attempt)
    }
}

extension ActionReading {
    /// Reads the settings of an action, one a line from line 2.
    static func sample(_ name: String, _ settings: [(String, ConfigurationNode.Content)]) -> ActionReading {
        let entries = settings.enumerated().map { index, entry in
            let (key, content) = entry
            return ConfigurationNode.Entry(
                key: Located(key, at: SourcePosition(line: index + 2, column: 3)),
                value: ConfigurationNode(content, at: SourcePosition(line: index + 2, column: 12)))
        }
        let node = ConfigurationNode(.map(entries), at: SourcePosition(line: 2, column: 3))
        return ActionReading(name: name, node, folder: "/etc/b2watch", home: "/home/me")
    }
}

extension ConfigurationNode.Content {
    static func text(_ text: String) -> Self { .scalar(text, isPlain: true) }

    static func texts(_ texts: [String]) -> Self {
        .list(texts.map { ConfigurationNode(.scalar($0, isPlain: false), at: SourcePosition(line: 9, column: 9)) })
    }
}

extension ActionItem {
    /// Returns an item with an entry of its own, for an event whose object has this name.
    static func numbered(_ number: Int, object: String? = nil) -> ActionItem {
        let name = object ?? "photos/\(number).jpg"
        var item = ActionItem.sample(SampleEvent(id: "event-\(number)", object: name, size: Int64(number)))
        item.entry = Int64(number)
        item.row.id = Int64(number) + 1_000
        return item
    }

    /// Items whose names contain everything that a CSV file has to escape.
    static func awkward(_ count: Int, from first: Int = 1) -> [ActionItem] {
        let names = ["a,b.jpg", "line\nbreak", "say \"hi\"", "=HYPERLINK(\"x\")", "\"\r\n\"", "café 🐈", "", "-1+1"]
        return (first..<first + count).map { .numbered($0, object: names[$0 % names.count]) }
    }
}
