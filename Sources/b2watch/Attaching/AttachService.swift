import History
import Receiving
import Synchronization

/// The service of a listener for attached dashboards: it answers at the control socket next to its history, and reports
/// what happens. A dashboard can attach only to a history in a file.
final class AttachService: Sendable {
    private let server: ControlServer?

    /// - Parameter say: Receives sentences for the user: that the socket cannot be created, without which the listener
    ///   still runs, and that the user of an attached dashboard has changed the current secrets. It must not block.
    init(
        _ receiver: Receiver, _ desk: ReceiverDesk, _ account: AccountDesk, _ post: DashboardPost,
        say: @escaping @Sendable (String) -> Void
    ) {
        guard let path = receiver.history.path else {
            server = nil
            return
        }
        var answers = ControlAnswers()
        answers.add(ReceiverRequests.all, by: ReceiverDesk(desk, say: say))
        answers.add(ActionRequests.all, by: receiver.actions.runner)
        answers.add(AccountRequests.all, by: account)
        let marks = receiver.marks
        answers.add(KeepMarked.self) { DashboardMarks(marks, of: $0) }
        do throws(ControlFailure) {
            server = try ControlServer(
                beside: path, version: Version.number, answers: answers, subscription: Subscribe.self
            ) { marks.keep([], for: $0) }
        } catch {
            server = nil
            say("b2watch attach cannot reach this listener: \(error)")
        }
        guard let server else { return }
        post.passOn { server.push($0) }
    }

    /// Ends the service; to be called while the history's lock is still held.
    func stop() {
        server?.stop()
    }
}

extension ReceiverDesk {
    /// Creates the desk for requests of this process.
    ///
    /// - Parameter post: Reports changes made here to all dashboards.
    convenience init(_ receiver: Receiver, _ post: DashboardPost, _ reloading: Reloading) {
        let test = SelfTest(receiver)
        let program = Program(
            reloadSecrets: { try receiver.reload() }, reloadConfiguration: { try reloading.reload().changes },
            sendTest: { try test.send() }, tests: { receiver.tests.load(ordering: .relaxed) },
            post: { post.send($0) }, shown: { (post.warning, post.health) })
        self.init(
            receiver.listener, receiver.intake, receiver.history, receiver.keyring, receiver.unsigned,
            hook: receiver.hook, notes: receiver.notes, program)
    }
}
