public import Notifications

/// A moment as HTTP writes it (RFC 9110, 5.6.7).
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads such as `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that is sent today.
    ///
    /// - Returns: Nil where the text is none.
    public static func moment(_ text: String) -> Timestamp? {
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
