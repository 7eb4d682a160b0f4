internal import Notifications
internal import Synchronization

/// Keeps the writes of one account apart, whichever actions they are of: Google counts them by the account.
final class GooglePace: Sendable {
    /// From one write to the next: a little more than a second, so that no minute has more than the 60 that are allowed.
    static let least = Duration.milliseconds(1_020)
    private static let all = SharedByKey<GooglePace>()

    private let last = Mutex<Timestamp?>(nil)

    private init() {}

    /// That of a key file: whoever has the same one writes as the same account.
    static func of(_ settings: GoogleSheetSettings) -> GooglePace {
        all.value("\(settings.api)\n\(settings.keyFile)") { GooglePace() }
    }

    /// Waits until the account may write again, behind all that wait already.
    func take(now: () -> Timestamp, wait: (Duration) -> Void) {
        last.withLock { last in
            let time = now()
            // A clock that was set back holds up nothing.
            if let last, last <= time, time < last + Self.least { wait(last + Self.least - time) }
            last = now()
        }
    }
}
