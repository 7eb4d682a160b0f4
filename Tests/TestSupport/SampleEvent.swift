import Notifications

/// An event for a body: named fields in their order, each with its value's JSON.
public struct SampleEvent: Sendable {
    public var fields: [(name: String, json: String)]

    /// Creates an upload as B2 sends it; nil leaves a field out.
    public init(
        id: String? = "8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa",
        type: String? = "b2:ObjectCreated:Upload", object: String? = "photos/2026/cat.jpg", size: Int64? = 10_495_842,
        version: String? = "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c", timestamp: Int64? = 1_767_262_272_345,
        bucket: String? = "mySampleBucket", rule: String? = "dashAllEvents"
    ) {
        fields = []
        set("accountId", "e85c6a500333")
        set("bucketId", "aea8c5bc362ae55070130333")
        set("bucketName", bucket)
        set("eventId", id)
        set("eventTimestamp", json: timestamp.map(String.init))
        set("eventType", type)
        set("eventVersion", json: "1")
        set("matchedRuleName", rule)
        set("objectName", object)
        set("objectSize", json: size.map(String.init))
        set("objectVersionId", version)
    }

    /// The event that the console's Test Rule button sends.
    public static func test(id: String? = "ac0f09c0f8bf5e7a4b063d863255f16d8ce9abe600e288d934cf313bcbff63eb") -> Self {
        SampleEvent(id: id, type: "b2:TestEvent", object: nil, size: nil, version: nil)
    }

    /// Returns the event with another value of a field; nil leaves the field out.
    public func with(_ name: String, json: String?) -> Self {
        var event = self
        event.set(name, json: json)
        return event
    }

    private mutating func set(_ name: String, _ text: String?) {
        guard let text else { return set(name, json: nil) }
        var writer = JSONWriter()
        writer.string(text)
        set(name, json: String(decoding: writer.bytes, as: UTF8.self))
    }

    private mutating func set(_ name: String, json: String?) {
        let index = fields.firstIndex { $0.name == name }
        switch (index, json) {
        case (let index?, let json?): fields[index].json = json
        case (let index?, nil): fields.remove(at: index)
        case (nil, let json?): fields.append((name, json))
        case (nil, nil): break
        }
    }
}

/// Bodies of notifications.
public enum SampleBody {
    /// The layout is B2's: two spaces a level, no newline at the end.
    public static func notification(_ events: [SampleEvent]) -> [UInt8] {
        guard !events.isEmpty else { return Array("{\n  \"events\": []\n}".utf8) }
        let texts = events.map { event in
            let fields = event.fields.map { "      \"\($0.name)\": \($0.json)" }
            return fields.isEmpty ? "    {}" : "    {\n\(fields.joined(separator: ",\n"))\n    }"
        }
        return Array("{\n  \"events\": [\n\(texts.joined(separator: ",\n"))\n  ]\n}".utf8)
    }
}
