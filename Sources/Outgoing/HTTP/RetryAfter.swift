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
        guard let date = date(text) else { return nil }
        let rest = Duration.milliseconds(date.milliseconds - now.milliseconds)
        return min(max(rest, .zero), longest)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Such as `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that is sent today.
    private static func date(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT", let day = Int(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]),
            (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else {
            return nil
        }
        // Years that begin on the first of March, so that a leap day is the last of its year.
        let shifted = month >= 2 ? year : year - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + ((month + 10) % 12 * 153 + 2) / 5
        let seconds = (days + day - 1 - 719_468) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
        return Timestamp(milliseconds: Int64(seconds) * 1_000)
    }
}
