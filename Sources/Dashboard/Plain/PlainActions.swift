import Base
import History
import Notifications
import Receiving
import Terminal

// MARK: - Actions in plain mode

extension PlainModel {
    mutating func readActions() {
        ask(on: .rows) { outside, _ in
            try outside.listedActions()
        } then: {
            $0.tell($1)
        }
    }

    /// Runs `entries NAME [all|waiting|failed|uncertain|done|skipped] [N]`.
    mutating func readEntries(_ arguments: PlainArguments) {
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
        guard let name = known(words.joined(separator: " ")) else { return }
        let request = WindowRequest<Int64>(.newest, before: count - 1, after: 0)
        let scope = EntryScope(action: name, states: choice.states)
        ask(on: .rows) { outside, _ in
            try outside.entries(.window(request), scope).rows
        } then: {
            $0.takeEntries($1)
        }
    }

    mutating func readEntry(_ arguments: PlainArguments) {
        guard let id = Int64(arguments.text), id > 0 else {
            return say("Which one? Such as entry 126; entries NAME shows the numbers.")
        }
        ask(on: .documents) { outside, _ in
            try outside.entry(id)
        } then: { plain, result in
            switch result {
            case .failure(let failure): plain.say("The entry could not be read: \(failure.sentence)")
            case .success(let content): plain.tell(.entry(id), content)
            }
        }
    }

    mutating func setPaused(_ isPaused: Bool, _ arguments: PlainArguments) {
        guard let name = askable(arguments) else { return }
        change { $0.setPaused(name, isPaused) }
    }

    mutating func test(_ arguments: PlainArguments) {
        guard let name = askable(arguments) else { return }
        change { $0.test(name) }
    }

    mutating func addMissed(_ arguments: PlainArguments) {
        guard let name = askable(arguments) else { return }
        change { $0.offerMissed(name) }
    }

    mutating func preview(_ arguments: PlainArguments) {
        guard let name = askable(arguments), let rows = actedOn() else { return }
        change { $0.preview(name, rows) }
    }

    mutating func act(_ arguments: PlainArguments, _ deed: (String) -> ActRequest.Deed) {
        guard let name = askable(arguments), let rows = actedOn() else { return }
        let deed = deed(name)
        change { $0.begin(deed, for: rows) }
    }

    mutating func retry(_ arguments: PlainArguments) {
        if let id = Int64(arguments.text) {
            guard canAsk() else { return }
            return change { $0.retryEntry(id) }
        }
        guard let name = askable(arguments) else { return }
        guard model.events.selection.isEmpty else { return act(arguments) { .retry($0) } }
        let status = model.actions.declared.first { $0.name == name }
        let count = status?.count(of: EntryState.retriedTogether) ?? 0
        guard count > 0 else {
            if let status, status.hold != nil, status.waiting > 0 { return change { $0.retryAll(name) } }
            return say("No entry of “\(name)” has failed.")
        }
        change { $0.question = .retryAll(name, count, onHold: status?[.onHold] ?? 0) }
    }

    mutating func skip(_ arguments: PlainArguments) {
        if let id = Int64(arguments.text) {
            guard canAsk() else { return }
            return change { $0.skipEntry(id) }
        }
        return act(arguments) { .skip($0) }
    }

    mutating func replay(_ arguments: PlainArguments) {
        let url = arguments.text.isEmpty ? nil : arguments.text
        if let fault = ReplayPrompt.fault(of: url) { return say("\(fault)") }
        guard canAsk(), let rows = actedOn() else { return }
        change { $0.replay(rows, to: url) }
    }

    private mutating func canAsk() -> Bool {
        guard let reason = ActionsScreen.cannotAsk(model) else { return true }
        say("\(reason)")
        return false
    }

    private mutating func actedOn() -> ActedRows? {
        if model.actsOn == nil { say("No event here.") }
        return model.actsOn
    }

    /// Returns the name if such an action exists, whether it is still in config.yaml or not; otherwise prints an error.
    private mutating func known(_ name: String) -> String? {
        let names = model.actions.actions.map(\.status.name)
        if names.contains(name) { return name }
        if names.isEmpty, !model.actions.reading.hasBeenRead {
            say("The actions are still being read: ask again.")
        } else if names.isEmpty {
            say("No actions are declared: actions shows how.")
        } else if name.isEmpty {
            say("Which one? \(names.joined(separator: ", ")).")
        } else {
            say("Unknown action \(SafeText(name).clipped(to: 40)): \(names.joined(separator: ", ")).")
        }
        return nil
    }

    /// Returns the action's name if its process can be reached and config.yaml still declares it; otherwise prints why
    /// not.
    private mutating func askable(_ arguments: PlainArguments) -> String? {
        guard canAsk(), let name = known(arguments.text) else { return nil }
        guard model.actions.declared.contains(where: { $0.name == name }) else {
            say("config.yaml no longer has \(SafeText(name).clipped(to: 40)).")
            return nil
        }
        return name
    }

    // MARK: - Printing the results

    private mutating func tell(_ result: Result<[ListedAction], EffectFailure>) {
        switch result {
        case .failure(let failure): say("The actions could not be read: \(failure.sentence)")
        case .success(let actions):
            if actions.isEmpty {
                say("No actions are declared. Declare one in config.yaml, then type reload:")
                for line in ActionsScreen.example { say(SafeText(line)) }
            }
            for action in actions { say(sentence(action)) }
            guard model.session.canAct, model.session.absence == nil else { return }
            for action in actions where action.status.isDeclared { lookForMissed(action.status.name) }
        }
    }

    /// Prints how many events a listed action has missed.
    private mutating func lookForMissed(_ name: String) {
        ask(on: .patient) { outside, _ in
            try outside.ask(FindMissedRows(name, in: .newest))
        } then: { plain, result in
            guard case .success(let missed) = result else { return }
            plain.model.actions.note(missed, of: name)
            guard missed.count > 0 else { return }
            let it = missed.count == 1 ? "it" : "them"
            plain.say(PlainRow.name(name) + ": \(ActionsScreen.missedWords(missed)); missed NAME adds \(it).")
        }
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

    mutating func takeEntries(_ result: Result<[OutboxRow], EffectFailure>) {
        switch result {
        case .failure(let failure): say("The entries could not be read: \(failure.sentence)")
        case .success(let rows):
            if rows.isEmpty { say("No such entry.") }
            for row in rows { say(sentence(row)) }
        }
    }

    private func sentence(_ row: OutboxRow) -> SafeText {
        let context = ListContext(model.session)
        func text(_ column: String) -> SafeText { ActionsScreen.entryColumns.text(column, of: row, context) }
        var parts: [SafeText] = [
            "\(row.id): " + text("time") + " \(row.entry.state.word)",
            EventsScreen.note(row.event) ?? PlainRow.name(row.event.objectName.text),
            "delivery " + PlainRow.number(row.event), "\(Wording.count(row.entry.attempts, "attempt", "attempts"))",
        ]
        let next = text("next")
        // Either a time of day, or a phrase such as "in 2 min".
        let words: SafeText = next.string.first?.isNumber == true ? "next try at " : "next try "
        if !next.isEmpty { parts.append(words + next) }
        if !text("why").isEmpty { parts.append(text("why")) }
        return parts.joined(separator: ", ")
    }

    /// Prints the page that a command opened, and closes it.
    mutating func tellPage() {
        guard let page = model.page else { return }
        model.page = nil
        tell(page.kind, page.content)
    }

    private mutating func tell(_ kind: TextPage.Kind, _ content: TextPage.Content) {
        // Wide enough that b2watch breaks no line: the reader's own software wraps them.
        let lines = PageLines(kind: kind, content: content, columns: 100_000, clock: model.session.clock).lines
        for line in lines { say(line.spans.map(\.text).joined()) }
    }

    // MARK: - Secrets

    /// Whether the next line is a secret, so that the terminal must not echo it.
    var hidesTyping: Bool { secret != nil }

    mutating func secret(_ arguments: PlainArguments) {
        let (word, rest) = arguments.split
        let (label, binding) = rest.split
        switch word.lowercased() {
        case "", "list":
            ask(on: .listener) { outside, _ in
                try outside.ask(ReadKeyring())
            } then: { plain, result in
                switch result {
                case .success(let keyring): plain.list(keyring)
                case .failure(let failure): plain.say("\(failure.sentence)")
                }
            }
            return
        case "reload": return perform(.reloadSecrets)
        case "add", "replace", "forget", "remember", "unsigned": break
        default:
            return say(
                "secret list, add LABEL, replace LABEL, forget LABEL, remember LABEL, unsigned RULE [KIND] or reload.")
        }
        if let absence = model.session.absence { return say("\(absence.reason)") }
        guard !label.isEmpty else {
            return say(
                word == "unsigned"
                    ? "Which rule? secret unsigned RULE [path|header NAME|from]"
                    : "Which one? secret \(word) LABEL, where the label is a name of your own for it.")
        }
        if word == "unsigned" { return askUnsigned(label, binding.text) }
        if word == "add" { return ask(.add, label: label, binding.text) }
        guard let held = model.session.keyring.secrets.first(where: { $0.label == rest.text || $0.label == label })
        else {
            if word == "forget", let past = model.session.keyring.past.first(where: { $0.identity.label == label }) {
                return change { $0.askToDelete(.past(past)) }
            }
            if word == "forget", let rule = model.session.keyring.unsigned.first(where: { $0.rule == label }) {
                return change { $0.askToDelete(.unsigned(rule)) }
            }
            return say("No secret \(SafeText(label).clipped(to: 40)) is there: secret list shows which are.")
        }
        switch word {
        case "replace": return ask(.replace(held.label), label: held.label, held.binding.description)
        default:
            change { model in
                if word == "forget" { model.askToDelete(.current(held)) } else { model.askToSave(held) }
            }
        }
    }

    private mutating func ask(_ purpose: SecretForm.Purpose, label: String, _ binding: String) {
        guard let bound = binding.isEmpty ? .any : SecretBinding(binding) else {
            return say("Bound to is any, bucket:NAME or rule:NAME.")
        }
        secret = SecretForm(purpose, label: label, binding: bound)
        say("Type or paste the secret \(label) and press Enter. It is not shown; an empty line leaves it.")
    }

    private mutating func askUnsigned(_ rule: String, _ kind: String) {
        secret = SecretForm(unsigned: rule, kind.isEmpty ? "path" : kind)
        say(
            "Type or paste the secret path or URL of the rule \(rule), the value of its header, or the addresses, and press Enter. It"
                + " is not shown; an empty line leaves it.")
    }

    /// Reads the line as a secret. It is never printed.
    mutating func takeSecret(_ bytes: [UInt8]) {
        guard var form = secret else { return }
        secret = nil
        guard !SigningSecret.trim(String(decoding: bytes, as: UTF8.self)).isEmpty else {
            return say("No secret was entered.")
        }
        form.paste(bytes)
        let remark = form.message
        if form.purpose == .unsigned {
            guard let draft = form.submitUnsigned() else {
                return say(form.message?.text ?? "No secret was entered.")
            }
            return change { $0.nameUnsigned(draft) }
        }
        guard let draft = form.submit(held: model.session.keyring) else {
            return say(form.message?.text ?? "No secret was entered.")
        }
        if let remark { say(remark.text) }
        let usual = SigningSecret.looksUsual(Array(draft.value.utf8))
        if !usual { say("It is not 32 letters and digits, as B2's secrets are. It can be used all the same.") }
        change { $0.hold(draft, form.purpose) }
    }

    private mutating func list(_ keyring: KeyringSummary) {
        if keyring.isEmpty { say("No secret yet: secret add LABEL adds one.") }
        for secret in keyring.secrets {
            var parts: [SafeText] = ["\(secret.label), fingerprint \(secret.fingerprint), bound to \(secret.binding)"]
            if let matches = secret.matches { parts.append("\(Wording.count(matches, "match", "matches"))") }
            parts.append(secret.isRemembered ? "saved" : "not saved")
            parts.append("from \(secret.source)")
            if secret.isLeaked {
                parts.append("deleted as leaked before: what it verifies reads valid, secret removed")
            }
            say(parts.joined(separator: ", "))
        }
        for rule in keyring.unsigned {
            say(
                "\(rule.rule), a rule that does not sign, known by its \(rule.kind), "
                    + (rule.isSaved ? "saved" : "not saved") + ", from \(rule.source)")
        }
        for secret in keyring.past {
            let matches = Wording.count(secret.matches, "match", "matches")
            let state: SafeText = secret.isLeaked ? "was leaked" : "no longer verifies"
            say("\(secret.identity): \(matches), " + state)
        }
    }
}
