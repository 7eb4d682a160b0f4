import Browsing
import History

/// What the word at the cursor of the line for commands can become.
struct CommandCompletion: Hashable {
    struct Candidate: Hashable {
        let text: String
        let meaning: String
    }

    /// The most that are offered.
    private static let limit = 60

    let candidates: [Candidate]
    /// The text, and the characters of it that a candidate replaces.
    let text: String
    let range: Range<Int>
    /// The candidate that stands in the line; nil until Tab chooses.
    var chosen: Int?

    init(_ text: String, cursor: Int, commands: [Candidate], values: SeenValues) {
        self.text = text
        let characters = Array(text)
        let start = characters[..<cursor].lastIndex { $0.isWhitespace }.map { $0 + 1 } ?? 0
        let end = characters[cursor...].firstIndex { $0.isWhitespace } ?? characters.count
        let before = String(characters[..<start]).split(whereSeparator: \.isWhitespace).map(String.init)
        let typed = String(characters[start..<cursor])
        guard let word = before.first.flatMap(TypedCommand.Word.init(rawValue:)) else {
            (range, candidates) = (start..<end, before.isEmpty ? Self.matching(typed, commands) : [])
            return
        }
        switch word {
        case .filter:
            let offset = word.rawValue.count + (characters.firstIndex { !$0.isWhitespace } ?? 0)
            let rest = String(characters[offset...])
            let found = FilterCompletion(rest, cursor: cursor - offset) { values[$0] }
            range = found.range.lowerBound + offset..<found.range.upperBound + offset
            candidates = found.candidates.map { Candidate(text: $0.text, meaning: $0.meaning) }
        case .sort:
            let names = before.count == 1 ? TypedCommand.columns : before.count == 2 ? ["asc", "desc"] : []
            (range, candidates) = (start..<end, Self.matching(typed, names.map { Candidate(text: $0, meaning: "") }))
        case .view:
            let views = before.count == 1 ? MainView.allCases : []
            let names = views.map { Candidate(text: $0.name, meaning: $0.title) }
            (range, candidates) = (start..<end, Self.matching(typed, names))
        case .goto:
            let examples = before.count == 1 ? Self.timesToGoTo : []
            (range, candidates) = (start..<end, Self.matching(typed, examples))
        }
    }

    /// What may be typed behind `goto`, as examples.
    private static let timesToGoTo = [
        Candidate(text: "02:14", meaning: "what arrived nearest to the latest 02:14"),
        Candidate(text: "yesterday", meaning: "the first of yesterday; yesterday 02:14 for a time of day"),
        Candidate(text: "today", meaning: "the first of today"), Candidate(text: "-2h", meaning: "two hours ago"),
        Candidate(text: "2026-11-28", meaning: "the first of that day; 2026-11-28 02:14 for a time of day"),
        Candidate(text: "newest", meaning: "the newest, which is then followed"),
        Candidate(text: "oldest", meaning: "the oldest"), Candidate(text: "126", meaning: "delivery 126"),
        Candidate(text: "row", meaning: "row 7 of the history"),
    ]

    /// Those that begin with what is typed, then those that hold it, then those whose meaning does.
    private static func matching(_ typed: String, _ all: [Candidate]) -> [Candidate] {
        let typed = typed.lowercased()
        guard !typed.isEmpty else { return all }
        let first = all.filter { $0.text.hasPrefix(typed) }
        let second = all.filter { !$0.text.hasPrefix(typed) && $0.text.contains(typed) }
        let third = all.filter { !$0.text.contains(typed) && $0.meaning.lowercased().contains(typed) }
        return Array((first + second + third).prefix(limit))
    }

    /// The line with a candidate in it, and where the cursor is then.
    func text(with candidate: String) -> (text: String, cursor: Int) {
        let characters = Array(text)
        let before = String(characters[..<range.lowerBound]) + candidate
        return (before + String(characters[range.upperBound...]), before.count)
    }
}
