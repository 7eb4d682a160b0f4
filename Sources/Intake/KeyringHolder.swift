public import History
public import Notifications
import Synchronization

/// The secrets held now. On every change all that is recorded is judged again.
public final class KeyringHolder: Sendable {
    /// A keyring and its generation, by which a verdict tells which keyring gave it.
    struct Current: Sendable {
        let verifier: SignatureVerifier
        let generation: Int64
    }

    /// Signs b2watch's own test events where no other secret is held.
    public let selfTest: SigningSecret
    private let history: History
    private let rejudger: Rejudger
    private let state: Mutex<Current>
    private let isFailing = Atomic<Bool>(false)

    /// Holds the first keyring; what is recorded is judged again if it differs from the one before the start, or if
    /// the last judging did not come to its end.
    ///
    /// - Parameter report: Is told how far a judging has come, ten times a second at most, and what it has come to; from
    ///   any thread.
    /// - Throws: What SQLite says where the history cannot be written.
    public init(
        _ keyring: Keyring, history: History, report: @escaping @Sendable (RejudgeReport) -> Void
    ) throws {
        self.history = history
        let selfTest = try SigningSecret.selfTest(of: history.reader)
        self.selfTest = selfTest
        state = Mutex(
            Current(
                verifier: SignatureVerifier(keyring.testing(with: selfTest)),
                generation: try history.adopt(keyring: keyring.identity)))
        rejudger = Rejudger(history, report: report)
        history.observe { [weak self] event in self?.note(event) }
        resumeJudging()
    }

    /// The secrets held now.
    public var keyring: Keyring { current.verifier.keyring }

    var current: Current { state.withLock { $0 } }

    /// Holds another keyring from now on. Blocks for a short write; not to be called from two threads at once.
    ///
    /// - Throws: What SQLite says where the history cannot be written; the keyring is then the old one still.
    public func hold(_ keyring: Keyring) throws {
        let generation = try history.adopt(keyring: keyring.identity)
        let isOther = state.withLock { state in
            defer {
                state = Current(verifier: SignatureVerifier(keyring.testing(with: selfTest)), generation: generation)
            }
            return state.generation != generation
        }
        // What was cancelled stays so where nothing has changed.
        if isOther { resumeJudging() } else { look() }
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
        case .refused: break
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
}

extension SigningSecret {
    /// The secret that signs b2watch's own test events in a history.
    ///
    /// - Throws: What SQLite says, or `SecretError`.
    public static func selfTest(of reader: HistoryReader) throws -> SigningSecret {
        try SigningSecret(label: "self-test", value: reader.selfTestSecret(), binding: .rule("b2watchSelfTest"))
    }
}
