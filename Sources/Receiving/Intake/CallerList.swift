internal import Base
public import Notifications
import Synchronization

/// The addresses from which requests are taken. Those of others are answered 403 and not recorded; a warning appears if one
/// of them is signed correctly, because B2 suspends a rule whose notifications are refused.
public final class CallerList: Sendable {
    /// The time from one warning to the next.
    private static let silence = Duration.seconds(600)

    private let allowed: AddressList
    private let warn: @Sendable (String) -> Void
    private let lastWarning = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - allowed: The addresses; nil for all.
    ///   - warn: Receives warnings in sentences; on an event loop, so it must not block.
    public init(_ allowed: AddressList, warn: @escaping @Sendable (String) -> Void) {
        self.allowed = allowed
        self.warn = warn
    }

    /// Returns whether a request from an address is taken.
    func allows(_ address: String) -> Bool { allowed.contains(address) }

    /// Warns of a refused request if it is signed correctly.
    func noteRefusal(of delivery: Delivery, _ judgement: Judgement, at now: ContinuousClock.Instant = .now) {
        guard judgement.verdict == .valid || judgement.verdict == .unsigned else { return }
        let isDue = lastWarning.withLock { last in
            if let last, now - last < Self.silence { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let from = delivery.remoteAddress
        let advice =
            IPAddress(from)?.isLoopback != false
            ? "if a proxy or a tunnel on this machine passes it on, name that in --trust-proxy"
            : "add the address to --allow-from if B2 sends from it"
        warn(
            "REFUSED A SIGNED NOTIFICATION from \(from), which --allow-from does not name (403): B2 suspends a rule that is"
                + " answered so; \(advice)")
    }
}
