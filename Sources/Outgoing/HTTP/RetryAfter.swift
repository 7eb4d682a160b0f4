public import Notifications

/// When a server wants to be asked again: the field `Retry-After` (RFC 9110, 10.2.3).
public enum RetryAfter {
    /// The longest that is taken at its word.
    public static let longest = Duration.seconds(86_400)

    /// Reads the field's value: seconds, or a date.
    ///
    /// - Parameter now: What a date is counted from.
    /// - Returns: How long to wait, not below zero and at most a day; nil where the value is neither.
    public static func delay(_ value: String, at now: Timestamp) -> Duration? {
        let text = value.filter { $0 != "\t" }.split(separator: " ").joined(separator: " ")
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return min(.seconds(Int32(text) ?? .max), longest)
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
