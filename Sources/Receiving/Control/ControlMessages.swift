import Foundation

/// The place of a listener's control socket.
public enum ControlPlace {
    /// Returns the path of the socket for a history.
    ///
    /// - Parameter history: The history's path, with links followed.
    public static func socket(beside history: String) -> String {
        history + ".control"
    }
}

// MARK: - Requests

/// A question to the process that receives: asked, answered and done in one place, in that process and through its
/// control socket alike.
///
/// A request is one type, and one line in a list of the requests that a listener answers.
public protocol ListenerRequest<Answerer>: Codable, Sendable {
    /// The part of the process that answers it.
    associatedtype Answerer
    /// The type of the reply.
    associatedtype Reply: Codable & Sendable
    /// The name in the protocol.
    static var name: String { get }
    /// The time after which the asking process gives up.
    static var timeLimit: Duration { get }

    /// Does what is asked. It may block.
    ///
    /// - Throws: An error whose text is a sentence for a person.
    func answer(_ answerer: Answerer) throws -> Reply
}

extension ListenerRequest {
    /// Twenty seconds: enough for a request that waits for nothing but the history.
    public static var timeLimit: Duration { .seconds(20) }
}

/// The reply without contents.
public struct ControlDone: Codable, Sendable, Hashable {}

// MARK: - The first line

/// The first line that each side of a control socket writes: its version, and its protocol.
///
/// Its form never changes, so that two versions that do not understand each other can still report this.
public struct ControlHello: Codable, Sendable, Hashable {
    /// The version of the protocol that is spoken here: raised whenever a request, a reply or an event changes so that
    /// an older b2watch would misread it.
    public static let currentProtocol = 3

    /// The version of b2watch, such as `0.1.0`.
    public var b2watch: String
    /// The version of the protocol.
    public var `protocol` = currentProtocol
}

// MARK: - Failures

/// The reason why a listener cannot be asked, or its refusal.
public enum ControlFailure: Error, Sendable, Hashable {
    /// The control socket does not exist.
    case absent
    /// The socket exists, but no process answers at it.
    case deserted
    /// This user may not speak to it.
    case notPermitted
    /// The listener's process belongs to this user, who is neither the history's owner nor root.
    case stranger(user: UInt32)
    /// The program speaks another version of the protocol.
    case otherVersion(ControlHello)
    /// The program refuses to talk to this one, for the reason in its own words.
    case refused(String)
    /// The program is not b2watch, or is broken.
    case garbled
    /// The connection ended.
    case ended
    /// The listener does not answer in time.
    case silent
    /// The listener refused the request; its own words, in a sentence.
    case failed(String)
    /// The system does not let us; its own words.
    case system(String)
}

extension ControlFailure: CustomStringConvertible {
    /// The failure in a sentence.
    public var description: String {
        switch self {
        case .absent: "no listener has a control socket here"
        case .deserted: "nobody answers at the control socket"
        case .notPermitted: "the listener belongs to another user"
        case .stranger(let user): "user \(user) answers at the control socket, who does not own the history"
        case .otherVersion(let other):
            "the listener is b2watch \(other.b2watch), which speaks version \(other.protocol) of the control protocol;"
                + " this one speaks \(ControlHello.currentProtocol)"
        case .refused(let reason): "the listener refused: \(reason)"
        case .garbled: "the program that answers at the control socket is not b2watch"
        case .ended: "the listener has ended the connection"
        case .silent: "the listener does not answer"
        case .failed(let reason): reason
        case .system(let reason): "the control socket cannot be used (\(reason))"
        }
    }
}

// MARK: - Lines

// The lines on the wire, each a JSON object. What differs between them is taken apart in two steps: first who is meant,
// then, by whom that is, the rest.

/// `{"id":1,"request":"sendTest","body":{}}`
struct RequestLine<Request: ListenerRequest>: Codable {
    var id: Int
    var request: String
    var body: Request
}

/// The part of a request that selects its route.
struct RequestLineHead: Codable {
    var id: Int
    var request: String
}

struct RequestBody<Request: ListenerRequest>: Codable {
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

/// The part of a listener's line that gives its kind.
struct ListenerLineHead: Codable {
    var id: Int?
    var failure: String?
    var refusal: String?
}

extension Encodable {
    /// Returns a line with its end.
    func controlLine() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // JSON written by Foundation contains no line feed.
        return Array(try encoder.encode(self)) + [0x0A]
    }
}

extension Decodable {
    init(controlLine line: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(line))
    }
}

// MARK: - Reading lines

/// Splits a stream of bytes into lines, none of them longer than a limit.
struct LineReader {
    /// A line is longer than the limit; nothing can be read any more.
    struct TooLong: Error, Hashable {
        let limit: Int
    }

    /// The longest line, in bytes, without its end.
    let limit: Int
    private var begun: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds received bytes.
    ///
    /// - Returns: The lines that are now complete, without their ends.
    mutating func read(_ bytes: some Collection<UInt8>) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            // Each part except the first follows the end of a line.
            if isInside {
                lines.append(begun)
                begun = []
            }
            isInside = true
            guard begun.count + part.count <= limit else { throw TooLong(limit: limit) }
            begun += part
        }
        isInside = false
        return lines
    }

    private var isInside = false
}
