import Base
public import History
import Notifications
public import Receiving

// MARK: - Verifying again

extension RejudgeSummary {
    /// Returns a sentence, such as `37 deliveries verified again: 35 valid, 2 invalid`.
    func sentence(_ bindings: Bindings) -> String {
        let count = deliveries.values.reduce(0, +)
        let progress = "\(Wording.grouped(count)) of \(Wording.grouped(count + remaining))"
        switch stage {
        case .running: return "Verifying again: \(progress) … \(bindings.name(of: .cancelJudging)) cancels"
        case .cancelled:
            return "Verifying again was cancelled at \(progress): the others keep their verdicts. "
                + "\(bindings.name(of: .cancelJudging)) resumes"
        case .failed: return "Verifying again has stopped at \(progress)"
        case .finished:
            guard count > 0 else { return "No recorded delivery to verify again" }
            let verdicts = SignatureVerdict.allCases
                .compactMap { verdict in deliveries[verdict].map { (verdict, $0) } }
                .filter { $0.1 > 0 }
                .map { "\(Wording.grouped($0.1)) \($0.0.title)" }
                .joined(separator: ", ")
            return "\(Wording.count(count, "delivery", "deliveries")) verified again: \(verdicts)"
        }
    }
}

// MARK: - The listener's state

/// The state of the listener.
public enum ListeningState: Sendable, Hashable {
    case starting
    /// The listener accepts deliveries at this URL.
    case listening(url: String, isLoopback: Bool)
    /// The listener accepts no more deliveries, and finishes those in progress.
    case draining
    /// The listener belongs to another process and cannot be reached.
    case away(ListenerAbsence)
}

/// The reason why a listener in another process cannot be reached.
public struct ListenerAbsence: Sendable, Hashable {
    /// The kinds of reasons.
    public enum Kind: Sendable, Hashable {
        /// The process was there and has ended.
        case gone
        /// No listener is running.
        case notRunning
        /// This user has no permission to connect.
        case notPermitted
        /// The process is another version of b2watch.
        case otherVersion
        /// The process does not answer as a listener does.
        case notAnswering
    }

    /// The kind of reason.
    public var kind: Kind
    /// A sentence with the reason and what to do. It may contain names from outside: escape it before it is shown.
    public var reason: String

    /// Creates an absence.
    public init(_ kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

// MARK: - Messages

/// A message that another thread puts into the dashboard's mailbox.
///
/// Thousands of commits can happen in a second: report them with `Dashboard.announce(_:)`, which leaves at most one
/// message waiting.
public struct DashboardMessage: Sendable {
    let event: DashboardEvent

    init(_ event: DashboardEvent) {
        self.event = event
    }

    /// Returns a message that the history has changed.
    public static func historyChanged(_ change: HistoryChange) -> DashboardMessage { Self(.historyChanged(change)) }

    /// Returns a message that the current secrets, or their matches, have changed.
    public static func keyring(_ summary: KeyringSummary) -> DashboardMessage { Self(.keyringChanged(summary)) }

    /// Returns a message with the file in which the listener would save secrets.
    public static func secretsFile(_ path: String) -> DashboardMessage { Self(.secretsFile(path)) }

    /// Returns a message about the progress of verifying again.
    public static func rejudged(_ summary: RejudgeSummary) -> DashboardMessage { Self(.rejudged(summary)) }

    /// Returns a message that the listener's state has changed.
    public static func listening(_ state: ListeningState) -> DashboardMessage { Self(.listening(state)) }

    /// Returns a message with a warning, which stays on the screen until the next warning; nil removes it.
    public static func warning(_ text: String?) -> DashboardMessage { Self(.warning(text)) }

    /// Returns a message with a notice, which disappears by itself.
    public static func notice(_ text: String) -> DashboardMessage { Self(.notice(text)) }

    /// Returns a message that nothing has been received for a while. The sentence stays until something is; then send
    /// nil.
    public static func quiet(_ text: String?) -> DashboardMessage { Self(.quiet(text)) }

    /// The message that rings the bell.
    public static var bell: DashboardMessage { Self(.bell) }

    /// Returns a message that a signal was caught.
    public static func signal(_ signal: DashboardSignal) -> DashboardMessage { Self(.signal(signal)) }

    /// Creates the message for news of the listener; nil for news that reaches the dashboard with the history's
    /// changes.
    public init?(_ news: ListenerNews) {
        switch news {
        case .keyring(let summary): self = .keyring(summary)
        case .rejudged(let summary): self = .rejudged(summary)
        case .warning(let text): self = .warning(text)
        case .notice(let text): self = .notice(text)
        case .health: return nil
        case .draining: self = .listening(.draining)
        }
    }
}
