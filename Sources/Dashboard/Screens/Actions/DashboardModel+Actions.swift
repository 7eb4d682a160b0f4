import History
import SafeText
import Terminal

// The actions: how they stand, and what is asked of whoever runs them.
extension DashboardModel {
    /// Whether the event list has a mark for what became of the actions.
    var showsActionMarks: Bool {
        !actions.actions.isEmpty || rows.window.rows.contains { $0.actions != nil }
    }

    mutating func performOnActions(_ command: Command) -> [Effect] {
        switch command {
        case .pauseAction:
            return actions.selected.map { [.callAction(.setPaused($0.name, !$0.isPaused))] } ?? []
        case .cycleEntries: actions.cycle()
        case .retryEntries: return retry()
        case .skipEntry: return skip()
        case .dryRun: return dryRun()
        case .testAction:
            guard let status = actions.selected else { break }
            session.tell("Testing “\(status.name)”…", .secondary)
            return [.callAction(.test(status.name))]
        case .addMissed:
            guard let status = actions.selected else { break }
            session.tell("Looking for events that “\(status.name)” missed…", .secondary)
            return ask(.missed(status.name, .asked))
        default: break
        }
        return []
    }

    /// Tries the entry again that the keys are on; of an action, after a question, all that failed or are on hold.
    private mutating func retry() -> [Effect] {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return [.callAction(.retryEntry(entry.id))] }
        guard let status = actions.selected else { return [] }
        let count = status.count(of: EntryState.retriedTogether)
        // What only waits is tried at once; nobody need be asked.
        guard count > 0 else { return [.callAction(.retryAll(status.name, EntryState.retriedTogether))] }
        question = .retryAll(status.name, count, onHold: status[.onHold])
        return []
    }

    /// Skips the entry that the keys are on; of an action, after a question, all that wait or are dead.
    private mutating func skip() -> [Effect] {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return [.callAction(.skipEntry(entry.id))] }
        guard let status = actions.selected else { return [] }
        question = .skipAll(status.name, status.count(of: EntryState.skippedTogether))
        return []
    }

    private mutating func dryRun() -> [Effect] {
        guard let status = actions.selected else { return [] }
        guard let row = actions.selectedEntry?.event ?? rows.selectedRow else {
            session.tell("There is no event to show it for yet.", .notice)
            return []
        }
        return preview(status.name, .current(row))
    }

    mutating func preview(_ action: String, _ rows: ActedRows) -> [Effect] {
        session.tell("Making what “\(action)” would send…", .secondary)
        return ask(.preview(action, rows))
    }

    /// Asks for what is then shown, or asked about: what was asked for before is no longer awaited.
    mutating func ask(_ call: ActionCall) -> [Effect] {
        awaited = (call, session.now)
        return [.callAction(call)]
    }

    /// Opens the selected entry.
    mutating func openEntry() {
        if !actions.isInEntries {
            actions.focusEntries(true)
        } else if let row = actions.list.selectedRow {
            page = TextPage(.entry(row.id))
        }
    }

    /// After verdicts have changed there may be events that an action would take up now.
    func offers() -> [Effect] {
        guard session.canAct, session.absence == nil else { return [] }
        return actions.declared.map { .callAction(.missed($0.name, .judged)) }
    }
}

// What is read, and what was answered.
extension DashboardModel {
    mutating func readsOfActions() -> [Effect] {
        var effects: [Effect] = []
        let isSeen = view == .actions
        if !isSeen || frozen == nil,
            let generation = actions.reading.request(session.change, isSeen: isSeen, at: session.now)
        {
            effects.append(.readActions(generation: generation))
        }
        let change = shown
        if session.canAct, session.absence == nil, let name = actions.toLookAt(isSeen: isSeen) {
            effects.append(.callAction(.missed(name, .seen)))
        }
        if let id = page?.request(change) { effects.append(.readEntry(id)) }
        return effects
    }

    mutating func takeActions(_ result: Result<[ListedAction], EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let listed):
            _ = actions.take(listed, generation: generation)
        case .failure(let failure):
            guard actions.take(nil, generation: generation) else { return }
            session.tell("The actions could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeEntries(_ result: Result<WindowAnswer<OutboxRow>, EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let answer): actions.take(answer, generation: generation)
        case .failure(let failure):
            actions.readingFailed(generation: generation)
            session.tell("The entries could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeEntry(_ result: Result<TextPage.Content, EffectFailure>, _ id: Int64) {
        guard page?.kind == .entry(id) else { return }
        switch result {
        case .success(let content): page?.take(content)
        case .failure(let failure): page?.take(.nothing("The entry could not be read: \(failure.sentence)"))
        }
    }

    mutating func take(_ result: Result<ActionAnswer, EffectFailure>, of call: ActionCall) {
        // To look changes nothing.
        if case .missed = call {} else { actions.reading.outdate() }
        var since = session.now
        if call.isAwaited {
            guard let awaited, awaited.call == call else { return }
            since = awaited.since
            self.awaited = nil
        }
        switch (call, result) {
        // Nobody has asked.
        case (.missed(_, .judged), .failure), (.missed(_, .seen), .failure): break
        case (_, .failure(let failure)): session.tell("\(failure.sentence)", .bad)
        case (.setPaused(let name, let isPaused), _):
            session.tell(
                isPaused ? "“\(name)” is paused: its entries wait." : "“\(name)” goes on.", .good)
        case (.retryEntry, .success(.count(let count))):
            session.tell(count > 0 ? "The entry is tried again." : "The entry is done, or waits anyway.", .good)
        case (.skipEntry, .success(.count(let count))):
            session.tell(count > 0 ? "The entry is skipped." : "The entry cannot be skipped any more.", .good)
        case (.retryAll(let name, _), .success(.count(0))): session.tell("“\(name)” is tried now.", .good)
        case (.skipAll(let name, _), .success(.count(let count))):
            session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) skipped.", .good)
        case (.retryAll(let name, _), .success(.count(let count))):
            session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) tried again.", .good)
        case (.preview(let name, _), .success(.preview(let run))):
            session.dropNotices()
            page = TextPage(.preview(name), content: .preview(run))
        case (.test(let name), .success(.sentence(let sentence))):
            session.tell("“\(name)”: \(sentence)", .good)
        case (.missed(let name, let occasion), .success(.missed(let missed))):
            take(missed, of: name, occasion, since)
        default: break
        }
    }

    private mutating func take(
        _ missed: MissedRows, of name: String, _ occasion: MissedOccasion, _ since: ContinuousClock.Instant
    ) {
        actions.missed[name] = missed.count > 0 ? MissedRows(count: missed.count, isAll: missed.isAll) : nil
        switch (occasion, missed.count > 0) {
        case (.judged, true):
            let it = missed.count == 1 ? "it" : "them"
            session.announce(
                "“\(name)”: \(ActionsScreen.missedWords(missed)); \(bindings.name(of: .addMissed)) in Actions adds \(it)."
            )
        case (.asked, true): pose(.addMissed(name, missed), since: since)
        case (.asked, false): session.tell("“\(name)” has missed no event.", .good)
        case (.judged, false), (.seen, _): break
        }
    }

    /// Adds the events that an action missed.
    mutating func addMissed(_ name: String, _ missed: MissedRows) -> [Effect] {
        let rest = missed.count - missed.rows.count
        actions.missed[name] = rest > 0 ? MissedRows(count: rest) : nil
        guard !missed.rows.isEmpty else { return [] }
        return confirm(
            ActRequest(deed: .run(name), rows: .chosen(Set(missed.rows)), isCount: false, generation: 0))
    }
}
