/// Why a history cannot be had. Each says what is wrong, where, and what to do.
public enum HistoryError: Error, Sendable, Hashable {
    /// Another process records into the same file.
    case inUse(path: String, holder: String)
    /// A command holds it, which ends by itself.
    case inUseByCommand(path: String, holder: String)
    /// The file or its folder cannot be made, opened or written.
    case unusable(path: String, reason: String)
    /// The file is not one of ours.
    case foreign(path: String)
    /// Some of the file is damaged; `problem` ends a sentence that begins with the path.
    case damaged(path: String, problem: String)
    /// A later b2watch wrote it.
    case newer(path: String)
}

extension HistoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inUse(let path, let holder):
            "the history \(path) is in use by \(holder): watch what that one receives with b2watch attach --history \(path),"
                + " or stop it, or give this one another file with --history"
        case .inUseByCommand(let path, let holder):
            "the history \(path) is in use by \(holder): wait until that has ended, or end it (Ctrl-C, or kill its"
                + " process), which loses nothing; or give another file with --history"
        case .unusable(let path, let reason):
            "the history \(path) cannot be used: \(reason). Give another file with --history, or keep nothing with"
                + " --in-memory"
        case .foreign(let path):
            "\(path) is not a b2watch history, or its beginning is overwritten: give another file with --history. If it was"
                + " a history, b2watch recover \(path) writes what can still be read into a new one"
        case .damaged(let path, let problem):
            "the history \(path) \(problem): b2watch recover \(path) writes what can still be read into a new history;"
                + " or give another file with --history"
        case .newer(let path):
            "the history \(path) was written by a newer b2watch: use that one, or give another file with --history"
        }
    }
}
