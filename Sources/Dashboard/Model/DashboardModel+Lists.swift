import History
import Log
import SafeText
import Terminal

// The lists beside that of rows: deliveries, and the log.
extension DashboardModel {
    /// The row whose detail is shown.
    var selectedRow: EventRow? {
        switch view {
        case .events, .table: rows.selectedRow
        case .deliveries: deliveries.list.selectedRow?.first
        case .actions, .log, .pulse: nil
        }
    }

    var isLogEntryOpen: Bool { view == .log && log.isOpen }

    /// - Returns: Whether the view has a list of its own.
    mutating func moveInOtherLists(_ command: Command) -> Bool {
        switch view {
        case .events, .table: return false
        case .deliveries: deliveries.move(command, latest: session.change.latestDelivery)
        case .actions: actions.move(command)
        case .log: log.move(command)
        case .pulse: pulse.perform(command)
        }
        return true
    }

    /// - Returns: Whether the view has a list of its own.
    mutating func followOrNotInOtherLists() -> Bool {
        switch view {
        case .events, .table: return false
        case .deliveries: deliveries.followOrNot(latest: session.change.latestDelivery)
        case .actions: actions.followOrNot()
        case .log: log.followOrNot()
        case .pulse: pulse.toLatest()
        }
        return true
    }

    mutating func settleOtherLists(_ layout: Layout) {
        guard layout.list.rows > 0 else { return }
        switch view {
        case .events, .table: break
        case .deliveries: deliveries.settle(height: layout.listHeight, clock: session.clock)
        case .actions: actions.settle(size: layout.list.size, clock: session.clock, now: session.wallTime)
        case .log: log.settle(size: layout.list.size, clock: session.clock)
        case .pulse: pulse.settle(size: layout.list.size)
        }
    }

    /// What is to be read of a list that is seen.
    mutating func readsOfOtherLists() -> [Effect] {
        switch view {
        case .events, .table: []
        case .deliveries:
            deliveries.request(shown, isFrozen: frozen != nil, at: session.now).map { [.readDeliveries($0)] } ?? []
        case .actions where frozen != nil: []
        case .actions: actions.request(shown, at: session.now).map { [.readEntries($0)] } ?? []
        // What was never read is read once, for there is nothing yet to stay as it was.
        case .log where frozen != nil && !log.list.held.rows.isEmpty: []
        case .log: log.request(at: session.now).map { [.readLog($0)] } ?? []
        case .pulse: readOfPulse
        }
    }

    mutating func nextOfSameEvent() -> [Effect] {
        deliveries.lookForNext().map { [.findOtherDelivery($0)] } ?? []
    }

    mutating func takeDeliveries(_ result: Result<WindowAnswer<DeliveryRow>, EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let answer):
            deliveries.take(answer, generation: generation)
            stayAtStart()
        case .failure(let failure):
            deliveries.readingFailed(generation: generation)
            session.tell("The history could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeOtherDelivery(_ result: Result<Int64?, EffectFailure>, from origin: Int64) {
        let latest = session.change.latestDelivery
        let found = try? result.get()
        guard deliveries.found(found.flatMap(\.self), from: origin, latest: latest) else { return }
        switch result {
        case .success(.some): break
        case .success(nil): session.tell("No other delivery holds this event.", .notice)
        case .failure(let failure): session.tell("The history could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeLog(_ result: Result<WindowAnswer<LogEntry>, EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let answer):
            log.take(answer, generation: generation)
            stayAtStart()
        case .failure(let failure): log.readingFailed("\(failure.sentence)", generation: generation)
        }
    }
}

extension RowRequest {
    init(_ request: WindowRequest<Int64>) {
        let anchor: Anchor =
            switch request.anchor {
            case .newest: .newest
            case .oldest: .oldest
            case .row(let id): .row(id)
            }
        self.init(anchor, before: request.before, after: request.after)
    }
}

extension WindowAnswer<DeliveryRow> {
    init(_ window: DeliveryRowWindow) {
        self.init(rows: window.rows, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }
}
