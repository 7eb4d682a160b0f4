import Foundation
import SafeText

/// The reason of an entry where there is little room: what went wrong first, and then who said so.
enum EntryReason {
    static func brief(_ reason: String) -> String {
        for wrapper in ["refused, while others were done: ", "so it seems to be the action: "] {
            if let range = reason.range(of: wrapper) { return brief(String(reason[range.upperBound...])) }
        }
        if reason.hasPrefix("given up after "), let colon = reason.range(of: ": ") {
            return "given up: " + brief(String(reason[colon.upperBound...]))
        }
        if let range = reason.range(of: " that verified it was deleted as leaked"), reason.hasPrefix("the secret ") {
            return "secret leaked: " + reason[..<range.lowerBound].dropFirst("the secret ".count)
        }
        // `Slack answered 403 Forbidden: …`
        for verb in [" answered ", " answers "] {
            if let range = reason.range(of: verb), reason[range.upperBound...].first?.isNumber == true {
                return String(reason[range.upperBound...])
            }
        }
        // `/usr/local/bin/make ended with status 3: …`
        for (verb, word) in [(" ended with status ", "status "), (" was ended by signal ", "signal ")] {
            if let range = reason.range(of: verb) { return word + reason[range.upperBound...] }
        }
        // `/srv/events.csv cannot be written: …`
        guard reason.hasPrefix("/") || reason.hasPrefix("~/"), let blank = reason.firstIndex(of: " ") else {
            return reason
        }
        return String(reason[reason.index(after: blank)...])
    }
}
