import Foundation

/// What a process holds a history for.
public enum HistoryUse: Sendable, Hashable {
    /// It receives, until somebody ends it.
    case recording
    /// It does what this command says, such as `b2watch actions run`, and ends by itself.
    case command(String)

    static let commandPrefix = "the command "

    /// What others are told of this process.
    var holder: String {
        switch self {
        case .recording: "process \(getpid()) (\(ProcessInfo.processInfo.processName))"
        case .command(let name): "\(Self.commandPrefix)\(name) (process \(getpid()))"
        }
    }
}
