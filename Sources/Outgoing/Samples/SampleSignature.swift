public import Notifications

/// How a sample notification is signed.
public enum SampleSignature: Sendable {
    /// As B2 signs.
    case signed(SigningSecret)
    /// Well-formed and wrong: one bit off the right digest, or without a secret a random one.
    case wrong(SigningSecret?)
    /// No signature header, as of a rule without a secret.
    case none

    /// The header's value for a body, or nil where there is to be none.
    public func value(for body: [UInt8], using generator: inout some RandomNumberGenerator) -> String? {
        switch self {
        case .signed(let secret): secret.signature(of: body)
        case .wrong(let secret?): Self.flippingLastBit(of: secret.signature(of: body))
        case .wrong(nil): "v1=" + RandomHex.digits(64, using: &generator)
        case .none: nil
        }
    }

    private static func flippingLastBit(of signature: String) -> String {
        let last = signature.last?.hexDigitValue ?? 0
        return signature.dropLast() + String(last ^ 1, radix: 16)
    }
}

/// The bytes of a notification and the value of its signature header: what is sent.
public struct SignedSample: Sendable, Hashable {
    public let body: [UInt8]
    /// Nil: no signature header.
    public let signature: String?

    public init(body: [UInt8], signature: String?) {
        self.body = body
        self.signature = signature
    }

    /// Signs a notification.
    public init(
        _ notification: SampleNotification, _ signature: SampleSignature,
        using generator: inout some RandomNumberGenerator
    ) {
        body = notification.body
        self.signature = signature.value(for: body, using: &generator)
    }
}
