/// What was typed in earlier times, to be walked through with ↑ and ↓.
struct PastTexts: Hashable {
    /// The newest first.
    let texts: [String]
    /// The one shown; nil for what is being typed.
    private var index: Int?
    /// What was being typed.
    private var draft = ""

    init(_ texts: [String]) {
        self.texts = texts
    }

    /// What is in the line now is typed text.
    mutating func leave() {
        index = nil
    }

    /// The text to show next; nil where there is none.
    mutating func step(older isOlder: Bool, from text: String) -> String? {
        if index == nil { draft = text }
        var next = index.map { $0 + (isOlder ? 1 : -1) } ?? (isOlder ? 0 : -1)
        // What stands in the line already is no step.
        while isOlder, texts.indices.contains(next), texts[next] == text { next += 1 }
        if texts.indices.contains(next) {
            index = next
            return texts[next]
        }
        guard !isOlder, index != nil else { return nil }
        index = nil
        return draft
    }
}
