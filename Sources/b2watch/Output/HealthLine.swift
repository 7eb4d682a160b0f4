import History
import Log
import Synchronization

/// Says when deliveries can no longer be recorded, and when they can again.
final class HealthLine: Sendable {
    private let last = Mutex(HistoryHealth.recording)
    private let say: @Sendable (String, LogLevel) -> Void

    init(_ say: @escaping @Sendable (String, LogLevel) -> Void) {
        self.say = say
    }

    func observe(_ event: HistoryEvent) {
        guard case .changed(let change) = event else { return }
        let isNew = last.withLock { last in
            defer { last = change.health }
            return last != change.health
        }
        guard isNew else { return }
        switch change.health {
        case .recording: say("recording again", .info)
        case .failing(let reason): say("NOT RECORDING, answering 503: \(reason)", .error)
        }
    }
}
