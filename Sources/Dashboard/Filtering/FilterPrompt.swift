import Browsing
import SafeText
import Terminal

/// The line in which a filter is edited.
struct FilterPrompt {
    private(set) var editor: LineEditor
    /// What the text is read as.
    private(set) var reading: Result<Filter, FilterError>
    /// The filter last read without an error: what the list shows meanwhile.
    private(set) var preview: Filter
    /// What Tab offers for the word at the cursor.
    private(set) var completion: Completion
    /// Whether Tab was pressed where there is nothing to complete.
    private(set) var hasNothingToOffer = false
    private var past: PastTexts
    /// The values to complete with: as they were before what is typed left any out.
    private var values: SeenValues
    let origin: PromptOrigin

    /// What Tab offers for the word at the cursor.
    struct Completion: Hashable {
        let candidates: [FilterCompletion.Candidate]
        /// The one that is in the line; nil until Tab chooses.
        var chosen: Int?
        /// The text, and the place in it that candidates are put into.
        let text: String
        let range: Range<Int>

        fileprivate init(_ text: String, cursor: Int, _ values: SeenValues) {
            let found = FilterCompletion(text, cursor: cursor) { values[$0] }
            (candidates, range) = (found.candidates, found.range)
            self.text = text
        }
    }

    init(_ filter: Filter, past: [String], values: SeenValues, from origin: PromptOrigin) {
        editor = LineEditor(filter.text)
        reading = .success(filter)
        preview = filter
        completion = Completion(filter.text, cursor: filter.text.count, values)
        self.past = PastTexts(past)
        self.values = values
        self.origin = origin
    }

    /// There is more to complete with.
    mutating func know(_ more: SeenValues) {
        values = values.adding(more)
        if completion.chosen == nil { completion = Completion(editor.text, cursor: editor.cursor, values) }
    }

    /// What Enter would apply.
    var filter: Filter? { try? reading.get() }

    mutating func type(_ key: Key, _ context: FilterContext) {
        let before = editor.text
        hasNothingToOffer = false
        guard editor.update(.key(key)) else { return }
        if editor.text != before {
            past.leave()
            read(context)
        } else {
            completion = Completion(editor.text, cursor: editor.cursor, values)
        }
    }

    mutating func insert(_ text: String, _ context: FilterContext) {
        editor.insert(text)
        hasNothingToOffer = false
        past.leave()
        read(context)
    }

    /// Puts an older filter into the line, or a newer one.
    mutating func recall(older isOlder: Bool, _ context: FilterContext) {
        guard let text = past.step(older: isOlder, from: editor.text) else { return }
        editor = LineEditor(text)
        hasNothingToOffer = false
        read(context)
    }

    /// Completes the word at the cursor: each press puts the next candidate in, or the one before.
    mutating func complete(_ context: FilterContext, isBack: Bool = false) {
        let count = completion.candidates.count
        guard count > 0 else {
            hasNothingToOffer = true
            return
        }
        let first = isBack ? count - 1 : 0
        let chosen = completion.chosen.map { ($0 + (isBack ? -1 : 1) + count) % count } ?? first
        put(completion.candidates[chosen].text, completion)
        var completion = completion
        completion.chosen = chosen
        read(context)
        // The only one is there now, and what may follow it is offered.
        if count > 1 { self.completion = completion }
    }

    private mutating func put(_ candidate: String, _ completion: Completion) {
        let characters = Array(completion.text)
        let before = String(characters[..<completion.range.lowerBound]) + candidate
        editor = LineEditor(before)
        let rest = String(characters[completion.range.upperBound...])
        editor.insert(rest)
        for _ in rest { _ = editor.update(.key(.left)) }
    }

    private mutating func read(_ context: FilterContext) {
        completion = Completion(editor.text, cursor: editor.cursor, values)
        do {
            let filter = try Filter(editor.text, in: context)
            reading = .success(filter)
            // The beginning of an operator is one to come, and no word to look for: the list does not empty meanwhile.
            if !isTypingOperator { preview = filter }
        } catch {
            reading = .failure(error)
        }
    }

    /// Whether the word at the cursor may yet become the name of an operator, or a word that puts terms together.
    private var isTypingOperator: Bool {
        !completion.range.isEmpty && completion.candidates.contains { !$0.meaning.isEmpty }
    }
}

// What no event has.
extension FilterPrompt {
    /// A value that was asked for.
    struct AskedValue {
        let kind: FilterValueKind
        let item: FilterValueUse.Item
    }

    /// The values asked for that are none of those seen. Whether an event has them is to be counted.
    func unseen(_ seen: SeenValues) -> [AskedValue] {
        guard !isTypingOperator, let filter else { return [] }
        return filter.parts.compactMap(\.value).flatMap { use in
            use.items.filter { item in !seen[use.kind].contains { item.isMatched(by: $0) } }
                .map { AskedValue(kind: use.kind, item: $0) }
        }
    }
}

extension FilterValueKind {
    /// What it is called in a sentence.
    var noun: SafeText {
        switch self {
        case .type: "type"
        case .bucket: "bucket"
        case .object: "object name"
        case .rule: "rule"
        case .secret: "secret"
        case .eventId: "event id"
        case .versionId: "version id"
        case .method: "method"
        case .path: "path"
        case .remoteAddress: "address"
        case .status: "status"
        }
    }
}
