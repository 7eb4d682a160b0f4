/// What became of deliveries that were sent in several pieces, added up from what is told of each piece: such as
/// `3 sent: 2 answered 200, 1 answered 401; 1 not sent`.
struct ReplayTally: Sendable, Hashable {
    private var sent = 0
    private var outcomes: [Outcome] = []
    /// What was counted beside those sent.
    private var others: [Outcome] = []
    /// What was told in other words, the last of it.
    private var remark: String?

    fileprivate struct Outcome: Hashable {
        let words: String
        var count: Int
    }

    /// Takes what is told of a piece.
    mutating func add(_ sentence: String) {
        let halves = sentence.split(separator: "; ")
        // What is not counted is the reason of a failure, to its end.
        let counted = halves.firstIndex { !addSent($0) && !addOther($0) } ?? halves.count
        if counted < halves.count { remark = halves[counted...].joined(separator: "; ") }
    }

    private mutating func addSent(_ half: Substring) -> Bool {
        let sides = half.split(separator: ": ", maxSplits: 1)
        guard sides.count == 2, let total = Outcome(sides[0]), total.words == "sent" else { return false }
        let parts = sides[1].split(separator: ", ").compactMap(Outcome.init)
        guard parts.reduce(0, { $0 + $1.count }) == total.count else { return false }
        sent += total.count
        for part in parts { Self.add(part, to: &outcomes) }
        return true
    }

    private mutating func addOther(_ half: Substring) -> Bool {
        guard let other = Outcome(half), other.words == "not sent" else { return half == "nothing was sent" }
        Self.add(other, to: &others)
        return true
    }

    private static func add(_ outcome: Outcome, to outcomes: inout [Outcome]) {
        if let place = outcomes.firstIndex(where: { $0.words == outcome.words }) {
            outcomes[place].count += outcome.count
        } else {
            outcomes.append(outcome)
        }
    }

    var sentence: String {
        let parts = outcomes.map(\.text).joined(separator: ", ")
        var halves = sent > 0 ? ["\(Wording.grouped(sent)) sent: \(parts)"] : []
        halves += others.map(\.text)
        if let remark { halves.append(remark) }
        return halves.isEmpty ? "nothing was sent." : halves.joined(separator: "; ")
    }
}

extension ReplayTally.Outcome {
    /// Reads a number and what stands behind it; without a full stop.
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let count = Int(parts[0].replacing(",", with: "")) else { return nil }
        self.init(words: String(parts[1].hasSuffix(".") ? parts[1].dropLast() : parts[1]), count: count)
    }

    fileprivate var text: String { "\(Wording.grouped(count)) \(words)" }
}
