import Foundation
public import Notifications

/// The rule for the parts of a request that may leave b2watch, for example to a clipboard or a bug report.
///
/// Credentials are masked, and every header field that neither B2, HTTP nor a proxy is known to send: those are the
/// rule's own custom headers, which people use for keys and tokens. A name that suggests a secret is masked whoever
/// sends it. In a URL the user, the values of such names, and parts that look like tokens are masked.
public enum Masking: Sendable, Hashable {
    /// Secret-bearing values become `***`.
    case masked
    /// Every value as received.
    case asReceived

    /// The replacement of a value.
    public static let mask = "***"

    /// Returns the fields in their order, some with another value.
    public func fields(of headers: [HeaderField]) -> [HeaderField] {
        headers.map { field in
            if masks(field) { return HeaderField(field.name, Self.mask) }
            return Self.holdingURLs.contains(field.name.lowercased())
                ? HeaderField(field.name, target(field.value)) : field
        }
    }

    /// Returns whether the value of a field is masked.
    public func masks(_ field: HeaderField) -> Bool {
        guard self == .masked, !field.value.isEmpty else { return false }
        let name = field.name.lowercased()
        if Self.contains(name, oneOf: Self.tellTales) { return true }
        return !Self.known.contains(name) && !name.hasPrefix(Self.reserved)
    }

    // MARK: - URLs

    /// Returns a request's target, or a whole URL, with its credentials masked.
    public func target(_ text: String) -> String {
        guard self == .masked else { return text }
        let queryStart = text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex
        return Self.maskingUser(Self.maskingPath(text[..<queryStart])) + Self.maskingQuery(text[queryStart...])
    }

    /// Returns whether a part of a URL looks like a token: a UUID, or a long run of letters and digits.
    private static func isToken(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count >= 16 else { return false }
        if text.utf8.count == 36, UUID(uuidString: String(text)) != nil { return true }
        // Base64 has + / = as well as letters and digits; they are percent-encoded in a URL.
        let plain = text.removingPercentEncoding ?? String(text)
        return plain.split { !$0.isASCII || !($0.isLetter || $0.isNumber || "+/=_~".contains($0)) }.contains { run in
            let hasDigit = run.contains(where: \.isNumber)
            let (hasLower, hasUpper) = (run.contains(where: \.isLowercase), run.contains(where: \.isUppercase))
            return run.count >= 16 && hasDigit && (hasLower || hasUpper) || run.count >= 24 && hasLower && hasUpper
                || run.count >= 24 && hasDigit
        }
    }

    private static func namesSecret(_ name: some StringProtocol) -> Bool {
        let plain = name.utf8.contains(UInt8(ascii: "%")) ? name.removingPercentEncoding ?? String(name) : String(name)
        return contains(plain.lowercased(), oneOf: tellTalesOfURLs)
    }

    /// Returns whether a name, in lower case, contains one of some words of ASCII letters.
    private static func contains(_ name: String, oneOf words: [String]) -> Bool {
        var name = name
        let isHeld: Bool? = name.withUTF8 { name in
            // What joins a letter makes it another character.
            guard name.allSatisfy({ $0 < 0x80 }) else { return nil }
            return words.contains { word in
                let word = word.utf8
                guard name.count >= word.count else { return false }
                return (0...(name.count - word.count)).contains { start in
                    name[start] == word.first && name[start..<(start + word.count)].elementsEqual(word)
                }
            }
        }
        return isHeld ?? words.contains { name.contains($0) }
    }

    private static func maskingPath(_ path: Substring) -> String {
        var isNamed = false
        return path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            defer { isNamed = segment.isEmpty ? isNamed : segment.utf8.count <= 16 && namesSecret(segment) }
            return !segment.isEmpty && (isNamed || isToken(segment)) ? mask : String(segment)
        }.joined(separator: "/")
    }

    /// Masks `user:password` before the host of a whole URL.
    private static func maskingUser(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ":")), let scheme = text.firstRange(of: "://") else { return text }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return text[..<scheme.upperBound] + mask + text[at...]
    }

    private static func maskingQuery(_ query: Substring) -> String {
        var masked = ""
        var part = ""
        func flush() {
            let name = part.prefix { $0 != "=" }
            let value = part.dropFirst(name.count + 1)
            if !value.isEmpty, namesSecret(name) || isToken(value) {
                masked += name + "=" + mask
            } else {
                masked += isToken(name) ? mask + part.dropFirst(name.count) : part
            }
            part = ""
        }
        for character in query {
            if "?&;#".contains(character) {
                flush()
                masked.append(character)
            } else {
                part.append(character)
            }
        }
        flush()
        return masked
    }

    // MARK: - Names

    /// Known fields whose values are URLs or parts of them.
    private static let holdingURLs: Set<String> = ["x-original-uri", "x-forwarded-prefix"]

    /// Parts of names whose values are secret: `Authorization`, `Set-Cookie`, `Cf-Access-Client-Secret`, `X-Api-Key`.
    private static let tellTales = [
        "auth", "cookie", "secret", "token", "password", "passwd", "credential", "jwt", "session", "key",
    ]

    /// The same, and more that parts of URLs are called by.
    private static let tellTalesOfURLs = tellTales + ["sig", "pass", "pwd", "code", "hmac"]

    /// B2's own, which no rule can set.
    private static let reserved = "x-bz-"

    /// The fields that HTTP itself, B2 and common proxies send; by whole names, because a rule may have fields that
    /// begin like one.
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
