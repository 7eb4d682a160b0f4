import History
import Notifications
import SafeText
import Terminal

extension DashboardModel {
    /// Takes an event, whatever it is.
    mutating func handle(_ event: DashboardEvent) -> [Effect] {
        switch event {
        case .input(.key(let key)): return press(key)
        case .input(.paste(let bytes)): return paste(bytes)
        case .input(.mouse(let event)): return take(event)
        case .input(.overlongPaste): refuseOverlongPaste()
        case .input(.resized(let size)): session.size = size
        case .tick, .historyMoved, .browseMoved: break
        case .historyChanged(let change):
            session.change = change
            if frozen == nil { return [.follow(change)] }
        case .keyringChanged(let summary): session.hold(summary)
        case .secretsFile(let path): session.secretsFile = path
        case .rejudged(let summary):
            session.take(summary)
            keyringReading.invalidate()
            if summary.stage == .finished { return offers() }
        case .listening(let state): session.listening = state
        case .warning(let text): session.warning = text
        case .notice(let text): session.announce("\(text)")
        case .quiet(let text): session.quiet = text
        case .bell: return [.ring]
        case .signal(let signal): return obey(signal)
        case .measured(let answers, let isFromElsewhere):
            session.measured(answers, hasReceivedFromElsewhere: isFromElsewhere)
        case .firstStepsRead(let result, let last): session.firstSteps.finish(result, through: last)
        case .rowsRead(let result, let generation): take(result, generation)
        case .pulseRead(let result, let ticket): pulse.reading.take(result, for: ticket)
        case .browsed(let progress): take(progress)
        case .sought(let result, let generation): take(result, seeking: generation)
        case .timeFound(let result, let question): take(result, of: question)
        case .counted(let result, let generation): take(result, counting: generation)
        case .deliveriesRead(let result, let generation): takeDeliveries(result, generation)
        case .otherDeliveryFound(let result, let origin): takeOtherDelivery(result, from: origin)
        case .logMoved: log.outdate()
        case .logRead(let result, let generation): takeLog(result, generation)
        case .valuesRead(let values): take(values)
        case .actionsRead(let result, let generation): takeActions(result, generation)
        case .entriesRead(let result, let generation): takeEntries(result, generation)
        case .entryRead(let result, let id): takeEntry(result, id)
        case .actionAnswered(let call, let result): take(result, of: call)
        case .actMoved(let request, let passed): actMoved(request, passed)
        case .acted(let request, let result): take(result, of: request)
        case .documentBuilt(let document): detail.take(document)
        case .copied(let result): return take(result)
        case .keyringRead(let result):
            keyringReading.finish()
            if case .success(let summary) = result { session.hold(summary) }
        case .exportMoved(let progress): take(progress)
        case .exported(let result): take(result)
        case .settingsRead(let result): return take(result)
        case .controlEnded(let call, .success(let outcome)): return succeeded(call, outcome)
        case .controlEnded(let call, .failure(let failure)): failed(call, failure)
        }
        return []
    }

    private mutating func press(_ key: Key) -> [Effect] {
        session.dropNotices()
        guard let binding = bindings.binding(for: key, in: place) else {
            if place == .form { keyring?.form?.type(key) }
            if place == .helpSearch { help?.type(key) }
            if help != nil { return [] }
            if prompt != nil { return typeIntoPrompt(key) }
            if let sentence = bindings.whereabouts(of: key, outside: place) { session.tell("\(sentence)", .notice) }
            return []
        }
        if let obstacle = binding.obstacle(self) {
            session.tell("\(obstacle)", .notice)
            return []
        }
        return perform(binding.command)
    }

    /// A paste is text, and never keys: outside a field it is dropped, unless it can only be a signing secret.
    private mutating func paste(_ bytes: [UInt8]) -> [Effect] {
        guard question == nil else { return [] }
        session.dropNotices()
        if place == .helpSearch {
            help?.insert(
                String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
            return []
        }
        if prompt != nil { return pasteIntoPrompt(bytes) }
        if place != .form {
            if let absence = session.absence {
                session.tell("The paste was dropped. \(absence.reason)", .notice)
                return []
            }
            // Among the secrets it can be meant for nothing else.
            guard place == .keyring || PastedText(bytes).looksLikeSecret else {
                session.tell("The paste was dropped: outside a field, text is not taken for keys.", .notice)
                return []
            }
            help = nil
            var screen = keyring ?? KeyringScreen()
            screen.add(to: session.keyring)
            keyring = screen
        }
        keyring?.form?.paste(bytes)
        return []
    }

    private mutating func refuseOverlongPaste() {
        guard question == nil else { return }
        session.dropNotices()
        session.tell("The paste was dropped: it is longer than a mebibyte.", .notice)
    }

    private mutating func obey(_ signal: DashboardSignal) -> [Effect] {
        switch signal {
        case .terminate: [.end(.terminated)]
        case .hangUp: [.end(.hangUp)]
        case .interrupt: perform(.interrupt)
        }
    }

    private mutating func take(_ result: Result<RowWindow, EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let window):
            rows.take(window, generation: generation)
            stayAtStart()
        case .failure(let failure):
            rows.readingFailed(generation: generation)
            session.tell("The history could not be read: \(failure.sentence)", .bad)
        }
    }

    private mutating func succeeded(_ call: ControlCall, _ outcome: ControlOutcome) -> [Effect] {
        if case .keyring(let summary) = outcome { session.hold(summary) }
        keyringReading.invalidate()
        switch (call, outcome) {
        case (.addSecret(let draft), _), (.replaceSecret(_, let draft), _):
            if keyring?.form?.isWaiting == true { keyring?.form = nil }
            keyring?.select(draft.label)
            confirm("The secret \(draft.label) is current now.")
        case (.forgetSecret(let label, wasLeaked: false), _):
            confirm("The secret \(label) is deleted; its verdicts stay.")
        case (.forgetSecret(let label, wasLeaked: true), _):
            confirm("The secret \(label) is deleted: what it verified reads “valid, secret removed”.")
        case (.markLeaked(let secret), _):
            confirm("What \(secret) verified reads “valid, secret removed”.")
        case (.rememberSecret(let label), .said(let place)):
            session.tell("The secret \(label) is saved in \(place).", .good)
            if savingToQuit.remove(label) != nil, savingToQuit.isEmpty { return [.end(.quit)] }
        case (.reloadSecrets, _):
            let count = Wording.count(session.keyring.secrets.count, "is current", "are current")
            confirm("The secrets were read again: \(count).")
        case (.sendTestEvent, .said(let sentence)):
            session.hasTested = true
            session.tell("Test event: \(sentence)", .good)
        case (.rememberSecret, _), (.sendTestEvent, _), (.cancelJudging, _), (.resumeJudging, _): break
        }
        return []
    }

    /// Says that a change of the keyring was made, unless what came of it stands there already.
    private mutating func confirm(_ text: SafeText) {
        if session.notice?.kind != .rejudged { session.tell(text, .good) }
    }

    private mutating func failed(_ call: ControlCall, _ failure: EffectFailure) {
        let sentence: SafeText = "\(failure.sentence)"
        switch call {
        case .addSecret, .replaceSecret:
            if keyring?.form?.isWaiting == true {
                keyring?.form?.failed(sentence)
            } else {
                session.tell(sentence, .bad)
            }
        case .rememberSecret where !savingToQuit.isEmpty:
            savingToQuit = []
            session.tell("b2watch goes on, because the secret is not saved: " + sentence, .bad)
        case .forgetSecret, .markLeaked, .rememberSecret, .reloadSecrets, .cancelJudging, .resumeJudging:
            session.tell(sentence, .bad)
        case .sendTestEvent: session.tell("Test event: " + sentence, .bad)
        }
    }
}
