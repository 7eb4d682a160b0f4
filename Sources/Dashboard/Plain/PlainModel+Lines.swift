import Notifications
import SafeText

extension PlainModel {
    /// Does what a line says.
    mutating func obey(_ bytes: [UInt8]) -> [Effect] {
        if secret != nil { return takeSecret(bytes) }
        guard let line = String(validating: bytes, as: UTF8.self) else {
            say("This line is not UTF-8.")
            return []
        }
        let (word, arguments) = PlainArguments(line).split
        guard !word.isEmpty else { return [] }
        if let question = model.question { return answer(word, to: question) }
        guard ["find", "filter"].contains(word.lowercased()) || !Self.holdsSecret(line) else {
            say("This looks like a signing secret and was not kept: type secret add LABEL, and it on the next line.")
            return []
        }
        if let known = PlainWord.named(word.lowercased()) { return known.run(&self, arguments) }
        if let command = Command(name: word.lowercased()) { return perform(command) }
        let near = Self.suggestion(for: word.lowercased())
        say(
            "There is no command \(SafeText(word).clipped(to: 40)). "
                + (near.map { "Did you mean \($0)? " } ?? "") + "help lists the commands.")
        return []
    }

    /// Whether a word of a line is what B2's secrets are: said again, it would stand in the terminal twice.
    private static func holdsSecret(_ line: String) -> Bool {
        line.split(whereSeparator: \.isWhitespace).contains { SigningSecret.looksUsual(Array($0.utf8)) }
    }

    /// The answers to questions that yes and no do not answer.
    private static let answers: [Place: [String: Command]] = [
        .deleting: ["rotated": .deleteRotated, "leaked": .deleteLeaked],
        .leaving: ["save": .saveAndQuit, "quit": .quitUnsaved],
    ]

    private mutating func answer(_ word: String, to question: Question) -> [Effect] {
        if let command = Self.answers[question.place]?[word.lowercased()] {
            model.deafUntil = nil
            return change { $0.perform(command) }
        }
        switch word.lowercased() {
        // A where clause holds for its own pattern alone.
        case "yes" where question.place == .question, "y" where question.place == .question,
            "answer-yes" where question.place == .question:
            // A line is no key that was meant for something else.
            model.deafUntil = nil
            return change { $0.perform(.answerYes) }
        case "no", "n", "stay", "answer-no":
            say("Nothing was done.")
            return change { $0.perform(.answerNo) }
        default:
            say(PlainState.sentence(question))
            return []
        }
    }

    /// Does what a key of the screen does, by the command's name.
    mutating func perform(_ command: Command) -> [Effect] {
        switch PlainMeaning(of: command) {
        case .same: break
        case .line(let line): return obey(Array(line.utf8))
        case .hint(let hint):
            say("By lines this is: \(hint)")
            return []
        case .none:
            say("\(command.name) is for the screen: help lists what there is in plain mode.")
            return []
        }
        let contexts = model.place.contexts
        let binding = BindingTable.all.first { $0.command == command && contexts.contains($0.context) }
        if let obstacle = binding?.obstacle(model) {
            say("\(obstacle)")
            return []
        }
        if PlainMeaning.moves(command) { isToTellRow = true }
        return change { $0.perform(command) }
    }

    /// The command whose name is nearest to a word, if any is near.
    static func suggestion(for word: String) -> String? {
        let names =
            PlainWord.all.flatMap(\.names) + Command.allCases.filter { PlainMeaning(of: $0) == .same }.map(\.name)
        if let longer = names.first(where: { word.count > 1 && $0.hasPrefix(word) }) { return longer }
        guard word.count <= 20 else { return nil }
        return names.map { ($0, distance($0, word)) }.filter { $0.1 <= max(1, word.count / 2) }.min { $0.1 < $1.1 }?.0
    }

    /// How many letters are to be put in, left out or changed.
    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for place in other.indices {
                let above = row[place + 1]
                row[place + 1] = min(above + 1, row[place] + 1, diagonal + (letter == other[place] ? 0 : 1))
                diagonal = above
            }
        }
        return row[other.count]
    }
}
