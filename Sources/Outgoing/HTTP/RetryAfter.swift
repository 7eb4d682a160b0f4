public import Notifications

/// When a server wants to be asked again: the field `Retry-After` (RFC 9110, 10.2.3).
public enum RetryAfter {
    /// The longest that is taken at its word.
    public static let longest = Duration.seconds(86_400)

    /// Reads the field's value: seconds, or a date. Seconds with a fraction, which some servers send, are rounded up.
    ///
    /// - Parameter now: What a date is counted from.
    /// - Returns: How long to wait, not below zero and at most a day; nil where the value is neither.
    public static func delay(_ value: String, at now: Timestamp) -> Duration? {
        let text = value.filter { $0 != "\t" }.split(separator: " ").joined(separator: " ")
        let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if !text.isEmpty, text.utf8.allSatisfy(isDigit) {
            return min(.seconds(Int32(text) ?? .max), longest)
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) {
            let isWhole = parts[1].allSatisfy { $0 == "0" }
            return min(.seconds(Int64(Int32(parts[0]) ?? .max) + (isWhole ? 0 : 1)), longest)
        }
        guard let date = HTTPDate.moment(text) else { return nil }
        let rest = Duration.milliseconds(date.milliseconds - now.milliseconds)
        return min(max(rest, .zero), longest)
    }
}

extension OutgoingAnswer {
    /// How long it asks to wait; nil where it does not.
    ///
    /// - Parameter now: What a date is counted from.
    public func retryAfter(at now: Timestamp) -> Duration? {
        value(of: "Retry-After").flatMap { RetryAfter.delay($0, at: now) }
    }
}
