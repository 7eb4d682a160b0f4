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
        return !Self.known.contains(name) && !name.hasPrefix(Self.reserved)
    }

    /// Parts of names whose values are secret: `Authorization`, `Set-Cookie`, `Cf-Access-Client-Secret`, `X-Api-Key`.
    private static let tellTales = [
        "auth", "cookie", "secret", "token", "password", "passwd", "credential", "jwt", "session", "key",
    ]

    /// B2's own, which no rule can set.
    private static let reserved = "x-bz-"

    /// What HTTP itself, B2 and common proxies send; by whole names, for a rule may have any that begins like one.
    private static let known: Set<String> = [
        "host", "user-agent", "accept", "accept-encoding", "accept-language", "accept-charset", "content-type",
        "content-length", "content-encoding", "content-language", "connection", "keep-alive", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "expect", "date", "cache-control", "priority", "max-forwards",
        "range",
        "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
        "via", "forwarded", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
        "x-forwarded-server", "x-forwarded-prefix", "x-forwarded-scheme", "x-forwarded-ssl", "x-request-start",
        "x-scheme", "x-original-uri",
        "cdn-loop", "cf-ray", "cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "cf-visitor", "cf-ipcountry",
        "cf-ew-via", "cf-worker", "cf-warp-tag-id", "true-client-ip", "fly-client-ip", "fly-region",
        "x-amzn-trace-id", "x-cloud-trace-context", "x-envoy-expected-rq-timeout-ms", "x-envoy-external-address",
        "traceparent", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user",
    ]
}
