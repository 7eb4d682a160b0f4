import Browsing
import Dashboard
import Notifications
import SafeText

/// A filter as the argument of a command.
struct FilterArgument {
    private let text: String
    private let isUTC: Bool
    private let allowsRegularExpressions: Bool

    /// - Parameter allowsRegularExpressions: Whether rows are only read by it, and nothing is sent or done for them.
    init(_ text: String, isUTC: Bool, allowsRegularExpressions: Bool) {
        self.text = text
        self.isUTC = isUTC
        self.allowsRegularExpressions = allowsRegularExpressions
    }

    /// - Throws: `FilterArgumentError`.
    func parsed() throws(FilterArgumentError) -> Filter {
        let clock = isUTC ? WallClock.utc : .local
        do throws(FilterError) {
            return try Filter(
                text,
                in: FilterContext(
                    now: .now, secondsFromUTC: clock.secondsFromUTC, allowsRegularExpressions: allowsRegularExpressions)
            )
        } catch {
            throw FilterArgumentError(text: text, error: error)
        }
    }
}

/// What is wrong in a filter, with the place under it.
struct FilterArgumentError: Error, CustomStringConvertible {
    let text: String
    let error: FilterError

    /// As much of a filter is shown before the place and from it on.
    private static let most = 50

    /// The filter, or the part of it around the place; a line of marks under the place; and what was expected there.
    var description: String {
        let characters = Array(text)
        let place = min(error.range.lowerBound, characters.count)
        let start = max(0, place - Self.most)
        let end = min(characters.count, place + Self.most)
        let before = SafeText((start > 0 ? "…" : "") + String(characters[start..<place]))
        let after = SafeText(String(characters[place..<end]) + (end < characters.count ? "…" : ""))
        let wrong = characters[place..<end].prefix(error.range.count)
        let column = before.width
        let marks = max(1, SafeText(String(wrong)).width)
        return """
            --filter cannot be read:
              \(before)\(after)
              \(String(repeating: " ", count: column))\(String(repeating: "^", count: marks))
            \(error)
            """
    }
}
