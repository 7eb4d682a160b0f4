import History

/// What is asked of whoever runs the actions, beside what is done for rows.
enum ActionCall: Sendable, Hashable {
    case setPaused(String, Bool)
    case retryEntry(Int64)
    case skipEntry(Int64)
    case retryAll(String, Set<EntryState>)
    case skipAll(String, Set<EntryState>)
    /// What an action would send for the first of these rows.
    case preview(String, ActedRows)
    case test(String)
    /// How many rows were missed because they were judged later.
    case missed(String, MissedOccasion)
}

/// Why it is looked for what an action has missed.
enum MissedOccasion: Sendable, Hashable {
    /// Somebody wants it added.
    case asked
    /// Verdicts have changed: what there is to offer is announced.
    case judged
    /// The action is looked at: what there is to offer stands beside it.
    case seen

    /// Where it is looked for: what nobody has asked for is to take a moment only, however often it is looked at.
    var reach: MissedReach { self == .seen ? .newest : .all }
}

extension ActionCall {
    /// Whether the answer may come late: it waits for the network, or for all of the history.
    var takesTime: Bool {
        switch self {
        case .test, .missed: true
        case .setPaused, .retryEntry, .skipEntry, .retryAll, .skipAll, .preview: false
        }
    }

    /// Whether the answer is shown, or asked about, as long as nothing else was asked for meanwhile.
    var isAwaited: Bool {
        switch self {
        case .preview, .missed(_, .asked): true
        default: false
        }
    }
}

/// What was answered.
enum ActionAnswer: Sendable, Hashable {
    case done
    case count(Int)
    case preview(DryRun)
    case sentence(String)
    case missed(MissedRows)
}

/// Why nothing can be asked.
struct NobodyActs: Error, CustomStringConvertible {
    var description: String { "Nobody runs actions here." }
}
