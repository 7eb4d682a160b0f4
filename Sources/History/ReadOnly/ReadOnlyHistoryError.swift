/// Why a history cannot be read beside whoever records into it. Each says what is wrong, where, and what to do.
public enum ReadOnlyHistoryError: Error, Sendable, Hashable {
    /// There is no such file.
    case missing(path: String)
    /// Another user's, by name, who alone may read it.
    case notPermitted(path: String, owner: String?)
    /// The user's own, whose permissions keep the user out: those of the history, of a folder above it, or of a file
    /// beside it.
    case ownPermissions(path: String, of: String, mode: String)
    /// A file beside the history is another user's, by name, as when the history was opened by `sudo` once.
    case foreignNeighbour(path: String, neighbour: String, owner: String, historyOwner: String)
    /// The file is not one of ours.
    case foreign(path: String)
    /// Some of the file is damaged.
    case damaged(path: String)
    /// A later b2watch wrote it.
    case newer(path: String)
    /// An earlier b2watch wrote it, and none of this version has recorded into it.
    case older(path: String)
    /// It cannot be read, for the system's reason.
    case unusable(path: String, reason: String)
}

extension ReadOnlyHistoryError: CustomStringConvertible {
    public var description: String { sentence(for: "b2watch attach") }

    /// What is wrong and what to do, in a sentence.
    ///
    /// - Parameters:
    ///   - command: The command that wants to read the history.
    ///   - quote: Writes a path as a word of a shell command.
    public func sentence(for command: String, quoting quote: (String) -> String = { $0 }) -> String {
        switch self {
        case .missing(let path):
            "there is no history at \(path): start b2watch or b2watch listen, which make it, or name another one with"
                + " --history"
        case .notPermitted(let path, let owner?):
            "the history \(path) belongs to \(owner), and you may not read it: run sudo -u \(owner) \(command)"
                + " --history \(quote(path))"
        case .notPermitted(let path, nil):
            "you may not read the history \(path): run this as the user who runs the listener, with sudo -u"
        case .ownPermissions(let path, let file, let mode):
            "the history \(path) is yours, and its permissions keep you from reading it: run chmod \(mode)"
                + " \(quote(file))"
        case .foreignNeighbour(let path, let neighbour, let owner, let historyOwner):
            "the history \(path) cannot be read, because \(neighbour) belongs to \(owner): end what \(owner) runs on"
                + " it, then run sudo chown \(historyOwner) \(quote(neighbour)); do not remove it, for deliveries may be in it"
        case .foreign(let path):
            "\(path) is not a b2watch history, or its beginning is overwritten: name another file with --history. If it was"
                + " a history, b2watch recover \(path) writes what can still be read into a new one"
        case .damaged(let path): HistoryReadError.damaged(path: path).description
        case .newer(let path):
            "the history \(path) was written by a newer b2watch: use that one"
        case .older(let path):
            "the history \(path) was written by an older b2watch: start b2watch or b2watch listen again with this"
                + " version, which brings it up to date, or use the older one"
        case .unusable(let path, let reason):
            "the history \(path) cannot be read: \(reason)"
        }
    }
}
