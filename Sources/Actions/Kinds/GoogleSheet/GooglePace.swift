internal import Notifications
internal import Synchronization

/// Keeps one account within what Google allows it in a minute, whichever actions ask in its name: 60 writes, and as many
/// reads.
final class GooglePace: Sendable {
    /// From one write to the next: a little more than a second.
    static let least = Duration.milliseconds(1_050)
    /// How many reads go in a window, which is a little longer than Google's minute.
    static let mostReads = 60
    static let window = Duration.seconds(61)
    private static let all = SharedByKey<GooglePace>()

    private let lastWrite = Mutex<Timestamp?>(nil)
    private let reads = Mutex<[Timestamp]>([])

    private init() {}

    /// That of a key file: whoever has the same one asks as the same account.
    static func of(_ settings: GoogleSheetSettings) -> GooglePace {
        all.value("\(settings.api)\n\(settings.keyFile)") { GooglePace() }
    }

    /// Waits until the account may write again, behind all that wait already.
    func takeWrite(now: () -> Timestamp, wait: (Duration) -> Void) {
        lastWrite.withLock { last in
            let time = now()
            // A clock that was set back holds up nothing.
            if let last, last <= time, time < last + Self.least { wait(last + Self.least - time) }
            last = now()
        }
    }

    /// Waits until the account may read again, behind all that wait already.
    func takeRead(now: () -> Timestamp, wait: (Duration) -> Void) {
        reads.withLock { reads in
            let time = now()
            Self.drop(&reads, at: time)
            if reads.count >= Self.mostReads {
                wait(reads[reads.count - Self.mostReads] + Self.window - time)
                Self.drop(&reads, at: now())
            }
            reads.append(now())
        }
    }

    /// Whether there is little left of the reads of this minute.
    func isShortOfReads(at time: Timestamp) -> Bool {
        reads.withLock { reads in
            Self.drop(&reads, at: time)
            return reads.count >= Self.mostReads / 2
        }
    }

    private static func drop(_ reads: inout [Timestamp], at time: Timestamp) {
        reads.removeAll { $0 > time || $0 + window <= time }
    }
}
