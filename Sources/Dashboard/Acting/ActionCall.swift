import History

/// What is asked of whoever runs the actions, beside what is done for rows.
enum ActionCall: Sendable, Hashable {
    case setPaused(String, Bool)
    case retryEntry(Int64)
    case skipEntry(Int64)
    case retryAll(String, Set<EntryState>)
    /// What an action would send for the first of these rows.
    case preview(String, ActedRows)
    case test(String)
    /// How many rows were missed because they were judged later.
    ///
    /// - Parameter isOffer: Whether nobody has asked: only what there is to offer is told.
    case missed(String, isOffer: Bool)
}

extension ActionCall {
    /// Whether the answer may come late: it waits for the network, or for all of the history.
    var takesTime: Bool {
        switch self {
        case .test, .missed: true
        case .setPaused, .retryEntry, .skipEntry, .retryAll, .preview: false
        }
    }

    /// Whether the answer is shown, or asked about, as long as nothing else was asked for meanwhile.
    var isAwaited: Bool {
        switch self {
        case .preview, .missed(_, isOffer: false): true
        default: false
        }
    }
}

/// What was answered.
enum ActionAnswer: Sendable, Hashable {
    case done
    case count(Int)
    case bytes([UInt8])
    case sentence(String)
    case missed(MissedRows)
}

/// Why nothing can be asked.
struct NobodyActs: Error, CustomStringConvertible {
    var description: String { "Nobody runs actions here." }
}
