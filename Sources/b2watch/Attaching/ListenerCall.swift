import Control
import Export
import Dashboard

/// A call at the listener of a history for one question, on a connection of its own: what takes its time there holds up
/// nothing else.
struct ListenerCall: Sendable {
    /// The history's path, with links followed.
    let history: String
    /// The number of its owner.
    let owner: UInt32

    /// How long the listener may take for what it asks of others in turn.
    static let patience = Duration.seconds(300)

    /// Asks, and waits for the reply.
    ///
    /// - Throws: `ListenerCallFailure`.
    func ask<Request: ControlRequest>(
        _ request: Request, within limit: Duration = .seconds(20)
    ) throws(ListenerCallFailure) -> Request.Reply {
        do throws(ControlFailure) {
            let client = try ControlClient(
                beside: history, version: Version.number, owner: owner, told: { (_: ListenerNews) in }, ended: { _ in })
            defer { client.close() }
            return try client.ask(request, within: limit)
        } catch {
            throw ListenerCallFailure(failure: error, history: history)
        }
    }
}

/// Why the listener of a history did not do what was asked.
struct ListenerCallFailure: Error, CustomStringConvertible {
    let failure: ControlFailure
    let history: String

    /// Whether there is none to ask.
    var isNobody: Bool { failure == .absent || failure == .deserted }

    /// In a sentence that says what to do.
    var description: String {
        switch failure {
        case .failed(let sentence): sentence
        case .absent, .deserted: "no listener runs here: b2watch listen --history \(ShellWord.readable(history))"
        case .notPermitted, .stranger: "the listener cannot be asked, for \(failure): run this as the history's owner"
        case .otherVersion(let other):
            "the listener is b2watch \(other.b2watch), and this is \(Version.number): ask with that one, or start the"
                + " listener again with this one"
        case .ended: "the listener has ended meanwhile: ask again once it runs"
        case .silent: "the listener did not answer in time: what was asked may still be done; look at the actions"
        case .refused, .garbled, .system: "the listener cannot be asked, for \(failure)"
        }
    }
}
