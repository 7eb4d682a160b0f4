public import Notifications

/// What holds an action up: nothing of it is begun before then.
public enum ActionHold: Sendable, Hashable {
    /// It does not work now, or it could not be found out yet what became of something.
    case failing(until: Timestamp)
    /// As much is done as may be in a minute, or in a day.
    case spent(until: Timestamp)

    /// When it goes on at the earliest.
    public var end: Timestamp {
        switch self {
        case .failing(let end), .spent(let end): end
        }
    }
}
