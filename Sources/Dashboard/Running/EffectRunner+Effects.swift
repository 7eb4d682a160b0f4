extension EffectRunner {
    /// Does what is done off the screen.
    ///
    /// - Returns: False where it is for whoever owns the terminal.
    func carryOut(_ effect: Effect) -> Bool {
        switch effect {
        case .readRows(let ticket): read(ticket)
        case .readPulse(let ticket, let previous): read(ticket, adding: previous)
        case .browse(let query, let generation, let change): browse(query, generation: generation, change)
        case .follow(let change): follow(change)
        case .seek(let request): seek(request)
        case .cancelSeeking: cancelSeeking()
        case .findTime(let question): find(question)
        case .count(let question): count(question)
        case .keepViewState(let state): keep(state)
        case .readValues: readValues()
        case .readDeliveries(let ticket): readDeliveries(ticket)
        case .findOtherDelivery(let id): findOtherDelivery(id)
        case .followLog(let isOn): followLog(isOn)
        case .readLog(let ticket): readLog(ticket)
        case .readActions(let generation): readActions(generation: generation)
        case .readEntries(let ticket): readEntries(ticket)
        case .readEntry(let id): readEntry(id)
        case .callAction(let call): self.call(call)
        case .act(let request): act(request)
        case .cancelActing: cancelActing()
        case .buildDocument(let request): build(request)
        case .readFirstSteps(let id, let last): readFirstSteps(after: id, through: last)
        case .readKeyring: readKeyring()
        case .control(let call): self.call(call)
        case .copy(let request): copy(request)
        case .export(let request): export(request)
        case .cancelExport: cancelExport()
        case .sendToTerminal, .reloadSettings, .use, .ring, .end, .suspend, .redraw: return false
        }
        return true
    }
}
