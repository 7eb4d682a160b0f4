import Base
import Glibc

/// Verifies many recorded deliveries as `SignatureVerifier` verifies one, and reads no more of each than necessary:
/// events only if a secret is bound to them. Do not keep a value of this type: it contains keys.
public struct RecordVerifier {
    private let verifier: SignatureVerifier
    private let secrets: [(secret: SigningSecret, digest: HMACSHA256)]

    public init(_ verifier: SignatureVerifier) {
        self.verifier = verifier
        secrets = verifier.keyring.secrets.map { ($0, $0.mac) }
    }

    /// Verifies a recorded delivery.
    ///
    /// - Throws: `JSONError` if its headers cannot be read.
    public func verify(_ request: RecordedRequest) throws(JSONError) -> Judgement {
        if let selfTest = verifier.keyring.selfTest, mayVouch(selfTest, for: request) {
            return try verifyFully(request)
        }
        guard !secrets.isEmpty else { return Judgement(.unverified) }
        switch request.signature {
        case .none: return Judgement(.missing)
        case .unusual: return try verifyFully(request)
        case .digest(let digest):
            for (secret, keyed) in secrets where keyed.matches(digest, of: request.body) {
                guard secret.binding == .any else { return try verifyFully(request) }
                return Judgement(.valid, secret: secret.identity)
            }
            return Judgement(.invalid)
        }
    }

    private func verifyFully(_ request: RecordedRequest) throws(JSONError) -> Judgement {
        let delivery = try request.delivery()
        return verifier.verify(delivery, events: Payload(scanning: delivery.body).events)
    }

    private func mayVouch(_ secret: SigningSecret, for request: RecordedRequest) -> Bool {
        switch secret.binding {
        case .any: true
        case .bucket(let name), .rule(let name): request.mayContain(name)
        }
    }
}

/// Finds the body to which the signature of a delivery belongs. Do not keep a value of this type: it contains keys.
public struct SignatureOwner {
    private let digests: [SIMD32<UInt8>]
    private let secrets: [(label: String, digest: HMACSHA256)]

    /// Returns nil if the delivery has no digest of 32 bytes, or the keyring has no secret.
    public init?(_ delivery: Delivery, keyring: Keyring) {
        digests = DigestReader(delivery).digests.compactMap { received in
            received.digits.withUnsafeBytes { Hex.digest($0) }
        }
        secrets = keyring.secrets.map { ($0.label, $0.mac) }
        if digests.isEmpty || secrets.isEmpty { return nil }
    }

    /// Returns the label of the secret under which a digest received is that of this body; nil where it is not.
    public func secret(for body: UnsafeRawBufferPointer) -> String? {
        secrets.first { secret in digests.contains(secret.digest.digest(of: body)) }?.label
    }
}

// MARK: - Recorded requests

/// The parts of a recorded delivery that a verdict needs, in memory that is lent: do not keep a value of this type.
public struct RecordedRequest {
    /// The header fields, as `HeaderField.json(_:)` wrote them.
    public let headers: UnsafeRawBufferPointer
    public let body: UnsafeRawBufferPointer

    public init(headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        self.headers = headers
        self.body = body
    }

    /// The content of the signature header, as far as a quick look shows it.
    var signature: PlainSignature {
        // Without a backslash, every quote begins or ends a string, and names and values take turns.
        guard !Self.contains(UInt8(ascii: "\\"), in: headers) else { return .unusual }
        var found = PlainSignature.none
        var index = 0
        var isName = true
        var isNamed = false
        while let start = quote(from: index) {
            guard let end = quote(from: start + 1) else { return .unusual }
            let text = headers[(start + 1)..<end]
            if isName {
                isNamed = Self.isName(text)
            } else if isNamed {
                guard case .none = found, let digest = PlainSignature.digest(UnsafeRawBufferPointer(rebasing: text))
                else {
                    return .unusual
                }
                found = .digest(digest)
            }
            isName.toggle()
            index = end + 1
        }
        return found
    }

    /// Returns false only if no string of an event equals this one.
    func mayContain(_ text: String) -> Bool {
        let text = Array(text.utf8)
        guard let first = text.first, text.allSatisfy(Self.isPlain), var place = body.baseAddress,
            !Self.contains(UInt8(ascii: "\\"), in: body)
        else { return true }
        let end = place + body.count
        while let found = memchr(place, Int32(first), end - place) {
            guard end - UnsafeRawPointer(found) >= text.count else { return false }
            if memcmp(found, text, text.count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
        }
        return false
    }

    /// Returns whether a byte of UTF-8 is a letter or digit that has no other form. `K` has one: the kelvin sign.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "K"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// Returns the delivery, with the parts that a verdict needs.
    func delivery() throws(JSONError) -> Delivery {
        Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "", target: "",
            headers: try HeaderField.fields(fromJSON: String(decoding: headers, as: UTF8.self)), body: Array(body))
    }

    private func quote(from index: Int) -> Int? {
        guard let start = headers.baseAddress, index < headers.count,
            let place = memchr(start + index, Int32(UInt8(ascii: "\"")), headers.count - index)
        else { return nil }
        return UnsafeRawPointer(place) - start
    }

    private static func contains(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return false }
        return memchr(start, Int32(byte), bytes.count) != nil
    }

    private static let name = Array(SignatureHeader.name.utf8)

    /// Compares without case. The name consists of lower-case letters and hyphens only.
    private static func isName(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard text.count == name.count else { return false }
        return zip(text, name).allSatisfy { byte, lower in
            byte == lower
                || byte | 0x20 == lower && byte != lower && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        }
    }
}
