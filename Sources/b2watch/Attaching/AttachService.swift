import Actions
import Dashboard
import Foundation
import History
import Receiving
import Settings

/// The service of a listener for attached dashboards: it answers at the control socket next to its history, and reports
/// what happens. A dashboard can attach only to a history in a file.
final class AttachService: Sendable {
    private let server: ControlServer?

    /// - Parameter say: Receives sentences for a person: that the socket cannot be created, which the listener does
    ///   without, and that a person at an attached dashboard has changed the current secrets. It must not block.
    init(
        _ receiver: Receiver, _ control: DashboardControl, _ post: DashboardPost, _ reloading: Reloading,
        say: @escaping @Sendable (String) -> Void
    ) {
        guard let path = receiver.history.path else {
            server = nil
            return
        }
        do throws(ControlFailure) {
            server = try ControlServer(
                beside: path, version: Version.number, routes: Self.routes(receiver, control, post, reloading, say),
                subscription: SubscribeRequest.self)
        } catch {
            server = nil
            say("b2watch attach cannot reach this listener: \(error)")
        }
        guard let server else { return }
        post.passOn { server.push($0) }
    }

    /// Ends the service; to be called while the history's lock is still taken.
    func stop() {
        server?.stop()
    }

    /// Returns the routes: a line for each request.
    private static func routes(
        _ receiver: Receiver, _ control: DashboardControl, _ post: DashboardPost, _ reloading: Reloading,
        _ say: @escaping @Sendable (String) -> Void
    ) -> ControlRoutes {
        @Sendable func told(_ keyring: KeyringSummary) -> KeyringSummary {
            say("an attached dashboard has changed the signing secrets; current: \(keyring.sentence)")
            return keyring
        }
        var routes = ControlRoutes()
        routes.on(SubscribeRequest.self) { _ in status(receiver, control, post) }
        routes.on(FiguresRequest.self) { _ in control.figures }
        routes.on(KeyringRequest.self) { _ in try control.keyring() }
        routes.on(AddSecretRequest.self) { told(try control.addSecret($0.secret.draft)) }
        routes.on(ReplaceSecretRequest.self) { told(try control.replaceSecret($0.label, with: $0.secret.draft)) }
        routes.on(ForgetSecretRequest.self) { told(try control.forgetSecret($0.label, wasLeaked: $0.wasLeaked)) }
        routes.on(MarkLeakedRequest.self) { told(try control.markLeaked($0.secret)) }
        routes.on(RememberSecretRequest.self) { try control.rememberSecret($0.label) }
        routes.on(ReloadSecretsRequest.self) { _ in
            let before = control.summary().sentence
            let keyring = try control.reloadSecrets()
            return keyring.sentence == before ? keyring : told(keyring)
        }
        routes.on(SendTestRequest.self) { _ in try control.sendTestEvent() }
        routes.on(CancelJudgingRequest.self) { _ in
            try control.cancelJudging()
            return Done()
        }
        routes.on(ResumeJudgingRequest.self) { _ in
            try control.resumeJudging()
            return Done()
        }
        routes.on(HoldsSecretRequest.self) { control.holdsSecret(in: Array($0.bytes)) }
        routes.on(EvidenceRequest.self) { request in
            guard let record = try receiver.history.reader.delivery(request.delivery) else {
                throw NoSuchDelivery(id: request.delivery)
            }
            return control.evidence(for: record, isCancelled: { false })
        }
        routes.on(HookRequest.self) { _ in receiver.hook }
        routes.on(ReloadRequest.self) { _ in
            let changes = try reloading.reload().changes
            say("an attached dashboard has had the configuration read again")
            changes.forEach(say)
            return changes
        }
        add(LocalActions(receiver), to: &routes)
        return routes
    }

    /// Adds the routes of requests about actions.
    private static func add(_ actions: LocalActions, to routes: inout ControlRoutes) {
        routes.on(PauseActionRequest.self) {
            try actions.setPaused($0.action, $0.isPaused)
            return Done()
        }
        routes.on(RunActionRequest.self) { try actions.runAction($0.action, rows: $0.rows) }
        routes.on(ReconcileVersionsRequest.self) { try actions.reconcile($0.action, $0.versions, seen: $0.seen) }
        routes.on(RetryEntriesRequest.self) { try actions.retryEntries($0.entries) }
        routes.on(RetryActionRequest.self) { try actions.retryAll($0.action, in: $0.states) }
        routes.on(SkipEntriesRequest.self) { try actions.skipEntries($0.entries) }
        routes.on(SkipActionRequest.self) { try actions.skipAll($0.action, in: $0.states) }
        routes.on(ActionStatesRequest.self) { _ in
            try actions.runner.statuses().map { ActionState($0, at: .now) }
        }
        routes.on(PreviewActionRequest.self) { Data(try actions.previewAction($0.action, rows: $0.rows)) }
        routes.on(TestActionRequest.self) { try actions.testAction($0.action) }
        routes.on(MissedRowsRequest.self) {
            let missed = try actions.missedRows($0.action, in: $0.reach)
            return MissedRowsRequest.Reply(count: missed.count, rows: missed.rows, isAll: missed.isAll)
        }
        routes.on(ActionNamesRequest.self) { _ in try actions.actionNames() }
    }

    private static func status(
        _ receiver: Receiver, _ control: DashboardControl, _ post: DashboardPost
    ) -> SubscribeRequest.Reply {
        let address = receiver.listener.address
        return SubscribeRequest.Reply(
            url: address.url, isLoopback: address.isLoopback, keyring: control.summary(), figures: control.figures,
            warning: post.warning, health: post.health, notes: receiver.notes,
            secretsFile: try? ProcessEnvironment.places.secrets)
    }
}

/// The requested delivery is not recorded.
struct NoSuchDelivery: Error, CustomStringConvertible {
    let id: Int64
    var description: String { "Delivery \(id) is not recorded here." }
}
