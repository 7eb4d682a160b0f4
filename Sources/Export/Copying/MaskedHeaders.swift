public import Notifications

/// What of a request's header fields may go to places outside, such as a clipboard or a bug report.
///
/// Masked are credentials, and every field that neither B2, HTTP nor a proxy is known to send: those are the rule's own
/// custom headers, which people use for keys and tokens. A name that speaks of a secret is masked whoever sends it.
public enum MaskedHeaders: Sendable, Hashable {
    /// Secret-bearing values become `***`.
    case masked
    /// Every value as it came.
    case asReceived

    /// What stands in the place of a value.
    public static let mask = "***"

    /// The fields in their order, some with another value.
    public func fields(of headers: [HeaderField]) -> [HeaderField] {
        headers.map { masks($0) ? HeaderField($0.name, Self.mask) : $0 }
    }

    /// Whether the value of a field is not to be shown.
    public func masks(_ field: HeaderField) -> Bool {
        guard self == .masked, !field.value.isEmpty else { return false }
        let name = field.name.lowercased()
        if Self.tellTales.contains(where: { name.contains($0) }) { return true }
        return !Self.known.contains(name) && !Self.knownBeginnings.contains { name.hasPrefix($0) }
    }

    /// Parts of names whose values are secret: `Authorization`, `Set-Cookie`, `Cf-Access-Client-Secret`, `X-Api-Key`.
    private static let tellTales = [
        "auth", "cookie", "secret", "token", "password", "passwd", "credential", "jwt", "session", "key",
    ]

    /// What HTTP itself, B2 and common proxies send.
    private static let known: Set<String> = [
        "host", "user-agent", "content-type", "content-length", "content-encoding", "content-language", "connection",
        "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect", "date",
        "cache-control", "pragma", "priority", "from", "max-forwards", "range", "origin",
        "via", "forwarded", "x-real-ip", "cdn-loop", "x-request-id", "x-correlation-id", "x-request-start",
        "x-amzn-trace-id", "x-cloud-trace-context", "x-envoy-expected-rq-timeout-ms", "x-envoy-external-address",
        "true-client-ip", "fly-client-ip", "fly-region", "traceparent", "x-scheme", "x-original-uri",
    ]

    private static let knownBeginnings = ["accept", "x-bz-", "x-forwarded-", "cf-", "if-", "sec-fetch-"]
}
