public import History

/// What other threads tell the dashboard through its mailbox.
///
/// Commits come by the thousand a second: tell those with `Dashboard.announce(_:)`, which keeps one message waiting
/// however many there were.
public struct DashboardMessage: Sendable {
    let event: DashboardEvent

    init(_ event: DashboardEvent) {
        self.event = event
    }

    /// The history has changed.
    public static func historyChanged(_ change: HistoryChange) -> DashboardMessage { Self(.historyChanged(change)) }

    /// Other secrets are held, or more is known of them.
    public static func keyring(_ summary: KeyringSummary) -> DashboardMessage { Self(.keyringChanged(summary)) }

    /// The file into which the listener would write a secret to be remembered.
    public static func secretsFile(_ path: String) -> DashboardMessage { Self(.secretsFile(path)) }

    /// Recorded deliveries were judged again.
    public static func rejudged(_ summary: RejudgeSummary) -> DashboardMessage { Self(.rejudged(summary)) }

    /// The listener does something else now.
    public static func listening(_ state: ListeningState) -> DashboardMessage { Self(.listening(state)) }

    /// A warning that stays on the screen until another one, or none, takes its place.
    public static func warning(_ text: String?) -> DashboardMessage { Self(.warning(text)) }

    /// A line that goes by itself.
    public static func notice(_ text: String) -> DashboardMessage { Self(.notice(text)) }

    /// Nothing has come for a while, in a sentence that stays until something has; nil then.
    public static func quiet(_ text: String?) -> DashboardMessage { Self(.quiet(text)) }

    /// The bell is to ring.
    public static var bell: DashboardMessage { Self(.bell) }

    /// A signal was caught.
    public static func signal(_ signal: DashboardSignal) -> DashboardMessage { Self(.signal(signal)) }
}
