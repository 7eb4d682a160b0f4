public import Base
public import History
public import Notifications
import Synchronization

/// The current secrets. One that is new is tried on whatever is recorded and not valid; no recorded verdict is taken back.
public final class KeyringHolder: Sendable {
    /// A keyring and its generation, which verdicts refer to.
    struct Current: Sendable {
        let verifier: SignatureVerifier
        let generation: Int64
    }

    /// The secret that signs b2watch's own test events if there is no other current secret.
    public let selfTest: SigningSecret
    private let history: History
    private let recorder: any DeliveryRecorder
    private let now: @Sendable () -> Timestamp
    private let rejudger: Rejudger
    private let state: Mutex<Current>
    private let isFailing = Atomic<Bool>(false)

    /// Verifies with the first keyring. Those of its secrets that were not tried on the whole history are tried on the
    /// rest, which also continues work that an earlier process did not finish.
    ///
    /// - Parameters:
    ///   - recorder: The record of verdicts; nil for the history itself.
    ///   - now: The calendar time.
    ///   - report: Receives the progress of trying, ten times a second at most, and the result; from any thread.
    /// - Throws: SQLite's error if the history cannot be written.
    public init(
        _ keyring: Keyring, history: History, in recorder: (any DeliveryRecorder)? = nil,
        now: @escaping @Sendable () -> Timestamp, report: @escaping @Sendable (RejudgeReport) -> Void
    ) throws {
        self.history = history
        self.recorder = recorder ?? history
        self.now = now
        let selfTest = try SigningSecret.selfTest(of: history.reader)
        self.selfTest = selfTest
        let all = keyring.testing(with: selfTest)
        state = Mutex(
            Current(
                verifier: SignatureVerifier(all),
                generation: try history.adopt(keyring: keyring.identity, of: all.identities)))
        history.note(hasSecrets: !keyring.secrets.isEmpty)
        rejudger = Rejudger(history, in: self.recorder, now: now, report: report)
        history.observe { [weak self] event in self?.note(event) }
        resumeJudging()
    }

    /// The current secrets.
    public var keyring: Keyring { current.verifier.keyring }

    var current: Current { state.withLock { $0 } }

    /// A person's change to a secret that is added to the keyring or removed from it.
    public enum Change: Sendable {
        /// Typed or pasted it.
        case entered(SigningSecret)
        /// Deleted it as leaked, or reported the leak after deleting it.
        case leaked(SecretIdentity)
    }

    /// Verifies with another keyring from now on. Blocks for a short write; not to be called from two threads at once.
    ///
    /// - Parameter change: The person's change; nil if secrets were read again, or one was deleted as rotated.
    /// - Returns: The number of entries of actions that are now on hold because their secret was leaked.
    /// - Throws: SQLite's error if the history cannot be written; the keyring is then unchanged.
    @discardableResult
    public func use(_ keyring: Keyring, because change: Change? = nil) throws -> Int {
        let all = keyring.testing(with: selfTest)
        let recorded: SecretChange? =
            switch change {
            case .entered(let secret): .entered(secret.identity)
            case .leaked(let secret): .leaked(secret, at: now())
            case nil: nil
            }
        // Others first: if they cannot learn of it, nothing has changed.
        if let recorded { try recorder.share(recorded) }
        // First the waiting entries, so that no more of them are begun; then those added before the mark was set.
        var count = try putOnHold(change)
        let generation = try history.adopt(keyring: keyring.identity, of: all.identities, because: recorded)
        count += try putOnHold(change)
        // The deliveries to verify again are noted by now, and have twice the bound until that is done.
        history.note(hasSecrets: !keyring.secrets.isEmpty)
        let isOther = state.withLock { state in
            defer { state = Current(verifier: SignatureVerifier(all), generation: generation) }
            return state.generation != generation
        }
        // A cancelled run stays cancelled if nothing has changed.
        if isOther { resumeJudging() } else { look() }
        return count
    }

    /// Puts on hold the remaining entries for events that a leaked secret has verified.
    private func putOnHold(_ change: Change?) throws -> Int {
        guard case .leaked(let secret) = change else { return 0 }
        return try history.outbox.hold(
            verifiedBy: secret,
            because: "the secret \(secret) that verified it was deleted as leaked: retry or skip it",
            at: now())
    }

    /// The secrets that were deleted as leaked; empty if the history cannot be read.
    public var leakedSecrets: [SecretIdentity] {
        (try? history.reader.secrets())?.filter { $0.leakedAt != nil }.map(\.identity) ?? []
    }

    /// Stops verifying again after the current slice: the remaining deliveries keep their verdicts, and the report
    /// states this. It is continued by the next change of the keyring, by `resumeJudging()`, or by the next start.
    public func cancelJudging() {
        rejudger.cancel()
    }

    /// Verifies the remaining deliveries again.
    public func resumeJudging() {
        rejudger.start { [weak self] in self?.current }
    }

    /// Stops verifying again for good; to be called before the history closes. Blocks for a short write.
    public func stop() {
        rejudger.stop()
    }

    private func note(_ event: HistoryEvent) {
        switch event {
        // A delivery verified before a change may be recorded after it.
        case .stale: look()
        // The history can be written again: an earlier run may have stopped half-way.
        case .changed(let change):
            let isFailing = change.health != .recording
            if self.isFailing.exchange(isFailing, ordering: .relaxed), !isFailing { look() }
        case .refused, .warning, .lasting, .note: break
        }
    }

    private func look() {
        rejudger.look { [weak self] in self?.current }
    }
}

extension Keyring {
    fileprivate func testing(with selfTest: SigningSecret) -> Keyring {
        var keyring = self
        keyring.selfTest = selfTest
        return keyring
    }

    /// All that may give a verdict.
    fileprivate var identities: [SecretIdentity] {
        secrets.map(\.identity) + [selfTest].compactMap { $0?.identity }
    }
}

extension SigningSecret {
    /// Returns the secret that signs b2watch's own test events in a history.
    ///
    /// - Throws: SQLite's error, or `SecretError`.
    public static func selfTest(of reader: HistoryReader) throws -> SigningSecret {
        try SigningSecret(label: "self-test", value: reader.selfTestSecret(), binding: .rule("b2watchSelfTest"))
    }
}
