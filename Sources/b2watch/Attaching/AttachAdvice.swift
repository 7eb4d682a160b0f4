import Control
import Dashboard
import Export
import Foundation

/// Says why the listener of a history cannot be spoken to, and what to do.
struct AttachAdvice {
    /// The history's path.
    let history: String
    /// The number of its owner.
    let owner: UInt32

    /// - Parameters:
    ///   - wasThere: Whether it was spoken to before.
    ///   - hasDrained: Whether it said before its end that it would end.
    func absence(_ failure: ControlFailure, wasThere: Bool, hasDrained: Bool = false) -> ListenerAbsence {
        switch failure {
        case .absent, .deserted, .ended:
            guard wasThere else {
                return ListenerAbsence(
                    .notRunning, reason: "No listener runs here. Once one does, this goes on by itself: \(listen)")
            }
            let end = hasDrained ? "The listener was stopped" : "The listener has ended without a word"
            return ListenerAbsence(.gone, reason: "\(end). Once it runs again, this goes on by itself: \(listen)")
        case .notPermitted, .stranger:
            return ListenerAbsence(
                .notPermitted,
                reason: "You may only look, for \(failure): for all else, sudo -u \(ownerName) b2watch attach --history"
                    + " \(file)")
        case .otherVersion(let other):
            return ListenerAbsence(
                .otherVersion,
                reason: "You may only look: the listener is b2watch \(other.b2watch), and this is \(Version.number)."
                    + " Attach with that one, or start the listener again with this one.")
        case .refused, .garbled, .silent, .failed, .system:
            return ListenerAbsence(
                .notAnswering,
                reason: "You may only look, for \(failure). It is asked again with the next change; or quit, and attach"
                    + " again.")
        }
    }

    private var listen: String { "b2watch listen --history \(file)" }

    private var file: String { ShellWord.readable(history) }

    private var ownerName: String {
        getpwuid(owner).map { String(cString: $0.pointee.pw_name) } ?? "\\#\(owner)"
    }
}
