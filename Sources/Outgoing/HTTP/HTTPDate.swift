public import Notifications

/// A moment as HTTP writes it (RFC 9110, 5.6.7).
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads any of the three forms that a recipient must accept: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    ///
    /// - Returns: Nil where the text has none of these forms.
    public static func moment(_ text: String) -> Timestamp? {
        let words = text.split { $0 == " " }
        switch words.count {
        case 6 where words[0].hasSuffix(",") && words[5] == "GMT":
            return moment(day: words[1], month: words[2], year: Int(words[3]), time: words[4])
        case 4 where words[0].hasSuffix(",") && words[3] == "GMT":
            let parts = words[1].split(separator: "-")
            // Two digits: of this century, or of the last where that would lie far ahead.
            guard parts.count == 3, let year = Int(parts[2]), (0...99).contains(year) else { return nil }
            return moment(day: parts[0], month: parts[1], year: year < 70 ? 2_000 + year : 1_900 + year, time: words[2])
        case 5: return moment(day: words[2], month: words[1], year: Int(words[4]), time: words[3])
        default: return nil
        }
    }

    private static func moment(day: Substring, month: Substring, year: Int?, time: Substring) -> Timestamp? {
        guard let day = Int(day), let month = months.firstIndex(of: String(month)), let year,
            (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let time = time.split(separator: ":").compactMap { Int($0) }
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
