/// Judges many recorded deliveries as `SignatureVerifier` judges one, and reads no more of each than that takes: events
/// only where a secret is bound to them. Not to be kept: it holds what its keys give.
public struct RecordVerifier {
    private let verifier: SignatureVerifier
    private let secrets: [(secret: SigningSecret, digest: HMACSHA256)]

    public init(_ verifier: SignatureVerifier) {
        self.verifier = verifier
        secrets = verifier.keyring.secrets.map { ($0, $0.mac) }
    }

    /// Judges a recorded delivery.
    ///
    /// - Throws: `JSONError` where its headers cannot be read.
    public func judge(_ request: RecordedRequest) throws(JSONError) -> Judgement {
        if let selfTest = verifier.keyring.selfTest, mayVouch(selfTest, for: request) {
            return try judgeCarefully(request)
        }
        guard !secrets.isEmpty else { return Judgement(.unverified) }
        switch request.signature {
        case .none: return Judgement(.missing)
        case .unusual: return try judgeCarefully(request)
        case .digest(let digest):
            for (secret, keyed) in secrets where keyed.gives(digest, of: request.body) {
                guard secret.binding == .any else { return try judgeCarefully(request) }
                return Judgement(.valid, secret: secret.identity)
            }
            return Judgement(.invalid)
        }
    }

    private func judgeCarefully(_ request: RecordedRequest) throws(JSONError) -> Judgement {
        let delivery = try request.delivery()
        return verifier.judge(delivery, events: Payload(scanning: delivery.body).events)
    }

    private func mayVouch(_ secret: SigningSecret, for request: RecordedRequest) -> Bool {
        switch secret.binding {
        case .any: true
        case .bucket(let name), .rule(let name): request.mayHold(name)
        }
    }
}

/// Tells the body to which the signature of a delivery belongs. Not to be kept: it holds what its keys give.
public struct SignatureOwner {
    private let digests: [SIMD32<UInt8>]
    private let secrets: [(label: String, digest: HMACSHA256)]

    /// - Returns: nil where the delivery has no digest of 32 bytes, or there is no secret.
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
