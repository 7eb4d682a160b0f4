import Base
import History
import Notifications
import Receiving
import Terminal

/// The line in which a filter is edited.
struct FilterPrompt: Prompt {
    private(set) var editor: LineEditor
    /// The parsed text, or the error in it.
    private(set) var reading: Result<Filter, FilterError>
    /// The last filter that was parsed without an error. The list shows it while the user types.
    private(set) var preview: Filter
    /// The candidates for the word at the cursor.
    private(set) var completion: Completion
    /// Whether Tab was pressed where there is nothing to complete.
    private(set) var hasNothingToOffer = false
    private var past: PastTexts
    /// The values to complete with, as they were before the typed filter excluded any.
    private var values: SeenValues
    let origin: PromptOrigin

    /// The candidates for the word at the cursor.
    struct Completion: Hashable {
        let candidates: [FilterCompletion.Candidate]
        /// The candidate that is in the line; nil until Tab chooses one.
        var chosen: Int?
        /// The whole text, and the range in it that a candidate replaces.
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

    /// Adds values to complete with.
    mutating func know(_ more: SeenValues) {
        values = values.adding(more)
        if completion.chosen == nil { completion = Completion(editor.text, cursor: editor.cursor, values) }
    }

    /// The filter that Enter would apply.
    var filter: Filter? { try? reading.get() }

    var context: BindingContext { .filter }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let before = editor.text
        hasNothingToOffer = false
        guard editor.update(.key(key)) else { return true }
        if editor.text != before {
            past.leave()
            read(model.session.filterContext)
        } else {
            completion = Completion(editor.text, cursor: editor.cursor, values)
        }
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) {
        editor.insert(text)
        hasNothingToOffer = false
        past.leave()
        read(model.session.filterContext)
    }

    func left(_ model: inout DashboardModel) {
        model.relist()
        model.goBack(to: origin)
    }

    /// Puts an older or a newer filter into the line.
    mutating func recall(older isOlder: Bool, _ context: FilterContext) {
        guard let text = past.step(older: isOlder, from: editor.text) else { return }
        editor = LineEditor(text)
        hasNothingToOffer = false
        read(context)
    }

    /// Completes the word at the cursor: each call inserts the next candidate, or the previous one.
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
        // A single candidate is complete now, so offer what may follow it.
        if count > 1 { self.completion = completion }
    }

    private mutating func put(_ candidate: String, _ completion: Completion) {
        let characters = Array(completion.text)
        editor = LineEditor(
            String(characters[..<completion.range.lowerBound]) + candidate,
            before: String(characters[completion.range.upperBound...]))
    }

    private mutating func read(_ context: FilterContext) {
        completion = Completion(editor.text, cursor: editor.cursor, values)
        do {
            let filter = try Filter(editor.text, in: context)
            reading = .success(filter)
            // An incomplete operator is not a word to search for. Without this check the list would be empty until it
            // is complete.
            if !isTypingOperator { preview = filter }
        } catch {
            reading = .failure(error)
        }
    }

    /// Whether the word at the cursor may become the name of an operator, or a word that combines terms.
    private var isTypingOperator: Bool {
        !completion.range.isEmpty && completion.candidates.contains { !$0.meaning.isEmpty }
    }

    // MARK: - Values that no event has

    /// A value that the filter mentions.
    struct AskedValue {
        let kind: FilterValueKind
        let item: FilterValueUse.Item
    }

    /// Returns the values in the filter that are not among those seen. The history is then searched for them.
    func unseen(_ seen: SeenValues) -> [AskedValue] {
        guard !isTypingOperator, let filter else { return [] }
        return filter.parts.flatMap(\.values).flatMap { use in
            use.items.filter { item in !seen[use.kind].contains { item.isMatched(by: $0) } }
                .map { AskedValue(kind: use.kind, item: $0) }
        }
    }

    // MARK: - Drawing

    private static let label: SafeText = "filter"

    /// The data for the lines below the input line.
    private struct Surroundings {
        let bindings: Bindings
        let seen: SeenValues
        let counts: MatchCounts

        init(_ model: DashboardModel) {
            (bindings, seen, counts) = (model.bindings, model.seenValues, model.events.counts)
        }
    }

    func height(_ model: DashboardModel, columns: Int) -> Int {
        1 + hints(Surroundings(model), columns: columns).count
    }

    /// Draws the line and the hints below it, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let (around, columns) = (Surroundings(model), surface.size.columns)
        let isGood = filter != nil
        let role: Role = !isGood ? .bad : editor.isEmpty ? .plain : .good
        let cursor = PromptLine.draw(Self.label, editor, Style(role), on: &surface)
        if let error {
            let start = screenColumn(of: error.range.lowerBound, columns: columns)
            let end = max(start + 1, screenColumn(of: error.range.upperBound, columns: columns))
            surface.restyle(Rect(column: start, row: 0, columns: end - start, rows: 1)) { $0.isUnderlined = true }
        }
        for (row, line) in hints(around, columns: columns).enumerated() {
            surface.put(line, at: Point(column: 0, row: row + 1), columns: columns)
        }
        return cursor
    }

    private var error: FilterError? {
        if case .failure(let error) = reading { error } else { nil }
    }

    /// Returns the lines below the input line: the error and its position, or the meaning of the word at the cursor;
    /// and the candidates.
    private func hints(_ around: Surroundings, columns: Int) -> [StyledLine] {
        let absent = absent(around)
        let offers = Self.candidates(completion, columns: columns)
        var lines: [StyledLine]
        if let error, completion.chosen == nil {
            lines = Self.lines(
                error.sentence + former, column: screenColumn(of: error.range.lowerBound, columns: columns),
                columns)
        } else {
            lines = [StyledLine(" ") + (message(absent, around) ?? StyledLine())]
        }
        if completion.candidates.isEmpty, let absent, let known = around.seen.words(absent.kind) {
            lines.append(StyledLine(" " + known, Style(.secondary)))
        } else {
            lines.append(offers)
        }
        return lines.map { $0.clipped(to: columns) }
    }

    /// Returns a value in the filter that no event has; nil if all are known.
    private func absent(_ around: Surroundings) -> AskedValue? {
        unseen(around.seen).first { around.counts[$0.item.predicate] == 0 }
    }

    private func message(_ absent: AskedValue?, _ around: Surroundings) -> StyledLine? {
        if let absent {
            let value = SafeText(cell: absent.item.text).clipped(to: 40)
            return StyledLine("No event has the " + absent.kind.noun + " “" + value + "”.", Style(.warning))
        }
        let bindings = around.bindings
        if editor.isEmpty {
            return StyledLine(
                "Nothing typed lists every row.  \(bindings.name(of: .completeFilter)) completes, \(bindings.name(of: .olderFilter)) brings back earlier filters.",
                Style(.secondary))
        }
        if hasNothingToOffer { return StyledLine("No known value completes this.", Style(.secondary)) }
        guard !completion.candidates.isEmpty, !completion.range.isEmpty || completion.chosen != nil else { return nil }
        let candidate = completion.candidates[completion.chosen ?? 0]
        return candidate.meaning.isEmpty
            ? nil : StyledLine("\(candidate.text) \(candidate.meaning)", Style(.secondary))
    }

    /// A sentence about what the list shows while the typed text has an error; empty if the list shows all rows.
    private var former: String {
        preview.text.allSatisfy(\.isWhitespace) ? "" : " The list still shows “\(PlainArguments(preview.text).text)”."
    }

    private static func lines(_ text: String, column: Int, _ columns: Int) -> [StyledLine] {
        let column = min(column, columns - 1)
        let sentence = SafeText(cell: text)
        let caret = StyledLine("^", Style(.bad, bold: true))
        if column + 2 + sentence.width < columns {
            return [StyledLine(.spaces(column)) + caret + StyledLine(" " + sentence, Style(.bad))]
        }
        if sentence.width + 2 <= column {
            let room = SafeText.spaces(column - sentence.width - 1)
            return [StyledLine(room) + StyledLine(sentence + " ", Style(.bad)) + caret]
        }
        let lines = Prose.lines(text, columns: columns - 2, style: Style(.bad)).prefix(3)
        return [StyledLine(.spaces(column)) + caret] + lines.map { StyledLine(" ") + $0 }
    }

    /// Returns the screen column of a character of the text.
    private func screenColumn(of index: Int, columns: Int) -> Int {
        let column = PromptLine.column(of: index, in: editor, behind: Self.label, columns: columns)
        return min(max(PromptLine.start(behind: Self.label), column), columns - 1)
    }

    private static func candidates(
        _ completion: Completion, columns: Int
    ) -> StyledLine {
        var line = StyledLine(" ")
        // The list starts at the chosen candidate, so that it is always visible.
        for (index, candidate) in completion.candidates.enumerated().dropFirst(completion.chosen ?? 0) {
            let isChosen = index == completion.chosen
            line.append("\(candidate.text)", isChosen ? Style(.accent, bold: true) : Style(.secondary))
            line.append("  ")
            if line.width > columns { break }
        }
        return line.clipped(to: columns)
    }
}

extension FilterValueKind {
    /// The noun for it in a sentence.
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
        case .node: "node"
        case .status: "status"
        }
    }
}

// MARK: - The line of a prompt

/// A line above the footer for typed text.
enum PromptLine {
    /// Draws the label and the field in the first row, and returns the cursor's position.
    static func draw(_ label: SafeText, _ editor: LineEditor, _ style: Style, on surface: inout Surface) -> Point {
        surface.put(label, at: Point(column: 1, row: 0), style: Style(.accent, bold: true))
        let start = start(behind: label)
        let field = Rect(column: start, row: 0, columns: surface.size.columns - start, rows: 1)
        let cursor = surface.draw(in: field) { editor.draw(on: &$0, style: style) }
        return Point(column: start + cursor.column, row: 0)
    }

    /// Returns the column in which the field begins.
    static func start(behind label: SafeText) -> Int { label.width + 3 }

    /// Returns the screen column of a character of the field's text. It may be beyond an edge.
    static func column(of index: Int, in editor: LineEditor, behind label: SafeText, columns: Int) -> Int {
        let start = start(behind: label)
        let hidden = max(0, width(editor, upTo: editor.cursor) - (columns - start - 1))
        return start + width(editor, upTo: index) - hidden
    }

    private static func width(_ editor: LineEditor, upTo index: Int) -> Int {
        SafeText(String(editor.text.prefix(index))).width
    }
}

// MARK: - Earlier input

/// The texts of earlier input, for ↑ and ↓.
struct PastTexts: Hashable {
    /// The texts, the newest first.
    let texts: [String]
    /// The index of the text in the line; nil for the user's own text.
    private var index: Int?
    /// The user's own text.
    private var draft = ""

    init(_ texts: [String]) {
        self.texts = texts
    }

    /// Records that the text in the line is now the user's own.
    mutating func leave() {
        index = nil
    }

    /// Returns the next text to show; nil at either end.
    mutating func step(older isOlder: Bool, from text: String) -> String? {
        if index == nil { draft = text }
        var next = index.map { $0 + (isOlder ? 1 : -1) } ?? (isOlder ? 0 : -1)
        // A step must change the line, so texts equal to it are skipped.
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

// MARK: - Filtering

extension BindingContext {
    static let filter: BindingContext = .init(
        "filter", title: "Typing a filter", with: [.everywhere], takesText: true, occasion: "while a filter is typed",
        begin: .editFilter)
}

extension Command {
    /// The command for a filter that is typed after `:` or in plain mode.
    static let filter = Command(
        "filter", Arguments(form: "FILTER", offers: .filter), "list what matches; nothing lists every row",
        plain: .same(
            PlainWord(
                "filter", syntax: "EXPRESSION|off|on",
                "lists only what matches, such as filter sig:invalid object:*.jpg; help filter explains more",
                run: { $0.filter($1) }))
    ) { model, text throws(Fault) in
        try model.showList("filter")
        do throws(FilterError) {
            model.apply(try Filter(text, in: model.session.filterContext))
        } catch {
            throw Fault("The filter is wrong at column \(error.range.lowerBound + 1): \(error.sentence)")
        }
    }
    static let editFilter = Command(
        "edit-filter", "f", in: .filtering, "filter the rows", footer: .medium("filter"),
        plain: .hint("filter EXPRESSION"), unavailable: { $0.current.hasNoList }
    ) { $0.editFilter() }
    static let showProblems = Command(
        "show-problems", "!", in: .filtering, "only problems, or all", footer: .wide("problems"),
        plain: .same(PlainWord("problems", "only problems are listed, or all events again")),
        unavailable: { $0.current.hasNoList }
    ) { $0.filter.showsProblems.toggle() }
    /// The command that completes a word of a filter.
    static let completeFilter = Command(
        "complete-filter", .tab, in: .filter, "complete the word; again, the next one", footer: .narrow("complete")
    ) { model in model.changeFilterPrompt { $0.complete($1) } }
    static let olderFilter = Command(
        "older-filter", .up, in: .filter, "an earlier filter", footer: .medium("earlier")
    ) { model in model.changeFilterPrompt { $0.recall(older: true, $1) } }
    static let leavePrompt = Command(
        "leave-prompt", .escape, in: .filter, "leave the filter as it was", footer: .narrow("leave"),
        run: { _ = $0.stepBack() })

    /// The commands that filter, and those of the filter's line.
    static let ofFilter: [Command] = [
        filter, editFilter,
        Command(
            "filter-or-not", "\\", in: .filtering, "switch the filter off, or on", plain: .same(asks: "filter off")
        ) { $0.filterOrNot() },
        showProblems,
        Command(
            "apply-filter", .enter, in: .filter, "apply the filter", footer: .narrow("apply"),
            plain: .hint("filter EXPRESSION")
        ) { $0.applyFilterPrompt() },
        completeFilter,
        Command("complete-filter-back", .backTab, in: .filter, "the previous completion") { model in
            model.changeFilterPrompt { $0.complete($1, isBack: true) }
        },
        olderFilter,
        Command("newer-filter", .down, in: .filter, "a later filter") { model in
            model.changeFilterPrompt { $0.recall(older: false, $1) }
        },
        leavePrompt,
    ]
}

extension DashboardModel {
    fileprivate mutating func editFilter() {
        self[FilterPrompt.self] = FilterPrompt(
            filter.filter, past: session.viewState.filters, values: seenValues, from: origin)
        askForValues()
    }

    /// Switches the filter off or on, removes the other restrictions of the list, or restores the filter that was
    /// cleared.
    mutating func filterOrNot() {
        if filter.hasFilter {
            filter.toggle()
        } else if filter.isRestricting {
            filter.lift()
        } else if !filter.restore() {
            session.tell("No filter: \(bindings.name(of: .editFilter)) writes one.", .notice)
        }
    }

    fileprivate mutating func changeFilterPrompt(_ change: (inout FilterPrompt, FilterContext) -> Void) {
        guard var prompt = self[FilterPrompt.self] else { return }
        change(&prompt, session.filterContext)
        self[FilterPrompt.self] = prompt
    }

    /// Applies the typed filter. A filter with an error stays in the line, with the error below it.
    fileprivate mutating func applyFilterPrompt() {
        guard let filter = self[FilterPrompt.self]?.filter else { return }
        self[FilterPrompt.self] = nil
        apply(filter)
    }

    mutating func apply(_ filter: Filter) {
        self.filter.apply(filter, readAt: session.wallTime)
        guard self.filter.hasFilter else { return }
        session.viewState.remember(filter.text)
        request(.keepViewState(session.viewState))
    }

    var seenValues: SeenValues {
        SeenValues(events.rows.window.rows, secrets: session.keyring.secrets.map(\.label)).adding(events.recordedValues)
    }

    /// Asks for the recorded values that complete a filter. If they cannot be read, they are not offered.
    mutating func askForValues() {
        ask("values", on: .rows) { outside, _ in
            try outside.values()
        } then: { model, result in
            guard case .success(let values) = result else { return }
            model.events.recordedValues = values
            model[FilterPrompt.self]?.know(values)
        }
    }

    /// Freezes the screen, or resumes and shows all that has arrived since.
    mutating func pauseOrNot() {
        guard frozen == nil else {
            session.frozen = nil
            events.rows.freeze(at: nil)
            for view in tabs.keys { tabs[view]?.freeze(at: nil) }
            return request(.follow(session.change))
        }
        session.frozen = session.change
        events.rows.freeze(at: session.change.latestRow)
        for view in tabs.keys { tabs[view]?.freeze(at: context.session.change) }
    }
}
