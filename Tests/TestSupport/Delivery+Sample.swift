import Base
public import Notifications

extension Delivery {
    /// Returns a POST as B2 sends it.
    ///
    /// - Parameter secret: Signs the body, in a header field after the others.
    public static func sample(
        receivedAt: Int64 = 1_795_452_185_123, method: String = "POST", target: String = "/",
        headers: [HeaderField] = [
            HeaderField("Host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications"),
            HeaderField("Content-Type", "application/json; charset=UTF-8"),
        ],
        body: [UInt8] = SampleBody.notification([SampleEvent()]), signedWith secret: SigningSecret? = nil
    ) -> Delivery {
        var headers = headers
        if let secret { headers.append(HeaderField(SignatureHeader.name, secret.signature(of: body))) }
        return Delivery(
            receivedAt: Timestamp(milliseconds: receivedAt), remoteAddress: "203.0.113.7", method: method,
            target: target, headers: headers, body: body)
    }

    /// Returns a POST of these events.
    public static func sample(
        _ events: [SampleEvent], receivedAt: Int64 = 1_795_452_185_123, signedWith secret: SigningSecret? = nil
    ) -> Delivery {
        sample(receivedAt: receivedAt, body: SampleBody.notification(events), signedWith: secret)
    }
}

extension SigningSecret {
    /// Returns a secret of 32 letters and digits.
    public static func sample(
        _ label: String = "prod", _ value: String = "b2DashTestSecret0123456789abcdEF", binding: SecretBinding = .any
    ) -> SigningSecret {
        do {
            return try SigningSecret(label: label, value: value, binding: binding)
        } catch {
            fatalError("a sample secret: \(error)")
        }
    }
}
