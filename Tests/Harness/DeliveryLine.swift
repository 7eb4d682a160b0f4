package import Foundation

/// A line of `b2watch listen --format json`.
package struct DeliveryLine: Decodable {
    package let id: Int64
    package let receivedAt: String
    package let remoteAddress: String
    package let method: String
    package let target: String
    package let httpVersion: String
    package let headers: [[String]]
    package let body: String?
    package let bodyBase64: Data?
    package let signature: String
    package let secret: String?
    package let status: Int
    package let answer: String
    package let duplicate: Bool
    package let events: [Event]

    /// The fields of an event that tests check.
    package struct Event: Decodable {
        package let eventId: String?
    }

    package init(_ line: some StringProtocol) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(line.utf8))
    }

    /// The body's bytes.
    package var bytes: [UInt8] { body.map { Array($0.utf8) } ?? Array(bodyBase64 ?? Data()) }
}
