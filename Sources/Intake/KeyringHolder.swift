public import History
public import Notifications
import Synchronization

/// The current secrets. One that is new is tried on whatever is recorded and not valid; no recorded verdict is taken back.
public final class KeyringHolder: Sendable {
    /// A keyring and its generation, by which a verdict tells which keyring gave it.
    struct Current: Sendable {
        let verifier: SignatureVerifier
        let generation: Int64
    }

    /// Signs b2watch's own test events where no other secret is held.
    public let selfTest: SigningSecret
    private let history: History
    private let now: @Sendable () -> Timestamp
    private let rejudger: Rejudger
    private let state: Mutex<Current>
    private let isFailing = Atomic<Bool>(false)

    /// Verifies with the first keyring. Those of its secrets that were not tried on all that is recorded are tried on the
    /// rest, which also goes on with what a process before did not end.
    ///
    /// - Parameters:
    ///   - now: The time by the calendar.
    ///   - report: Is told how far trying has come, ten times a second at most, and what it has come to; from any thread.
    /// - Throws: What SQLite says where the history cannot be written.
    public init(
        _ keyring: Keyring, history: History, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (RejudgeReport) -> Void
    ) throws {
        self.history = history
        self.now = now
        let selfTest = try SigningSecret.selfTest(of: history.reader)
        self.selfTest = selfTest
        let all = keyring.testing(with: selfTest)
        state = Mutex(
            Current(
                verifier: SignatureVerifier(all),
                generation: try history.adopt(keyring: keyring.identity, of: all.identities)))
        rejudger = Rejudger(history, now: now, report: report)
        history.observe { [weak self] event in self?.note(event) }
        resumeJudging()
    }

    /// The current secrets.
    public var keyring: Keyring { current.verifier.keyring }

    var current: Current { state.withLock { $0 } }

    /// What a person has done to a secret that is put into the keyring or taken out of it.
    public enum Change: Sendable {
        /// Typed or pasted it.
        case entered(SigningSecret)
        /// Deleted it as leaked, or told that it was leaked after it had been deleted.
        case leaked(SecretIdentity)
    }

    /// Verifies with another keyring from now on. Blocks for a short write; not to be called from two threads at once.
    ///
    /// - Parameter change: What a person has done; nil where secrets were read again, or one was deleted as rotated.
    /// - Returns: How many entries of actions are on hold now because their secret was leaked.
    /// - Throws: What SQLite says where the history cannot be written; the keyring is then the old one still.
    @discardableResult
    public func hold(_ keyring: Keyring, because change: Change? = nil) throws -> Int {
        let all = keyring.testing(with: selfTest)
        let recorded: SecretChange? =
            switch change {
            case .entered(let secret): .entered(secret.identity)
            case .leaked(let secret): .leaked(secret, at: now())
            case nil: nil
            }
        // First what waits, so that nothing more of it is begun; then what was added before the mark was there.
        var count = try putOnHold(change)
        let generation = try history.adopt(keyring: keyring.identity, of: all.identities, because: recorded)
        count += try putOnHold(change)
        let isOther = state.withLock { state in
            defer { state = Current(verifier: SignatureVerifier(all), generation: generation) }
            return state.generation != generation
        }
        // What was cancelled stays so where nothing has changed.
        if isOther { resumeJudging() } else { look() }
        return count
    }

    /// Puts on hold what actions are still to do for events that a leaked secret has verified.
    private func putOnHold(_ change: Change?) throws -> Int {
        guard case .leaked(let secret) = change else { return 0 }
        return try history.outbox.hold(
            verifiedBy: secret,
            because: "the secret \(secret) that verified it was deleted as leaked: retry or skip it",
            at: now())
    }

    /// The secrets that were deleted as leaked; none where the history cannot be read.
    public var leakedSecrets: [SecretIdentity] {
        (try? history.reader.secrets())?.filter { $0.leakedAt != nil }.map(\.identity) ?? []
    }

    /// Ends judging again behind the slice under way: what remains keeps its verdicts. The report then says so. It is
    /// taken up by the next change of the keyring, by `resumeJudging()`, or by the next start.
    public func cancelJudging() {
        rejudger.cancel()
    }

    /// Judges what remains to be judged again.
    public func resumeJudging() {
        rejudger.start { [weak self] in self?.current }
    }

    /// Judges nothing again any more; to be called before the history closes. Blocks for a short write.
    public func stop() {
        rejudger.stop()
    }

    private func note(_ event: HistoryEvent) {
        switch event {
        // A delivery judged before a change may be recorded after it.
        case .stale: look()
        // What could not be written can be now: a judging may have ended half-way.
        case .changed(let change):
            let isFailing = change.health != .recording
            if self.isFailing.exchange(isFailing, ordering: .relaxed), !isFailing { look() }
        case .refused, .warning: break
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
    /// The secret that signs b2watch's own test events in a history.
    ///
    /// - Throws: What SQLite says, or `SecretError`.
    public static func selfTest(of reader: HistoryReader) throws -> SigningSecret {
        try SigningSecret(label: "self-test", value: reader.selfTestSecret(), binding: .rule("b2watchSelfTest"))
    }
}
