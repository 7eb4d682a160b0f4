import History
import Receiving

/// The service of a listener for attached dashboards: it answers at the control socket next to its history, and reports
/// what happens. A dashboard can attach only to a history in a file.
final class AttachService: Sendable {
    private let server: ControlServer?

    /// - Parameter say: Receives sentences for the user: that the socket cannot be created, without which the listener
    ///   still runs, and that the user of an attached dashboard has changed the current secrets. It must not block.
    init(
        _ desk: ReceiverDesk, _ account: AccountDesk, say: @escaping @Sendable (String) -> Void
    ) {
        guard let path = desk.receiver.history.path else {
            server = nil
            return
        }
        var answers = ControlAnswers()
        answers.add(ReceiverRequests.all, by: ReceiverDesk(desk, say: say))
        answers.add(ActionRequests.all, by: desk.receiver.actions.runner)
        answers.add(AccountRequests.all, by: account)
        let marks = desk.receiver.marks
        answers.add(KeepMarkedRequest.self) { DashboardMarks(marks: marks, caller: $0) }
        do throws(ControlFailure) {
            server = try ControlServer(
                beside: path, version: Version.number, answers: answers, subscription: SubscribeRequest.self
            ) { marks.keep([], for: $0) }
        } catch {
            server = nil
            say("b2watch attach cannot reach this listener: \(error)")
        }
        guard let server else { return }
        desk.post.passOn { server.push($0) }
    }

    /// Ends the service; to be called while the history's lock is still held.
    func stop() {
        server?.stop()
    }
}
