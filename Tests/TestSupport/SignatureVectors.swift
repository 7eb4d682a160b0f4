import Foundation
public import Notifications

/// The shared vectors of `signatures.json`: the required verdict and answer of each delivery.
public struct SignatureVectors: Decodable, Sendable {
    /// The current secret.
    public let secret: String
    /// A secret that is not current.
    public let otherSecret: String
    public let cases: [SignatureVector]

    public static let all: SignatureVectors = {
        do {
            return try JSONDecoder().decode(SignatureVectors.self, from: Data(PackageResources.signatures_json))
        } catch {
            fatalError("Tests/TestSupport/signatures.json: \(error)")
        }
    }()

    /// Returns a keyring with `secret`.
    public var keyring: Keyring {
        get throws { try Keyring([SigningSecret(label: "vector", value: secret)]) }
    }
}

/// A case of the shared vectors.
public struct SignatureVector: Decodable, Sendable, CustomStringConvertible {
    public let name: String
    public let why: String
    public let headers: [HeaderField]
    public let body: [UInt8]
    public let status: Int
    public let answer: String
    /// The verdict's word.
    public let signature: String
    public let statusWithoutSecret: Int
    public let signatureWithoutSecret: String
    /// The number of events in the body.
    public let events: Int

    private enum CodingKeys: String, CodingKey {
        case name, why, headers, bodyBase64, status, answer, signature, statusWithoutSecret, signatureWithoutSecret
        case events
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        why = try values.decode(String.self, forKey: .why)
        headers = try values.decode([[String]].self, forKey: .headers).map { HeaderField($0[0], $0[1]) }
        body = Array(try values.decode(Data.self, forKey: .bodyBase64))
        status = try values.decode(Int.self, forKey: .status)
        answer = try values.decode(String.self, forKey: .answer)
        signature = try values.decode(String.self, forKey: .signature)
        statusWithoutSecret = try values.decode(Int.self, forKey: .statusWithoutSecret)
        signatureWithoutSecret = try values.decode(String.self, forKey: .signatureWithoutSecret)
        events = try values.decode(Int.self, forKey: .events)
    }

    /// Returns the delivery of the case.
    public var delivery: Delivery { .sample(headers: headers, body: body) }

    public var description: String { name }
}
