/// What became of deliveries that were sent in several pieces, added up from what is told of each piece: such as
/// `3 sent: 2 answered 200, 1 answered 401`.
struct ReplayTally: Sendable, Hashable {
    private var sent = 0
    private var outcomes: [Outcome] = []
    /// What was told in other words, the last of it.
    private var remark: String?

    private struct Outcome: Hashable {
        let words: String
        var count: Int
    }

    /// Takes what is told of a piece.
    mutating func add(_ sentence: String) {
        let halves = sentence.split(separator: ": ", maxSplits: 1)
        guard halves.count == 2, let (count, words) = Self.counted(halves[0]), words == "sent" else {
            remark = sentence
            return
        }
        let parts = halves[1].split(separator: ", ").map(Self.counted)
        guard parts.allSatisfy({ $0 != nil }) else {
            remark = sentence
            return
        }
        sent += count
        for case (let count, let words)? in parts {
            if let place = outcomes.firstIndex(where: { $0.words == words }) {
                outcomes[place].count += count
            } else {
                outcomes.append(Outcome(words: words, count: count))
            }
        }
    }

    var sentence: String {
        guard sent > 0 else { return remark ?? "nothing was sent." }
        let parts = outcomes.map { "\(Wording.grouped($0.count)) \($0.words)" }
        let sum = "\(Wording.grouped(sent)) sent: \(parts.joined(separator: ", "))"
        return remark.map { "\(sum); \($0)" } ?? sum
    }

    /// A number and what stands behind it; without a full stop.
    private static func counted(_ text: Substring) -> (Int, String)? {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let count = Int(parts[0].replacing(",", with: "")) else { return nil }
        return (count, String(parts[1].hasSuffix(".") ? parts[1].dropLast() : parts[1]))
    }
}
