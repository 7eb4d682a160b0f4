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
    private(set) var completion: Completion?
    /// Whether Tab was pressed where there is nothing to complete.
    private(set) var hasNothingToOffer = false
    private var past: PastTexts
    /// The values to complete with: as they were before what is typed left any out.
    private var values: SeenValues
    let origin: PromptOrigin

    /// What Tab offers for the word at the cursor.
    struct Completion: Hashable {
        let candidates: [FilterCompletion.Candidate]
        /// The one that stands in the line; nil until Tab chooses.
        var chosen: Int?
        /// The text, and the place in it that candidates are put into.
        let text: String
        let range: Range<Int>
    }

    init(_ filter: Filter, past: [String], values: SeenValues, from origin: PromptOrigin) {
        editor = LineEditor(filter.text)
        reading = .success(filter)
        preview = filter
        self.past = PastTexts(past)
        self.values = values
        self.origin = origin
    }

    /// There is more to complete with.
    mutating func know(_ more: SeenValues) {
        values = values.adding(more)
    }

    /// What Enter would apply.
    var filter: Filter? { try? reading.get() }

    mutating func type(_ key: Key, _ context: FilterContext) {
        let before = editor.text
        hasNothingToOffer = false
        guard editor.update(.key(key)) else { return }
        completion = nil
        if editor.text != before {
            past.leave()
            read(context)
        }
    }

    mutating func insert(_ text: String, _ context: FilterContext) {
        editor.insert(text)
        (completion, hasNothingToOffer) = (nil, false)
        past.leave()
        read(context)
    }

    /// Puts an older filter into the line, or a newer one.
    mutating func recall(older isOlder: Bool, _ context: FilterContext) {
        guard let text = past.step(older: isOlder, from: editor.text) else { return }
        editor = LineEditor(text)
        (completion, hasNothingToOffer) = (nil, false)
        read(context)
    }

    /// Completes the word at the cursor: the first press takes what all candidates begin with, each further one puts
    /// the next candidate in.
    mutating func complete(_ context: FilterContext) {
        if var completion {
            let next = completion.chosen.map { ($0 + 1) % completion.candidates.count } ?? 0
            completion.chosen = next
            put(completion.candidates[next].text, completion)
            self.completion = completion
        } else {
            let found = FilterCompletion(editor.text, cursor: editor.cursor) { values[$0] }
            guard let first = found.candidates.first else {
                hasNothingToOffer = true
                return
            }
            let completion = Completion(candidates: found.candidates, text: editor.text, range: found.range)
            if found.candidates.count == 1 {
                put(first.text, completion)
            } else {
                if let common = completion.common { put(common, completion) }
                self.completion = completion
            }
        }
        read(context)
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
        do {
            let filter = try Filter(editor.text, in: context)
            reading = .success(filter)
            // The beginning of an operator is one to come, and no word to look for: the list does not empty meanwhile.
            if !isTypingOperator { preview = filter }
        } catch {
            reading = .failure(error)
        }
    }
}

extension FilterPrompt {
    /// Whether the word at the cursor may yet become the name of an operator.
    private var isTypingOperator: Bool {
        let completion = FilterCompletion(editor.text, cursor: editor.cursor) { _ in [] }
        return !completion.range.isEmpty && completion.candidates.contains { !$0.meaning.isEmpty }
    }
}

extension FilterPrompt.Completion {
    /// What all candidates begin with; nil where that is less than what stands there.
    fileprivate var common: String? {
        let texts = candidates.map(\.text)
        let common = texts.dropFirst().reduce(texts.first ?? "") { common, text in
            String(zip(common, text).prefix { $0 == $1 }.map(\.0))
        }
        return common.count > range.count ? common : nil
    }
}
