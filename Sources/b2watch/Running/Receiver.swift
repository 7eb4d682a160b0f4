import Actions
import History
import Intake
import Listener
import Log
import Notifications
import Outgoing
import Settings
import Workers

/// All that receives, wired together: the listener, the intake, the history, the keyring and the actions.
final class Receiver: Sendable {
    let history: History
    let intake: Intake
    let listener: Listener
    let keyring: KeyringBook
    let actions: ActionsAtWork
    /// What actions are made with.
    let surroundings: ActionSurroundings
    /// How requests are sent.
    let outbound: Outbound
    /// The part of the path at which notifications are taken, such as `/hook`.
    let path: String
    /// What a person should know of the secrets, those of actions too, in sentences.
    let notes: [String]
    /// Keeps in the log what was done.
    let note: @Sendable (String, LogLevel) -> Void
    private let sources: SecretSources

    /// How long requests in flight may take to end. B2 itself gives up after three seconds.
    private static let grace = Duration.seconds(5)

    /// Starts to receive.
    ///
    /// - Parameters:
    ///   - say: Is told, in a sentence, what a person should know; from any thread, and must not block.
    ///   - acting: Receives, in a sentence, what the actions report; from any thread, and must not block.
    ///   - rejudged: Is told what judging again has changed; from any thread, and must not block.
    ///   - note: Is told, in a sentence, what was done; from any thread, and must not block.
    ///   - isUpdating: Is told, in a sentence, that the start takes its time; from another thread, and must not block.
    ///   - prepare: Is given the history before the first delivery can come, to observe all of them.
    /// - Throws: `SecretSourceError`, `PlacesError`, `HistoryError` or `ListenerError`.
    init(
        _ plan: ReceivingPlan, _ outbound: Outbound, say: @escaping @Sendable (String) -> Void,
        acting: @escaping @Sendable (String) -> Void,
        rejudged: @escaping @Sendable (RejudgeReport) -> Void,
        note: @escaping @Sendable (String, LogLevel) -> Void = { _, _ in },
        isUpdating: @escaping @Sendable (String) -> Void, prepare: (History) -> Void = { _ in }
    ) throws {
        // What can fail comes before the first write: a start that fails leaves the history as it was.
        sources = ProcessEnvironment.secretSources(files: plan.secretFiles)
        path = plan.path
        self.outbound = outbound
        surroundings = outbound.surroundings
        self.note = note
        let secrets = try sources.load()
        let loaded = try Keyring(secrets.map(\.secret))
        try History.checkUse(of: plan.place)
        var configuration = ListenerConfiguration(
            address: plan.address, path: plan.path, clock: { Timestamp.now })
        configuration.limits.body = plan.bodyLimit
        let usual = configuration.limits.connections
        let (connections, files) = OpenFiles.connections(of: usual)
        configuration.limits.connections = connections
        if connections < usual {
            note(
                "takes \(connections) connections at a time instead of \(usual): this process may have \(files) files open"
                    + " (ulimit -n)", .warning)
        }
        listener = try Listener.bind(configuration, log: say)
        outbound.refuse(listener.address)

        do {
            history = try History(plan.place) {
                isUpdating(
                    "the history is being brought up to date, once; with a million events that takes a minute or two")
            }
        } catch {
            listener.stop(within: .zero)
            throw error
        }
        var keys: KeyringHolder?
        do {
            let holder = try KeyringHolder(loaded, history: history, now: { .now }, report: rejudged)
            keys = holder
            intake = Intake(history, keys: holder)
            keyring = KeyringBook(secrets, keys: holder, remembered: sources.remembered, note: { note($0, .info) })
            actions = ActionsAtWork(
                ActionRunner(history: history, surroundings: surroundings, say: acting, note: note))
            try actions.load(plan.actions)
            history.observe { event in
                switch event {
                case .refused(let reason), .warning(let reason): say(reason)
                case .changed, .stale: break
                }
            }
            notes = secrets.flatMap(\.notes) + keyring.leakNotes + plan.actions.flatMap(\.notes)
            prepare(history)
            try listener.accept(for: intake)
        } catch {
            listener.stop(within: .zero)
            keys?.stop()
            history.close()
            throw error is ListenerError || error is HistoryReadError
                ? error : HistoryError.unusable(path: history.path ?? "in memory", reason: "\(error)")
        }
        actions.runner.begin()
    }

    /// Reads the sources of secrets again and judges by what they hold now.
    ///
    /// - Throws: `SecretSourceError`, `KeyringError`, or what SQLite says; the secrets held are then the old ones.
    /// - Returns: What a person should know of the secrets, in sentences.
    func reload() throws -> [String] {
        let secrets = try sources.load()
        try keyring.reload(secrets)
        return secrets.flatMap(\.notes) + keyring.leakNotes
    }

    /// Takes no more requests and answers those that have begun. Blocks.
    func stopListening() {
        listener.stop(within: Self.grace)
    }

    /// Ends all work on the history, and closes it. Blocks.
    func close() {
        outbound.endReplays()
        actions.stop()
        outbound.shutdown()
        intake.keys.stop()
        history.close()
    }

    /// The URL at which this machine reaches it, with the path that takes notifications.
    var hook: String { listener.address.localURL + path.dropFirst() }

    /// A warning that stands for as long as it is true: whoever reaches the listener can write what he likes.
    var exposure: String? {
        guard keyring.all.isEmpty, !listener.address.isLoopback else { return nil }
        return "listening beyond this machine without a signing secret: anyone who reaches"
            + " \(listener.address) can send notifications"
    }
}
