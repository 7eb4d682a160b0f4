/// Why a history cannot be read beside whoever records into it. Each says what is wrong, where, and what to do.
public enum ReadOnlyHistoryError: Error, Sendable, Hashable {
    /// There is no such file.
    case missing(path: String)
    /// Another user's, by name, who alone may read it.
    case notPermitted(path: String, owner: String?)
    /// The file is not one of ours.
    case foreign(path: String)
    /// A later b2watch wrote it.
    case newer(path: String)
    /// An earlier b2watch wrote it, and none of this version has recorded into it.
    case older(path: String)
    /// It cannot be read, for the system's reason.
    case unusable(path: String, reason: String)
}

extension ReadOnlyHistoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path):
            "there is no history at \(path): start b2watch or b2watch listen, which make it, or name another one with"
                + " --history"
        case .notPermitted(let path, let owner?):
            "the history \(path) belongs to \(owner), and you may not read it: run sudo -u \(owner) b2watch attach"
                + " --history \(path)"
        case .notPermitted(let path, nil):
            "you may not read the history \(path): run this as the user who runs the listener, with sudo -u"
        case .foreign(let path):
            "\(path) is not a b2watch history: name another file with --history"
        case .newer(let path):
            "the history \(path) was written by a newer b2watch: use that one"
        case .older(let path):
            "the history \(path) was written by an older b2watch: start b2watch or b2watch listen anew with this"
                + " version, which brings it up to date, or use the older one"
        case .unusable(let path, let reason):
            "the history \(path) cannot be read: \(reason)"
        }
    }
}
