import Foundation

/// A line of `b2watch listen --format json`.
struct DeliveryLine: Decodable {
    let id: Int64
    let receivedAt: String
    let remoteAddress: String
    let method: String
    let target: String
    let httpVersion: String
    let headers: [[String]]
    let body: String?
    let bodyBase64: Data?
    let signature: String
    let secret: String?
    let status: Int
    let answer: String
    let duplicate: Bool
    let events: [Event]

    /// What the tests look at in an event.
    struct Event: Decodable {
        let eventId: String?
    }

    init(_ line: some StringProtocol) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(line.utf8))
    }

    /// The body's bytes.
    var bytes: [UInt8] { body.map { Array($0.utf8) } ?? Array(bodyBase64 ?? Data()) }
}
