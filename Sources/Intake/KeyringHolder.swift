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
    /// - Parameter report: Is told what a judging has changed, from any thread.
    /// - Throws: What SQLite says where the history cannot be written.
    public init(
        _ keyring: Keyring, history: History, report: @escaping @Sendable (RejudgeReport) -> Void
    ) throws {
        self.history = history
        let selfTest = try SigningSecret(
            label: "self-test", value: history.reader.selfTestSecret(), binding: .rule("b2watchSelfTest"))
        self.selfTest = selfTest
        state = Mutex(
            Current(
                verifier: SignatureVerifier(keyring.testing(with: selfTest)),
                generation: try history.adopt(keyring: keyring.identity)))
        rejudger = Rejudger(history, report: report)
        history.observe { [weak self] event in self?.note(event) }
        rejudge()
    }

    /// The secrets held now.
    public var keyring: Keyring { current.verifier.keyring }

    var current: Current { state.withLock { $0 } }

    /// Holds another keyring from now on. Blocks for a short write; not to be called from two threads at once.
    ///
    /// - Throws: What SQLite says where the history cannot be written; the keyring is then the old one still.
    public func hold(_ keyring: Keyring) throws {
        let generation = try history.adopt(keyring: keyring.identity)
        state.withLock {
            $0 = Current(verifier: SignatureVerifier(keyring.testing(with: selfTest)), generation: generation)
        }
        rejudge()
    }

    /// Judges nothing again any more; to be called before the history closes. Blocks for a short write.
    public func stop() {
        rejudger.stop()
    }

    private func note(_ event: HistoryEvent) {
        switch event {
        // A delivery judged before a change may be recorded after it.
        case .stale: rejudge()
        // What could not be written can be now: a judging may have ended half-way.
        case .changed(let change):
            let isFailing = change.health != .recording
            if self.isFailing.exchange(isFailing, ordering: .relaxed), !isFailing { rejudge() }
        case .refused: break
        }
    }

    private func rejudge() {
        rejudger.start { [weak self] in self?.current }
    }
}

extension Keyring {
    fileprivate func testing(with selfTest: SigningSecret) -> Keyring {
        var keyring = self
        keyring.selfTest = selfTest
        return keyring
    }
}
