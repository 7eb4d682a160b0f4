import History
import Notifications
import SafeText
import Terminal

// What is done with actions by lines.
extension PlainModel {
    mutating func readActions() -> [Effect] { [.readActions(generation: requests.next(.actions))] }

    /// `entries NAME [all|waiting|failed|uncertain|done|skipped] [N]`.
    mutating func readEntries(_ arguments: PlainArguments) -> [Effect] {
        var words = arguments.words.map(String.init)
        var count = 10
        if words.count > 1, let last = words.last, let number = Int(last), (1...1_000).contains(number) {
            count = number
            words.removeLast()
        }
        var choice = EntryChoice.all
        if words.count > 1, let chosen = EntryChoice.allCases.first(where: { $0.title == words.last?.lowercased() }) {
            choice = chosen
            words.removeLast()
        }
        guard let name = known(words.joined(separator: " ")) else { return [] }
        let request = WindowRequest<Int64>(anchor: .newest, before: count - 1, after: 0)
        let window = WindowTicket(request: request, generation: requests.next(.entries))
        return [.readEntries(EntriesTicket(action: name, states: choice.states, window: window))]
    }

    mutating func readEntry(_ arguments: PlainArguments) -> [Effect] {
        guard let id = Int64(arguments.text), id > 0 else {
            say("Which one? Such as entry 126; entries NAME tells the numbers.")
            return []
        }
        requests.entry = id
        return [.readEntry(id)]
    }

    mutating func setPaused(_ isPaused: Bool, _ arguments: PlainArguments) -> [Effect] {
        guard let name = askable(arguments) else { return [] }
        return [.callAction(.setPaused(name, isPaused))]
    }

    mutating func test(_ arguments: PlainArguments) -> [Effect] {
        guard let name = askable(arguments) else { return [] }
        return [.callAction(.test(name))]
    }

    mutating func addMissed(_ arguments: PlainArguments) -> [Effect] {
        guard let name = askable(arguments) else { return [] }
        return change { $0.ask(.missed(name, .asked)) }
    }

    mutating func preview(_ arguments: PlainArguments) -> [Effect] {
        guard let name = askable(arguments), let rows = actedOn() else { return [] }
        return change { $0.preview(name, rows) }
    }

    mutating func act(_ arguments: PlainArguments, _ deed: (String) -> ActRequest.Deed) -> [Effect] {
        guard let name = askable(arguments), let rows = actedOn() else { return [] }
        return change { $0.begin(deed(name), for: rows) }
    }

    mutating func retry(_ arguments: PlainArguments) -> [Effect] {
        if let id = Int64(arguments.text) { return canAsk() ? [.callAction(.retryEntry(id))] : [] }
        guard let name = askable(arguments) else { return [] }
        guard model.selection.isEmpty else { return act(arguments) { .retry($0) } }
        let status = model.actions.declared.first { $0.name == name }
        let count = status?.count(of: EntryState.retriedTogether) ?? 0
        guard count > 0 else {
            if let status, status.hold != nil, status.waiting > 0 {
                return [.callAction(.retryAll(name, EntryState.retriedTogether))]
            }
            say("Nothing of “\(name)” has failed.")
            return []
        }
        return change { model in
            model.question = .retryAll(name, count, onHold: status?[.onHold] ?? 0)
            return []
        }
    }

    mutating func skip(_ arguments: PlainArguments) -> [Effect] {
        if let id = Int64(arguments.text) { return canAsk() ? [.callAction(.skipEntry(id))] : [] }
        return act(arguments) { .skip($0) }
    }

    mutating func replay(_ arguments: PlainArguments) -> [Effect] {
        let url = arguments.text.isEmpty ? nil : arguments.text
        if let fault = ReplayPrompt.fault(of: url) {
            say("\(fault)")
            return []
        }
        guard canAsk(), let rows = actedOn() else { return [] }
        return change { $0.replay(rows, to: url) }
    }

    private mutating func canAsk() -> Bool {
        if let absence = model.session.absence {
            say("\(absence.reason)")
        } else if !model.session.canAct {
            say("\(NobodyActs())")
        } else {
            return true
        }
        return false
    }

    private mutating func actedOn() -> ActedRows? {
        if model.actsOn == nil { say("There is no event here.") }
        return model.actsOn
    }

    /// The action of this name, whether config.yaml still has it or not.
    private mutating func known(_ name: String) -> String? {
        let names = model.actions.actions.map(\.status.name)
        if names.contains(name) { return name }
        if names.isEmpty, !model.actions.reading.hasBeenRead {
            say("The actions are still being read: ask again.")
        } else if names.isEmpty {
            say("No actions are declared: actions tells how.")
        } else if name.isEmpty {
            say("Which one? \(names.joined(separator: ", ")).")
        } else {
            say("There is no action \(SafeText(name).clipped(to: 40)): \(names.joined(separator: ", ")).")
        }
        return nil
    }

    /// The action of this name, if whoever runs it can be asked.
    private mutating func askable(_ arguments: PlainArguments) -> String? {
        guard canAsk(), let name = known(arguments.text) else { return nil }
        guard model.actions.declared.contains(where: { $0.name == name }) else {
            say("config.yaml no longer has \(SafeText(name).clipped(to: 40)).")
            return nil
        }
        return name
    }
}

// What was read.
extension PlainModel {
    mutating func takeActions(_ result: Result<[ListedAction], EffectFailure>) {
        switch result {
        case .failure(let failure): say("The actions could not be read: \(failure.sentence)")
        case .success(let actions):
            if actions.isEmpty {
                say("No actions are declared. Declare one in config.yaml, then type reload:")
                for line in ActionsScreen.example { say(SafeText(line)) }
            }
            for action in actions { say(sentence(action)) }
            guard model.session.canAct, model.session.absence == nil else { return }
            later += actions.filter(\.status.isDeclared).map { .callAction(.missed($0.status.name, .seen)) }
        }
    }

    /// Tells what an action that was listed has missed.
    mutating func tellMissed(_ name: String, _ missed: MissedRows) {
        guard missed.count > 0 else { return }
        let it = missed.count == 1 ? "it" : "them"
        say(PlainRow.name(name) + ": \(ActionsScreen.missedWords(missed)); missed NAME adds \(it).")
    }

    private func sentence(_ action: ListedAction) -> SafeText {
        let status = action.status
        let line = ActionLine(action: action, clock: model.session.clock, now: model.session.wallTime)
        var parts: [SafeText] = [PlainRow.name(status.name) + ", \(status.kind), " + line.state.text]
        for state in EntryState.allCases where status[state] > 0 {
            parts.append("\(Wording.grouped(status[state])) \(state.word)")
        }
        if let oldest = status.oldestWaiting {
            let age = model.session.wallTime.milliseconds - oldest.milliseconds
            parts.append("the oldest waits for \(ActionLine.age(age))")
        }
        if let reason = status.currentHold(at: model.session.wallTime)?.reason {
            parts.append("because: \(reason)")
        } else if let reason = status.lastReason {
            parts.append("last error: \(reason)")
        }
        return parts.joined(separator: ", ")
    }

    mutating func takeEntries(_ result: Result<WindowAnswer<OutboxRow>, EffectFailure>) {
        switch result {
        case .failure(let failure): say("The entries could not be read: \(failure.sentence)")
        case .success(let answer):
            if answer.rows.isEmpty { say("There is no such entry.") }
            for row in answer.rows { say(sentence(row)) }
        }
    }

    private func sentence(_ row: OutboxRow) -> SafeText {
        let texts = EntryLine(row: row, clock: model.session.rowClock, now: model.session.wallTime).texts
        func text(_ column: EntryColumn) -> SafeText { texts[column.rawValue] ?? .empty }
        var parts: [SafeText] = [
            "\(row.id): " + text(.time) + " \(row.entry.state.word)",
            EventLine.note(row.event) ?? PlainRow.name(row.event.objectName.text),
            "delivery " + PlainRow.number(row.event), "\(Wording.count(row.entry.attempts, "attempt", "attempts"))",
        ]
        let next = text(.next)
        // A time of day, or such as "in 2 min".
        let words: SafeText = next.string.first?.isNumber == true ? "next try at " : "next try "
        if !next.isEmpty { parts.append(words + next) }
        if !text(.why).isEmpty { parts.append(text(.why)) }
        return parts.joined(separator: ", ")
    }

    mutating func takeEntry(_ result: Result<TextPage.Content, EffectFailure>, _ id: Int64) {
        requests.entry = nil
        switch result {
        case .failure(let failure): say("The entry could not be read: \(failure.sentence)")
        case .success(let content): tell(.entry(id), content)
        }
    }

    /// A page that opens on the screen is said, and is gone.
    mutating func tellPage() {
        guard let page = model.page else { return }
        model.page = nil
        tell(page.kind, page.content)
    }

    private mutating func tell(_ kind: TextPage.Kind, _ content: TextPage.Content) {
        // So wide that no line is broken but by who reads it.
        let lines = PageLines(kind: kind, content: content, columns: 100_000, clock: model.session.clock).lines
        for line in lines { say(line.spans.map(\.text).joined()) }
    }
}
