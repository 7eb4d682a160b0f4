public import History

/// What a listener tells the dashboards that show it, in its own process and in others, besides what is recorded.
public enum ListenerNews: Codable, Sendable, Hashable {
    /// Other secrets are held, or more is known of them.
    case keyring(KeyringSummary)
    /// Recorded deliveries were judged again.
    case rejudged(RejudgeSummary)
    /// A warning that stands until another one, or none, takes its place.
    case warning(String?)
    /// Something to be read once.
    case notice(String)
    /// Whether deliveries can be recorded: what the file itself does not say.
    case health(HistoryHealth)
    /// No more deliveries are taken.
    case draining
}

extension DashboardMessage {
    /// What the listener tells; nil where that reaches the dashboard with the history's changes.
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
