import Foundation

// The lines on the wire, each a JSON object. What differs between them is taken apart in two steps: first who is meant,
// then, by whom that is, the rest.

/// `{"id":1,"request":"sendTest","body":{}}`
struct RequestLine<Request: ControlRequest>: Codable {
    var id: Int
    var request: String
    var body: Request
}

/// What of a request tells who answers it.
struct RequestHead: Codable {
    var id: Int
    var request: String
}

struct RequestBody<Request: ControlRequest>: Codable {
    var body: Request
}

/// `{"id":1,"reply":{}}`
struct ReplyLine<Reply: Codable>: Codable {
    var id: Int
    var reply: Reply
}

/// `{"id":1,"failure":"why, in a sentence"}`
struct FailureLine: Codable {
    var id: Int
    var failure: String
}

/// `{"event":{}}`: what happened, unasked.
struct EventLine<Event: Codable>: Codable {
    var event: Event
}

/// `{"refusal":"why, in a sentence"}`: the last line before the end.
struct RefusalLine: Codable {
    var refusal: String
}

/// What of a listener's line tells what it is.
struct ListenerLineHead: Codable {
    var id: Int?
    var failure: String?
    var refusal: String?
}

extension Encodable {
    /// As a line with its end.
    func controlLine() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // JSON as Foundation writes it holds no line feed.
        return Array(try encoder.encode(self)) + [0x0A]
    }
}

extension Decodable {
    init(controlLine line: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(line))
    }
}
